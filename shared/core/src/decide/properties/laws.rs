//! What must hold after every input.

use std::time::Duration;

use crate::condition;
use crate::contact::{Contact, Word};
use crate::decide::view::View;
use crate::enrollment::{Enrollment, State};
use crate::input::Input;
use crate::log::{Effect, LogRow};
use crate::release::{Admission, Journey, JourneyPath, Release, Verb};
use crate::time::Timestamp;

pub(super) fn of_contact(contact: &Contact, now: Timestamp) {
    let packed = contact.pack().unwrap();
    let read = Contact::unpack(&packed, contact.rev, contact.release, contact.due_at).unwrap();
    assert_eq!(&read, contact, "it packs and unpacks to itself");
    let earliest = contact.earliest_timer();
    assert!(
        earliest.is_none_or(|at| at > contact.last_at.max(now)),
        "all that is due has happened: {earliest:?}"
    );
    assert!(
        earliest.is_none_or(|earliest| contact.due_at.is_some_and(|due_at| due_at <= earliest)),
        "a wake comes in time: {:?} {earliest:?}",
        contact.due_at,
    );
    for run in &contact.enrollments {
        let is_answered = matches!(run.state, State::Sending { .. } | State::Asking { .. });
        assert!(
            is_answered || run.paused_at.is_some() || run.due_at().is_some(),
            "{run:?} waits for ever"
        );
        let same = contact
            .enrollments
            .iter()
            .filter(|other| other.id == run.id)
            .count();
        assert_eq!(same, 1, "{run:?} is there twice");
    }
}

/// What a row asks for ends later than the row: otherwise its end would find the row, which would ask for it again.
pub(super) fn of_effects(row: &LogRow) {
    let Input::Outcome(over) = &row.input else {
        return;
    };
    let is_over =
        |effect: &Effect| matches!(effect, Effect::Send(request) if request.send == over.send);
    assert!(!row.effects.iter().any(is_over), "{over:?} is asked for");
}

/// A message that was held when its topic was said no to is not asked for. One that was given back is put before the gate once
/// more, which says no: so the ledger has an end for it.
pub(super) fn of_row(row: &LogRow, before: Option<&Contact>, after: Option<&Contact>) {
    let (Some(before), Some(after)) = (before, after) else {
        return;
    };
    let is_no = |contact: &Contact, topic: &str, channel: &str| {
        let topic = condition::Topic {
            topic: topic.to_owned(),
            channel: channel.to_owned(),
        };
        contact
            .consents
            .get(&topic)
            .is_some_and(|consent| consent.word == Word::No)
    };
    for effect in &row.effects {
        let Effect::Send(request) = effect else {
            continue;
        };
        let Some(run) = before.run(request.enrollment) else {
            continue;
        };
        let is_held =
            matches!(&run.state, State::Held { step, send: None, .. } if *step == request.step);
        let topic = match request.template.as_str() {
            "letter" => "news",
            "text" => "offers",
            _ => continue,
        };
        let channel = request.channel.name();
        let is_lost = !is_no(before, topic, channel) && is_no(after, topic, channel);
        assert!(
            !(is_held && is_lost),
            "{request:?} was asked for after the opt-out"
        );
    }
}

/// Time alone admits no path earlier than the wake that was asked for.
pub(super) fn of_conditions(contact: &Contact, release: &Release, now: Timestamp) {
    const LOOKS: u64 = 12;
    /// A score that decays is looked at a moment after it fell below a whole number.
    const LEEWAY: Duration = Duration::from_millis(5);
    for run in &contact.enrollments {
        let journey = release.version(run.version).unwrap();
        let paths = looked_at(run, journey, release);
        if paths.is_empty() {
            continue;
        }
        // While it waits for an answer, time moves it when that has come.
        if matches!(run.state, State::Sending { .. } | State::Asking { .. }) {
            continue;
        }
        let until = run.due_at().unwrap_or(now);
        let step = (until.since(now).as_millis() / u128::from(LOOKS)).max(60_000);
        let step = Duration::from_millis(u64::try_from(step).unwrap());
        let mut at = now;
        loop {
            for path in &paths {
                assert!(
                    !holds(path, contact, run, journey, release, at),
                    "{} {path:?} holds at {at}, {run:?}",
                    journey.id
                );
            }
            at = at.plus(step);
            if at.plus(LEEWAY) >= until {
                break;
            }
        }
    }
}

/// The paths of a run that a condition admits at any moment.
fn looked_at<'j>(
    run: &Enrollment,
    journey: &'j Journey,
    release: &Release,
) -> Vec<&'j JourneyPath> {
    if run.paused_at.is_some() || release.is_paused(&run.journey) {
        return Vec::new();
    }
    let exits = journey.exits.iter().filter(|_| run.leaving.is_none());
    let step = journey.find(run.step()).and_then(|ix| journey.step(ix));
    let paths = match (&run.state, step.map(|step| &step.verb)) {
        (State::Listening { .. }, Some(Verb::WaitUntil { paths })) => paths.as_slice(),
        _ => &[],
    };
    exits
        .chain(paths)
        .filter(|path| matches!(path.admission, Admission::If(_)))
        .collect()
}

fn holds(
    path: &JourneyPath,
    contact: &Contact,
    run: &Enrollment,
    journey: &Journey,
    release: &Release,
    at: Timestamp,
) -> bool {
    let Admission::If(condition) = &path.admission else {
        return false;
    };
    let view = View {
        run: Some(run),
        journey: Some(journey),
        ..View::of(contact, release, at)
    };
    condition::evaluate(condition, &view).holds
}
