//! A schedule fires, and the members of its segment get the message, once.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::Scenario;
use crate::case::Case;
use crate::client::Contact;

pub const SALE: Scenario = ("a_schedule_takes_in_its_segment_once", sale);

fn sale(case: &Case) -> Result<()> {
    let (ana, ben, cleo) = (
        case.contact("Ana"),
        case.contact("Ben"),
        case.contact("Cleo"),
    );
    introduce(case, &ana, "gold")?;
    introduce(case, &ben, "tin")?;
    case.mail(&ana, "hello")?;
    // Who comes later is in a later occurrence, of which those before were told, too, if they were not known to have entered.
    introduce(case, &cleo, "gold")?;
    case.mail(&cleo, "hello")?;
    case.ensure_mails(&ana, &["hello"])?;
    case.ensure_mails(&cleo, &["hello"])?;
    let rows = case.client()?.rows(&ben.user)?;
    let is_told = rows.iter().any(|row| row["input"].get("command").is_some());
    ensure!(
        !is_told,
        "ben is not in the segment, and was told: {rows:?}"
    );
    case.ensure_mails(&ben, &[])?;
    Ok(())
}

fn introduce(case: &Case, contact: &Contact, tier: &str) -> Result<()> {
    let mut said = contact.identify();
    said["traits"]["tier"] = json!(tier);
    case.client()?.accept(&[said])
}
