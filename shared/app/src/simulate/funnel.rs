//! What a journey did with everybody, added up.

use std::collections::BTreeMap;

use wend_core::id::EnrollmentId;
use wend_core::input::FeedbackKind;
use wend_core::log::{LogRow, Trace};
use wend_core::send::Outcome;

/// What a journey did with everybody.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Funnel {
    /// Contacts that were played.
    pub contacts: u64,
    /// Contacts that entered at least once.
    pub entered_contacts: u64,
    /// Runs that are messaged.
    pub messaged: Group,
    /// Runs that are counted and never messaged.
    pub holdout: Group,
    /// Triggers that began no run, by the reason.
    pub not_entered: BTreeMap<String, u64>,
    /// What became of each step that leaves a trace.
    pub steps: BTreeMap<String, StepCount>,
    /// Paths taken: the step that holds them (nothing for an exit), then the path.
    pub paths: BTreeMap<(String, String), u64>,
}

/// Runs that are compared with others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Runs that began.
    pub entered: u64,
    /// Runs that ended, by the reason.
    pub ended: BTreeMap<String, u64>,
    /// Runs that reached the goal.
    pub goals: u64,
    /// What the goals are worth, by currency; without one under nothing.
    pub value: BTreeMap<String, f64>,
}

/// What became of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepCount {
    /// How often it was begun.
    pub reached: u64,
    /// How often its `if` did not hold.
    pub passed: u64,
    /// Messages that left.
    pub sent: u64,
    /// Messages that did not, by the reason.
    pub skipped: BTreeMap<String, u64>,
    /// How often it was put off: quiet hours, a window, a cap.
    pub held: u64,
    /// Messages that reached the inbox.
    pub delivered: u64,
    /// Messages that were opened.
    pub opened: u64,
    /// Messages that were clicked.
    pub clicked: u64,
    /// Messages that were answered.
    pub replied: u64,
    /// Messages that came back.
    pub bounced: u64,
}

impl Group {
    /// The share of runs that reached the goal.
    #[expect(clippy::cast_precision_loss, reason = "nobody plays 2^53 runs")]
    pub fn goal_share(&self) -> f64 {
        if self.entered == 0 {
            0.0
        } else {
            self.goals as f64 / self.entered as f64
        }
    }

    fn add(&mut self, other: &Self) {
        self.entered += other.entered;
        self.goals += other.goals;
        add_all(&mut self.ended, &other.ended);
        for (currency, value) in &other.value {
            *self.value.entry(currency.clone()).or_default() += value;
        }
    }
}

impl StepCount {
    /// Messages that did not leave.
    pub fn skipped_in_all(&self) -> u64 {
        self.skipped.values().sum()
    }

    fn add(&mut self, other: &Self) {
        self.reached += other.reached;
        self.passed += other.passed;
        self.sent += other.sent;
        add_all(&mut self.skipped, &other.skipped);
        self.held += other.held;
        self.delivered += other.delivered;
        self.opened += other.opened;
        self.clicked += other.clicked;
        self.replied += other.replied;
        self.bounced += other.bounced;
    }
}

fn add_all<K: Ord + Clone>(to: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
    for (key, count) in from {
        *to.entry(key.clone()).or_default() += count;
    }
}

fn count_one(counts: &mut BTreeMap<String, u64>, name: &str) {
    if let Some(count) = counts.get_mut(name) {
        *count += 1;
    } else {
        counts.insert(name.to_owned(), 1);
    }
}

impl Funnel {
    /// Adds what others did.
    pub fn add(&mut self, other: &Self) {
        self.contacts += other.contacts;
        self.entered_contacts += other.entered_contacts;
        self.messaged.add(&other.messaged);
        self.holdout.add(&other.holdout);
        add_all(&mut self.not_entered, &other.not_entered);
        add_all(&mut self.paths, &other.paths);
        for (step, count) in &other.steps {
            self.steps.entry(step.clone()).or_default().add(count);
        }
    }

    fn step(&mut self, step: &str) -> &mut StepCount {
        if !self.steps.contains_key(step) {
            self.steps.insert(step.to_owned(), StepCount::default());
        }
        self.steps.entry(step.to_owned()).or_default()
    }
}

/// Counts the rows of one contact.
pub(super) struct Counting<'f> {
    funnel: &'f mut Funnel,
    journey: &'f str,
    runs: BTreeMap<EnrollmentId, bool>,
}

impl<'f> Counting<'f> {
    pub(super) const fn new(funnel: &'f mut Funnel, journey: &'f str) -> Self {
        Self {
            funnel,
            journey,
            runs: BTreeMap::new(),
        }
    }

    pub(super) fn count(&mut self, row: &LogRow) {
        for line in &row.trace {
            self.count_line(line);
        }
    }

    fn group(&mut self, run: EnrollmentId) -> &mut Group {
        if self.runs.get(&run).copied().unwrap_or_default() {
            &mut self.funnel.holdout
        } else {
            &mut self.funnel.messaged
        }
    }

    fn count_line(&mut self, line: &Trace) {
        match line {
            Trace::Entered {
                journey,
                enrollment,
                is_holdout,
                ..
            } if journey == self.journey => {
                if self.runs.is_empty() {
                    self.funnel.entered_contacts += 1;
                }
                self.runs.insert(*enrollment, *is_holdout);
                self.group(*enrollment).entered += 1;
            }
            Trace::NotEntered { journey, why } if journey == self.journey => {
                count_one(&mut self.funnel.not_entered, why.name());
            }
            Trace::PathTaken {
                journey,
                step,
                path,
                ..
            } if journey == self.journey => {
                let step = step.clone().unwrap_or_default();
                *self.funnel.paths.entry((step, path.clone())).or_default() += 1;
            }
            Trace::GoalReached {
                journey,
                enrollment,
                value,
                currency,
            } if journey == self.journey => {
                let amount = value.as_deref().and_then(|value| value.parse::<f64>().ok());
                let currency = currency.clone().unwrap_or_default();
                let group = self.group(*enrollment);
                group.goals += 1;
                if let Some(amount) = amount {
                    *group.value.entry(currency).or_default() += amount;
                }
            }
            Trace::Ended {
                journey,
                enrollment,
                reason,
            } if journey == self.journey => {
                count_one(&mut self.group(*enrollment).ended, reason.name());
            }
            _ => self.count_step(line),
        }
    }

    fn count_step(&mut self, line: &Trace) {
        let is_own = |journey: &String| journey == self.journey;
        match line {
            Trace::StepPassed { journey, step, .. } if is_own(journey) => {
                self.funnel.step(step).passed += 1;
            }
            Trace::Waits { journey, step, .. } if is_own(journey) && !step.is_empty() => {
                self.funnel.step(step).reached += 1;
            }
            Trace::NotWaited { journey, step, .. }
            | Trace::SendRequested { journey, step, .. }
            | Trace::Asked { journey, step, .. }
            | Trace::Alerted { journey, step, .. }
                if is_own(journey) =>
            {
                self.funnel.step(step).reached += 1;
            }
            Trace::MessageSkipped {
                journey,
                step,
                reason,
            } if is_own(journey) => {
                let count = self.funnel.step(step);
                count.reached += 1;
                count_one(&mut count.skipped, reason.name());
            }
            Trace::Held { journey, step, .. } if is_own(journey) => {
                self.funnel.step(step).held += 1;
            }
            Trace::SendEnded {
                journey,
                step,
                outcome,
                ..
            } if is_own(journey) => {
                let count = self.funnel.step(step);
                match outcome {
                    Outcome::Accepted { .. } | Outcome::Unknown => {
                        count.sent += 1;
                        count.delivered += 1;
                    }
                    Outcome::Rejected { .. } => count_one(&mut count.skipped, "rejected"),
                    Outcome::Skipped { reason } => count_one(&mut count.skipped, reason.name()),
                }
            }
            Trace::MessageState {
                journey,
                step,
                kind,
                ..
            } if is_own(journey) => {
                let count = self.funnel.step(step);
                match kind {
                    FeedbackKind::Opened => count.opened += 1,
                    FeedbackKind::Clicked => count.clicked += 1,
                    FeedbackKind::Replied => count.replied += 1,
                    FeedbackKind::Bounced => {
                        count.bounced += 1;
                        count.delivered = count.delivered.saturating_sub(1);
                    }
                    FeedbackKind::Delivered
                    | FeedbackKind::Complained
                    | FeedbackKind::Stopped
                    | FeedbackKind::Resumed
                    | FeedbackKind::AskedHelp => {}
                }
            }
            _ => {}
        }
    }
}
