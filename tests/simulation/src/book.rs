//! What the simulation writes down while it runs: each effect in the instant in which it takes place, and each promise that
//! is broken by one.

use std::collections::{BTreeMap, BTreeSet};

use wend_app::memory::MemoryStore;
use wend_app::ports::{Claim, Erased, Label, SendRow};
use wend_core::brake::Brakes;
use wend_core::contact::Contact;
use wend_core::coupons::Code;
use wend_core::enrollment::State;
use wend_core::id::{ContactKey, EnrollmentId, InputId, PermissionKey, SendId};
use wend_core::input::{Answer, AnswerResult, CommandKind, Input};
use wend_core::log::{Effect, LogRow, Trace};
use wend_core::permission::{Consent, ConsentChange, Permission};
use wend_core::release::MessageClass;
use wend_core::send::{CallKind, CallRequest, Outcome, SendRequest, SendState};
use wend_core::time::Timestamp;

use crate::deployment::FUNCTION_TIMEOUT;
use crate::limits::{Counted, Published, own_zone};
use crate::plan::Plan;
use crate::planted::Planted;
use crate::ports::Parked;
use crate::projects::Rules;
use crate::random::mix;
use crate::{invariants, limits};

/// A contact has left an address: what that address had said by then.
#[derive(Clone, Debug)]
pub struct Left {
    /// The address that took its place.
    pub to: PermissionKey,
    /// When it wanted nothing more at all.
    pub no: Option<Timestamp>,
    /// The topics that it did not want, and since when.
    pub refused: Vec<(String, Timestamp)>,
}

/// One copy of a request had sent what another one gave back.
pub const SENT_AND_HELD: &str = "outcome of a message that its run holds";

/// What took place, as promises need it.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The inputs that the world accepted.
    pub accepted: BTreeSet<(ContactKey, InputId)>,
    /// Every input that was applied or refused, by its own id.
    pub applied: BTreeSet<(ContactKey, InputId)>,
    /// The rows' keys.
    rows: BTreeSet<(ContactKey, InputId)>,
    /// Whom merged contacts have become.
    pub leads: BTreeMap<ContactKey, ContactKey>,
    /// Each contact as it was last written.
    pub contacts: BTreeMap<ContactKey, Contact>,
    /// How often each contact entered each journey.
    pub entered: BTreeMap<(ContactKey, String), u32>,
    /// Runs that have ended.
    pub ended: BTreeSet<EnrollmentId>,
    /// The messages that stored decisions ask for.
    pub requested: BTreeMap<SendId, SendRequest>,
    /// The calls that stored decisions ask for.
    pub called: BTreeMap<SendId, CallRequest>,
    /// The newest word on all SMS to a number: whether they are stopped, and when that was said.
    pub stops: BTreeMap<PermissionKey, (bool, Timestamp)>,
    /// What stored decisions ask to be carried over.
    pub carried: Vec<Left>,
    /// How often the answer of each call moved its run.
    pub answered: BTreeMap<SendId, u32>,
    /// The words that stored decisions ask to be written.
    pub consents: Vec<ConsentChange>,
    /// How often each message was handed to a provider that took it.
    pub submissions: BTreeMap<SendId, u32>,
    /// Messages of whose end their contacts have heard.
    pub over: BTreeSet<SendId>,
    /// How each message ended.
    pub finals: BTreeMap<SendId, Outcome>,
    /// What addresses said to topics: the newest word, and of two at one moment the no.
    pub words: BTreeMap<(PermissionKey, String), Consent>,
    /// Who said no to everything, and when.
    pub no: BTreeMap<PermissionKey, Timestamp>,
    /// Until when addresses get no marketing.
    pub rests: BTreeMap<PermissionKey, Timestamp>,
    /// Closed addresses.
    pub shut: BTreeSet<PermissionKey>,
    /// How far the sweep has looked.
    pub watermark: Timestamp,
    /// Every release, oldest first.
    pub releases: Vec<Published>,
    /// The brakes that are on.
    pub brakes: Brakes,
    /// The zone that a contact had before, and until when.
    pub zones: BTreeMap<ContactKey, (Timestamp, Option<String>)>,
    /// When each run began.
    pub entered_at: BTreeMap<EnrollmentId, Timestamp>,
    /// Messages that may not be claimed after a moment, and why.
    pub forbidden: BTreeMap<SendId, (Timestamp, &'static str)>,
    /// Erasures that have taken place, by contact, whose caller does not know yet.
    pub erasing: BTreeMap<ContactKey, (Erased, Vec<SendId>)>,
    /// Rows of addresses whose contact was erased, and as of when.
    pub forgotten: BTreeMap<PermissionKey, Timestamp>,
    /// The messages of contacts that were erased.
    pub erased: BTreeSet<SendId>,
    /// Of these, what runs held: nobody asks for it any more.
    pub gone: BTreeSet<SendId>,
    /// The messages of which there is a copy, and whom they were for.
    pub copies: BTreeMap<SendId, ContactKey>,
    /// What caps count, by address: claims that were not taken back.
    pub claims: BTreeMap<PermissionKey, BTreeMap<SendId, Counted>>,
    /// Where each message stands.
    pub states: BTreeMap<SendId, &'static str>,
    /// Which call each code was given to.
    pub given: BTreeMap<String, SendId>,
    /// Which code each call was given.
    pub drawn: BTreeMap<SendId, String>,
    /// Calls whose answer was applied.
    pub heard: BTreeSet<SendId>,
    /// How often other systems were asked, by call.
    tries: BTreeMap<SendId, u32>,
    /// How many draws there were.
    draws: u64,
}

/// Somebody who does something now, at the worst moment.
#[derive(Clone, Copy, Debug)]
pub enum Cue {
    /// This address says no to everything.
    Unsubscribe(ContactKey, PermissionKey),
    /// This contact is erased.
    Erase(ContactKey),
}

/// The name of a send row's state.
fn state_name(state: &SendState) -> &'static str {
    match state {
        SendState::Submitting { .. } => "submitting",
        SendState::Held { .. } => "held",
        SendState::Unknown { .. } => "unknown",
        SendState::Final { outcome, .. } => match outcome {
            Outcome::Accepted { .. } => "accepted",
            Outcome::Rejected { .. } => "rejected",
            Outcome::Skipped { .. } => "skipped",
            Outcome::Unknown => "closed as unknown",
        },
    }
}

impl Record {
    /// Whom a contact has become.
    pub fn who(&self, contact: ContactKey) -> ContactKey {
        self.leads.get(&contact).copied().unwrap_or(contact)
    }

    /// Whether a row with this key is stored.
    pub fn is_applied(&self, partition: ContactKey, id: InputId) -> bool {
        self.rows.contains(&(partition, id))
    }

    /// The earliest due time, and the earliest one that no sweep has seen.
    pub fn earliest_due(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let due = || self.contacts.values().filter_map(|contact| contact.due_at);
        (due().min(), due().filter(|at| *at > self.watermark).min())
    }
}

/// Record, plan and verdict of one run.
#[derive(Debug)]
pub struct Book {
    /// What goes wrong.
    pub plan: Plan,
    /// The bug under test.
    pub planted: Option<Planted>,
    /// What definitions say that promises depend on.
    pub rules: Rules,
    /// What took place.
    pub record: Record,
    /// Promises that were broken.
    pub broken: Vec<String>,
    /// How often each thing was seen.
    pub reached: BTreeMap<String, u64>,
    /// Who does something now.
    pub cues: Vec<Cue>,
    /// Messages that come hours late.
    pub parked: Vec<Parked>,
    /// Permission rows as they were before their last write.
    pub permission_before: BTreeMap<PermissionKey, Permission>,
    /// Contacts as they were before their last write, and when that was.
    pub contact_before: BTreeMap<ContactKey, (Timestamp, Option<Contact>)>,
    /// Until when the provider takes nothing.
    pub quota_ends: Timestamp,
    /// Whether the future that is being polled shall be dropped.
    pub is_killed: bool,
    /// The hash of everything that took place, in order.
    pub hash: u64,
}

impl Book {
    /// An empty book.
    pub fn new(plan: Plan, planted: Option<Planted>, rules: Rules) -> Self {
        Self {
            plan,
            planted,
            rules,
            record: Record::default(),
            broken: Vec::new(),
            reached: BTreeMap::new(),
            cues: Vec::new(),
            parked: Vec::new(),
            permission_before: BTreeMap::new(),
            contact_before: BTreeMap::new(),
            quota_ends: Timestamp::default(),
            is_killed: false,
            hash: 0,
        }
    }

    /// Notes that something was seen.
    pub fn reach(&mut self, what: &str) {
        if let Some(count) = self.reached.get_mut(what) {
            *count += 1;
        } else {
            self.reached.insert(what.to_owned(), 1);
        }
    }

    /// Goes into the trace's hash.
    pub fn trace(&mut self, what: &str, detail: u64, now: Timestamp) {
        let at = now.as_millis().unsigned_abs();
        self.hash = mix(&[self.hash, crate::random::hash(what), detail, at]);
    }

    /// A promise that was kept, or the words of how it was broken.
    pub fn check(&mut self, promise: Result<(), String>) {
        if let Err(words) = promise
            && self.broken.len() < 20
        {
            self.broken.push(words);
        }
    }

    /// A commit took place. `addressed`: the addresses of its rows, as they stand in the messages.
    pub fn committed(
        &mut self,
        contact: Option<&Contact>,
        rows: &[LogRow],
        addressed: impl Iterator<Item = ContactKey>,
        now: Timestamp,
    ) {
        for (row, address) in rows.iter().zip(addressed) {
            let is_new = self.record.applied.insert((address, row.input.id()));
            self.check(invariants::applied_once(row, is_new));
            self.record.rows.insert((row.partition, row.id));
            if let Input::Wake(wake) = &row.input {
                self.check(invariants::wakes_are_never_early(wake, now));
            }
            if let Some(refusal) = row.refusal {
                self.reach(&format!("refused: {refusal:?}"));
            }
            if let Input::Answer(answer) = &row.input {
                self.answered(answer);
            }
            self.over(row);
            row.effects.iter().for_each(|effect| self.asked(effect));
            self.obeyed(row, now);
            row.trace.iter().for_each(|line| self.traced(row, line));
        }
        let Some(contact) = contact else {
            return;
        };
        let is_merged = self.merged(contact, rows);
        let before = self.record.contacts.get(&contact.id);
        let promises = [
            invariants::revisions_only_grow(before, contact),
            invariants::no_parallel_runs(contact, &self.rules),
            // Of two contacts who have drawn two paths one keeps its own.
            invariants::draws_are_stable(before.filter(|_| !is_merged), contact),
            invariants::ended_runs_stay_ended(contact, &self.record.ended),
        ];
        let ids: BTreeSet<_> = contact.enrollments.iter().map(|run| run.id).collect();
        let before = before.map(|before| before.enrollments.iter().map(|run| run.id));
        let ended = before.into_iter().flatten().filter(|id| !ids.contains(id));
        let ended: Vec<_> = ended.collect();
        self.record.ended.extend(ended);
        for promise in promises {
            self.check(promise);
        }
        let stored = Contact {
            rev: contact.rev + 1,
            ..contact.clone()
        };
        let runs = contact.enrollments.iter();
        let runs = runs.map(|run| (run.id, run.entered_at));
        self.record.entered_at.extend(runs);
        let before = self.record.contacts.insert(contact.id, stored);
        if let Some(before) = &before
            && own_zone(before) != own_zone(contact)
        {
            self.reach("zone changed");
            let zone = (now, own_zone(before));
            self.record.zones.insert(contact.id, zone);
        }
        self.contact_before.insert(contact.id, (now, before));
    }

    /// What contacts know of ends of messages.
    fn over(&mut self, row: &LogRow) {
        if let Input::Outcome(over) = &row.input {
            let contact = self.record.contacts.get(&row.contact);
            if contact.is_some_and(|contact| contact.holds(over.enrollment, over.send)) {
                self.reach(SENT_AND_HELD);
            }
            self.record.over.insert(over.send);
        }
        let promise = invariants::what_is_over_is_not_asked_for(row, &self.record.over);
        self.check(promise);
    }

    /// What an applied input means for messages that were asked for before.
    fn obeyed(&mut self, row: &LogRow, now: Timestamp) {
        if let Input::Held(held) = &row.input
            && self.record.erased.contains(&held.request.send)
        {
            self.record.gone.insert(held.request.send);
        }
        let Input::Command(command) = &row.input else {
            return;
        };
        if let CommandKind::Stop { journey } = &command.kind
            && row.refusal.is_none()
        {
            // Whoever has passed the gate before is dead by then.
            let from = now.plus(FUNCTION_TIMEOUT);
            let asked = self.record.requested.values();
            let is_its = |asked: &&SendRequest| self.record.who(asked.contact) == row.contact;
            let asked = asked
                .filter(is_its)
                .filter(|asked| asked.journey == *journey);
            let stopped: Vec<SendId> = asked.map(|asked| asked.send).collect();
            for send in stopped {
                let forbidden = &mut self.record.forbidden;
                forbidden
                    .entry(send)
                    .or_insert((from, "its run was stopped"));
            }
        }
    }

    fn asked(&mut self, effect: &Effect) {
        match effect {
            Effect::Send(request) => {
                self.record
                    .requested
                    .insert(request.send, (**request).clone());
            }
            Effect::Call(request) => {
                self.reach("asked: call");
                self.record.called.insert(request.call, (**request).clone());
            }
            Effect::Consent(change) if change.is_pending => self.reach("opt-in to be confirmed"),
            Effect::Consent(change) => self.record.consents.push(change.clone()),
            Effect::Carry { from, to, at } => {
                self.reach("address changed");
                let words = self.record.words.iter();
                let refused = words
                    .filter(|((row, _), word)| row == from && !word.opted_in && word.at <= *at)
                    .map(|((_, topic), word)| (topic.clone(), word.at));
                let no = self.record.no.get(from).copied().filter(|no| no <= at);
                let left = Left {
                    to: *to,
                    no,
                    refused: refused.collect(),
                };
                self.record.carried.push(left);
            }
            Effect::Wake { .. } => {}
        }
    }

    fn traced(&mut self, row: &LogRow, line: &Trace) {
        if let Trace::Entered { journey, .. } = line {
            self.reach("run began");
            let times = self
                .record
                .entered
                .entry((row.contact, journey.clone()))
                .or_default();
            *times += 1;
            let times = *times;
            self.check(invariants::reentry_is_kept(journey, times, &self.rules));
        }
        if let (Trace::Answered { .. }, Input::Answer(answer)) = (line, &row.input) {
            let times = self.record.answered.entry(answer.call).or_default();
            *times += 1;
            let times = *times;
            self.check(invariants::answered_once(answer.call, times));
        }
        match line {
            Trace::MessageSkipped { reason, .. } => {
                self.reach(&format!("skipped: {}", reason.name()));
            }
            Trace::Held { why, .. } => self.reach(&format!("held: {}", why.name())),
            _ => {}
        }
        let text = format!("{line:?}");
        let name = text.split([' ', '(', '{']).next().unwrap_or_default();
        self.reach(&format!("trace: {name}"));
    }

    /// A call was given a code.
    pub fn drawn(&mut self, call: SendId, code: &Code) {
        self.reach("drawn");
        let record = &mut self.record;
        let to = *record.given.entry(code.code.clone()).or_insert(call);
        let had = record.drawn.entry(call).or_insert(code.code.clone());
        let had = had.clone();
        self.check(invariants::a_code_is_given_once(call, &code.code, to, &had));
    }

    /// Another system is asked once more: how often it was.
    pub fn tried(&mut self, call: SendId) -> u32 {
        let tries = self.record.tries.entry(call).or_default();
        *tries += 1;
        *tries
    }

    /// The id of a draw that no call knows.
    pub fn next_draw(&mut self) -> SendId {
        self.record.draws += 1;
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.record.draws.to_be_bytes());
        SendId::from_bytes(bytes)
    }

    /// The answer of a call was applied.
    fn answered(&mut self, answer: &Answer) {
        self.record.heard.insert(answer.call);
        let asked = self.record.called.get(&answer.call);
        let is_draw = asked.is_some_and(|asked| {
            matches!(asked.kind, CallKind::Coupon { .. }) && !asked.is_rehearsal
        });
        if is_draw {
            let had = self.record.drawn.get(&answer.call).cloned();
            let is_done = matches!(answer.result, AnswerResult::Done(_));
            self.reach(if is_done {
                "answered: code"
            } else {
                "answered: no code"
            });
            self.check(invariants::an_answer_has_its_code(answer, had.as_deref()));
        }
    }

    /// A provider took a message.
    pub fn submitted(&mut self, label: Label<'_>, now: Timestamp) {
        self.trace("submitted", u64::from(label.is_call), now);
        if label.is_call {
            self.reach("submitted: alert");
            return;
        }
        let count = self.record.submissions.entry(label.send).or_default();
        *count += 1;
        let count = *count;
        let request = self.record.requested.get(&label.send);
        let is_retried = request.is_some_and(|asked| self.rules.retried.contains(&asked.template));
        let is_kept = self.record.copies.contains_key(&label.send);
        let is_forgotten = self.record.erased.contains(&label.send);
        let kept = invariants::kept_before_it_leaves(label.send, is_kept || is_forgotten);
        let promise = invariants::at_most_one_submission(label.send, count, is_retried);
        if count > 1 {
            self.reach("submitted once more");
        }
        self.check(kept);
        self.check(promise);
    }

    /// A claim took place.
    pub fn claimed(&mut self, claim: &Claim<'_>, now: Timestamp) {
        let (record, rules) = (&self.record, &self.rules);
        let promises = [
            invariants::nothing_follows_a_no(claim, record, rules),
            invariants::nothing_follows_a_stop(claim, record, now),
            invariants::brakes_hold(claim, record, rules, now),
            invariants::asked_for_before_sent(claim, record),
            limits::quiet_hours_hold(claim, record, rules, now),
            limits::windows_hold(claim, record, rules, now),
            limits::caps_hold(claim, record, rules, now),
        ];
        for promise in promises {
            self.check(promise);
        }
        let send = claim.request.send;
        self.moved(send, "submitting");
        if let Some((MessageClass::Marketing, topic)) =
            self.rules.templates.get(&claim.request.template)
        {
            let topic = topic.clone();
            let row = self.record.claims.entry(claim.permission).or_default();
            row.insert(send, Counted { at: now, topic });
        }
    }

    /// A send row came to a state.
    fn moved(&mut self, send: SendId, to: &'static str) {
        let from = self.record.states.insert(send, to).unwrap_or("none");
        if from != to {
            self.reach(&format!("send: {from} -> {to}"));
            self.check(invariants::moves_are_lawful(send, from, to));
        }
    }

    /// A send row was written.
    pub fn settled(&mut self, row: &SendRow, now: Timestamp) {
        let send = row.request.send;
        self.moved(send, state_name(&row.state));
        if matches!(row.state, SendState::Held { .. }) {
            for claims in self.record.claims.values_mut() {
                claims.remove(&send);
            }
        }
        let SendState::Final { outcome, .. } = &row.state else {
            return;
        };
        let before = self.record.finals.insert(row.request.send, outcome.clone());
        self.check(invariants::final_stays(
            row.request.send,
            before.as_ref(),
            outcome,
        ));
        if before.as_ref() != Some(outcome) {
            self.trace(
                "final",
                row.request
                    .send
                    .as_bytes()
                    .iter()
                    .map(|b| u64::from(*b))
                    .sum(),
                now,
            );
            self.reach(&match outcome {
                Outcome::Accepted { .. } => "outcome: accepted".to_owned(),
                Outcome::Rejected { .. } => "outcome: rejected".to_owned(),
                Outcome::Unknown => "outcome: unknown".to_owned(),
                Outcome::Skipped { reason } => format!("skipped: {}", reason.name()),
            });
        }
    }

    /// A word on a topic was written.
    pub fn said(&mut self, change: &ConsentChange, store: &MemoryStore) {
        if change.is_pending {
            return;
        }
        if change.consent.proof.confirmed_at.is_some() {
            self.reach("opt-in confirmed");
        }
        let key = (change.permission, change.topic.clone());
        let said = change.consent.clone();
        let is_newer = |known: &Consent| {
            known.at < said.at || (known.at == said.at && known.opted_in && !said.opted_in)
        };
        let known = self.record.words.get(&key);
        if known.is_none_or(is_newer) {
            self.record.words.insert(key.clone(), said);
        }
        let stored = store.permission(change.permission).unwrap_or_default();
        let expected = self.record.words.get(&key);
        self.check(invariants::the_newer_word_counts(
            expected,
            stored.topics.get(&change.topic),
        ));
    }

    /// A stop of all SMS was written, or its end.
    pub fn stopped(&mut self, permission: PermissionKey, is_stopped: bool, at: Timestamp) {
        self.reach(if is_stopped {
            "texts stopped"
        } else {
            "texts resumed"
        });
        let known = self
            .record
            .stops
            .entry(permission)
            .or_insert((is_stopped, at));
        if known.1 < at || (known.1 == at && is_stopped) {
            *known = (is_stopped, at);
        }
    }

    /// An unsubscribe was written.
    pub fn unsubscribed(&mut self, permission: PermissionKey, at: Timestamp) {
        self.reach("unsubscribed");
        let known = self.record.no.entry(permission).or_insert(at);
        *known = (*known).max(at);
    }

    /// A contact was erased: whoever comes under its name now is somebody new.
    pub fn erased(&mut self, contact: &Contact, stub: &Erased) {
        self.reach("erased");
        let record = &mut self.record;
        record.contacts.remove(&contact.id);
        record.entered.retain(|(of, _), _| *of != contact.id);
        let asked = record.requested.values();
        let asked = asked.filter(|asked| record.who(asked.contact) == contact.id);
        let asked: Vec<SendId> = asked.map(|asked| asked.send).collect();
        record.erased.extend(&asked);
        for run in &contact.enrollments {
            if let State::Held {
                send: Some(send), ..
            } = run.state
            {
                record.gone.insert(send);
            }
        }
        record.erasing.insert(contact.id, (stub.clone(), asked));
    }

    /// There is a copy of a message.
    pub fn kept(&mut self, contact: ContactKey, send: SendId) {
        if self.record.erased.contains(&send) {
            self.reach("kept after its contact was erased");
        }
        self.record.copies.insert(send, contact);
    }

    /// There is none of a contact's any more.
    pub fn copies_forgotten(&mut self, contact: ContactKey) {
        self.record.copies.retain(|_, of| *of != contact);
    }

    /// An erasure has returned: nothing that was asked for before it leaves, and nothing that was said before it counts.
    pub fn erasure_returned(&mut self, contact: ContactKey, now: Timestamp) {
        let record = &mut self.record;
        let Some((stub, sends)) = record.erasing.remove(&record.who(contact)) else {
            return;
        };
        for send in sends {
            let forbidden = record.forbidden.entry(send);
            forbidden.or_insert((now, "its contact was erased"));
        }
        for row in stub.permissions {
            let known = record.forgotten.entry(row).or_default();
            *known = (*known).max(stub.at);
        }
        self.reach("erasure returned");
    }

    /// A message went to a queue.
    pub fn sent_to_queue(&mut self, queue: &str, body: &str) {
        self.check(invariants::addresses_stay_in_inputs(queue, body));
    }
}
