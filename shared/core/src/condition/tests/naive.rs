//! A second evaluator, as simple as can be.

use super::draw::DAY;
use super::*;
use crate::phrase::Span;

/// The naive evaluator: milliseconds, ASCII, no traces; `None` is whatever cannot be compared.
pub(super) fn naive(condition: &Condition, world: &Known) -> bool {
    match condition {
        Condition::All(all) => all.iter().all(|one| naive(one, world)),
        Condition::Any(any) => any.iter().any(|one| naive(one, world)),
        Condition::Not(not) => !naive(not, world),
        Condition::Leaf(Leaf::Value { path, tests }) => {
            let value = get(world, &path.to_string());
            tests.iter().all(|test| match (test, &value) {
                (Test::Exists(wanted), value) => value.is_some() == *wanted,
                (_, None) => false,
                (test, Some(value)) => naive_test(test, value, world).unwrap_or(false),
            })
        }
        Condition::Leaf(Leaf::Message { .. }) => !world.reached.is_empty(),
        Condition::Leaf(Leaf::Subscribed(_)) => !world.topics.is_empty(),
        Condition::Leaf(Leaf::In { .. }) => {
            let standing = world.standings.get("in_segment vips").unwrap();
            standing.holds == standing.changes_at.is_none_or(|at| world.now < at)
        }
        Condition::Leaf(Leaf::Did(did)) => naive_did(did, world).unwrap_or(false),
        Condition::Leaf(Leaf::Now(tests)) => {
            let now = world.now.as_millis();
            tests
                .iter()
                .all(|test| naive_now(test, now, world).unwrap_or(false))
        }
    }
}

pub(super) fn get(world: &Known, path: &str) -> Option<Value> {
    world
        .values
        .get(path)
        .filter(|value| !value.is_null())
        .cloned()
}

pub(super) fn plain(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

pub(super) fn same(value: &Value, literal: &str) -> Option<bool> {
    if let Some(text) = value.as_str() {
        return Some(plain(text) == plain(literal));
    }
    if let Some(number) = value.as_f64() {
        return Some((number - literal.trim().parse::<f64>().ok()?).abs() < 1e-9);
    }
    Some(value.as_bool()? == plain(literal).parse::<bool>().ok()?)
}

/// The interval of a time: its first millisecond, when it is past, and the first one behind it.
pub(super) fn times(text: &str) -> Option<(i64, i64, i64)> {
    if let Ok(date) = text.trim().parse::<jiff::civil::Date>()
        && text.trim().len() == 10
    {
        let from = date
            .to_zoned(jiff::tz::TimeZone::UTC)
            .unwrap()
            .timestamp()
            .as_millisecond();
        return Some((from, from + DAY, from + DAY));
    }
    let text = text.replace("2027-03-10 18:00", "2027-03-10T18:00:00Z");
    let at = Timestamp::parse(&text)?.as_millis();
    Some((at, at, at + 1))
}

pub(super) fn named(when: &When, world: &Known) -> Option<(i64, i64, i64)> {
    match when {
        When::Fixed(moment) => times(&moment.to_string()),
        When::At(path) => times(get(world, &path.to_string())?.as_str()?),
    }
}

pub(super) fn length(lapse: &Span) -> i64 {
    match lapse.to_string().as_str() {
        "1h" => DAY / 24,
        "24h" | "1 day" => DAY,
        "3 days" => 3 * DAY,
        "1 week" => 7 * DAY,
        other => panic!("not drawn: {other}"),
    }
}

pub(super) fn naive_test(test: &Test, value: &Value, world: &Known) -> Option<bool> {
    let number = || value.as_f64().filter(|_| value.is_number());
    let plain_text = || value.as_str().map(plain);
    let set = || value.as_array().cloned();
    let is_in = |set: &[Value], one: &str| set.iter().any(|v| same(v, one) == Some(true));
    let is_any = |some: &[String]| match set() {
        Some(set) => Some(some.iter().any(|one| is_in(&set, one))),
        None => some
            .iter()
            .filter_map(|one| same(value, one))
            .reduce(|a, b| a || b),
    };
    let time = || value.as_str().and_then(times);
    let now = world.now.as_millis();
    Some(match test {
        Test::Is(one) => is_any(std::slice::from_ref(one))?,
        Test::OneOf(some) => is_any(some)?,
        Test::IsNot(some) => !is_any(some)?,
        Test::Gt(n) => number()? > n.value(),
        Test::Gte(n) => number()? >= n.value(),
        Test::Lt(n) => number()? < n.value(),
        Test::Lte(n) => number()? <= n.value(),
        Test::Between(a, b) => (a.value()..=b.value()).contains(&number()?),
        Test::BetweenTimes(a, b) => {
            let at = time()?.0;
            named(a, world)?.0 <= at && at < named(b, world)?.2
        }
        Test::Has(one) => is_in(&set()?, one),
        Test::HasNot(one) => !is_in(&set()?, one),
        Test::Contains(one) => match set() {
            Some(set) => is_in(&set, one),
            None => plain_text()?.contains(&plain(one)),
        },
        Test::StartsWith(one) => plain_text()?.starts_with(&plain(one)),
        Test::EndsWith(one) => plain_text()?.ends_with(&plain(one)),
        Test::Matches(pattern) => match pattern.to_string().as_str() {
            "^a" => value.as_str()?.starts_with('a'),
            "b" => value.as_str()?.contains('b'),
            _ => value.as_str()?.contains(|c: char| c.is_ascii_digit()),
        },
        Test::Exists(wanted) => *wanted,
        Test::SameAs(path) => naive_same(value, &get(world, &path.to_string())?)?,
        Test::Within(lapse) => (0..length(lapse)).contains(&(now - time()?.0)),
        Test::OlderThan(lapse) => now - time()?.0 >= length(lapse),
        Test::InNext(lapse) => time()?.0 - now <= length(lapse) && now < time()?.2,
        Test::Before(when) => time()?.0 < named(when, world)?.0,
        Test::After(when) => time()?.0 >= named(when, world)?.1,
    })
}

pub(super) fn naive_same(a: &Value, b: &Value) -> Option<bool> {
    match (a.as_array(), b.as_array()) {
        (Some(a), Some(b)) => {
            let inside = |x: &Value, y: &[Value]| y.iter().any(|y| naive_same(x, y) == Some(true));
            Some(a.iter().all(|x| inside(x, b)) && b.iter().all(|x| inside(x, a)))
        }
        (Some(a), None) => Some(a.iter().any(|x| naive_same(x, b) == Some(true))),
        (None, None) if a.is_string() && b.is_string() => same(a, b.as_str()?),
        (None, None) if a.is_number() && b.is_number() => same(a, &b.to_string()),
        (None, None) if a.is_boolean() && b.is_boolean() => Some(a == b),
        _ => None,
    }
}

pub(super) fn naive_now(test: &Now, now: i64, world: &Known) -> Option<bool> {
    Some(match test {
        Now::Before(when) => now < named(when, world)?.0,
        Now::After(when) => now >= named(when, world)?.1,
        Now::On(when) => now.div_euclid(DAY) == named(when, world)?.0.div_euclid(DAY),
        Now::Between(from, to) => named(from, world)?.0 <= now && now < named(to, world)?.2,
    })
}

pub(super) fn naive_did(did: &Did, world: &Known) -> Option<bool> {
    let since = match &did.since {
        Some(when) => Some(named(when, world)?.0),
        None => None,
    };
    let now = world.now.as_millis();
    let is_life = since.is_none() && did.within.is_none();
    let mut total = 0.0;
    for one in &world.did.get("bought")?.recent {
        let at = one.at.as_millis();
        let age = now - at;
        let is_recent = did
            .within
            .as_ref()
            .is_none_or(|within| age < length(within));
        if is_life || (age >= 0 && is_recent && since.is_none_or(|since| at >= since)) {
            total += if did.total == DidTotal::Count {
                1.0
            } else {
                one.amount
            };
        }
    }
    let least = did.at_least.as_ref().map(Number::value);
    let most = did.at_most.as_ref().map(Number::value);
    let least = least.or(most.is_none().then_some(1.0));
    Some(least.is_none_or(|n| total >= n) && most.is_none_or(|n| total <= n))
}
