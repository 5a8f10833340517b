//! Who is who: what becomes of contacts that one event names together.
//!
//! A message is about the contact that its address leads to. Another of its names may lead elsewhere:
//! - to an anonymous contact: the two become one ([`super::merge`]);
//! - to a known one, while the address leads to nobody or to an anonymous one: the message is about the known one;
//! - to a known one, as the address does: they stay apart, because write keys are public. Only a device goes from the one to the
//!   other: to whom an `identify` or `alias` has named on it last, by `occurred_at`.
//!
//! A known contact stands under a known name, never under a device's: else the device could go to nobody else.

use std::collections::BTreeSet;
use std::time::Duration;

use super::merge::{One, merge};
use super::{Context, DecideError, Deciding, Other, Repointed, Subject, facts, finish, view};
use crate::contact::{Contact, IDENTITIES_MAX, RecentEvent};
use crate::enrollment::Enrollment;
use crate::id::{ContactKey, EnrollmentId};
use crate::identity::{Identity, IdentityKind, IdentitySecret};
use crate::input::{Event, EventKind};
use crate::log::{EndReason, Merged, NotLinked, Trace};
use crate::release::Release;
use crate::time::Timestamp;

/// A claim on a device is not renewed before this long: whoever calls `identify` at each page view would have the contact written
/// each time. Of two people on one device who are named within it and out of order, the first stays until the next `identify`.
const CLAIM_RENEWED_AFTER: Duration = Duration::from_hours(1);

/// What an event's names have led to.
#[derive(Clone, Debug, Default)]
pub(super) struct Joined {
    /// Contacts that were taken in.
    pub(super) merged: Vec<Merged>,
    /// Devices that were another's.
    pub(super) repointed: Vec<Repointed>,
    /// Names that stay another's, and why.
    pub(super) apart: Vec<(Identity, NotLinked)>,
    /// Runs that like runs have ended.
    pub(super) ended: Vec<Enrollment>,
    /// The contacts of a merge, as they were.
    before: Vec<Contact>,
}

impl Joined {
    /// Whether the contact is another than the one that was read.
    pub(super) const fn is_joined(&self) -> bool {
        !self.merged.is_empty() || !self.repointed.is_empty()
    }
}

/// The names of an event that must be looked up before it is decided, because what stands under them says where the contact
/// stands: whoever has only a device so far comes to stand under the first address that is said.
pub fn looks_up<'e>(event: &'e Event, contact: Option<&Contact>) -> Option<&'e Identity> {
    let is_nobody = contact.is_none_or(|contact| !contact.is_known());
    let is_device = event.address.kind == IdentityKind::Anonymous;
    let mut known = event.also.iter();
    let known = known.find(|name| name.kind != IdentityKind::Anonymous);
    known.filter(|_| is_nobody && is_device)
}

/// Puts together what one event names together. Where it may not, says why for each name.
pub(super) fn join(
    subject: &mut Subject,
    event: &Event,
    now: Timestamp,
    context: Context<'_>,
) -> Result<Joined, DecideError> {
    let mut joining = Joining {
        event,
        now,
        release: context.release,
        secret: context.secret,
        joined: Joined::default(),
    };
    let mut others = std::mem::take(&mut subject.others);
    // What says most comes first: who is known by an address is somebody before a device is given to anybody.
    others.sort_by_key(|other| {
        let is_device = other.name.kind == IdentityKind::Anonymous;
        (is_device, other.name.clone())
    });
    for other in others {
        joining.meet(subject, other)?;
    }
    Ok(joining.joined)
}

/// Every name of the others stays theirs: what the message and they would be together is too large.
pub(super) fn keep_apart(subject: &mut Subject) -> Joined {
    let others = std::mem::take(&mut subject.others).into_iter();
    let others = others.filter(|other| other.contact.is_some() && other.id != subject.id);
    Joined {
        apart: others
            .map(|other| (other.name, NotLinked::TooLarge))
            .collect(),
        ..Joined::default()
    }
}

struct Joining<'a> {
    event: &'a Event,
    now: Timestamp,
    release: &'a Release,
    secret: &'a IdentitySecret,
    joined: Joined,
}

impl Joining<'_> {
    /// One name that leads elsewhere, or nowhere.
    fn meet(&mut self, subject: &mut Subject, other: Other) -> Result<(), DecideError> {
        let is_known = subject.contact.as_ref().is_some_and(Contact::is_known);
        match other.contact {
            Some(contact) if Some(contact.id) == subject.stored_id() => {}
            Some(contact) if contact.is_known() => match subject.contact.take() {
                None if self.may_be(subject, &contact) => {
                    subject.id = contact.id;
                    subject.contact = Some(contact);
                }
                Some(own) if !is_known => {
                    subject.contact = Some(own.clone());
                    self.merge(subject, own, contact, other.name)?;
                }
                own => {
                    subject.contact = own;
                    self.repoint(subject, other.name, contact);
                }
            },
            Some(contact) => {
                let own = subject.contact.clone();
                let own = own.unwrap_or_else(|| self.fresh(subject.id, &self.event.address));
                self.merge(subject, own, contact, other.name)?;
            }
            None if !is_known && self.event.address.kind == IdentityKind::Anonymous => {
                self.move_to(subject, other)?;
            }
            None if other.erased_at.is_some() => {
                self.joined.apart.push((other.name, NotLinked::Erased));
            }
            None => {}
        }
        Ok(())
    }

    /// Whether an address that leads to nobody may be a further name of `contact`. It is somebody else's if the event names another
    /// address than the contact has, if somebody was erased under it, or if it is the id of somebody where the contact has another
    /// one, unless an `alias` says that both are one.
    fn may_be(&self, subject: &Subject, contact: &Contact) -> bool {
        let is_id = |name: &Identity| name.kind == IdentityKind::User;
        let has_id = is_id(&self.event.address) && contact.identities.iter().any(is_id);
        let email = contact.email.as_ref();
        let email = email.map(|email| email.address.identity());
        let phone = contact.phone.as_ref();
        let phone = phone.map(|phone| phone.number.identity());
        let is_another = |name: &Identity| {
            let own = match name.kind {
                IdentityKind::User | IdentityKind::Anonymous => None,
                IdentityKind::Email => email.as_ref(),
                IdentityKind::Phone => phone.as_ref(),
            };
            own.is_some_and(|own| own != name)
        };
        let mut names = std::iter::once(&self.event.address).chain(&self.event.also);
        subject.erased_at.is_none()
            && (!has_id || self.event.kind == EventKind::Alias)
            && !names.any(is_another)
    }

    /// A contact who was nobody, or only a device, stands under another name from now on.
    fn move_to(&mut self, subject: &mut Subject, other: Other) -> Result<(), DecideError> {
        let Some(contact) = subject.contact.clone() else {
            subject.id = other.id;
            return Ok(());
        };
        let own = self.fresh(other.id, &other.name);
        self.merge(subject, own, contact, other.name)
    }

    fn fresh(&self, id: ContactKey, name: &Identity) -> Contact {
        let mut contact = Contact::new(id, self.now);
        contact.identities.push(name.clone());
        contact
    }

    /// `own` and `other` are one, and the subject is both, unless that would be too much.
    fn merge(
        &mut self,
        subject: &mut Subject,
        own: Contact,
        other: Contact,
        name: Identity,
    ) -> Result<(), DecideError> {
        let One { contact, ended } = merge(&own, &other, self.release);
        let goes = if own.id == contact.id { &other } else { &own };
        if let Some(why) = self.refused(&contact, goes)? {
            self.joined.apart.push((name, why));
            return Ok(());
        }
        if goes.rev > 0 {
            self.joined.merged.push(Merged {
                contact: goes.clone(),
                rev: goes.rev,
            });
        }
        subject.id = contact.id;
        subject.contact = Some(contact);
        self.joined.ended.extend(ended);
        // Of a second merge one side is what the first has made.
        let first = self.joined.before.is_empty().then_some(own);
        self.joined.before.extend(first.into_iter().chain([other]));
        Ok(())
    }

    /// Why `goes` cannot become a pointer to `contact`, if it cannot.
    fn refused(&self, contact: &Contact, goes: &Contact) -> Result<Option<NotLinked>, DecideError> {
        let stands_under = |name: &Identity| name.key(self.secret) == goes.id;
        Ok(if contact.identities.len() > IDENTITIES_MAX {
            Some(NotLinked::TooManyNames)
        } else if finish::is_too_large(contact)? {
            Some(NotLinked::TooLarge)
        } else if goes.rev > 0 && !goes.identities.iter().any(stands_under) {
            // It began in the place of somebody who was erased: that name would lead to whom this one turns out to be.
            Some(NotLinked::Erased)
        } else {
            None
        })
    }

    /// A device that is another's: it goes to whom it was said to be later.
    fn repoint(&mut self, subject: &mut Subject, name: Identity, owner: Contact) {
        let key = name.key(self.secret);
        let says_who = matches!(self.event.kind, EventKind::Identify | EventKind::Alias);
        let count = subject.contact.as_ref();
        let count = count.map_or(0, |contact| contact.identities.len());
        let claimed_at = owner.claims.get(&key);
        let why = if name.kind != IdentityKind::Anonymous || !says_who || key == owner.id {
            Some(NotLinked::BothKnown)
        } else if claimed_at.is_some_and(|at| *at >= self.event.occurred_at) {
            Some(NotLinked::NamedLater)
        } else if count >= IDENTITIES_MAX {
            Some(NotLinked::TooManyNames)
        } else {
            None
        };
        if let Some(why) = why {
            self.joined.apart.push((name, why));
            return;
        }
        let mut owner = owner;
        owner.identities.retain(|known| *known != name);
        owner.claims.remove(&key);
        self.joined.repointed.push(Repointed { owner, name });
    }
}

impl Deciding<'_> {
    /// What a merge means for the contact that both are: each run hears what the other one has done since it began, and whatever
    /// rules read has changed.
    pub(super) fn settle_join(&mut self) -> Result<(), DecideError> {
        let joined = self.joined;
        if joined.before.is_empty() {
            return Ok(());
        }
        self.is_stirred = true;
        self.fit_facts();
        self.reach_thresholds(&joined.before);
        let zone = self.zone(None);
        let release = self.context.release;
        let zones = joined
            .before
            .iter()
            .filter(|before| !before.enrollments.is_empty());
        if zones
            .into_iter()
            .any(|before| view::zone(before, None, release) != zone)
        {
            self.rezone();
        }
        self.arm_dates(None);
        for segment in &release.index().watched {
            self.watch(segment, false);
        }
        self.hear_of_others(&joined.before)
    }

    /// Says in the trace what was joined.
    pub(super) fn note_join(&mut self) {
        let joined = self.joined;
        for merged in &joined.merged {
            let away = merged.contact.id;
            self.trace.push(Trace::Merged { away });
        }
        for run in &joined.ended {
            self.dirty(&format!("in_journey {}", run.journey));
            self.trace.push(Trace::Ended {
                journey: run.journey.clone(),
                enrollment: run.id,
                reason: EndReason::Merged,
            });
        }
        for repointed in &joined.repointed {
            let from = repointed.owner.id;
            self.trace.push(Trace::Repointed { from });
            self.contact
                .to_mut()
                .identities
                .push(repointed.name.clone());
        }
    }

    /// The names of an event that are the contact's from now on.
    pub(super) fn take_names(&mut self, event: &Event) {
        for identity in std::iter::once(&event.address).chain(&event.also) {
            self.link(identity);
        }
        self.claim(event);
    }

    fn link(&mut self, identity: &Identity) {
        let name = identity.kind;
        let apart = self.joined.apart.iter().find(|(name, _)| name == identity);
        if let Some((_, why)) = apart {
            let why = *why;
            self.trace.push(Trace::NotLinked { name, why });
            return;
        }
        let contact = &self.contact;
        let is_own = match name {
            IdentityKind::User | IdentityKind::Anonymous => true,
            IdentityKind::Email => {
                let email = contact.email.as_ref();
                email.is_some_and(|email| email.address.identity() == *identity)
            }
            IdentityKind::Phone => {
                let phone = contact.phone.as_ref();
                phone.is_some_and(|phone| phone.number.identity() == *identity)
            }
        };
        if !is_own || contact.identities.contains(identity) {
            return;
        }
        if contact.identities.len() >= IDENTITIES_MAX {
            let why = NotLinked::TooManyNames;
            self.trace.push(Trace::NotLinked { name, why });
            return;
        }
        self.contact.to_mut().identities.push(identity.clone());
        if identity.key(self.context.secret) != self.contact.id {
            self.new_identities.push(identity.clone());
            self.trace.push(Trace::Linked(name));
        }
    }

    /// Who was named on a device, and when.
    fn claim(&mut self, event: &Event) {
        let says_who = matches!(event.kind, EventKind::Identify | EventKind::Alias);
        if !says_who || !self.contact.is_known() {
            return;
        }
        for name in std::iter::once(&event.address).chain(&event.also) {
            if name.kind != IdentityKind::Anonymous || !self.contact.identities.contains(name) {
                continue;
            }
            let key = name.key(self.context.secret);
            let known = self.contact.claims.get(&key);
            let is_news = known.is_none_or(|at| {
                event.occurred_at.as_millis() - at.as_millis()
                    >= i64::try_from(CLAIM_RENEWED_AFTER.as_millis()).unwrap_or(i64::MAX)
            });
            if is_news {
                let claims = &mut self.contact.to_mut().claims;
                claims.insert(key, event.occurred_at);
            }
        }
    }

    /// No more occurrences than rules need.
    fn fit_facts(&mut self) {
        let rules = self.context.release.index().facts.values().flatten();
        for rule in rules {
            let kept = self.contact.facts.get(&rule.key);
            let keeps = rule.keeps.min(facts::OCCURRENCES_MAX);
            if kept.is_some_and(|kept| kept.recent.len() > keeps)
                && let Some(kept) = self.contact.to_mut().facts.get_mut(&rule.key)
            {
                kept.recent.truncate(keeps);
            }
        }
    }

    /// The runs of each hear the latest events of the other, as a run does that begins late.
    fn hear_of_others(&mut self, before: &[Contact]) -> Result<(), DecideError> {
        let mut events: Vec<(usize, RecentEvent)> = Vec::new();
        for (whose, contact) in before.iter().enumerate() {
            events.extend(contact.recent.iter().map(|event| (whose, event.clone())));
        }
        events.sort_by_key(|(whose, event)| (event.at, event.id, *whose));
        let mut heard = BTreeSet::new();
        for (whose, event) in events {
            if !heard.insert(event.id) {
                continue;
            }
            let happening = event.happening();
            let others = before.iter().enumerate().filter(|(of, _)| *of != whose);
            let runs = others.flat_map(|(_, contact)| &contact.enrollments);
            let ids: Vec<EnrollmentId> = runs
                .filter(|run| run.origin.at < event.at)
                .map(|run| run.id)
                .collect();
            for id in ids {
                self.move_run(id, Some(&happening))?;
            }
            self.late_goals(&happening);
            self.overtake_pending(&happening);
        }
        Ok(())
    }
}
