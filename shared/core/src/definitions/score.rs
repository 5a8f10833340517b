//! Reads `scores/<id>.yaml`.

use super::known::BUILT_IN_EVENTS;
use super::project::values;
use super::reader::{self, Faults, MapReader, Read};
use super::{Refers, tree};
use crate::condition::{self, Root, Scope};
use crate::phrase::Span;
use crate::release::{Score, ScoreRule, ScoreSource, Threshold};
use crate::syntax::Node;

/// The range where none is written.
const RANGE: (i32, i32) = (0, 100);
/// How far a range can reach to either side.
const REACH: i32 = 1_000_000;
/// Most rules and most thresholds of one score.
const RULES_MAX: usize = 200;

/// What `if` can look at. Scores do not look at scores: their order would matter.
const IF: Scope = Scope {
    roots: &[Root::Contact],
    messages: false,
    facts: true,
    why: "a score knows the contact, no run and no other score: contact.…, did, subscribed, in_…, now",
};

/// What the properties of an event can be compared with.
const WHERE: Scope = Scope {
    roots: &[Root::Contact],
    messages: false,
    facts: false,
    why: "here properties are compared with what is written and with contact.…",
};

pub(super) fn read(file: &str, text: &str) -> Read<Score> {
    tree::read(file, text, read_node)
}

/// The score that `root` says.
fn read_node(root: &Node, faults: &mut Faults<'_>) -> Option<Score> {
    let mut map = MapReader::new(root, "a score", faults)?;
    let id = map.required("score", faults);
    let id = id.and_then(|node| tree::file_id(node, "score", faults));
    let title = map.optional_text("title", faults).map(str::to_owned);
    let _about = map.optional_text("about", faults);
    let range = map.optional("range");
    let (min, max) = range
        .and_then(|node| self::range(node, faults))
        .unwrap_or(RANGE);
    let decay = map.optional("decay");
    let half_life = decay.and_then(|node| half_life(node, faults));
    let rules = map.optional("rules");
    let thresholds = map.optional("thresholds");
    map.finish(faults);
    let rules = rules.map_or_else(Vec::new, |node| several(node, "rules", faults, rule));
    let thresholds = thresholds.map_or_else(Vec::new, |node| {
        several(node, "thresholds", faults, |node, faults| {
            threshold(node, min, max, faults)
        })
    });
    let id = id?;
    Some(Score {
        title: title.unwrap_or_else(|| id.clone()),
        id,
        min,
        max,
        half_life,
        rules,
        thresholds,
    })
}

/// `0-100`, `-50-50`.
fn range(node: &Node, faults: &mut Faults<'_>) -> Option<(i32, i32)> {
    let text = reader::text(node, "range", faults)?;
    let dash = text.char_indices().skip(1).find(|(_, c)| *c == '-');
    let parts = dash.and_then(|(at, _)| Some((text.get(..at)?, text.get(at + 1..)?)));
    let number = |text: &str| {
        let number: Option<i32> = text.trim().parse().ok();
        number.filter(|number| (-REACH..=REACH).contains(number))
    };
    let range = parts.and_then(|(min, max)| number(min).zip(number(max)));
    let range = range.filter(|(min, max)| min < max);
    if range.is_none() {
        let message = format!("`{text}` is not a range");
        let help = "from the least to the most, for example `0-100`";
        faults.add("E0191", node, &message, help);
    }
    range
}

fn half_life(node: &Node, faults: &mut Faults<'_>) -> Option<Span> {
    let mut map = MapReader::new(node, "`decay`", faults)?;
    let half_life = map.required("half_life", faults);
    map.finish(faults);
    reader::phrase(half_life?, "half_life", faults, Span::parse)
}

/// Things with an `id` each.
fn several<T: Identified>(
    node: &Node,
    what: &str,
    faults: &mut Faults<'_>,
    read: impl Fn(&Node, &mut Faults<'_>) -> Option<T>,
) -> Vec<T> {
    let items = reader::list(node, what, faults);
    if items.len() > RULES_MAX {
        let message = format!("`{what}` has more than {RULES_MAX} items");
        faults.add("E0192", node, &message, "make two scores of it");
        return Vec::new();
    }
    let mut all: Vec<T> = Vec::new();
    for item in items {
        let Some(one) = read(item, faults) else {
            continue;
        };
        if all.iter().any(|earlier| earlier.id() == one.id()) {
            let message = format!("two of `{what}` are called `{}`", one.id());
            faults.add("E0109", item, &message, "give each its own id");
        }
        all.push(one);
    }
    all
}

trait Identified {
    fn id(&self) -> &str;
}

impl Identified for ScoreRule {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Identified for Threshold {
    fn id(&self) -> &str {
        &self.id
    }
}

/// The points of a rule.
fn points(node: &Node, faults: &mut Faults<'_>) -> Option<i32> {
    let points = reader::whole(node, "points", (-REACH, REACH), faults)?;
    if points == 0 {
        let help = "a number above 0 gives points, one below takes them";
        faults.add("E0193", node, "this rule gives no points", help);
    }
    (points != 0).then_some(points)
}

fn rule(node: &Node, faults: &mut Faults<'_>) -> Option<ScoreRule> {
    let mut map = MapReader::new(node, "a rule", faults)?;
    let id = map.required("id", faults);
    let id = id.and_then(|node| reader::id(node, "id", faults));
    let _note = map.optional_text("note", faults);
    let points = map.required("points", faults);
    let points = points.and_then(|node| self::points(node, faults));
    let (event, condition) = (map.optional("event"), map.optional("if"));
    let [filter, max, within] = ["where", "max", "within"].map(|key| map.optional(key));
    map.finish(faults);
    let source = match (event, condition) {
        (Some(event), None) => event_source(event, [filter, max, within], points, faults),
        (None, Some(condition)) => {
            for (key, node) in [("where", filter), ("max", max), ("within", within)] {
                if let Some(node) = node {
                    let message = format!("`{key}` stands beside `event`, not beside `if`");
                    faults.add("E0194", node, &message, &format!("remove `{key}`"));
                }
            }
            let condition = condition::condition(condition, IF, faults);
            condition.map(|condition| ScoreSource::If(Box::new(condition)))
        }
        (None, None) => {
            let help = "add `event: …`, each gives points, or `if: { … }`, points while it holds";
            faults.add("E0101", node, "a rule needs `event` or `if`", help);
            None
        }
        (Some(_), Some(condition)) => {
            let help = "make two rules of it";
            faults.add(
                "E0194",
                condition,
                "a rule has `event` or `if`, not both",
                help,
            );
            None
        }
    };
    Some(ScoreRule {
        id: id?,
        points: points?,
        source: source?,
    })
}

fn event_source(
    event: &Node,
    [filter, max, within]: [Option<&Node>; 3],
    points: Option<i32>,
    faults: &mut Faults<'_>,
) -> Option<ScoreSource> {
    let name = values::known_event(event, "event", faults);
    let filter = filter.map(|node| condition::filter(node, name.as_deref(), WHERE, faults));
    if let (None, Some(within)) = (max, within) {
        let help = "add `max: …`: most points within that time";
        faults.add("E0194", within, "`within` needs `max`", help);
    }
    let most = max.and_then(|node| reader::whole(node, "max", (1, REACH), faults));
    if let (Some(node), Some(most), Some(points)) = (max, most, points)
        && points > most
    {
        let message = format!("`max: {most}` is less than the {points} points of one event");
        faults.add(
            "E0194",
            node,
            &message,
            &format!("at least `max: {points}`"),
        );
    }
    if let (Some(node), Some(points)) = (max, points)
        && points < 0
    {
        let help = "remove `max`; the score's range limits what is taken";
        faults.add("E0194", node, "`max` limits points that are given", help);
    }
    let within = within.and_then(|node| reader::phrase(node, "within", faults, Span::parse));
    Some(ScoreSource::Event {
        event: name?,
        filter: filter.map_or(Some(None), |filter| filter.map(Some))?,
        max: most,
        within,
    })
}

fn threshold(node: &Node, min: i32, max: i32, faults: &mut Faults<'_>) -> Option<Threshold> {
    let mut map = MapReader::new(node, "a threshold", faults)?;
    let id = map.required("id", faults);
    let id = id.and_then(|node| reader::id(node, "id", faults));
    let at = map.required("at", faults);
    let rearm_below = map.optional("rearm_below");
    let emit = map.required("emit", faults);
    let emit = emit.and_then(|node| {
        let event = values::event_name(node, "emit", faults)?;
        if BUILT_IN_EVENTS.contains(&event.as_str()) {
            let message = format!("`{event}` is an event of Wend's own");
            faults.add("E0250", node, &message, "give the event a name of your own");
            return None;
        }
        faults.refer(Refers::EmittedEvent, event.as_str(), node);
        Some(event)
    });
    map.finish(faults);
    let at = at.and_then(|node| {
        let at = reader::whole(node, "at", (-REACH, REACH), faults)?;
        if at <= min || at > max {
            let message = format!("the score never comes to {at}: it goes from {min} to {max}");
            faults.add("E0195", node, &message, "change `at`, or `range`");
        }
        Some(at)
    });
    let rearm = rearm_below.map(|node| {
        let rearm = reader::whole(node, "rearm_below", (-REACH, REACH), faults)?;
        let is_possible = at.is_none_or(|at| rearm <= at) && rearm > min;
        if !is_possible {
            let message = format!("a score is never ready again below {rearm}");
            let help = "above the range's least, at most `at`; the gap keeps one contact from being reported twice";
            faults.add("E0195", node, &message, help);
        }
        Some(rearm)
    });
    Some(Threshold {
        id: id?,
        at: at?,
        rearm_below: rearm.map_or(at, |rearm| rearm)?,
        emit: emit?,
    })
}

#[cfg(test)]
mod tests;
