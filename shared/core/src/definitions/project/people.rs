//! Senders, topics, teams: who writes, what about, who is told.

use std::collections::BTreeMap;

use super::outside::day;
use super::values;
use crate::definitions::reader::{self, Faults, MapReader};
use crate::identity::EmailAddress;
use crate::keyword::SmsWords;
use crate::path::Root;
use crate::phrase::{Calendar, Span};
use crate::release::{OptIn, Ramp, Sender, Team, Topic};
use crate::syntax::{Node, NodeValue};

/// Longest alphanumeric sender id (GSM 03.38 addresses; SNS refuses longer ones).
const SMS_SENDER_CHARS_MAX: usize = 11;
/// Messages of a ramp's first day: fewer find out nothing, with more there is nothing to warm up.
const RAMP_START: (u32, u32) = (10, 100_000);
/// Digits of an E.164 number.
const E164_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Who messages come from: an address, an SMS sender, or both.
pub(super) fn sender(node: &Node, _id: &str, faults: &mut Faults<'_>) -> Option<Sender> {
    let mut map = MapReader::new(node, "a sender", faults)?;
    let email = map.optional("email");
    let reply_to = map.optional("reply_to");
    let sms = map.optional("sms");
    let ramp = map.optional("ramp");
    map.finish(faults);
    if email.is_none() && sms.is_none() {
        let help = "add `email: Acme <hello@mail.example.com>` or `sms: ACME`";
        faults.add("E0101", node, "a sender needs `email` or `sms`", help);
        return None;
    }
    if let (None, Some(reply_to)) = (email, reply_to) {
        let help = "remove `reply_to`, or add `email`";
        faults.add(
            "E0151",
            reply_to,
            "nobody can reply to an SMS by mail",
            help,
        );
    }
    if let (None, Some(ramp)) = (email, ramp) {
        let help = "remove `ramp`, or add `email`";
        faults.add("E0151", ramp, "a ramp warms up a domain of email", help);
    }
    let mail = email.map(|node| mailbox(node, faults));
    let ramp = ramp.map(|node| self::ramp(node, faults));
    let reply_to = reply_to.map(|node| address(node, "reply_to", faults));
    let sms = sms.map(|node| sms_sender(node, faults));
    let (name, address) = match mail {
        Some(mail) => mail.map(|(name, address)| (name, Some(address)))?,
        None => (String::new(), None),
    };
    Some(Sender {
        name,
        address,
        reply_to: reply_to.flatten(),
        sms: sms.flatten(),
        ramp: ramp.flatten(),
    })
}

/// `{ from: 2026-11-01, start: 200, double_every: 1 day }`.
fn ramp(node: &Node, faults: &mut Faults<'_>) -> Option<Ramp> {
    let mut map = MapReader::new(node, "a ramp", faults)?;
    let from = map.required("from", faults);
    let start = map.required("start", faults);
    let double_every = map.required("double_every", faults);
    map.finish(faults);
    let from = reader::text(from?, "from", faults).and_then(|text| day(text, from?.into(), faults));
    let start = reader::whole(start?, "start", RAMP_START, faults);
    let every = reader::phrase(double_every?, "double_every", faults, Calendar::parse);
    Some(Ramp {
        from: from?,
        start: start?,
        double_every: every?,
    })
}

/// `Acme <hello@mail.example.com>`, or an address alone.
fn mailbox(node: &Node, faults: &mut Faults<'_>) -> Option<(String, String)> {
    let text = reader::text(node, "email", faults)?;
    let (name, address) = match text.split_once('<') {
        Some((name, rest)) => (
            name.trim(),
            rest.trim_end().strip_suffix('>').unwrap_or(rest),
        ),
        None => ("", text),
    };
    let is_valid = EmailAddress::parse(address).is_some() && !name.contains(char::is_control);
    if !is_valid {
        let message = format!("`{text}` is not a sender");
        let help = "write `email: Acme <hello@mail.example.com>`";
        faults.add("E0151", node, &message, help);
    }
    is_valid.then(|| (name.trim_matches('"').to_owned(), address.trim().to_owned()))
}

/// A bare email address.
/// An email address.
pub(in crate::definitions) fn address(
    node: &Node,
    what: &str,
    faults: &mut Faults<'_>,
) -> Option<String> {
    let text = reader::text(node, what, faults)?;
    let address = EmailAddress::parse(text);
    if address.is_none() {
        let message = format!("`{text}` is not an email address");
        let help = format!("write `{what}: care@example.com`");
        faults.add("E0151", node, &message, &help);
    }
    address.map(|address| address.expose().to_owned())
}

/// `ACME` or `+4915550001111`.
fn sms_sender(node: &Node, faults: &mut Faults<'_>) -> Option<String> {
    let text = reader::text(node, "sms", faults)?;
    let is_name = text.len() <= SMS_SENDER_CHARS_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let is_number = text.strip_prefix('+').is_some_and(|digits| {
        E164_DIGITS.contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    if !is_name && !is_number {
        let message = format!("`{text}` cannot send SMS");
        let help =
            "at most 11 letters and digits such as `ACME`, or a number such as `+4915550001111`";
        faults.add("E0151", node, &message, help);
    }
    (is_name || is_number).then(|| text.to_owned())
}

const OPT_INS: [(&str, OptIn); 2] = [("single", OptIn::Single), ("double", OptIn::Double)];
/// How long a double opt-in can be confirmed where nothing is said.
const CONFIRM_WITHIN: &str = "7 days";

/// What contacts can opt in to.
pub(super) fn topic(node: &Node, id: &str, faults: &mut Faults<'_>) -> Option<Topic> {
    let mut map = MapReader::new(node, "a topic", faults)?;
    let title = map.optional_text("title", faults).unwrap_or(id).to_owned();
    let opt_in = map.optional("opt_in");
    let opt_in = opt_in.and_then(|node| reader::choice(node, "opt_in", &OPT_INS, faults));
    let opt_in = opt_in.unwrap_or(OptIn::Single);
    let within = map.optional("confirm_within");
    let verified = map.optional("verified");
    map.finish(faults);
    let is_verified = verified.and_then(|node| reader::flag(node, "verified", faults));
    if let (OptIn::Single, Some(within)) = (opt_in, within) {
        let message = "a single opt-in is not confirmed";
        let help = "write `opt_in: double`, or remove `confirm_within`";
        faults.add("E0153", within, message, help);
    }
    let within =
        within.and_then(|node| reader::phrase(node, "confirm_within", faults, Span::parse));
    Some(Topic {
        title,
        opt_in,
        confirm_within: within.or_else(|| Span::parse(CONFIRM_WITHIN).ok())?,
        is_verified: is_verified.unwrap_or(false),
    })
}

/// Words of answers by SMS beside the usual ones.
pub(super) fn sms_words(node: &Node, faults: &mut Faults<'_>) -> Option<SmsWords> {
    let mut map = MapReader::new(node, "`sms_words`", faults)?;
    let mut words = |key: &'static str| {
        let node = map.optional(key);
        let texts = node.map(|node| values::texts(node, key, faults));
        let texts = texts.unwrap_or_default().into_iter();
        texts.map(|(_, text)| text).collect()
    };
    let words = SmsWords {
        stop: words("stop"),
        start: words("start"),
        help: words("help"),
    };
    map.finish(faults);
    Some(words)
}
/// The word that deals contacts out.
const EVENLY: &str = "evenly";

/// Who is alerted, and how.
pub(super) fn team(node: &Node, _id: &str, faults: &mut Faults<'_>) -> Option<Team> {
    let mut map = MapReader::new(node, "a team", faults)?;
    let [email, slack, teams, people_node, assign_node] =
        ["email", "slack", "teams", "people", "assign"].map(|key| map.optional(key));
    map.finish(faults);
    if [email, slack, teams, people_node]
        .iter()
        .all(Option::is_none)
    {
        let help = "add `email: sales@example.com`, `slack: secret/<name>`, `teams: secret/<name>` or `people`";
        faults.add("E0101", node, "a team needs a way to be told", help);
    }
    let people = people_node.map(|node| people(node, faults));
    let is_dealt = |node: &&Node| match &node.value {
        NodeValue::Scalar { text, .. } => *text == EVENLY,
        NodeValue::List(_) | NodeValue::Map(_) => false,
    };
    let deals = assign_node.as_ref().is_some_and(is_dealt);
    let assign = assign_node.filter(|node| !is_dealt(node));
    let assign = assign.map(|node| values::path(node, "assign", &[Root::Contact], faults));
    if let (Some(assign), None) = (assign_node, people_node) {
        let message = "nobody is named who could be assigned";
        let help = "add `people: { anna: anna@example.com, ben: ben@example.com }`";
        faults.add("E0199", assign, message, help);
    }
    if let (None, Some(people)) = (assign_node, people_node) {
        let message = "nothing says who of them is told";
        let help = "add `assign: contact.owner` or `assign: evenly`";
        faults.add("E0199", people, message, help);
    }
    Some(Team {
        email: email.and_then(|node| address(node, "email", faults)),
        slack: slack.and_then(|node| values::secret(node, "slack", faults)),
        teams: teams.and_then(|node| values::secret(node, "teams", faults)),
        people: people.unwrap_or_default(),
        assign: assign.flatten(),
        deals,
    })
}

/// Names and addresses.
fn people(node: &Node, faults: &mut Faults<'_>) -> BTreeMap<String, String> {
    let people = reader::named(node, "people", faults, address);
    if matches!(&node.value, NodeValue::Map(entries) if entries.is_empty()) {
        let help = "write `people: { anna: anna@example.com }`, or remove it";
        faults.add("E0199", node, "`people` names nobody", help);
    }
    people
}
