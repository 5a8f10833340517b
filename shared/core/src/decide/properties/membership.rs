//! Segments: what a contact keeps of its life answers as a look at all of it does, at any moment, and entering and leaving take turns.

use std::cell::Cell;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::condition;
use crate::contact::Contact;
use crate::decide::told::{ID, decided, object};
use crate::definitions::{SourceFile, read_all};
use crate::id::InputId;
use crate::identity::{Identity, IdentityKind};
use crate::input::*;
use crate::log::Trace;
use crate::release::{Definition, Manifest, Part, Release};
use crate::time::Timestamp;

const PROJECT: &str = "wend: 1\nproject: p\nzone: Europe/Berlin\n";
const JOURNEY: &str = "journey: watch\nstate: live\ntriggers:\n  - { joins: one, existing: skip }\n  - { leaves: one, existing: skip }\n  \
    - { joins: two, existing: skip }\n  - { leaves: two, existing: skip }\nsteps:\n  - { id: end, exit: seen }\n";
/// Everything happens at a multiple of it: longer than a thousandth of the longest window, to which facts keep time.
const TICK: Duration = Duration::from_mins(10);
const HOUR: i64 = 3_600_000;
const WINDOWS: [u32; 4] = [1, 5, 36, 90];

/// A rule, as it stands in a file and as it is looked at by hand.
#[derive(Clone, Debug)]
enum Rule {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Did(Done),
    Gold,
    Number(u32),
    SeenWithin(u32),
    SeenBefore(u32),
    Listed,
    /// Segment `one`, for the rule of `two`.
    Other,
}

/// What `did` asks.
#[derive(Clone, Debug)]
struct Done {
    event: &'static str,
    within: Option<u32>,
    from: Option<u32>,
    is_sum: bool,
    least: Option<u32>,
    most: Option<u32>,
}

/// Something that happens.
#[derive(Clone, Debug)]
enum Act {
    /// An event of so much value, told so many ticks late.
    Track(&'static str, u32, u32),
    Tier(&'static str),
    Number(u32),
    Seen,
    List(bool),
}

impl Rule {
    fn yaml(&self) -> String {
        let list = |rules: &[Self]| {
            let rules: Vec<String> = rules.iter().map(Self::yaml).collect();
            format!("[ {} ]", rules.join(", "))
        };
        match self {
            Self::All(rules) => format!("{{ all: {} }}", list(rules)),
            Self::Any(rules) => format!("{{ any: {} }}", list(rules)),
            Self::Not(rule) => format!("{{ not: {} }}", rule.yaml()),
            Self::Did(done) => done.yaml(),
            Self::Gold => "{ contact.tier: gold }".to_owned(),
            Self::Number(least) => format!("{{ contact.n: {{ gte: {least} }} }}"),
            Self::SeenWithin(hours) => format!("{{ contact.seen: {{ within: {hours}h }} }}"),
            Self::SeenBefore(hours) => format!("{{ contact.seen: {{ older_than: {hours}h }} }}"),
            Self::Listed => "{ in_list: vips }".to_owned(),
            Self::Other => "{ in_segment: one }".to_owned(),
        }
    }
}

impl Done {
    fn yaml(&self) -> String {
        let mut parts = vec![format!("event: {}", self.event)];
        parts.extend(self.within.map(|hours| format!("within: {hours}h")));
        let from = |value| format!("where: {{ value: {{ gte: {value} }} }}");
        parts.extend(self.from.map(from));
        parts.extend(self.is_sum.then(|| "sum: value".to_owned()));
        parts.extend(self.least.map(|least| format!("at_least: {least}")));
        parts.extend(self.most.map(|most| format!("at_most: {most}")));
        format!("{{ did: {{ {} }} }}", parts.join(", "))
    }
}

/// A whole life, remembered in full.
#[derive(Default)]
struct Life {
    events: Vec<(&'static str, u32, Timestamp)>,
    tier: &'static str,
    number: Option<u32>,
    seen: Option<Timestamp>,
    is_listed: bool,
    is_known: bool,
}

impl Life {
    fn hear(&mut self, act: &Act, now: Timestamp) {
        match act {
            Act::Track(event, value, late) => {
                self.events.push((event, *value, now.minus(TICK * *late)));
            }
            Act::Tier(tier) => self.tier = tier,
            Act::Number(number) => self.number = Some(*number),
            Act::Seen => self.seen = Some(now),
            // Nobody puts somebody on a list who was never heard of.
            Act::List(joins) => self.is_listed = *joins && self.is_known,
        }
        self.is_known |= !matches!(act, Act::List(_));
    }

    fn is(&self, rule: &Rule, one: &Rule, now: Timestamp) -> bool {
        let age = |at: Timestamp| now.as_millis() - at.as_millis();
        match rule {
            Rule::All(rules) => rules.iter().all(|rule| self.is(rule, one, now)),
            Rule::Any(rules) => rules.iter().any(|rule| self.is(rule, one, now)),
            Rule::Not(rule) => !self.is(rule, one, now),
            Rule::Did(done) => {
                let meant = self.events.iter().filter(|(event, value, at)| {
                    *event == done.event
                        && done.from.is_none_or(|from| *value >= from)
                        && done
                            .within
                            .is_none_or(|hours| age(*at) < i64::from(hours) * HOUR)
                });
                let total: u32 = meant
                    .map(|(_, value, _)| if done.is_sum { *value } else { 1 })
                    .sum();
                let least = done.least.or(done.most.is_none().then_some(1));
                least.is_none_or(|least| total >= least)
                    && done.most.is_none_or(|most| total <= most)
            }
            Rule::Gold => self.tier == "gold",
            Rule::Number(least) => self.number.is_some_and(|number| number >= *least),
            Rule::SeenWithin(hours) => self
                .seen
                .is_some_and(|at| age(at) < i64::from(*hours) * HOUR),
            Rule::SeenBefore(hours) => self
                .seen
                .is_some_and(|at| age(at) >= i64::from(*hours) * HOUR),
            Rule::Listed => self.is_listed,
            Rule::Other => self.is(one, one, now),
        }
    }
}

/// One contact that is decided on, beside its life.
struct Stage<'a> {
    release: Release,
    rules: [(&'static str, &'a Rule); 2],
    contact: Option<Contact>,
    life: Life,
    now: Timestamp,
    inputs: u64,
    /// What the rows said of each segment, in order.
    told: [Vec<bool>; 2],
    comparisons: u64,
}

impl<'a> Stage<'a> {
    fn new(one: &'a Rule, two: &'a Rule) -> Self {
        let files = [
            ("wend.yaml", PROJECT),
            ("journeys/watch.yaml", JOURNEY),
            (
                "segments/one.yaml",
                "segment: one\ntitle: One\nif: { contact.n: 0 }\n",
            ),
            (
                "segments/two.yaml",
                "segment: two\ntitle: Two\nif: { contact.n: 0 }\n",
            ),
            ("segments/vips.yaml", "list: vips\ntitle: Vips\n"),
        ];
        let files = files.map(|(path, text)| SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        });
        // Drawn rules may be such as no file is let through with: some can never hold.
        let parts = read_all(&files)
            .unwrap()
            .into_iter()
            .map(|(file, mut part)| {
                if let Definition::Segment(segment) = &mut part {
                    let rule = if segment.id == "one" { one } else { two };
                    let read = || Box::new(condition::read("drawn", &rule.yaml()).unwrap());
                    segment.rule = segment.rule.take().map(|_| read());
                }
                Part::new(file, part)
            });
        let parts: Vec<Part> = parts.collect();
        let now = Timestamp::parse("2027-03-10T09:30:00Z").unwrap();
        Self {
            release: Release::new(&Manifest::next(None, &parts, now), parts),
            rules: [("one", one), ("two", two)],
            contact: None,
            life: Life::default(),
            now,
            inputs: 0,
            told: Default::default(),
            comparisons: 0,
        }
    }

    fn act(&mut self, act: &Act) {
        self.life.hear(act, self.now);
        self.inputs += 1;
        let id = InputId::of("act", &[&self.inputs.to_be_bytes()]);
        let at = self.now;
        let said = |kind, late: u32, properties, traits| {
            Input::Event(Box::new(Event {
                id,
                kind,
                address: Identity::new(IdentityKind::User, "ana").unwrap(),
                also: Vec::new(),
                occurred_at: at.minus(TICK * late),
                properties: object(properties),
                traits: object(traits),
                is_import: false,
                agreement: None,
                public_source: None,
            }))
        };
        let knows = |traits| said(EventKind::Identify, 0, json!({}), traits);
        let input = match act {
            Act::Track(event, value, late) => {
                let kind = EventKind::Track((*event).to_owned());
                said(kind, *late, json!({ "value": value }), json!({}))
            }
            Act::Tier(tier) => knows(json!({ "tier": tier })),
            Act::Number(number) => knows(json!({ "n": number })),
            Act::Seen => knows(json!({ "seen": at.to_string() })),
            Act::List(joins) => {
                let vips = |is_meant: bool| {
                    if is_meant {
                        vec!["vips".to_owned()]
                    } else {
                        Vec::new()
                    }
                };
                let kind = CommandKind::Lists {
                    join: vips(*joins),
                    leave: vips(!joins),
                };
                let contact = ID;
                Input::Command(Box::new(Command {
                    id,
                    contact,
                    at,
                    kind,
                }))
            }
        };
        self.apply(input);
    }

    fn apply(&mut self, input: Input) {
        let decision = decided(&self.release, self.contact.take(), self.now, input);
        self.contact = decision.contact;
        for line in decision.row.into_iter().flat_map(|row| row.trace) {
            if let Trace::Member { id, joined } = line
                && let Some(at) = self.rules.iter().position(|(segment, _)| *segment == id)
            {
                self.told[at].push(joined);
            }
        }
        self.compare();
    }

    /// What is kept and what was told, held against the whole life.
    fn compare(&mut self) {
        let Some(contact) = &self.contact else {
            return;
        };
        let one = self.rules[0].1;
        for (at, (segment, rule)) in self.rules.into_iter().enumerate() {
            let expected = self.life.is(rule, one, self.now);
            let is_kept = contact.segments.contains(segment);
            assert_eq!(
                is_kept,
                expected,
                "{segment} at {}: {}",
                self.now,
                rule.yaml()
            );
            let last = self.told[at].last().copied().unwrap_or(false);
            assert_eq!(
                last, expected,
                "{segment} was told otherwise at {}",
                self.now
            );
            self.comparisons += 2;
        }
    }

    /// Lets time go by, with every wake at its moment.
    fn pass(&mut self, ticks: u32) {
        let until = self.now.plus(TICK * ticks);
        let step = Duration::from_millis(1);
        loop {
            let due_at = self.contact.as_ref().and_then(|contact| contact.due_at);
            let due_at = due_at.filter(|due_at| *due_at <= until);
            let next = due_at.unwrap_or(until);
            // Halfway, and a moment before something may turn over.
            let half = next.since(self.now) / 2;
            for moment in [self.now.plus(half), next.minus(step)] {
                if moment > self.now {
                    self.now = moment;
                    self.compare();
                }
            }
            self.now = next;
            let Some(due_at) = due_at else { return };
            let contact = ID;
            self.apply(Input::Wake(Wake { contact, due_at }));
        }
    }
}

fn done() -> impl Strategy<Value = Done> {
    let parts = (
        select(vec!["a", "b"]),
        option::of(select(WINDOWS.to_vec())),
        option::weighted(0.3, 1..4_u32),
        prop::bool::weighted(0.3),
        option::of(1..5_u32),
        option::of(0..5_u32),
    );
    parts.prop_map(|(event, within, from, is_sum, least, most)| Done {
        event,
        within,
        from,
        is_sum,
        least: least.or((is_sum && most.is_none()).then_some(3)),
        most: most.map(|most| most.max(least.unwrap_or(0))),
    })
}

fn rule(leaf: impl Strategy<Value = Rule> + 'static) -> impl Strategy<Value = Rule> {
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Rule::All),
            vec(inner.clone(), 2..4).prop_map(Rule::Any),
            inner.prop_map(|inner| Rule::Not(Box::new(inner))),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Rule> {
    let hours = || select(WINDOWS.to_vec());
    prop_oneof![
        6 => done().prop_map(Rule::Did),
        1 => Just(Rule::Gold),
        1 => (1..4_u32).prop_map(Rule::Number),
        1 => hours().prop_map(Rule::SeenWithin),
        1 => hours().prop_map(Rule::SeenBefore),
        1 => Just(Rule::Listed),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let late = prop_oneof![4 => Just(0), 1 => 1..200_u32];
    prop_oneof![
        6 => (select(vec!["a", "b"]), 0..5_u32, late).prop_map(|(event, value, late)| Act::Track(event, value, late)),
        1 => select(vec!["gold", "silver"]).prop_map(Act::Tier),
        1 => (0..5_u32).prop_map(Act::Number),
        1 => Just(Act::Seen),
        1 => any::<bool>().prop_map(Act::List),
    ]
}

fn history() -> impl Strategy<Value = Vec<(u32, Act)>> {
    let ticks = prop_oneof![2 => Just(0), 3 => 1..12_u32, 3 => 12..400_u32, 1 => 400..1500_u32];
    vec((ticks, act()), 1..60)
}

#[test]
fn a_segment_is_right_at_every_moment() {
    let two = rule(prop_oneof![3 => leaf(), 1 => Just(Rule::Other)]);
    let comparisons = Cell::new(0);
    let live = |(one, two, history): (Rule, Rule, Vec<(u32, Act)>)| {
        let mut stage = Stage::new(&one, &two);
        for (ticks, act) in &history {
            stage.pass(*ticks);
            stage.act(act);
        }
        // Longer than every window.
        stage.pass(6 * 100);
        for told in &stage.told {
            prop_assert!(told.first() != Some(&false), "nobody leaves first");
            prop_assert!(told.windows(2).all(|pair| pair[0] != pair[1]), "{:?}", told);
        }
        comparisons.set(comparisons.get() + stage.comparisons);
        Ok(())
    };
    let config = ProptestConfig {
        cases: 6000,
        ..ProptestConfig::with_source_file(file!())
    };
    let lives = (rule(leaf()), two, history());
    if let Err(error) = TestRunner::new(config).run(&lives, live) {
        panic!("{error}");
    }
    println!("{} comparisons", comparisons.get());
    assert!(comparisons.get() > 2_000_000);
}
