mod agreement;
mod draw;
mod naive;
mod predicates;
mod reading;
mod rules;
mod time;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::zone::Zone;
use serde_json::{Value, json};

use super::*;
use crate::time::Timestamp;

/// A small world that is what the test says.
#[derive(Clone, Debug)]
struct Known {
    values: BTreeMap<String, Value>,
    reached: Vec<(String, MessageState)>,
    did: BTreeMap<String, Fact>,
    topics: Vec<String>,
    standings: BTreeMap<String, Standing>,
    now: Timestamp,
    zone: Zone,
}

impl Known {
    /// 2027-03-10 12:00 UTC, in UTC, and nothing is known.
    fn nothing() -> Self {
        Self {
            values: BTreeMap::new(),
            reached: Vec::new(),
            did: BTreeMap::new(),
            topics: Vec::new(),
            standings: BTreeMap::new(),
            now: moment("2027-03-10T12:00:00Z"),
            zone: Zone::utc(),
        }
    }

    fn with(mut self, path: &str, value: Value) -> Self {
        self.values.insert(path.to_owned(), value);
        self
    }

    fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    fn did(mut self, event: &str, at: &[&str]) -> Self {
        let mut recent: Vec<Occurrence> = at
            .iter()
            .map(|at| Occurrence {
                at: moment(at),
                amount: 10.0,
            })
            .collect();
        recent.sort_by_key(|one| std::cmp::Reverse(one.at));
        let fact = Fact {
            count: recent.len() as u64,
            sum: recent.iter().map(|one| one.amount).sum(),
            recent,
        };
        self.did.insert(event.to_owned(), fact);
        self
    }

    fn evaluate(&self, text: &str) -> Verdict {
        evaluate(&condition(text), self)
    }

    fn holds(&self, text: &str) -> bool {
        self.evaluate(text).holds
    }
}

impl World for Known {
    fn value(&self, path: &Path) -> Option<Cow<'_, Value>> {
        self.values.get(&path.to_string()).map(Cow::Borrowed)
    }

    fn has_reached(&self, step: &str, state: MessageState) -> bool {
        self.reached.contains(&(step.to_owned(), state))
    }

    fn fact(&self, did: &Did) -> Fact {
        self.did.get(&did.event).cloned().unwrap_or_default()
    }

    fn is_subscribed(&self, topic: &Topic) -> bool {
        self.topics.contains(&topic.to_string())
    }

    fn standing(&self, kind: Membership, id: &str) -> Standing {
        let found = self.standings.get(&format!("{} {id}", kind.key()));
        let mut standing = found.copied().unwrap_or_default();
        if standing.changes_at.is_some_and(|turn| turn <= self.now) {
            standing = Standing {
                holds: !standing.holds,
                changes_at: None,
            };
        }
        standing
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn zone(&self) -> Zone {
        self.zone.clone()
    }
}

fn moment(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn condition(text: &str) -> Condition {
    read("c.yaml", text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
}

/// Code, line, column and help of each fault.
fn faults(text: &str) -> Vec<(&'static str, usize, usize, String)> {
    let found = read("c.yaml", text).unwrap_err();
    let place = |f: crate::definitions::Diagnostic| {
        (f.code, f.at.line, f.at.column, f.help.unwrap_or_default())
    };
    found.into_iter().map(place).collect()
}

fn words(verdict: &Verdict) -> Vec<String> {
    let words = verdict
        .comparisons
        .iter()
        .map(|one| one.words().into_inner());
    words.collect()
}

fn ana() -> Known {
    Known::nothing()
        .with("contact.country", json!("NO"))
        .with("contact.orders", json!(3))
        .with("contact.vip", json!(true))
        .with("contact.interests", json!(["Running", "swimming"]))
        .with("contact.signed_up_at", json!("2027-03-08T12:00:00Z"))
        .with("contact.birthday", json!("2027-03-12"))
        .with("contact.address", json!({"city": "Oslo"}))
        .with("contact.zip", json!("01234"))
        .with("contact.nothing", Value::Null)
}
