//! One test of one value.

use std::cmp::Ordering;

use serde_json::Value;

use super::timed::Relative;
use super::values::{self, Misfit, folded};
use super::{Found, Moment, Test, When, World};
use crate::personal::Personal;
use crate::time::Timestamp;

/// What a comparison came to.
pub(super) struct Answer {
    pub(super) held: bool,
    pub(super) found: Found,
    pub(super) changes_at: Option<Timestamp>,
}

impl Answer {
    /// An answer that time does not change.
    pub(super) const fn new(held: bool, found: Found) -> Self {
        Self {
            held,
            found,
            changes_at: None,
        }
    }
}

/// Whether the test itself could be made, and how it came out.
enum Tested {
    /// It came out, and time can change that at a moment.
    Out(bool, Option<Timestamp>),
    /// The path to compare with is missing.
    OtherMissing,
}

/// Applies `test` to `value`. Total: what is missing or does not fit is false.
pub(super) fn test(test: &Test, value: Option<&Value>, world: &impl World) -> Answer {
    let present = value.filter(|value| !value.is_null());
    if let Test::Exists(wanted) = test {
        let found = present.map_or(Found::Missing, found);
        return Answer::new(present.is_some() == *wanted, found);
    }
    let Some(value) = present else {
        return Answer::new(false, Found::Missing);
    };
    match tested(test, value, world) {
        Ok(Tested::Out(held, changes_at)) => Answer {
            held,
            found: found(value),
            changes_at,
        },
        Ok(Tested::OtherMissing) => Answer::new(false, Found::OtherMissing),
        Err(why) => {
            let value = Personal::new(values::shown(value));
            Answer::new(false, Found::NotComparable { value, why })
        }
    }
}

fn found(value: &Value) -> Found {
    Found::Value(Personal::new(values::shown(value)))
}

fn tested(test: &Test, value: &Value, world: &impl World) -> Result<Tested, Misfit> {
    let ordered = |wanted, holds: fn(Ordering) -> bool| values::order(value, wanted).map(holds);
    let has_part = |part: &str, holds: fn(&str, &str) -> bool| {
        values::text(value).map(|text| holds(&folded(text), &folded(part)))
    };
    let held = match test {
        Test::Is(literal) => values::is_one_of(value, std::slice::from_ref(literal))?,
        Test::OneOf(literals) => values::is_one_of(value, literals)?,
        Test::IsNot(literals) => !values::is_one_of(value, literals)?,
        Test::Gt(wanted) => ordered(wanted, Ordering::is_gt)?,
        Test::Gte(wanted) => ordered(wanted, Ordering::is_ge)?,
        Test::Lt(wanted) => ordered(wanted, Ordering::is_lt)?,
        Test::Lte(wanted) => ordered(wanted, Ordering::is_le)?,
        Test::Between(from, to) => ordered(from, Ordering::is_ge)? && ordered(to, Ordering::is_le)?,
        Test::Has(literal) => values::has(set(value)?, literal),
        Test::HasNot(literal) => !values::has(set(value)?, literal),
        Test::Contains(literal) => match value {
            Value::Array(set) => values::has(set, literal),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => has_part(literal, |text, part| text.contains(part))?,
        },
        Test::StartsWith(part) => has_part(part, |text, part| text.starts_with(part))?,
        Test::EndsWith(part) => has_part(part, |text, part| text.ends_with(part))?,
        Test::Matches(pattern) => pattern.is_found_in(values::searchable(value)?),
        // Answered before: it is the one test that a missing value can pass.
        Test::Exists(wanted) => *wanted,
        Test::SameAs(path) => match world.value(path).filter(|other| !other.is_null()) {
            Some(other) => values::are_same(value, &other)?,
            None => return Ok(Tested::OtherMissing),
        },
        Test::Within(_)
        | Test::OlderThan(_)
        | Test::InNext(_)
        | Test::Before(_)
        | Test::After(_)
        | Test::BetweenTimes(..) => return of_time(test, &values::moment(value)?, world),
    };
    Ok(Tested::Out(held, None))
}

fn set(value: &Value) -> Result<&[Value], Misfit> {
    let set = value.as_array().map(Vec::as_slice);
    set.ok_or_else(|| values::misfit(value, "a set"))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "`tested` lists the tests and sends those of time here"
)]
fn of_time(test: &Test, value: &Moment, world: &impl World) -> Result<Tested, Misfit> {
    let zone = world.zone();
    let at = value.from(&zone);
    let relative = match test {
        Test::Within(lapse) => Relative::Within(lapse),
        Test::OlderThan(lapse) => Relative::OlderThan(lapse),
        Test::InNext(lapse) => Relative::InNext(lapse),
        Test::Before(wanted) => return fixed(wanted, world, |wanted| at < wanted.from(&zone)),
        Test::After(wanted) => return fixed(wanted, world, |wanted| at >= wanted.past(&zone)),
        Test::BetweenTimes(from, to) => {
            let (Some(from), Some(to)) = (when(from, world)?, when(to, world)?) else {
                return Ok(Tested::OtherMissing);
            };
            let is_inside = from.from(&zone) <= at && at < to.end(&zone);
            return Ok(Tested::Out(is_inside, None));
        }
        _ => return Ok(Tested::Out(false, None)),
    };
    let (held, changes_at) = relative.of(value, world.now(), &zone);
    Ok(Tested::Out(held, changes_at))
}

fn fixed(
    wanted: &When,
    world: &impl World,
    holds: impl Fn(&Moment) -> bool,
) -> Result<Tested, Misfit> {
    Ok(match when(wanted, world)? {
        Some(wanted) => Tested::Out(holds(&wanted), None),
        None => Tested::OtherMissing,
    })
}

/// The moment that `when` names; none if its path is missing.
pub(super) fn when(when: &When, world: &impl World) -> Result<Option<Moment>, Misfit> {
    match when {
        When::Fixed(moment) => Ok(Some(moment.clone())),
        When::At(path) => match world.value(path).filter(|value| !value.is_null()) {
            None => Ok(None),
            Some(value) => {
                let moment = values::moment(&value).map(Some);
                moment.map_err(|why| format!("to compare with {path}, {why}"))
            }
        },
    }
}
