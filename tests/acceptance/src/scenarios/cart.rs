//! The abandoned cart of the starter pack, with a day of waiting in a minute: mail, SMS, alert, split, goal.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::Scenario;
use crate::case::{Case, named, traces};
use crate::client::{Contact, Mail};
use crate::wait::Deadline;

pub const ABANDONED: Scenario = ("an_abandoned_cart_is_followed_up", abandoned);

/// Waits of two days, and quiet hours in between, at the pace of a day a minute.
const RUN_SECS: u64 = 420;

fn abandoned(case: &Case) -> Result<()> {
    let [silent, gold, buyer] = ["Silent", "Gold", "Buyer"].map(|name| case.contact(name));
    leave_cart(case, &silent, "+4915550001001", "silver")?;
    leave_cart(case, &gold, "+4915550001002", "gold")?;
    leave_cart(case, &buyer, "+4915550001003", "silver")?;
    case.mail(&buyer, "reminder")?;
    let order = json!({ "order_id": "o1", "cart_id": buyer.user, "total": 80 });
    case.client()?
        .accept(&[event(&buyer, "order_completed", &order)])?;

    ensure!(
        end(case, &buyer)? == json!("goal"),
        "the purchase did not end the run"
    );
    ensure_mails(case, &buyer, &["reminder"])?;

    let handed_over = json!({ "said": "handed to sales" });
    ensure!(end(case, &gold)? == handed_over, "sales did not take over");
    ensure_mails(case, &gold, &["reminder"])?;
    Deadline::secs(60).until("the alert to sales", || {
        let mails = case.client()?.mails()?;
        let is_alert =
            |mail: &Mail| mail.tag("wend_step") == "call" && !mail.tag("wend_call").is_empty();
        Ok(mails.iter().any(is_alert).then_some(()))
    })?;

    ensure!(
        end(case, &silent)? == json!("completed"),
        "the series did not run to its end"
    );
    let rows = case.client()?.rows(&silent.user)?;
    let traced: Vec<Value> = traces(&rows).cloned().collect();
    let offer = match drawn(&traced) {
        Some("ten-percent") => Some("offer-10"),
        Some("free-shipping") => Some("offer-shipping"),
        Some("no-offer") => None,
        other => anyhow::bail!("drew {other:?}"),
    };
    let mails: Vec<&str> = std::iter::once("reminder").chain(offer).collect();
    ensure_mails(case, &silent, &mails)?;
    let left: Vec<&str> = named(&traced, "send_ended")
        .into_iter()
        .filter(|end| end["outcome"].get("accepted").is_some())
        .filter_map(|end| end["step"].as_str())
        .collect();
    let expected: Vec<&str> = mails.into_iter().chain(["last-call"]).collect();
    ensure!(
        left == expected,
        "expected {expected:?} to leave, got {left:?}"
    );
    Ok(())
}

/// The cart's mails to a contact are these steps, in order, once each. A purchase begins other journeys, whose mails do not count.
fn ensure_mails(case: &Case, contact: &Contact, steps: &[&str]) -> Result<()> {
    let mails = case.client()?.mails_to(contact)?;
    let of_cart = mails
        .iter()
        .filter(|mail| mail.tag("wend_journey") == "abandoned-cart");
    let sent: Vec<&str> = of_cart.map(|mail| mail.tag("wend_step")).collect();
    ensure!(
        sent == steps,
        "expected the mails {steps:?} to {}, got {sent:?}",
        contact.user
    );
    Ok(())
}

/// Somebody with an address, a number and opt-ins to both puts a shoe into the cart.
pub(super) fn leave_cart(case: &Case, contact: &Contact, phone: &str, tier: &str) -> Result<()> {
    let who = json!({
        "type": "identify",
        "userId": contact.user,
        "traits": {
            "email": contact.email,
            "phone": phone,
            "first_name": contact.first_name,
            "tier": tier,
            "subscribed": ["offers", "offers/sms"],
        },
    });
    let cart = json!({
        "cart_id": contact.user,
        "value": 80,
        "checkout_url": "https://shop.example.com/c/1",
        "items": [{ "title": "Trail shoe", "price": 80, "url": "https://shop.example.com/p/1" }],
    });
    case.client()?
        .accept(&[who, event(contact, "cart_updated", &cart)])
}

fn event(contact: &Contact, name: &str, properties: &Value) -> Value {
    json!({ "type": "track", "userId": contact.user, "event": name, "properties": properties })
}

/// How the cart's run ended. A purchase may begin other journeys, which do not count here.
pub(super) fn end(case: &Case, contact: &Contact) -> Result<Value> {
    let client = case.client()?;
    let what = format!("the end of the cart's run of {}", contact.user);
    Deadline::secs(RUN_SECS).until(&what, || {
        let rows = client.rows(&contact.user)?;
        let traced: Vec<Value> = traces(&rows).cloned().collect();
        let ended = named(&traced, "ended");
        let of_cart = ended
            .into_iter()
            .find(|end| end["journey"] == "abandoned-cart");
        Ok(of_cart.map(|end| end["reason"].clone()))
    })
}

/// The path that was drawn.
fn drawn(traced: &[Value]) -> Option<&str> {
    let taken = named(traced, "path_taken");
    taken.into_iter().find(|path| path["step"] == "offer")?["path"].as_str()
}
