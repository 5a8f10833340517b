//! Draws journeys, laid out as the reader does: nested paths become one list of steps, and each step knows where life goes on.

use std::collections::BTreeMap;

use serde_json::json;

use super::tape::Tape;
use crate::condition::Where;
use crate::identity::Channel;
use crate::path::{Path, Root};
use crate::release::*;

/// Events that happen in drawn worlds.
pub(super) const EVENTS: [&str; 5] = ["a", "b", "c", "order", "made"];
pub(super) const JOURNEYS: [&str; 3] = ["j0", "j1", "j2"];

pub(super) const CONDITIONS: [&str; 30] = [
    "contact.tier: gold",
    "contact.n: { gte: 2 }",
    "contact.seen: { within: 3 days }",
    "contact.seen: { older_than: 36h }",
    "contact.birthday: { in_next: 1 week }",
    "contact.email: { exists: true }",
    "contact.orders: { gte: 2 }",
    "contact.created_at: { older_than: 2 days }",
    "trigger.value: { gte: 3 }",
    "score.warm: { gte: 20 }",
    "score.warm: { lt: 7 }",
    "score.cold: { lte: -3 }",
    "score.mixed: { gte: 5 }",
    "sent: s0",
    "opened: [ s0, s1, s2 ]",
    "clicked: [ s0, s1, s2, s3 ]",
    "did: { event: b, within: 2 days, at_least: 2 }",
    "did: { event: c, within: 1 day, at_most: 0 }",
    "did: { event: order, sum: total, at_least: 5, within: 1 week }",
    "did: c",
    "did: { event: a, where: { value: { gte: 3 } }, within: 50h }",
    "now: { after: 2027-03-12 12:00 }",
    "now: { between: [ 2027-03-11, 2027-03-13 ] }",
    "in_segment: fresh",
    "in_segment: rich",
    "in_list: vips",
    "in_journey: j0",
    "subscribed: news",
    "subscribed: offers/sms",
    "data.answer.ok: true",
];
const FILTERS: [&str; 3] = [
    "value: { gte: 2 }",
    "value: 1",
    "key: { same_as: trigger.key }",
];
const SPANS: [&str; 6] = ["2h", "1 day", "3 days", "90 s", "2 business days", "1 week"];
const WAITS: [&str; 9] = [
    "1h",
    "90 s",
    "1 day",
    "2 days at 09:00",
    "3 business days at 09:30",
    "until mon-fri 09:00",
    "until 2027-03-12 10:00",
    "until 1 day before contact.birthday at 10:00",
    "until contact.seen",
];
const DEPTH_MAX: usize = 3;

/// Lays steps out.
struct Layout<'a, 't> {
    tape: &'a mut Tape<'t>,
    steps: Vec<Step>,
    /// The lists of steps, holders before what they hold: their steps, and the step that holds them.
    lists: Vec<(Vec<StepIx>, Option<StepIx>)>,
    holdings: usize,
}

pub(super) fn journey(tape: &mut Tape<'_>, id: &str) -> Journey {
    let key = tape
        .once_in(3)
        .then(|| Path::below(Root::Event, "key").unwrap());
    let triggers = triggers(tape, key.as_ref());
    let goal = tape.once_in(2).then(|| Goal {
        on: event(tape, key.as_ref()),
        within: (!tape.once_in(3)).then(|| tape.span(&SPANS)),
        value: Some(Path::below(Root::Event, "total").unwrap()),
        currency: None,
        ends_run: !tape.once_in(3),
    });
    let mut layout = Layout {
        tape,
        steps: Vec::new(),
        lists: Vec::new(),
        holdings: 0,
    };
    layout.list(None, 0, 6);
    let exits = layout.exits(key.as_ref());
    layout.link();
    let steps = layout.steps;
    let scale = |tape: &mut Tape<'_>| Share(u16::try_from(tape.below(4) * 3000).unwrap());
    Journey {
        id: id.to_owned(),
        title: id.to_owned(),
        state: if tape.once_in(12) {
            JourneyState::Rehearsal
        } else {
            JourneyState::Live
        },
        stage: None,
        topic: Some(tape.one_of(&["news", "offers"]).to_owned()),
        triggers,
        entry_if: tape.once_in(4).then(|| tape.condition(&CONDITIONS)),
        reentry: match tape.below(3) {
            0 => Reentry::Never,
            1 => Reentry::Always,
            _ => Reentry::After(tape.span(&SPANS)),
        },
        retrigger: [Retrigger::Ignore, Retrigger::Refresh, Retrigger::Restart][tape.below(3)],
        parallel: if key.is_some() { 2 } else { 1 },
        goal,
        exits,
        holdout: scale(tape),
        sending: sending(tape),
        zone: None,
        vars: BTreeMap::from([("x".to_owned(), json!(1))]),
        in_flight: [
            InFlight::Retime,
            InFlight::Retime,
            InFlight::Pin,
            InFlight::Exit,
        ][tape.below(4)],
        removed: BTreeMap::new(),
        open_from: None,
        open_until: None,
        max_duration: tape.span(&["4 days", "20 days", "50h"]),
        steps,
    }
}

fn triggers(tape: &mut Tape<'_>, key: Option<&Path>) -> Vec<Trigger> {
    let count = 1 + tape.below(3);
    let mut triggers: Vec<Trigger> = (0..count)
        .map(|_| match tape.below(12) {
            0..4 => Trigger::Event {
                on: event(tape, key),
                after_last: tape.once_in(3).then(|| tape.span(&["1h", "1 day"])),
                max_age: "24h".parse().unwrap(),
            },
            4 => Trigger::Member {
                id: tape.one_of(&["fresh", "rich", "vips"]).to_owned(),
                joins: !tape.once_in(3),
                existing: [Existing::Enroll, Existing::Skip][tape.below(2)],
            },
            5 => Trigger::Subscribes {
                topic: tape.one_of(&["news", "offers/sms"]).parse().unwrap(),
            },
            6 => Trigger::Changes {
                attribute: tape.one_of(&["n", "tier"]).to_owned(),
                from: None,
                to: None,
            },
            7 => Trigger::Schedule {
                schedule: "every day at 09:00".parse().unwrap(),
                segment: tape.one_of(&["fresh", "rich"]).to_owned(),
                zone: None,
                spread: tape.once_in(3).then(|| "2h".parse().unwrap()),
                if_past: [PastHour::Now, PastHour::NextDay, PastHour::Skip][tape.below(3)],
            },
            8 => Trigger::Date {
                phrase: "1 day before contact.birthday at 09:00".parse().unwrap(),
                is_yearly: tape.once_in(2),
            },
            9 => Trigger::Event {
                on: EventMatch {
                    event: "any_activity".to_owned(),
                    filter: None,
                    key: key.cloned(),
                },
                after_last: None,
                max_age: "24h".parse().unwrap(),
            },
            _ => Trigger::Event {
                on: EventMatch {
                    event: "made".to_owned(),
                    filter: None,
                    key: None,
                },
                after_last: None,
                max_age: "24h".parse().unwrap(),
            },
        })
        .collect();
    triggers.push(Trigger::Manual);
    triggers
}

fn event(tape: &mut Tape<'_>, key: Option<&Path>) -> EventMatch {
    EventMatch {
        event: tape.one_of(&EVENTS).to_owned(),
        filter: tape.once_in(4).then(|| filter(tape)),
        key: key.filter(|_| !tape.once_in(3)).cloned(),
    }
}

fn filter(tape: &mut Tape<'_>) -> Where {
    let text = tape.one_of(&FILTERS);
    let root = crate::syntax::parse("drawn", text).unwrap();
    let mut faults = crate::definitions::reader::Faults::new("drawn");
    crate::condition::filter(&root, None, crate::condition::Scope::ALL, &mut faults).unwrap()
}

fn sending(tape: &mut Tape<'_>) -> Sending {
    let hold = |tape: &mut Tape<'_>| [None, Some(Hold::Hold), Some(Hold::Skip)][tape.below(3)];
    Sending {
        priority: tape.once_in(3).then_some(70),
        expires: tape
            .once_in(3)
            .then(|| tape.span(&["1h", "1 day", "3 days"])),
        window: tape
            .once_in(4)
            .then(|| "mon-fri 09:00-17:00".parse().unwrap()),
        quiet: hold(tape),
        over_cap: hold(tape),
        pace: None,
    }
}

impl Layout<'_, '_> {
    /// A list of up to `most` steps that `holder` holds.
    fn list(&mut self, holder: Option<StepIx>, depth: usize, most: usize) -> Option<StepIx> {
        let count = 1 + self.tape.below(most);
        let place = self.lists.len();
        self.lists.push((Vec::new(), holder));
        for _ in 0..count {
            let ix = StepIx(u16::try_from(self.steps.len()).unwrap());
            self.lists[place].0.push(ix);
            let id = format!("s{}", ix.0);
            let verb = Verb::Exit { reason: id.clone() };
            self.steps.push(Step {
                id,
                was: None,
                only_if: None,
                on_error: OnError::Park,
                verb,
                next: None,
            });
            let verb = self.verb(ix, depth);
            let only_if = self
                .tape
                .once_in(8)
                .then(|| self.tape.condition(&CONDITIONS));
            let on_error = match self.tape.below(5) {
                0 => OnError::Continue,
                1 => OnError::Exit,
                2 if depth < DEPTH_MAX
                    && matches!(verb, Verb::Webhook { .. } | Verb::Coupon { .. }) =>
                {
                    self.list(Some(ix), depth + 1, 2)
                        .map_or(OnError::Park, OnError::Steps)
                }
                _ => OnError::Park,
            };
            let step = &mut self.steps[usize::from(ix.0)];
            (step.verb, step.only_if, step.on_error) = (verb, only_if, on_error);
        }
        self.lists[place].0.first().copied()
    }

    fn verb(&mut self, ix: StepIx, depth: usize) -> Verb {
        let tape = &mut *self.tape;
        let is_deep = depth >= DEPTH_MAX || self.steps.len() > 24;
        match tape.below(20) {
            0..5 => Verb::Message(message(tape)),
            5 | 6 => {
                let if_past = [IfPast::Continue, IfPast::Exit][tape.below(2)];
                Verb::Wait {
                    wait: tape.wait(&WAITS),
                    if_past,
                }
            }
            7..10 if !is_deep => self.wait_until(ix, depth),
            10 | 11 if !is_deep => self.branch(ix, depth),
            12 if !is_deep => self.split(ix, depth),
            13 => Verb::Update(update(tape)),
            14 => {
                let points = i32::try_from(tape.below(30)).unwrap() - 5;
                Verb::Score(BTreeMap::from([(
                    tape.one_of(&["warm", "cold", "mixed"]).to_owned(),
                    points,
                )]))
            }
            15 => {
                let with = BTreeMap::from([("key".to_owned(), Given::Value(json!("k1")))]);
                Verb::Emit {
                    event: tape.one_of(&["made", "b"]).to_owned(),
                    with,
                }
            }
            16 if tape.once_in(2) => Verb::Stop {
                journey: tape.one_of(&JOURNEYS).to_owned(),
            },
            16 => Verb::Start {
                journey: tape.one_of(&JOURNEYS).to_owned(),
                data: BTreeMap::new(),
            },
            17 => call(tape),
            18 => self.goto(ix).map_or_else(|| call(self.tape), Verb::Goto),
            19 if tape.once_in(3) => Verb::Exit {
                reason: "enough".to_owned(),
            },
            _ => Verb::Wait {
                wait: tape.wait(&WAITS),
                if_past: IfPast::Continue,
            },
        }
    }

    /// To a step of the same list or of one around it.
    fn goto(&mut self, ix: StepIx) -> Option<Goto> {
        let mut list = self.lists.iter().find(|(steps, _)| steps.contains(&ix));
        let mut around = Vec::new();
        while let Some((steps, holder)) = list {
            around.extend(steps.iter().copied().filter(|to| *to < ix));
            list = holder
                .and_then(|holder| self.lists.iter().find(|(steps, _)| steps.contains(&holder)));
        }
        let step = *around.get(self.tape.below(around.len().max(1)))?;
        let max = if self.tape.once_in(40) {
            60_000
        } else {
            1 + u16::try_from(self.tape.below(3)).unwrap()
        };
        Some(Goto {
            step,
            max: Some(max),
        })
    }

    fn then(&mut self, ix: StepIx, depth: usize) -> Then {
        match self.tape.below(5) {
            0 | 1 => Then::Below,
            2 => self.goto(ix).map_or(Then::Below, Then::Goto),
            _ => self
                .list(Some(ix), depth + 1, 3)
                .map_or(Then::Below, Then::Steps),
        }
    }

    fn path(&mut self, ix: StepIx, depth: usize, admission: Admission) -> JourneyPath {
        self.holdings += 1;
        let id = format!("p{}", self.holdings);
        let then = self.then(ix, depth);
        JourneyPath {
            id,
            admission,
            then,
        }
    }

    fn wait_until(&mut self, ix: StepIx, depth: usize) -> Verb {
        let count = self.tape.below(3);
        let mut paths: Vec<JourneyPath> = (0..count)
            .map(|_| {
                let admission = if self.tape.once_in(2) {
                    Admission::Event(event(self.tape, None))
                } else {
                    Admission::If(self.tape.condition(&CONDITIONS))
                };
                self.path(ix, depth, admission)
            })
            .collect();
        let after = Admission::After(self.tape.wait(&WAITS));
        paths.push(self.path(ix, depth, after));
        Verb::WaitUntil { paths }
    }

    fn branch(&mut self, ix: StepIx, depth: usize) -> Verb {
        let condition = Admission::If(self.tape.condition(&CONDITIONS));
        let mut paths = vec![self.path(ix, depth, condition)];
        if self.tape.once_in(2) {
            paths.push(self.path(ix, depth, Admission::Else));
        }
        Verb::Branch { paths }
    }

    fn split(&mut self, ix: StepIx, depth: usize) -> Verb {
        let first = u16::try_from(self.tape.below(11) * 1000).unwrap();
        let weight = |share| Admission::Weight {
            share: Share(share),
            is_baseline: false,
        };
        let paths = vec![
            self.path(ix, depth, weight(first)),
            self.path(ix, depth, weight(10_000 - first)),
        ];
        Verb::Split {
            paths,
            salt: format!("salt/s{}", ix.0),
            winner: None,
        }
    }

    fn exits(&mut self, key: Option<&Path>) -> Vec<JourneyPath> {
        let count = self.tape.below(3);
        let exits = (0..count).map(|_| {
            let admission = if self.tape.once_in(2) {
                Admission::Event(event(self.tape, key))
            } else {
                Admission::If(self.tape.condition(&CONDITIONS))
            };
            let first = if self.tape.once_in(2) {
                self.list(None, 2, 3)
            } else {
                None
            };
            self.holdings += 1;
            let then = first.map_or(Then::Below, Then::Steps);
            JourneyPath {
                id: format!("exit{}", self.holdings),
                admission,
                then,
            }
        });
        exits.collect()
    }

    /// Gives every step the one after it.
    fn link(&mut self) {
        for (steps, holder) in &self.lists {
            let below = holder.and_then(|holder| self.steps[usize::from(holder.0)].next);
            for (place, ix) in steps.iter().enumerate() {
                let next = steps.get(place + 1).copied().or(below);
                self.steps[usize::from(ix.0)].next = next;
            }
        }
    }
}

fn message(tape: &mut Tape<'_>) -> Message {
    let is_sms = tape.once_in(4);
    let template = if is_sms {
        "text"
    } else {
        tape.one_of(&["mail", "letter", "receipt"])
    };
    Message {
        channel: if is_sms { Channel::Sms } else { Channel::Email },
        template: template.to_owned(),
        sending: sending(tape),
        from: None,
        data: BTreeMap::new(),
        variant: None,
    }
}

fn call(tape: &mut Tape<'_>) -> Verb {
    let save = "answer".to_owned();
    match tape.below(3) {
        0 => Verb::Alert {
            team: "sales".to_owned(),
            template: None,
            data: BTreeMap::new(),
        },
        1 => Verb::Coupon {
            pool: "pool".to_owned(),
            valid: None,
            save,
        },
        _ => Verb::Webhook {
            connection: "crm".to_owned(),
            data: BTreeMap::from([("n".to_owned(), Given::SameAs("contact.n".parse().unwrap()))]),
            save: Some(save),
            timeout_secs: 10,
        },
    }
}

fn update(tape: &mut Tape<'_>) -> Update {
    let mut update = Update::default();
    match tape.below(7) {
        0 => drop(
            update
                .set
                .insert("tier".to_owned(), Given::Value(json!("gold"))),
        ),
        1 => drop(update.set.insert("seen".to_owned(), Given::Now)),
        2 => drop(update.add.insert("n".to_owned(), "1".parse().unwrap())),
        3 => update.unset.push("tier".to_owned()),
        4 => update.join.push("vips".to_owned()),
        5 => update.leave.push("vips".to_owned()),
        _ => update
            .unsubscribe
            .push(tape.one_of(&["news", "offers/sms"]).parse().unwrap()),
    }
    update
}
