//! Lines of a timeline as text.

use serde_json::Value;
use wend_core::definitions::scenario::{Case, Check, Expected, Line, Moment};
use wend_core::time::Timestamp;

use super::happened::{Deed, Happened};

/// A line with what happened, as it could stand below a line at `before`.
pub(super) fn happened(case: &Case, happened: &Happened, before: Timestamp) -> String {
    let Some(verb) = deed(&happened.what) else {
        return String::new();
    };
    line(case, happened.at, before, &happened.who, &verb)
}

/// An expected line.
pub(super) fn expected(case: &Case, of: &Line, expected: &Expected, before: Timestamp) -> String {
    let verb = match expected {
        Expected::Sent {
            step,
            contains,
            subject,
        } => {
            let contains = match contains.as_slice() {
                [] => String::new(),
                [one] => option("contains", Some(one)),
                several => {
                    let all: Vec<String> = several.iter().map(|text| quoted(text)).collect();
                    format!(", contains: [ {} ]", all.join(", "))
                }
            };
            format!(
                "sent: {step}{contains}{}",
                option("subject", subject.as_ref())
            )
        }
        Expected::Held {
            step,
            until,
            reason,
        } => {
            let until = until.map(|until| Moment::write(until, of.at, &case.zone));
            let (until, reason) = (
                option("until", until.as_ref()),
                option("reason", reason.as_ref()),
            );
            format!("held: {step}{until}{reason}")
        }
        Expected::Skipped { step, reason } => {
            format!("skipped: {step}{}", option("reason", reason.as_ref()))
        }
        Expected::Alerted { team } => format!("alerted: {team}"),
        Expected::Called { connection, body } => {
            let body = body.as_ref().map(|body| format!(", body: {}", flow(body)));
            format!("called: {connection}{}", body.unwrap_or_default())
        }
        Expected::Emitted { event } => format!("emitted: {}", quoted(event)),
        Expected::Entered { journey } => format!("entered: {journey}"),
        Expected::Ended { reason, value } => {
            let value = value
                .as_ref()
                .map(|value| format!(", value: {}", flow(value)));
            format!("ended: {}{}", quoted(reason), value.unwrap_or_default())
        }
        Expected::Is(_) => "is: …".to_owned(),
    };
    line(case, of.at, before, &of.who, &verb)
}

/// A line that looks at one thing.
pub(super) fn check(case: &Case, of: &Line, check: &Check) -> String {
    let look = match check {
        Check::Step(step) => format!("step: {step}"),
        Check::Enrolled(count) => format!("enrolled: {count}"),
        Check::Score { score, is } => format!("score.{score}: {is}"),
        Check::Contact { name, is } => format!("contact.{name}: {}", flow(is)),
        Check::InSegment(segment) => format!("in_segment: {segment}"),
    };
    let before = case.start;
    line(case, of.at, before, &of.who, &format!("is: {{ {look} }}"))
}

/// A line that tells an event.
pub(super) fn track(case: &Case, of: &Line, event: &str) -> String {
    let verb = format!("track: {}", quoted(event));
    line(case, of.at, case.start, &of.who, &verb)
}

/// What happened, as its verb with options; none for what no line can say.
fn deed(deed: &Deed) -> Option<String> {
    Some(match deed {
        Deed::Sent { step, .. } => format!("sent: {step}"),
        Deed::Held { step, reason, .. } => format!("held: {step}, reason: {}", quoted(reason)),
        Deed::Skipped { step, reason } => format!("skipped: {step}, reason: {}", quoted(reason)),
        Deed::Alerted { team } => format!("alerted: {team}"),
        Deed::Called { connection, .. } => format!("called: {connection}"),
        Deed::Emitted { event } => format!("emitted: {}", quoted(event)),
        Deed::Entered { journey } => format!("entered: {journey}"),
        Deed::Ended { reason, value, .. } => {
            let value = value
                .as_ref()
                .map(|value| format!(", value: {}", flow(value)));
            format!("ended: {}{}", quoted(reason), value.unwrap_or_default())
        }
        Deed::Aside { .. } | Deed::Took { .. } | Deed::Stood { .. } => return None,
    })
}

fn line(case: &Case, at: Timestamp, before: Timestamp, who: &str, verb: &str) -> String {
    let at = Moment::write(at, before, &case.zone);
    let who = if case.who.as_deref() == Some(who) {
        String::new()
    } else {
        format!(", who: {}", quoted(who))
    };
    format!("{{ at: {at}{who}, {verb} }}")
}

fn option(key: &str, value: Option<&String>) -> String {
    value.map_or_else(String::new, |value| format!(", {key}: {}", quoted(value)))
}

/// `text` as a scalar within braces: plain where that reads as the same text.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || " _-/.+@".contains(c);
    let is_safe = text.starts_with(char::is_alphanumeric)
        && !text.ends_with(' ')
        && text.chars().all(is_plain);
    if is_safe {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

/// A value in flow style; a text that would read as another value is quoted.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let plain = quoted(text);
            let is_other =
                serde_json::from_str::<Value>(&plain).is_ok_and(|read| !read.is_string());
            if is_other { value.to_string() } else { plain }
        }
        Value::Array(items) if !items.is_empty() => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[ {} ]", items.join(", "))
        }
        Value::Object(fields) if !fields.is_empty() => {
            let fields = fields.iter();
            let fields: Vec<String> = fields
                .map(|(name, value)| format!("{}: {}", quoted(name), flow(value)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

/// Whether two values say the same; 80 and 80.0 do.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() < 1e-9,
        _ => one == other,
    }
}

/// Whether `whole` has everything that `part` has: of maps the fields, of lists all items in order.
pub(super) fn has_part(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(name, part)| whole.get(name).is_some_and(|whole| has_part(whole, part))),
        (Value::Array(whole), Value::Array(part)) => {
            let mut pairs = whole.iter().zip(part);
            whole.len() == part.len() && pairs.all(|(whole, part)| has_part(whole, part))
        }
        _ => is_same(whole, part),
    }
}
