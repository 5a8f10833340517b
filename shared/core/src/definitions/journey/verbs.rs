//! Reads verbs and their options.

use std::collections::BTreeMap;

use super::paths::{Holder, paths, wait};
use super::steps::goto;
use super::tree::{IfPastTree, VerbTree, Word};
use super::{scopes, sending, update};
use crate::definitions::Refers;
use crate::definitions::reader::{self, Faults, MapReader, given_map};
use crate::identity::Channel;
use crate::phrase::{Exact, Span};
use crate::release::{GivenMap, Message, Share, Verb, Winner, WinnerBy};
use crate::syntax::Node;

const MESSAGE: &[&str] = &[
    "priority", "expires", "window", "quiet", "over_cap", "pace", "from", "data", "variant",
];

/// The verbs and their options.
pub(crate) const VERBS: [(&str, &[&str]); 16] = [
    ("email", MESSAGE),
    ("sms", MESSAGE),
    ("alert", &["template", "data"]),
    ("webhook", &["data", "save", "timeout"]),
    ("wait", &["if_past"]),
    ("wait_until", &[]),
    ("branch", &[]),
    ("split", &["salt", "winner"]),
    ("update", &[]),
    ("score", &[]),
    ("coupon", &["valid", "save"]),
    ("emit", &["with"]),
    ("start", &["data"]),
    ("stop", &[]),
    ("goto", &["max"]),
    ("exit", &[]),
];

/// Reads the verb `name` and its options.
pub(super) fn read(
    map: &mut MapReader<'_>,
    name: &str,
    faults: &mut Faults<'_>,
) -> Option<VerbTree> {
    match name {
        "wait" => wait_verb(map, faults),
        "wait_until" => held(map, "wait_until", Holder::WaitUntil, faults).map(VerbTree::WaitUntil),
        "branch" => held(map, "branch", Holder::Branch, faults).map(VerbTree::Branch),
        "split" => split(map, faults),
        "goto" => {
            let [step, max] = ["goto", "max"].map(|key| map.optional(key));
            goto(step?, max, faults).map(VerbTree::Goto)
        }
        _ => plain(map, name, faults).map(VerbTree::Plain),
    }
}

fn plain(map: &mut MapReader<'_>, name: &str, faults: &mut Faults<'_>) -> Option<Verb> {
    match name {
        "email" => message(map, "email", Channel::Email, faults),
        "sms" => message(map, "sms", Channel::Sms, faults),
        "alert" => alert(map, faults),
        "webhook" => webhook(map, faults),
        "update" => map.read("update", faults, update::update).map(Verb::Update),
        "score" => map.read("score", faults, score),
        "coupon" => coupon(map, faults),
        "emit" => {
            let event = map.read("emit", faults, |node, what, faults| {
                let event = reader::name_of(node, what, faults)?;
                faults.refer(Refers::EmittedEvent, event.as_str(), node);
                Some(event)
            });
            let with = given(map, "with", faults);
            event.map(|event| Verb::Emit { event, with })
        }
        "start" => {
            let journey = referred(map, "start", Refers::Journey, faults);
            let data = given(map, "data", faults);
            journey.map(|journey| Verb::Start { journey, data })
        }
        "stop" => {
            let journey = referred(map, "stop", Refers::Journey, faults);
            journey.map(|journey| Verb::Stop { journey })
        }
        _ => {
            let reason = map.optional_text("exit", faults);
            reason.map(|reason| Verb::Exit {
                reason: reason.to_owned(),
            })
        }
    }
}

/// The id under `key`, which refers to something elsewhere.
fn referred(
    map: &mut MapReader<'_>,
    key: &'static str,
    refers: Refers,
    faults: &mut Faults<'_>,
) -> Option<String> {
    map.read(key, faults, |node, what, faults| {
        let id = reader::id(node, what, faults)?;
        faults.refer(refers, id.as_str(), node);
        Some(id)
    })
}

fn given(map: &mut MapReader<'_>, key: &'static str, faults: &mut Faults<'_>) -> GivenMap {
    let read = map.read(key, faults, |node, what, faults| {
        Some(given_map(node, what, scopes::GIVEN, faults))
    });
    read.unwrap_or_default()
}

fn message(
    map: &mut MapReader<'_>,
    key: &'static str,
    channel: Channel,
    faults: &mut Faults<'_>,
) -> Option<Verb> {
    let template = referred(map, key, Refers::Template(channel), faults);
    let sending = sending::options(map, faults);
    let from = referred(map, "from", Refers::Sender(channel), faults);
    let data = given(map, "data", faults);
    let variant = template.clone().and_then(|template| {
        let refers = Refers::Variant { template };
        referred(map, "variant", refers, faults)
    });
    Some(Verb::Message(Message {
        channel,
        template: template?,
        sending,
        from,
        data,
        variant,
    }))
}

fn alert(map: &mut MapReader<'_>, faults: &mut Faults<'_>) -> Option<Verb> {
    let team = referred(map, "alert", Refers::Team, faults);
    let template = referred(map, "template", Refers::AlertTemplate, faults);
    let data = given(map, "data", faults);
    Some(Verb::Alert {
        team: team?,
        template,
        data,
    })
}

/// Longest time that one call may take, in seconds: a function that waits costs money all along.
const TIMEOUT_SECS_MAX: u64 = 30;
const TIMEOUT_SECS: u16 = 10;

fn webhook(map: &mut MapReader<'_>, faults: &mut Faults<'_>) -> Option<Verb> {
    let connection = referred(map, "webhook", Refers::Webhook, faults);
    let data = given(map, "data", faults);
    let save = map.read("save", faults, reader::data_name);
    let timeout = map.read("timeout", faults, |node, what, faults| {
        let exact = reader::phrase(node, what, faults, Exact::parse)?;
        let secs = exact.duration().as_secs();
        if secs > TIMEOUT_SECS_MAX {
            let message = format!("`{exact}` is too long for one call");
            faults
                .add("E0113", node, &message, "at most `30 s`")
                .replace("30 s");
        }
        u16::try_from(secs).ok()
    });
    Some(Verb::Webhook {
        connection: connection?,
        data,
        save,
        timeout_secs: timeout.unwrap_or(TIMEOUT_SECS),
    })
}

fn coupon(map: &mut MapReader<'_>, faults: &mut Faults<'_>) -> Option<Verb> {
    let pool = referred(map, "coupon", Refers::Coupon, faults);
    let valid = map.read("valid", faults, |node, what, faults| {
        reader::phrase(node, what, faults, Span::parse)
    });
    let save = map.read("save", faults, reader::data_name);
    Some(Verb::Coupon {
        pool: pool?,
        valid,
        save: save.unwrap_or_else(|| "coupon".to_owned()),
    })
}

/// Most points that one step gives or takes.
const POINTS_MAX: i32 = 100_000;

fn score(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<Verb> {
    let name = |node: &Node, what: &str, faults: &mut Faults<'_>| {
        let id = reader::id(node, what, faults)?;
        faults.refer(Refers::Score, id.as_str(), node);
        Some(id)
    };
    let points = reader::named_as(node, what, faults, name, |node, what, faults| {
        reader::whole(node, what, (-POINTS_MAX, POINTS_MAX), faults)
    });
    (!points.is_empty()).then_some(Verb::Score(points))
}

fn wait_verb(map: &mut MapReader<'_>, faults: &mut Faults<'_>) -> Option<VerbTree> {
    let [node, if_past] = ["wait", "if_past"].map(|key| map.optional(key));
    let node = node?;
    let wait = wait(node, "wait", faults)?;
    let Some(if_past) = if_past else {
        if let Some(path) = wait.path() {
            let message = format!("`{path}` may have passed when this wait begins");
            let help = "add `if_past: continue`, `if_past: exit` or `if_past: goto <step>`";
            faults.add("E0126", node, &message, help);
        }
        return Some(VerbTree::Wait(wait, IfPastTree::Continue));
    };
    if !wait.may_be_past() {
        let message = "this wait has no date that could have passed";
        faults.add("E0127", if_past, message, "remove `if_past`");
    }
    let text = reader::text(if_past, "if_past", faults)?;
    let then = match text.split_once(' ') {
        Some(("goto", step)) if reader::is_id(step.trim()) => IfPastTree::Goto(Word {
            text: step.trim().to_owned(),
            place: if_past.into(),
        }),
        _ if text == "continue" => IfPastTree::Continue,
        _ if text == "exit" => IfPastTree::Exit,
        _ => {
            let message = format!("`if_past` cannot be `{text}`");
            let help = "one of: continue, exit, goto <step>";
            faults.add("E0106", if_past, &message, help);
            return None;
        }
    };
    Some(VerbTree::Wait(wait, then))
}

/// The paths under `key`.
fn held(
    map: &mut MapReader<'_>,
    key: &'static str,
    holder: Holder,
    faults: &mut Faults<'_>,
) -> Option<Vec<super::tree::PathTree>> {
    let node = map.optional(key)?;
    let before = faults.errors();
    let paths = paths(node, holder, faults);
    // Paths that are no list were reported; a list without paths is for the check of the flow.
    (!paths.is_empty() || faults.errors() == before).then_some(paths)
}

fn split(map: &mut MapReader<'_>, faults: &mut Faults<'_>) -> Option<VerbTree> {
    let salt = map.optional_text("salt", faults).map(str::to_owned);
    let winner = map.read("winner", faults, winner);
    let paths = held(map, "split", Holder::Split, faults)?;
    Some(VerbTree::Split {
        paths,
        salt,
        winner,
    })
}

const WINNER_BY: [(&str, WinnerBy); 4] = [
    ("opened", WinnerBy::Opened),
    ("clicked", WinnerBy::Clicked),
    ("goal", WinnerBy::Goal),
    ("value", WinnerBy::Value),
];
/// How sure a winner must be where nothing is said.
const WINNER_AT: Share = Share(9_500);
/// How many contacts each path must have had where nothing is said.
const WINNER_MIN: u32 = 100;

fn winner(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<Winner> {
    let mut map = MapReader::new(node, format!("`{what}`"), faults)?;
    let by = map.required("by", faults);
    let by = by.and_then(|node| reader::choice(node, "by", &WINNER_BY, faults));
    let after = map.required("after", faults);
    let after = after.and_then(|node| reader::phrase(node, "after", faults, Span::parse));
    let at = map.read("at", faults, reader::share);
    let min = map.read("min", faults, |node, what, faults| {
        reader::whole(node, what, (1, 10_000_000), faults)
    });
    map.finish(faults);
    Some(Winner {
        by: by?,
        after: after?,
        at: at.unwrap_or(WINNER_AT),
        min: min.unwrap_or(WINNER_MIN),
    })
}

/// The name under which `data` has something, of a step with this verb.
pub(super) fn saved(verb: &VerbTree) -> Option<&str> {
    match verb {
        VerbTree::Plain(verb) => verb.saves(),
        VerbTree::Unknown
        | VerbTree::Wait(..)
        | VerbTree::WaitUntil(_)
        | VerbTree::Branch(_)
        | VerbTree::Split { .. }
        | VerbTree::Goto(_) => None,
    }
}

/// What a step does that could not be read: something that goes on below it. A file with faults is never published.
pub(super) const fn placeholder() -> Verb {
    Verb::Score(BTreeMap::new())
}
