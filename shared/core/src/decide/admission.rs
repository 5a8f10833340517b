//! Admission: whether a run may begin, and its beginning.

use std::collections::{BTreeMap, BTreeSet};

use super::listen::shortened;
use super::view::View;
use super::{DecideError, Deciding, run};
use crate::calendar;
use crate::condition::{self, Topic};
use crate::contact::{ENTRY_KEY as KEY, PendingEntry, PendingUntil, Word, entry_key};
use crate::enrollment::{Enrollment, Origin, State};
use crate::id::{EnrollmentId, PartHash};
use crate::identity::Channel;
use crate::log::{NotEntered, Trace};
use crate::personal::Personal;
use crate::release::{Journey, JourneyState, OptIn, Reentry};
use crate::time::Timestamp;

/// Most last entries that are kept of one keyed journey; the oldest go first.
const KEYED_ENTRIES_MAX: usize = 50;

/// Of the last entries of each keyed journey the newest.
pub(super) fn prune_entries(entries: &mut BTreeMap<String, Timestamp>) {
    let mut keyed: BTreeMap<String, Vec<(Timestamp, String)>> = BTreeMap::new();
    for (name, at) in entries.iter() {
        if let Some((journey, _)) = name.split_once(KEY) {
            let of_journey = keyed.entry(journey.to_owned()).or_default();
            of_journey.push((*at, name.clone()));
        }
    }
    for mut of_journey in keyed.into_values() {
        of_journey.sort_unstable();
        let surplus = of_journey.len().saturating_sub(KEYED_ENTRIES_MAX);
        for (_, name) in of_journey.into_iter().take(surplus) {
            entries.remove(&name);
        }
    }
}

impl Deciding<'_> {
    /// A run begins, or does not and the trace says why.
    pub(super) fn admit(
        &mut self,
        id: &str,
        place: Option<usize>,
        key: Option<String>,
        origin: &Origin,
    ) -> Result<(), DecideError> {
        let Some((version, journey)) = self.context.release.journey(id) else {
            self.refuse(id, NotEntered::NoSuchEntrance);
            return Ok(());
        };
        let why = self
            .not_open(journey)
            .or_else(|| self.not_again(journey, key.as_deref()));
        let why = why.or_else(|| self.unfit(journey, origin));
        if let Some(why) = why {
            self.refuse(id, why);
            return Ok(());
        }
        if let Some(until) = self.at_the_door(journey) {
            self.wait_to_enter(journey, key, origin.clone(), PendingUntil::Confirmed(until));
            return Ok(());
        }
        self.enroll(version, journey, place, key, origin)
    }

    fn enroll(
        &mut self,
        version: PartHash,
        journey: &Journey,
        place: Option<usize>,
        key: Option<String>,
        origin: &Origin,
    ) -> Result<(), DecideError> {
        let at = self.moment;
        let enrollment = self.new_id(journey, origin);
        let is_holdout = self.is_held_out(journey);
        self.trace.push(Trace::Entered {
            journey: journey.id.clone(),
            enrollment,
            trigger: place.map(|place| place + 1),
            is_holdout,
        });
        let zone = self.zone(Some(journey));
        let ends_at = calendar::after(journey.max_duration, at, self.place(&zone));
        self.keep_entry(&journey.id, key.as_deref());
        self.dirty(&format!("in_journey {}", journey.id));
        self.contact.to_mut().enrollments.push(Enrollment {
            id: enrollment,
            journey: journey.id.clone(),
            version,
            entered_at: at,
            began_at: origin.at,
            ends_at,
            origin: origin.clone(),
            key,
            is_holdout,
            goal_at: None,
            leaving: None,
            steps_begun: 0,
            gotos: BTreeMap::new(),
            data: Personal::default(),
            messages: BTreeMap::new(),
            check_at: None,
            paused_at: None,
            shifted_to: None,
            // Replaced at once: the first step begins below.
            state: State::Waiting {
                step: String::new(),
                since: at,
                due_at: ends_at,
            },
        });
        self.replay(enrollment)?;
        if self
            .contact
            .run(enrollment)
            .is_none_or(|run| run.leaving.is_some())
        {
            return Ok(());
        }
        if is_holdout {
            self.hold_out(enrollment, journey);
            return Ok(());
        }
        self.run(enrollment, run::first(journey), at)
    }

    /// The id of a run to be. One input can lead to several runs of a journey, one after the other: each has its own.
    fn new_id(&self, journey: &Journey, origin: &Origin) -> EnrollmentId {
        let is_same = |line: &&Trace| matches!(line, Trace::Entered { journey: entered, .. } if *entered == journey.id);
        match self.trace.iter().filter(is_same).count() {
            0 => EnrollmentId::of(self.contact.id, &journey.id, origin.input),
            count => EnrollmentId::of(
                self.contact.id,
                &format!("{}\u{1f}{count}", journey.id),
                origin.input,
            ),
        }
    }

    /// A new run hears the events later than its trigger, and its exits are looked at.
    fn replay(&mut self, enrollment: EnrollmentId) -> Result<(), DecideError> {
        let Some(run) = self.contact.run(enrollment) else {
            return Ok(());
        };
        let (from, own) = (run.origin.at, run.origin.input);
        let later = self
            .contact
            .recent
            .iter()
            .filter(|event| event.at > from && event.id != own);
        let later: Vec<_> = later.cloned().collect();
        self.move_run(enrollment, None)?;
        for event in later {
            self.move_run(enrollment, Some(&event.happening()))?;
        }
        Ok(())
    }

    /// The last entry, for `reentry`.
    fn keep_entry(&mut self, journey: &str, key: Option<&str>) {
        let at = self.moment;
        let entries = &mut self.contact.to_mut().entries;
        entries.insert(entry_key(journey, key), at);
        prune_entries(entries);
    }

    pub(super) fn not_open(&self, journey: &Journey) -> Option<NotEntered> {
        match journey.state {
            JourneyState::Draft | JourneyState::Closed => return Some(NotEntered::NotOpen),
            JourneyState::Live | JourneyState::Rehearsal => {}
        }
        let is_early = journey.open_from.is_some_and(|from| self.moment < from);
        let is_late = journey.open_until.is_some_and(|until| self.moment >= until);
        if is_early || is_late || self.context.release.is_shut(&journey.id) {
            return Some(NotEntered::NotOpen);
        }
        self.context
            .release
            .is_paused(&journey.id)
            .then_some(NotEntered::Paused)
    }

    fn not_again(&self, journey: &Journey, key: Option<&str>) -> Option<NotEntered> {
        let runs = self
            .contact
            .enrollments
            .iter()
            .filter(|run| run.journey == journey.id);
        let keys: BTreeSet<Option<&str>> = runs.clone().map(|run| run.key.as_deref()).collect();
        if keys.contains(&key) {
            return Some(NotEntered::AlreadyInside);
        }
        if runs.count() >= usize::from(journey.parallel) {
            return Some(NotEntered::ParallelLimit);
        }
        let entered_at = *self.contact.entries.get(&entry_key(&journey.id, key))?;
        let may_enter = match journey.reentry {
            Reentry::Never => false,
            Reentry::Always => true,
            Reentry::After(pause) => {
                let zone = self.zone(Some(journey));
                let again = calendar::after(pause, entered_at, self.place(&zone));
                self.moment >= self.scaled(entered_at, again)
            }
        };
        (!may_enter).then_some(NotEntered::Reentry)
    }

    fn unfit(&self, journey: &Journey, origin: &Origin) -> Option<NotEntered> {
        let view = View {
            journey: Some(journey),
            trigger: Some(origin.properties.expose()),
            ..self.view()
        };
        let verdict = condition::evaluate(journey.entry_if.as_ref()?, &view);
        (!verdict.holds).then(|| NotEntered::EntryIf(shortened(verdict)))
    }

    /// Until when an entry waits for the confirmation of its journey's topic; none if it need not.
    fn at_the_door(&self, journey: &Journey) -> Option<Timestamp> {
        let name = journey.topic.as_ref()?;
        let rule = self.context.release.project.topics.get(name)?;
        let topic = Topic {
            topic: name.clone(),
            channel: Channel::Email.name().to_owned(),
        };
        let consent = self.contact.consents.get(&topic)?;
        if rule.opt_in != OptIn::Double || consent.word != Word::Unconfirmed {
            return None;
        }
        let zone = self.zone(Some(journey));
        let until = calendar::after(rule.confirm_within, self.moment, self.place(&zone));
        Some(self.scaled(self.moment, until))
    }

    /// The topic was confirmed: who waits at the door enters.
    pub(super) fn open_doors(&mut self, topic: &Topic) -> Result<(), DecideError> {
        let release = self.context.release;
        let is_of = |pending: &PendingEntry| {
            let journey = release.journey(&pending.journey);
            let of = journey.and_then(|(_, journey)| journey.topic.as_deref());
            matches!(pending.until, PendingUntil::Confirmed(_)) && of == Some(topic.topic.as_str())
        };
        if topic.channel != Channel::Email.name() || !self.contact.pending.iter().any(is_of) {
            return Ok(());
        }
        let waiting: Vec<PendingEntry> = self
            .contact
            .pending
            .iter()
            .filter(|p| is_of(p))
            .cloned()
            .collect();
        self.contact
            .to_mut()
            .pending
            .retain(|pending| !is_of(pending));
        for pending in waiting {
            self.admit(&pending.journey, None, pending.key, &pending.origin)?;
        }
        Ok(())
    }

    /// An entry has waited long enough.
    pub(super) fn pending_due(&mut self, pending: PendingEntry) -> Result<(), DecideError> {
        match pending.until {
            PendingUntil::Quiet(_) => {
                self.admit(&pending.journey, None, pending.key, &pending.origin)
            }
            PendingUntil::Confirmed(_) => {
                self.refuse(&pending.journey, NotEntered::NeverConfirmed);
                Ok(())
            }
            PendingUntil::Scheduled(_) => self.enter_by_schedule(&pending),
        }
    }
}
