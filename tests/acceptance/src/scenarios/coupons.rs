//! Codes of coupons: everybody gets one of the project's file, and nobody another one's.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::Scenario;
use crate::case::Case;
use crate::stack::workspace;

pub const CODES: Scenario = (
    "everybody_gets_a_code_of_the_pool_and_nobody_anothers",
    codes,
);

/// How many birthdays there are.
const GUESTS: usize = 6;

fn codes(case: &Case) -> Result<()> {
    let client = case.client()?;
    let file = workspace().join("infra/starter/coupons/birthday-2027.csv");
    let file = std::fs::read_to_string(file).context("the codes cannot be read")?;
    let known: BTreeSet<&str> = file.lines().skip(1).collect();
    ensure!(pool(case)? == (known.len() as u64, 0), "{:?}", pool(case)?);

    let guests = case.crowd(GUESTS);
    for (guest, number) in guests.iter().zip(1..) {
        let traits = json!({
            "email": guest.email, "first_name": guest.first_name, "subscribed": ["offers"],
        });
        client.accept(&[json!({ "type": "identify", "userId": guest.user, "traits": traits })])?;
        let rows = case.rows(guest, "who it is", |rows| !rows.is_empty())?;
        // By hand, and twice: the queue may deliver a message again.
        let contact = &rows[0]["contact"];
        let now = rows[0]["at"].as_i64().context("a row has a time")?;
        let enroll = json!({ "journey": "birthday", "data": {} });
        let command = json!({
            "id": format!("{number:032x}"), "contact": contact, "at": now, "kind": { "enroll": enroll },
        });
        let input = json!({ "accepted_at": now, "input": { "command": command } });
        for _ in 0..2 {
            client.act("/_wend/queues?name=inputs", input.to_string().as_bytes())?;
        }
    }
    let mut given = BTreeSet::new();
    for guest in &guests {
        let mail = case.mail(guest, "gift")?;
        let code = known.iter().find(|code| mail.text.contains(**code));
        let code = code.with_context(|| format!("no code in {}", mail.text))?;
        ensure!(given.insert(*code), "{code} was given to two");
    }
    let count = pool(case)?;
    let left = (known.len() - GUESTS) as u64;
    ensure!(count == (left, GUESTS as u64), "{count:?}");
    Ok(())
}

/// How many codes are left and given.
fn pool(case: &Case) -> Result<(u64, u64)> {
    let pools = case.client()?.show("/_wend/coupons")?;
    let number = |name: &str| pools[0][name].as_u64().unwrap_or(u64::MAX);
    ensure!(pools[0]["pool"] == "birthday-2027", "{pools}");
    Ok((number("left"), number("given")))
}
