//! Two contacts become one.
//!
//! [`merge`] is pure, and:
//! - *commutative*: `merge(a, b) == merge(b, a)`. Which of the two stays is decided by what they are, never by who asks.
//! - *idempotent*: `merge(merge(a, b), b) == merge(a, b)`, and `merge(a, a) == a`. Two contacts never have a name in common (a
//!   name is one item of the table), so one all of whose names the other has was taken in before, and is not counted twice.
//!
//! What adds up, adds up to what one contact would have that had seen all events once. That counts on a merge being stored in the
//! transaction in which the one that goes becomes a pointer: no event is ever in both.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::score::decayed;
use super::{admission, entry, facts, goals};
use crate::contact::{
    Attribute, Contact, Email, KeptCode, KeptFact, KeptScore, PendingEntry, Phone, TextsWord,
    TopicConsent, Unproven, Word,
};
use crate::enrollment::Enrollment;
use crate::identity::Channel;
use crate::release::Release;
use crate::time::Timestamp;

/// What becomes of two contacts.
#[derive(Clone, Debug, PartialEq)]
pub struct One {
    /// The contact that both are: the item of the one that stays.
    pub contact: Contact,
    /// Runs that a like run of the other one, entered earlier, has ended.
    pub ended: Vec<Enrollment>,
}

/// The contact that both are.
///
/// A known contact stays before an anonymous one, then the older, then the lower id. Attributes and consents go by their times,
/// facts and scores add up, entries are the later ones, of two like runs (journey and key) the earlier stays. `release` is asked
/// how scores decay; nothing is evaluated here: timers and segments are those of both, to be looked at again.
pub fn merge(one: &Contact, other: &Contact, release: &Release) -> One {
    let (stays, goes) = if rank(one) <= rank(other) {
        (one, other)
    } else {
        (other, one)
    };
    let has_all = |whole: &Contact, part: &Contact| {
        let mut names = part.identities.iter();
        (whole.id == part.id || !part.identities.is_empty())
            && names.all(|name| whole.identities.contains(name))
    };
    let before = [(stays, goes), (goes, stays)];
    let before = before
        .into_iter()
        .find(|(whole, part)| has_all(whole, part));
    if let Some((whole, _)) = before {
        return One {
            contact: whole.clone(),
            ended: Vec::new(),
        };
    }
    join(stays, goes, release)
}

/// Who stays: the smaller.
fn rank(contact: &Contact) -> impl Ord + use<> {
    (!contact.is_known(), contact.created_at, contact.id)
}

fn join(stays: &Contact, goes: &Contact, release: &Release) -> One {
    let (elder, younger) = if (goes.created_at, goes.id) < (stays.created_at, stays.id) {
        (goes, stays)
    } else {
        (stays, goes)
    };
    let (enrollments, ended) = runs(&stays.enrollments, &goes.enrollments, release);
    let mut identities = stays.identities.clone();
    identities.extend(goes.identities.iter().cloned());
    // A write key sets an address where there is none, so the first word counts.
    let email = first(stays.email.as_ref(), goes.email.as_ref(), |email| {
        (email.at, email.address.expose().to_owned())
    });
    let phone = first(stays.phone.as_ref(), goes.phone.as_ref(), |phone| {
        (phone.at, phone.number.expose().to_owned())
    });
    let unproven = unproven([stays, goes], email.as_ref(), phone.as_ref());
    let contact = Contact {
        id: stays.id,
        created_at: elder.created_at,
        last_at: stays.last_at.max(goes.last_at),
        identities,
        claims: united(&stays.claims, &goes.claims, |a, b| *a.max(b)),
        email,
        phone,
        unproven,
        attributes: united(&stays.attributes, &goes.attributes, newer),
        consents: united(&stays.consents, &goes.consents, |a, b| *last_word(a, b)),
        texts: last_stop(stays.texts, goes.texts),
        facts: united(&stays.facts, &goes.facts, fact),
        lasts: united(&stays.lasts, &goes.lasts, newer),
        scores: scores(stays, goes, release),
        lists: stays.lists.union(&goes.lists).cloned().collect(),
        segments: stays.segments.union(&goes.segments).cloned().collect(),
        // Draws have no times: those of the elder, whose runs are the earlier ones.
        draws: united(&elder.draws, &younger.draws, |elders, _| elders.clone()),
        codes: united(&stays.codes, &goes.codes, longer_valid),
        pending: pending(stays, goes),
        recent: ordered(&stays.recent, &goes.recent, |event| (event.at, event.id)),
        sent: ordered(&stays.sent, &goes.sent, |sent| (sent.at, sent.send)),
        goals: ordered(&stays.goals, &goes.goals, |watch| {
            (watch.until, watch.enrollment)
        }),
        timers: united(&stays.timers, &goes.timers, |a, b| *a.min(b)),
        enrollments,
        entries: united(&stays.entries, &goes.entries, |a, b| *a.max(b)),
        occurrences: united(&stays.occurrences, &goes.occurrences, |a, b| *a.max(b)),
        rev: stays.rev,
        release: older_release(stays, goes),
        due_at: stays.due_at.into_iter().chain(goes.due_at).min(),
    };
    One {
        contact: within_bounds(contact),
        ended,
    }
}

/// What of both is more than a contact keeps goes, as it does when the events of one come one after the other.
fn within_bounds(mut contact: Contact) -> Contact {
    fn newest<T>(all: &mut Vec<T>, most: usize) {
        all.drain(..all.len().saturating_sub(most));
    }
    newest(&mut contact.pending, entry::PENDING_MAX);
    newest(&mut contact.recent, facts::RECENT_MAX);
    newest(&mut contact.goals, goals::GOALS_MAX);
    admission::prune_entries(&mut contact.entries);
    contact
}

/// The release up to which both have taken everything in. One that was never stored has nothing to take in.
fn older_release(one: &Contact, other: &Contact) -> u64 {
    match (one.rev, other.rev) {
        (0, _) => other.release,
        (_, 0) => one.release,
        _ => one.release.min(other.release),
    }
}

/// Everything of both; `both` says what there is under a key of both. It must not depend on the order.
fn united<K: Clone + Ord, V: Clone>(
    one: &BTreeMap<K, V>,
    other: &BTreeMap<K, V>,
    both: impl Fn(&V, &V) -> V,
) -> BTreeMap<K, V> {
    let mut all = one.clone();
    for (key, value) in other {
        let value = match all.get(key) {
            Some(known) => both(known, value),
            None => value.clone(),
        };
        all.insert(key.clone(), value);
    }
    all
}

/// What was said first.
fn first<T: Clone, K: Ord>(one: Option<&T>, other: Option<&T>, key: impl Fn(&T) -> K) -> Option<T> {
    let both = one.into_iter().chain(other);
    both.min_by_key(|said| key(said)).cloned()
}

/// Everything of both, once each, in order.
fn ordered<T: Clone + PartialEq, K: Ord>(one: &[T], other: &[T], key: impl Fn(&T) -> K) -> Vec<T> {
    let mut all = [one, other].concat();
    all.sort_by_key(|item| key(item));
    all.dedup_by(|a, b| key(a) == key(b));
    all
}

/// The last writer's; of two at one moment the greater text, so that both orders agree.
fn newer(one: &Attribute, other: &Attribute) -> Attribute {
    let text = |said: &Attribute| said.value.expose().to_string();
    let is_newer = one
        .at
        .cmp(&other.at)
        .then_with(|| text(one).cmp(&text(other)));
    if is_newer == Ordering::Less {
        other.clone()
    } else {
        one.clone()
    }
}

/// The last word. A yes that must be confirmed does not unsay one that was; of two at one moment the no counts.
fn last_word<'w>(one: &'w TopicConsent, other: &'w TopicConsent) -> &'w TopicConsent {
    let weight = |word| match word {
        Word::Unconfirmed => 0,
        Word::Yes => 1,
        Word::No => 2,
    };
    let is_confirmed = |a: Word, b: Word| (a, b) == (Word::Yes, Word::Unconfirmed);
    if is_confirmed(one.word, other.word) {
        return one;
    }
    if is_confirmed(other.word, one.word) {
        return other;
    }
    if (one.at, weight(one.word)) < (other.at, weight(other.word)) {
        other
    } else {
        one
    }
}

/// The last word on all SMS; of two at one moment the stop counts.
fn last_stop(one: Option<TextsWord>, other: Option<TextsWord>) -> Option<TextsWord> {
    let both = one.into_iter().chain(other);
    both.max_by_key(|word| (word.at, word.is_stopped))
}

/// Addresses that nobody has proven for either contact.
fn unproven(
    both: [&Contact; 2],
    email: Option<&Email>,
    phone: Option<&Phone>,
) -> BTreeMap<Channel, Unproven> {
    let has_email = |of: &Contact| {
        let own = of.email.as_ref().zip(email);
        own.is_some_and(|(own, email)| own.address.identity() == email.address.identity())
    };
    let has_phone = |of: &Contact| {
        let own = of.phone.as_ref().zip(phone);
        own.is_some_and(|(own, phone)| own.number == phone.number)
    };
    let mut all = BTreeMap::new();
    for channel in [Channel::Email, Channel::Sms] {
        let has = |of: &&Contact| match channel {
            Channel::Email => has_email(of),
            Channel::Sms => has_phone(of),
        };
        let owners = both.into_iter().filter(has);
        let said: Option<Vec<&Unproven>> =
            owners.map(|owner| owner.unproven.get(&channel)).collect();
        let said = said.unwrap_or_default();
        let is_greeted = said.iter().any(|unproven| unproven.is_greeted);
        if let Some(source) = said.iter().map(|unproven| &unproven.source).min() {
            let source = source.clone();
            all.insert(channel, Unproven { source, is_greeted });
        }
    }
    all
}

/// As if one contact had seen all events: no event is in both.
fn fact(one: &KeptFact, other: &KeptFact) -> KeptFact {
    let mut recent = [one.recent.as_slice(), &other.recent].concat();
    recent.sort_by(|(a, amount), (b, others)| b.cmp(a).then(others.total_cmp(amount)));
    recent.truncate(facts::OCCURRENCES_MAX);
    KeptFact {
        count: one.count + other.count,
        sum: one.sum + other.sum,
        first_at: one.first_at.min(other.first_at),
        last_at: one.last_at.max(other.last_at),
        recent,
    }
}

/// Points of both, as of the later of their moments.
fn scores(one: &Contact, other: &Contact, release: &Release) -> BTreeMap<String, KeptScore> {
    let mut all = united(&one.scores, &other.scores, |_, _| KeptScore::default());
    for (id, kept) in &mut all {
        let (Some(a), Some(b)) = (one.scores.get(id), other.scores.get(id)) else {
            continue;
        };
        let at = a.at.max(b.at);
        let points = |kept: &KeptScore| match release.score(id) {
            Some(score) => decayed(kept, score, at),
            None => kept.points,
        };
        *kept = KeptScore {
            points: points(a) + points(b),
            at,
            given: united(&a.given, &b.given, |a, b| given(a, b)),
            reached: a.reached.union(&b.reached).cloned().collect(),
        };
        if let Some(score) = release.score(id) {
            let (least, most) = (f64::from(score.min), f64::from(score.max));
            kept.points = kept.points.clamp(least.min(0.0), most);
        }
    }
    all
}

fn given(one: &[(Timestamp, i32)], other: &[(Timestamp, i32)]) -> Vec<(Timestamp, i32)> {
    let mut all = [one, other].concat();
    all.sort_unstable();
    all
}

/// The code that is valid longer.
fn longer_valid(one: &KeptCode, other: &KeptCode) -> KeptCode {
    let until = |kept: &KeptCode| {
        let for_ever = kept.expires_at.is_none();
        (for_ever, kept.expires_at, kept.run)
    };
    if until(one) < until(other) {
        other.clone()
    } else {
        one.clone()
    }
}

/// Entries that wait: of one journey and key the newest.
fn pending(one: &Contact, other: &Contact) -> Vec<PendingEntry> {
    let order = |entry: &PendingEntry| (entry.origin.at, entry.origin.input);
    let mut all = [one.pending.as_slice(), &other.pending].concat();
    all.sort_by_key(order);
    let mut newest: Vec<PendingEntry> = Vec::with_capacity(all.len());
    for entry in all {
        newest.retain(|known| (&known.journey, &known.key) != (&entry.journey, &entry.key));
        newest.push(entry);
    }
    newest
}

/// The runs of both, oldest first; of two of one journey and key the earlier one, and as many of a journey as it allows. Then
/// those that this ends.
fn runs(
    one: &[Enrollment],
    other: &[Enrollment],
    release: &Release,
) -> (Vec<Enrollment>, Vec<Enrollment>) {
    let mut all = [one, other].concat();
    all.sort_by_key(|run| (run.entered_at, run.origin.at, run.id));
    let (mut alive, mut ended): (Vec<Enrollment>, Vec<Enrollment>) = (Vec::new(), Vec::new());
    for run in all {
        let journey = release.journey(&run.journey);
        let most = journey.map_or(usize::MAX, |(_, journey)| usize::from(journey.parallel));
        let like = alive.iter().filter(|known| known.journey == run.journey);
        if like.clone().any(|known| known.key == run.key) || like.count() >= most {
            ended.push(run);
        } else {
            alive.push(run);
        }
    }
    (alive, ended)
}
