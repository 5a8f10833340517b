//! Decides a condition.

use super::compare::{self, Answer};
use super::print::{now_text, wanted_text};
use super::timed::{self, Timed};
use super::values::shortened;
use super::{Comparison, Condition, Did, Found, Leaf, Path, Test, Verdict, Where, World};
use crate::personal::Personal;

/// Decides `condition` in `world`. Total: every condition gets an answer in every world.
///
/// Everything is compared, also what cannot matter any more: the comparisons are the answer to "why", and
/// [`Verdict::changes_at`] must know all that time can change.
pub fn evaluate(condition: &Condition, world: &impl World) -> Verdict {
    let mut evaluation = Evaluation::new(world);
    let holds = evaluation.condition(condition);
    evaluation.verdict(holds)
}

/// Decides the `where` beside an event, whose properties `world` gives below [`super::Root::Event`].
pub fn evaluate_where(filter: &Where, world: &impl World) -> Verdict {
    let mut evaluation = Evaluation::new(world);
    let mut holds = true;
    for (path, tests) in &filter.0 {
        holds &= evaluation.value(path, tests);
    }
    evaluation.verdict(holds)
}

struct Evaluation<'w, W> {
    world: &'w W,
    verdict: Verdict,
}

impl<'w, W: World> Evaluation<'w, W> {
    const fn new(world: &'w W) -> Self {
        let verdict = Verdict {
            holds: false,
            comparisons: Vec::new(),
            changes_at: None,
        };
        Self { world, verdict }
    }

    fn verdict(self, holds: bool) -> Verdict {
        Verdict {
            holds,
            ..self.verdict
        }
    }

    fn condition(&mut self, condition: &Condition) -> bool {
        match condition {
            Condition::All(all) => {
                let held: Vec<bool> = all.iter().map(|one| self.condition(one)).collect();
                held.into_iter().all(|held| held)
            }
            Condition::Any(any) => {
                let held: Vec<bool> = any.iter().map(|one| self.condition(one)).collect();
                held.into_iter().any(|held| held)
            }
            Condition::Not(not) => !self.condition(not),
            Condition::Leaf(leaf) => self.leaf(leaf),
        }
    }

    fn leaf(&mut self, leaf: &Leaf) -> bool {
        let yes = |held: bool| {
            let found = if held { "true" } else { "false" };
            Answer::new(held, Found::Value(Personal::new(found.to_owned())))
        };
        match leaf {
            Leaf::Value { path, tests } => self.value(path, tests),
            Leaf::Message { state, steps } => {
                let world = self.world;
                let held = steps.iter().any(|step| world.has_reached(step, *state));
                let subject = format!("{} {}", state.key(), steps.join(", "));
                self.compared(subject, "is", "true", yes(held))
            }
            Leaf::Did(did) => {
                let answer = timed::did(did, self.world).unwrap_or_else(not_comparable);
                let (operator, wanted) = wanted_of(did);
                self.compared(format!("did {}", did.event), operator, &wanted, answer)
            }
            Leaf::Subscribed(topic) => {
                let answer = yes(self.world.is_subscribed(topic));
                self.compared(format!("subscribed {topic}"), "is", "true", answer)
            }
            Leaf::In { kind, id } => {
                let standing = self.world.standing(*kind, id);
                let turn = standing.changes_at.filter(|turn| *turn > self.world.now());
                let timed = Timed {
                    holds_at: |at| standing.holds != turn.is_some_and(|turn| turn <= at),
                    turns: turn.into_iter().collect(),
                };
                let (held, changes_at) = timed.at(self.world.now());
                let answer = Answer {
                    changes_at,
                    ..yes(held)
                };
                self.compared(format!("{} {id}", kind.key()), "is", "true", answer)
            }
            Leaf::Now(tests) => tests.iter().fold(true, |held, test| {
                let answer = timed::now(test, self.world).unwrap_or_else(not_comparable);
                let (operator, wanted) = now_text(test);
                self.compared("now".to_owned(), operator, &wanted, answer) && held
            }),
        }
    }

    fn value(&mut self, path: &Path, tests: &[Test]) -> bool {
        let world = self.world;
        let value = world.value(path);
        let changes_at = world.value_changes_at(path, tests);
        self.verdict.changes_at = self.verdict.changes_at.into_iter().chain(changes_at).min();
        tests.iter().fold(true, |held, test| {
            let answer = compare::test(test, value.as_deref(), world);
            self.compared(path.label(), test.key(), &wanted_text(test), answer) && held
        })
    }

    fn compared(&mut self, subject: String, operator: &str, wanted: &str, answer: Answer) -> bool {
        let earlier = self.verdict.changes_at.into_iter().chain(answer.changes_at);
        self.verdict.changes_at = earlier.min();
        self.verdict.comparisons.push(Comparison {
            subject: shortened(subject),
            operator: operator.to_owned(),
            wanted: shortened(wanted.to_owned()),
            found: answer.found,
            held: answer.held,
        });
        answer.held
    }
}

fn not_comparable(why: String) -> Answer {
    let value = Personal::new(String::new());
    Answer::new(false, Found::NotComparable { value, why })
}

/// The operator and the bound that a trace names.
fn wanted_of(did: &Did) -> (&'static str, String) {
    match (&did.at_least, &did.at_most) {
        (Some(least), Some(most)) => ("between", format!("[ {least}, {most} ]")),
        (None, Some(most)) => ("at_most", most.to_string()),
        (Some(least), None) => ("at_least", least.to_string()),
        (None, None) => ("at_least", "1".to_owned()),
    }
}
