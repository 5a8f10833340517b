//! Plays a case: contacts come into being, lines are done at their times, life goes on until no run lives.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use wend_core::contact::Contact;
use wend_core::decide::inspect;
use wend_core::definitions::SourceFile;
use wend_core::definitions::scenario::{Case, Check, Expected, Line, Scenarios, What};
use wend_core::id::ContactKey;
use wend_core::identity::{Identity, IdentityKind};
use wend_core::input::CommandKind;
use wend_core::occurrence::Occurrences;
use wend_core::path::Path;
use wend_core::release::Release;
use wend_core::time::Timestamp;

use super::act::{self, Undone};
use super::answers::Answers;
use super::happened::{Happened, happened};
use super::stage;
use super::{Difference, DifferenceKind, Project, write};
use crate::memory::{World, WorldError, WorldSettings};

/// How long a case may go on after it began: longer than a run may last.
const DAYS_MAX: u64 = 400;
/// The shortest time that stored instants tell apart.
const INSTANT: Duration = Duration::from_millis(1);
/// How long before the start contacts come into being that do not say since when they are known.
const BEFORE_START: Duration = Duration::from_mins(1);

/// What was seen.
pub(super) struct Played {
    pub(super) happened: Vec<Happened>,
    /// What could not be played, and what was not so.
    pub(super) troubles: Vec<Difference>,
    pub(super) ended_at: Timestamp,
    /// The last release; none if there was none.
    pub(super) release: Option<Arc<Release>>,
}

/// A case being played.
pub(super) struct Stage<'a> {
    pub(super) world: World,
    pub(super) case: &'a Case,
    pub(super) scenarios: &'a Scenarios,
    pub(super) files: Vec<SourceFile>,
    /// How many inputs were made: each has an id of its own.
    pub(super) said: u32,
    /// Until when schedules have begun runs.
    scheduled_until: Timestamp,
    troubles: Vec<Difference>,
}

pub(super) fn play(project: Project<'_>, scenarios: &Scenarios, case: &Case) -> Played {
    let born = case
        .contacts
        .values()
        .filter_map(|person| person.created_at);
    let first = born.min().unwrap_or(case.start).min(case.start);
    let mut settings = WorldSettings::new(first.minus(BEFORE_START));
    settings.outside = Box::new(Answers::of(case, project));
    let world = World::new(settings);
    let world = match world {
        Ok(world) => world,
        Err(error) => return stillborn(case, &error),
    };
    let mut stage = Stage {
        world,
        case,
        scenarios,
        files: project.files.to_vec(),
        said: 0,
        scheduled_until: case.start.minus(INSTANT),
        troubles: Vec::new(),
    };
    if let Err(error) = stage.whole(project) {
        stage.trouble(None, error.to_string());
    }
    stage.over()
}

fn stillborn(case: &Case, error: &WorldError) -> Played {
    Played {
        happened: Vec::new(),
        troubles: vec![trouble(case.start, None, error.to_string())],
        ended_at: case.start,
        release: None,
    }
}

fn trouble(at: Timestamp, line: Option<&Line>, text: String) -> Difference {
    Difference {
        at,
        position: line.map(|line| line.position),
        kind: DifferenceKind::Trouble,
        text,
        note: None,
    }
}

impl Stage<'_> {
    fn whole(&mut self, project: Project<'_>) -> Result<(), WorldError> {
        self.world
            .publish(stage::without_journeys(project.definitions))?;
        self.make_contacts()?;
        self.world.run_until(self.case.start)?;
        let staged = stage::staged(project.definitions, self.scenarios, self.case);
        self.world.publish(staged)?;
        self.world.touch_all()?;
        let case = self.case;
        for line in &case.timeline {
            self.line(line)?;
        }
        self.run_out()
    }

    /// Contacts come into being in the order of their ages, by the inputs that every source sends.
    fn make_contacts(&mut self) -> Result<(), WorldError> {
        let case = self.case;
        let by_default = case.start.minus(BEFORE_START);
        let persons = case.contacts.iter();
        let mut persons: Vec<_> = persons
            .map(|(name, person)| (person.created_at.unwrap_or(by_default), name, person))
            .collect();
        persons.sort_by_key(|(at, name, _)| (*at, *name));
        for (at, name, person) in persons {
            self.world.run_until(at)?;
            let introduced = act::introduce(self, name, person);
            self.note(None, introduced)?;
            self.world.run_until(at)?;
        }
        Ok(())
    }

    fn line(&mut self, line: &Line) -> Result<(), WorldError> {
        match &line.what {
            What::Done(done) => {
                // What is due in that very moment comes after: an event wins over a timeout of the same instant.
                self.advance(line.at.minus(INSTANT))?;
                self.world.turn_to(line.at);
                let done = act::perform(self, line, done);
                self.note(Some(line), done)?;
                self.advance(line.at)
            }
            What::Expected(Expected::Is(checks)) => {
                self.advance(line.at)?;
                self.look(line, checks)
            }
            What::Expected(_) => Ok(()),
        }
    }

    /// Lets time go by until `to`; occurrences of schedules begin on the way.
    fn advance(&mut self, to: Timestamp) -> Result<(), WorldError> {
        while let Some((occurrence, journeys)) = self.next_occurrence()?.filter(|(at, _)| *at <= to)
        {
            self.world.run_until(occurrence.minus(INSTANT))?;
            self.world.turn_to(occurrence);
            // Everybody, and not only those whom a walk would tell: who is not in says why.
            for contact in self.world.store().all_contacts()? {
                for journey in &journeys {
                    let journey = journey.clone();
                    let kind = CommandKind::Scheduled {
                        journey,
                        occurrence,
                    };
                    self.world.command(contact.id, kind)?;
                }
            }
            self.scheduled_until = occurrence;
        }
        self.world.run_until(to)
    }

    /// When occurrences begin next, and of which journeys.
    fn next_occurrence(&self) -> Result<Option<(Timestamp, Vec<String>)>, WorldError> {
        let release = self.world.release()?;
        let mut next: Option<(Timestamp, Vec<String>)> = None;
        for (_, journey) in release.current() {
            for all in Occurrences::all(journey) {
                let Some(at) = all.schedule.next_after(self.scheduled_until, &all.clock()) else {
                    continue;
                };
                match &mut next {
                    Some((earliest, journeys)) if *earliest == at => {
                        journeys.push(journey.id.clone());
                    }
                    Some((earliest, _)) if *earliest < at => {}
                    _ => next = Some((at, vec![journey.id.clone()])),
                }
            }
        }
        if let Some((_, journeys)) = &mut next {
            journeys.dedup();
        }
        Ok(next)
    }

    /// Life after the last line.
    fn run_out(&mut self) -> Result<(), WorldError> {
        let last = self
            .case
            .timeline
            .last()
            .map_or(self.case.start, |line| line.at);
        self.advance(last)?;
        let end = self.case.start.plus(Duration::from_hours(24 * DAYS_MAX));
        while self.is_anybody_inside()? && self.world.queues().dead_letters().is_empty() {
            let Some(next) = self.world.next_moment().filter(|next| *next <= end) else {
                let text =
                    format!("a run lives {DAYS_MAX} days after the start, or waits for ever");
                self.trouble(None, text);
                return Ok(());
            };
            self.world.run_until(next)?;
        }
        Ok(())
    }

    fn is_anybody_inside(&self) -> Result<bool, WorldError> {
        let contacts = self.world.store().all_contacts()?;
        let is_inside =
            |contact: &Contact| !contact.enrollments.is_empty() || !contact.pending.is_empty();
        Ok(contacts.iter().any(is_inside))
    }

    /// Notes what cannot be done.
    fn note(&mut self, line: Option<&Line>, done: Result<(), Undone>) -> Result<(), WorldError> {
        match done {
            Ok(()) => Ok(()),
            Err(Undone::World(error)) => Err(error),
            Err(Undone::Cannot(text)) => {
                self.trouble(line, text);
                Ok(())
            }
        }
    }

    fn trouble(&mut self, line: Option<&Line>, text: String) {
        let at = line.map_or(self.world.now(), |line| line.at);
        self.troubles.push(trouble(at, line, text));
    }

    /// Who `name` is.
    pub(super) fn key(&self, name: &str) -> Option<ContactKey> {
        let identity = Identity::new(IdentityKind::User, name)?;
        Some(identity.key(self.world.secret()))
    }

    /// The contact called `name`.
    pub(super) fn contact(&self, name: &str) -> Result<Option<Contact>, WorldError> {
        let key = self.key(name);
        let contacts = self.world.store().all_contacts()?;
        Ok(contacts.into_iter().find(|contact| Some(contact.id) == key))
    }

    /// Compares what `is` expects with what is.
    fn look(&mut self, line: &Line, checks: &[Check]) -> Result<(), WorldError> {
        let contact = self.contact(&line.who)?;
        let release = self.world.release()?;
        for check in checks {
            let found = match &contact {
                Some(contact) => found(contact, &release, line.at, check),
                None => Check::Enrolled(0),
            };
            if &found != check {
                let differ = |kind, check: &Check| Difference {
                    at: line.at,
                    position: Some(line.position),
                    kind,
                    text: write::check(self.case, line, check),
                    note: None,
                };
                self.troubles.extend([
                    differ(DifferenceKind::Missing, check),
                    differ(DifferenceKind::Unexpected, &found),
                ]);
            }
        }
        Ok(())
    }

    fn over(mut self) -> Played {
        for letter in self.world.queues().dead_letters() {
            let text = format!(
                "a message of {} was set aside: {}",
                letter.queue, letter.reason
            );
            self.trouble(None, text);
        }
        let names = self.case.contacts.keys();
        let names = names.filter_map(|name| Some((self.key(name)?, name.clone())));
        let names: BTreeMap<ContactKey, String> = names.collect();
        let rows = self.world.store().rows_from(0).unwrap_or_default();
        let mails = self.world.mailbox().sent_from(0);
        Played {
            happened: happened(&rows, &mails, &names, self.case.start),
            troubles: self.troubles,
            ended_at: self.world.now(),
            release: self.world.release().ok(),
        }
    }
}

/// What stands where `check` looks. Equal to it if it is met.
fn found(contact: &Contact, release: &Release, now: Timestamp, check: &Check) -> Check {
    let runs = &contact.enrollments;
    let value = |path: String| {
        let path = path.parse::<Path>().ok()?;
        inspect::value(contact, release, &path, now)
    };
    match check {
        Check::Step(step) => {
            let is_met = runs.iter().any(|run| run.step() == step);
            let other = runs.first().map_or("none", |run| run.step()).to_owned();
            Check::Step(if is_met { step.clone() } else { other })
        }
        Check::Enrolled(_) => Check::Enrolled(u64::try_from(runs.len()).unwrap_or(u64::MAX)),
        Check::Contact { name, is } => {
            let found = value(format!("contact.{name}")).unwrap_or_default();
            let is = if write::is_same(&found, is) {
                is.clone()
            } else {
                found
            };
            Check::Contact {
                name: name.clone(),
                is,
            }
        }
        Check::Score { score, .. } => Check::Score {
            is: value(format!("score.{score}"))
                .and_then(|value| value.as_i64())
                .unwrap_or_default(),
            score: score.clone(),
        },
        Check::InSegment(segment) => {
            let belongs = inspect::belongs(contact, release, segment, now);
            Check::InSegment(if belongs {
                segment.clone()
            } else {
                "none".to_owned()
            })
        }
    }
}
