//! Finds conditions that can never hold.
//!
//! Honest and small: what it calls impossible is impossible for every contact; much that is impossible it does not see. It
//! looks at what must hold together (`all`) of one path, and at `between` by itself.

use super::values::folded;
use super::{Condition, Leaf, Now, Number, Path, Test, When, Where};
use crate::phrase::{Span, Unit};
use crate::time::Timestamp;
use crate::zone::Zone;

/// Why `condition` can never hold; none if it may.
pub(crate) fn contradiction(condition: &Condition) -> Option<String> {
    match condition {
        Condition::Any(any) => {
            let why: Option<Vec<String>> = any.iter().map(contradiction).collect();
            why?.into_iter().next()
        }
        Condition::Not(_) => None,
        Condition::All(_) | Condition::Leaf(_) => {
            let mut together = Vec::new();
            gather(condition, &mut together);
            of_all(&together)
        }
    }
}

/// Why `filter` can never hold; none if it may.
pub(crate) fn contradiction_of_where(filter: &Where) -> Option<String> {
    filter.0.iter().find_map(|(path, tests)| {
        let tests: Vec<&Test> = tests.iter().collect();
        of_value(&path.label(), &tests)
    })
}

/// Why `condition` holds for hardly anybody: only of a set can two values be asked at once, and `has` says so.
pub(crate) fn doubt(condition: &Condition) -> Option<String> {
    let mut together = Vec::new();
    gather(condition, &mut together);
    let mut seen: Vec<(&Path, Vec<String>)> = Vec::new();
    for one in together {
        let Condition::Leaf(Leaf::Value { path, tests }) = one else {
            continue;
        };
        for test in tests {
            let mut asked = Asked::default();
            asked.add(test);
            let Some(texts) = asked.singles.first() else {
                continue;
            };
            let texts: Vec<String> = texts.iter().map(|text| folded(text)).collect();
            let other = seen.iter().find(|(known, others)| {
                *known == path && !others.iter().any(|other| texts.contains(other))
            });
            if let Some((path, others)) = other {
                let (one, two) = (others.first()?, texts.first()?);
                return Some(format!(
                    "`{}` must be `{one}` and `{two}` at once",
                    path.label()
                ));
            }
            seen.push((path, texts));
        }
    }
    None
}

/// Everything that must hold together.
fn gather<'c>(condition: &'c Condition, together: &mut Vec<&'c Condition>) {
    match condition {
        Condition::All(all) => all.iter().for_each(|one| gather(one, together)),
        Condition::Any(_) | Condition::Not(_) | Condition::Leaf(_) => together.push(condition),
    }
}

fn of_all(together: &[&Condition]) -> Option<String> {
    let mut values: Vec<(&Path, Vec<&Test>)> = Vec::new();
    for one in together {
        match one {
            Condition::Not(not) if together.contains(&not.as_ref()) => {
                return Some("it asks for something and for its opposite".to_owned());
            }
            Condition::Leaf(Leaf::Value { path, tests }) => {
                match values.iter_mut().find(|(known, _)| *known == path) {
                    Some((_, known)) => known.extend(tests),
                    None => values.push((path, tests.iter().collect())),
                }
            }
            Condition::Leaf(Leaf::Now(tests)) => {
                if let Some(why) = of_now(tests) {
                    return Some(why);
                }
            }
            Condition::Any(_) => {
                if let Some(why) = contradiction(one) {
                    return Some(why);
                }
            }
            Condition::Leaf(
                Leaf::Message { .. } | Leaf::Did(_) | Leaf::Subscribed(_) | Leaf::In { .. },
            )
            | Condition::All(_)
            | Condition::Not(_) => {}
        }
    }
    let mut values = values.iter();
    values.find_map(|(path, tests)| of_value(&path.label(), tests))
}

/// Why no value passes all of `tests`.
fn of_value(what: &str, tests: &[&Test]) -> Option<String> {
    let mut asked = Asked::default();
    for test in tests {
        asked.add(test);
    }
    if asked.must_miss && asked.must_be {
        return Some(format!(
            "what is missing passes no test, and `{what}` must be missing"
        ));
    }
    asked
        .excluded(what)
        .or_else(|| asked.out_of_bounds(what))
        .or_else(|| asked.out_of_time(what))
}

/// A bound of numbers, and whether it is excluded itself.
type Bound = (f64, bool);

/// What is asked of one value, all of it together.
#[derive(Default)]
struct Asked<'t> {
    /// Of each list the value is one, or as a set contains one.
    texts: Vec<&'t [String]>,
    /// Those of which the value is one and no set, if it has bounds as well.
    singles: Vec<&'t [String]>,
    /// What it must not be, folded.
    not: Vec<String>,
    least: Option<Bound>,
    most: Option<Bound>,
    from: Vec<&'t When>,
    until: Vec<&'t When>,
    within: Vec<Span>,
    older: Vec<Span>,
    must_miss: bool,
    must_be: bool,
}

impl<'t> Asked<'t> {
    fn add(&mut self, test: &'t Test) {
        self.must_be |= !matches!(test, Test::Exists(false));
        match test {
            Test::Is(one) => {
                self.texts.push(std::slice::from_ref(one));
                self.singles.push(std::slice::from_ref(one));
            }
            Test::OneOf(several) => {
                self.texts.push(several);
                self.singles.push(several);
            }
            Test::Has(one) => self.texts.push(std::slice::from_ref(one)),
            Test::IsNot(several) => self.not.extend(several.iter().map(|text| folded(text))),
            Test::HasNot(one) => self.not.push(folded(one)),
            Test::Gt(number) => self.raise(number, true),
            Test::Gte(number) => self.raise(number, false),
            Test::Lt(number) => self.lower(number, true),
            Test::Lte(number) => self.lower(number, false),
            Test::Between(low, high) => {
                self.raise(low, false);
                self.lower(high, false);
            }
            Test::After(when) => self.from.push(when),
            Test::Before(when) => self.until.push(when),
            Test::BetweenTimes(first, last) => {
                self.from.push(first);
                self.until.push(last);
            }
            Test::Within(span) => self.within.push(*span),
            Test::OlderThan(span) => self.older.push(*span),
            Test::Exists(is_there) => self.must_miss |= !is_there,
            Test::Contains(_)
            | Test::StartsWith(_)
            | Test::EndsWith(_)
            | Test::Matches(_)
            | Test::SameAs(_)
            | Test::InNext(_) => {}
        }
    }

    fn raise(&mut self, number: &Number, is_open: bool) {
        let value = number.value();
        let is_higher = |(known, open): Bound| value > known || value >= known && is_open && !open;
        if self.least.is_none_or(is_higher) {
            self.least = Some((value, is_open));
        }
    }

    fn lower(&mut self, number: &Number, is_open: bool) {
        let value = number.value();
        let is_lower = |(known, open): Bound| value < known || value <= known && is_open && !open;
        if self.most.is_none_or(is_lower) {
            self.most = Some((value, is_open));
        }
    }

    /// It must be something that it must not be.
    fn excluded(&self, what: &str) -> Option<String> {
        let is_out = |text: &String| self.not.contains(&folded(text));
        let out = self.texts.iter().find(|texts| texts.iter().all(is_out))?;
        let text = out.first()?;
        Some(format!("`{what}` must be `{text}` and must not"))
    }

    fn out_of_bounds(&self, what: &str) -> Option<String> {
        if self.least.is_none() && self.most.is_none() {
            return None;
        }
        if let (Some((low, low_open)), Some((high, high_open))) = (self.least, self.most)
            && (low > high || low >= high && (low_open || high_open))
        {
            return Some(format!(
                "no number is as large and as small as `{what}` must be"
            ));
        }
        // A set has no size, so beside bounds these ask for the one number.
        let mut singles = self.singles.iter();
        let off = singles.find(|texts| !texts.iter().any(|text| self.is_within(text)))?;
        let text = off.first()?;
        Some(format!("`{text}` is not within what `{what}` must be"))
    }

    fn is_within(&self, text: &str) -> bool {
        let Ok(number) = text.parse::<Number>() else {
            return false;
        };
        let value = number.value();
        let is_above = |(low, open): Bound| value > low || !open && value >= low;
        let is_below = |(high, open): Bound| value < high || !open && value <= high;
        self.least.is_none_or(is_above) && self.most.is_none_or(is_below)
    }

    fn out_of_time(&self, what: &str) -> Option<String> {
        let is_old = self.older.iter().any(|older| {
            let mut within = self.within.iter();
            within.any(|within| is_no_longer(*within, *older))
        });
        (is_old || is_empty(&self.from, &self.until))
            .then(|| format!("no time is as early and as late as `{what}` must be"))
    }
}

/// Whether no moment is at or after all of `from` and before all of `until`.
fn is_empty(from: &[&When], until: &[&When]) -> bool {
    from.iter()
        .any(|from| until.iter().any(|until| is_later(from, until)))
}

/// The instants between which a fixed moment lies, wherever it is read.
fn fixed(when: &When) -> Option<(Timestamp, Timestamp)> {
    // No zone is further from UTC than 14 hours, and no day is longer than 25.
    const APART: std::time::Duration = std::time::Duration::from_hours(40);
    match when {
        When::Fixed(moment) if moment.is_absolute() => {
            let at = moment.from(&Zone::utc());
            Some((at, at))
        }
        When::Fixed(moment) => {
            let at = moment.from(&Zone::utc());
            Some((at.minus(APART), at.plus(APART)))
        }
        When::At(_) => None,
    }
}

/// Whether `from` is later than `until` wherever both are read.
fn is_later(from: &When, until: &When) -> bool {
    match (from, until) {
        (When::Fixed(from), When::Fixed(until)) if !from.is_absolute() && !until.is_absolute() => {
            from.from(&Zone::utc()) >= until.end(&Zone::utc())
        }
        (When::Fixed(_) | When::At(_), When::Fixed(_) | When::At(_)) => fixed(from)
            .zip(fixed(until))
            .is_some_and(|((first, _), (_, last))| first > last),
    }
}

/// Whether `one` is as long as `other` or shorter, on every calendar.
fn is_no_longer(one: Span, other: Span) -> bool {
    let days = |unit: Unit, count: u16| match unit {
        Unit::Day => Some(u32::from(count)),
        Unit::Week => Some(u32::from(count) * 7),
        Unit::BusinessDay | Unit::Month | Unit::Year => None,
    };
    match (one, other) {
        (Span::Exact(one), Span::Exact(other)) => one.duration() <= other.duration(),
        (Span::Calendar(one), Span::Calendar(other)) => {
            let in_days = days(one.unit(), one.count()).zip(days(other.unit(), other.count()));
            one.unit() == other.unit() && one.count() <= other.count()
                || in_days.is_some_and(|(one, other)| one <= other)
        }
        (Span::Exact(_), Span::Calendar(_)) | (Span::Calendar(_), Span::Exact(_)) => false,
    }
}

fn of_now(tests: &[Now]) -> Option<String> {
    let (mut from, mut until) = (Vec::new(), Vec::new());
    for test in tests {
        match test {
            Now::After(when) => from.push(when),
            Now::Before(when) => until.push(when),
            Now::On(when) => {
                from.push(when);
                until.push(when);
            }
            Now::Between(first, last) => {
                from.push(first);
                until.push(last);
            }
        }
    }
    is_empty(&from, &until).then(|| "no moment is as early and as late as `now` must be".to_owned())
}
