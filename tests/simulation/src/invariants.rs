//! The promises, one function each. The first ones are checked at every effect, the last ones after calm.

use std::collections::BTreeSet;

use wend_app::ports::Claim;
use wend_core::brake::Scope;
use wend_core::contact::Contact;
use wend_core::id::{ContactKey, EnrollmentId, SendId};
use wend_core::identity::Channel;
use wend_core::input::{Answer, AnswerResult, Input, Wake};
use wend_core::log::{Effect, LogRow, Merged};
use wend_core::permission::Consent;
use wend_core::release::{Halt, MessageClass};
use wend_core::send::Outcome;
use wend_core::time::Timestamp;

use crate::CLOCKS_AGREE_WITHIN;
use crate::book::Record;
use crate::limits::{IN_FORCE_AFTER, Published, in_force};
use crate::projects::Rules;

/// Whether a promise was kept; if not, how it was broken.
pub type Promise = Result<(), String>;

fn keep(is_kept: bool, words: impl FnOnce() -> String) -> Promise {
    if is_kept { Ok(()) } else { Err(words()) }
}

/// A message is handed to its provider at most once; twice only where its template says `on_unknown: retry_once`.
pub fn at_most_one_submission(send: SendId, count: u32, is_retried: bool) -> Promise {
    keep(count <= 1 + u32::from(is_retried), || {
        format!("at_most_one_submission: {send} was submitted {count} times")
    })
}

/// However often another system is asked and answers, its answer moves the run once.
pub fn answered_once(call: SendId, times: u32) -> Promise {
    keep(times <= 1, || {
        format!("answered_once: {call} moved its run {times} times")
    })
}

/// Other systems are asked only for what a stored decision asks.
pub fn decided_before_asked(call: SendId, record: &Record) -> Promise {
    keep(record.called.contains_key(&call), || {
        format!("decided_before_asked: {call} was asked of nobody's decision")
    })
}

/// Nothing is submitted whose claim follows an unsubscribe, a suppression or an erasure of its address. A newer opt-in counts again.
pub fn nothing_follows_a_no(claim: &Claim<'_>, record: &Record, rules: &Rules) -> Promise {
    let send = claim.request.send;
    keep(!record.shut.contains(&claim.permission), || {
        format!("nothing_follows_a_no: {send} was claimed after its address was suppressed")
    })?;
    let stopped = record.stops.get(&claim.permission);
    keep(stopped.is_none_or(|(is_stopped, _)| !is_stopped), || {
        format!("nothing_follows_a_no: {send} was claimed after its number said stop {stopped:?}")
    })?;
    let Some((MessageClass::Marketing, Some(topic))) = rules.templates.get(&claim.request.template)
    else {
        return Ok(());
    };
    let rests = record.rests.get(&claim.permission);
    keep(rests.is_none_or(|until| claim.at >= *until), || {
        format!("nothing_follows_a_no: {send} was claimed while its address rests until {rests:?}")
    })?;
    let word = record.words.get(&(claim.permission, topic.clone()));
    let no = record.no.get(&claim.permission);
    let no = no.max(record.forgotten.get(&claim.permission));
    let is_yes = |word: &Consent| word.opted_in && no.is_none_or(|no| word.at > *no);
    keep(word.is_some_and(is_yes), || {
        format!("nothing_follows_a_no: {send} was claimed; {word:?}, unsubscribed or erased {no:?}")
    })
}

/// Nothing is submitted whose claim follows the end of an erasure, or a stop, halt or pause that everybody knows of: after
/// [`IN_FORCE_AFTER`] for what a release says, after the function's timeout for the stop of one contact's runs.
pub fn nothing_follows_a_stop(claim: &Claim<'_>, record: &Record, now: Timestamp) -> Promise {
    let request = claim.request;
    if let Some((from, why)) = record.forbidden.get(&request.send) {
        keep(now <= *from, || {
            let send = request.send;
            format!("nothing_follows_a_stop: {send} was claimed at {now}; {why} by {from}")
        })?;
    }
    let entered_at = record.entered_at.get(&request.enrollment);
    let allows = |published: &Published| {
        let manifest = &published.manifest;
        let halts = [Halt::Everything, Halt::Channel(request.channel)];
        let is_halted = halts.iter().any(|halt| manifest.halts.contains_key(halt));
        let pauses = manifest.pauses.get(&request.journey);
        let last = pauses.and_then(|pauses| pauses.last());
        let is_paused = last.is_some_and(|pause| pause.resumed.is_none());
        let stop = manifest.stops.get(&request.journey);
        let is_stopped = stop.is_some_and(|stop| entered_at.is_some_and(|at| *at <= stop.at));
        !is_halted && !is_paused && !is_stopped
    };
    keep(in_force(record, now).any(allows), || {
        let (send, journey) = (request.send, &request.journey);
        format!(
            "nothing_follows_a_stop: {send} was claimed at {now}; {journey} is stopped, halted or paused"
        )
    })
}

/// No marketing mail is submitted whose claim follows a brake that everybody knows of, after [`IN_FORCE_AFTER`]; under one of
/// entries no message at all of those who have entered since.
pub fn brakes_hold(claim: &Claim<'_>, record: &Record, rules: &Rules, now: Timestamp) -> Promise {
    let request = claim.request;
    let class = rules.templates.get(&request.template);
    if !class.is_some_and(|(class, _)| *class == MessageClass::Marketing) {
        return Ok(());
    }
    let entered_at = record.entered_at.get(&request.enrollment);
    let is_mail = request.channel == Channel::Email;
    let holding = record.brakes.iter().find(|(scope, brake)| {
        let is_of = match scope {
            Scope::All => is_mail,
            Scope::Journey(journey) => is_mail && *journey == request.journey,
            Scope::Entries(journey) => {
                *journey == request.journey && entered_at.is_some_and(|at| *at >= brake.from)
            }
        };
        is_of && brake.since.plus(IN_FORCE_AFTER) < now
    });
    keep(holding.is_none(), || {
        format!(
            "brakes_hold: {} was claimed at {now} under {holding:?}",
            request.send
        )
    })
}

/// A send row moves as its states allow.
pub fn moves_are_lawful(send: SendId, from: &'static str, to: &'static str) -> Promise {
    keep(MOVES.contains(&(from, to)), || {
        format!("moves_are_lawful: {send} was {from} and became {to}")
    })
}

/// How a send row may move.
pub const MOVES: [(&str, &str); 13] = [
    ("none", "submitting"),
    ("none", "skipped"),
    ("submitting", "held"),
    ("submitting", "unknown"),
    ("submitting", "accepted"),
    ("submitting", "rejected"),
    // A second submission was refused, and nobody knows of the first.
    ("submitting", "closed as unknown"),
    ("held", "submitting"),
    ("held", "skipped"),
    ("unknown", "submitting"),
    ("unknown", "accepted"),
    ("unknown", "closed as unknown"),
    ("closed as unknown", "accepted"),
];

/// What is submitted was asked for by a decision that is stored.
pub fn asked_for_before_sent(claim: &Claim<'_>, record: &Record) -> Promise {
    let send = claim.request.send;
    keep(record.requested.contains_key(&send), || {
        format!("asked_for_before_sent: no stored decision asks for {send}")
    })
}

/// A final row stays as it is, but that evidence turns unknown into accepted.
pub fn final_stays(send: SendId, before: Option<&Outcome>, after: &Outcome) -> Promise {
    let is_kept = match before {
        None => true,
        Some(Outcome::Unknown) => matches!(after, Outcome::Unknown | Outcome::Accepted { .. }),
        Some(before) => before == after,
    };
    keep(is_kept, || {
        format!("final_stays: {send} was {before:?} and became {after:?}")
    })
}

/// A contact's revision, and the steps that each run has begun, only grow.
pub fn revisions_only_grow(before: Option<&Contact>, after: &Contact) -> Promise {
    let known = before.map_or(0, |before| before.rev);
    keep(after.rev == known, || {
        format!(
            "revisions_only_grow: {} was written over {known} with {}",
            after.id, after.rev
        )
    })?;
    for run in before.into_iter().flat_map(|before| &before.enrollments) {
        let begun = after.run(run.id).map_or(u32::MAX, |run| run.steps_begun);
        keep(begun >= run.steps_begun, || {
            format!(
                "revisions_only_grow: run {} went back to step {begun}",
                run.id
            )
        })?;
    }
    Ok(())
}

/// A contact is merged as it was last written: nothing that it was told is lost.
pub fn merged_as_it_was(before: Option<&Contact>, merged: &Merged) -> Promise {
    keep(
        before.is_some_and(|before| before.rev == merged.rev),
        || {
            let (id, rev) = (merged.contact.id, merged.rev);
            format!("merged_as_it_was: {id} was merged as of {rev}, it was {before:?}")
        },
    )
}

/// A run that has ended never comes back.
pub fn ended_runs_stay_ended(contact: &Contact, ended: &BTreeSet<EnrollmentId>) -> Promise {
    let back = contact
        .enrollments
        .iter()
        .find(|run| ended.contains(&run.id));
    keep(back.is_none(), || {
        format!("ended_runs_stay_ended: {back:?}")
    })
}

/// A contact has at most so many runs of a journey at once as the journey allows, and one of a key.
pub fn no_parallel_runs(contact: &Contact, rules: &Rules) -> Promise {
    for run in &contact.enrollments {
        let like = contact
            .enrollments
            .iter()
            .filter(|other| other.journey == run.journey);
        let of_key = like.clone().filter(|other| other.key == run.key).count();
        let limit = rules
            .journeys
            .get(&run.journey)
            .map_or(1, |journey| journey.parallel);
        let is_kept = of_key <= 1 && like.count() <= usize::from(limit);
        keep(is_kept, || {
            format!("no_parallel_runs: {of_key} runs of {} at once", run.journey)
        })?;
    }
    Ok(())
}

/// Nobody enters a second time where the journey says never.
pub fn reentry_is_kept(journey: &str, times: u32, rules: &Rules) -> Promise {
    let is_once = rules
        .journeys
        .get(journey)
        .is_some_and(|journey| journey.is_once);
    keep(!is_once || times <= 1, || {
        format!("reentry_is_kept: {journey} was entered {times} times")
    })
}

/// Who has drawn a path of a split keeps it.
pub fn draws_are_stable(before: Option<&Contact>, after: &Contact) -> Promise {
    let draws = before.into_iter().flat_map(|before| &before.draws);
    for (salt, path) in draws {
        keep(after.draws.get(salt) == Some(path), || {
            format!(
                "draws_are_stable: {salt} was {path} and became {:?}",
                after.draws.get(salt)
            )
        })?;
    }
    Ok(())
}

/// An older word never overrides a newer one; of a yes and a no at one moment the no counts.
pub fn the_newer_word_counts(expected: Option<&Consent>, stored: Option<&Consent>) -> Promise {
    keep(expected == stored, || {
        format!("the_newer_word_counts: {expected:?} was said, {stored:?} is stored")
    })
}

/// No decision asks for a message of whose end its contact has heard. What was given back late may be asked for once more: a
/// decision does not know whether it is over.
pub fn what_is_over_is_not_asked_for(row: &LogRow, heard: &BTreeSet<SendId>) -> Promise {
    let is_over =
        |effect: &&Effect| matches!(effect, Effect::Send(request) if heard.contains(&request.send));
    let again = row.effects.iter().find(is_over);
    let is_late = matches!(row.input, Input::Held(_));
    keep(is_late || again.is_none(), || {
        format!("what_is_over_is_not_asked_for: {again:?}")
    })
}

/// An input is applied once, however often it is delivered.
pub fn applied_once(row: &LogRow, is_new: bool) -> Promise {
    keep(is_new, || {
        format!("applied_once: {} was applied again", row.input.id())
    })
}

/// A code is given to one call, hence to one contact, and a call has one code.
pub fn a_code_is_given_once(call: SendId, code: &str, to: SendId, had: &str) -> Promise {
    keep(to == call && had == code, || {
        format!("a_code_is_given_once: {code} was given to {call}; it is {to}'s, which has {had}")
    })
}

/// The answer to a draw is the code that the call was given; where it was given none, the draw has failed.
pub fn an_answer_has_its_code(answer: &Answer, had: Option<&str>) -> Promise {
    let said = match &answer.result {
        AnswerResult::Done(value) => value.expose()["code"].as_str(),
        AnswerResult::Failed { .. } => None,
    };
    keep(said == had, || {
        let call = answer.call;
        format!("an_answer_has_its_code: {call} was given {had:?} and answered {said:?}")
    })
}

/// No code is lost on its way: whoever asked for it has the answer.
pub fn every_code_arrives(record: &Record) -> Promise {
    let mut drawn = record.drawn.iter();
    let lost = drawn.find(|(call, _)| !record.heard.contains(call));
    keep(lost.is_none(), || {
        format!("every_code_arrives: {lost:?} was drawn and never answered")
    })
}

/// A wake moves nobody before its time; clocks may differ a little.
pub fn wakes_are_never_early(wake: &Wake, now: Timestamp) -> Promise {
    keep(wake.due_at <= now.plus(CLOCKS_AGREE_WITHIN), || {
        format!(
            "wakes_are_never_early: due at {}, applied at {now}",
            wake.due_at
        )
    })
}

/// Addresses stand in no queue but inputs, what the provider itself says, and finished requests to other systems.
pub fn addresses_stay_in_inputs(queue: &str, body: &str) -> Promise {
    let may = matches!(queue, "inputs" | "feedback" | "webhooks");
    keep(may || !has_address(body), || {
        format!("addresses_stay_in_inputs: one is in {queue}")
    })
}

/// Whether a text has an address of a simulated contact in it.
pub fn has_address(text: &str) -> bool {
    text.contains("canary") || text.contains("4915550001")
}

/// Every accepted input was applied, after dead letters were put back.
pub fn accepted_is_applied(record: &Record) -> Promise {
    let lost = record
        .accepted
        .iter()
        .find(|key| !record.applied.contains(key));
    keep(lost.is_none(), || {
        format!("accepted_is_applied: {lost:?} was lost")
    })
}

/// Every message that a stored decision asks for has ended, as exactly one thing, and its run knows. What the run of an erased
/// contact held is gone with it.
pub fn every_send_ends(record: &Record) -> Promise {
    for (send, request) in &record.requested {
        let has_ended = record.finals.contains_key(send) || record.gone.contains(send);
        keep(has_ended, || {
            format!(
                "every_send_ends: {send} of step {} never ended",
                request.step
            )
        })?;
    }
    let open = record
        .contacts
        .values()
        .flat_map(|contact| &contact.enrollments);
    let mut open = open.filter(|run| {
        use wend_core::enrollment::State;
        matches!(run.state, State::Sending { .. } | State::Asking { .. })
    });
    let stuck = open.next();
    keep(stuck.is_none(), || {
        format!("every_send_ends: a run still waits for one: {stuck:?}")
    })
}

/// A message leaves only when it can be shown again.
pub fn kept_before_it_leaves(send: SendId, is_kept: bool) -> Promise {
    keep(is_kept, || {
        format!("kept_before_it_leaves: {send} was submitted without a copy")
    })
}

/// No copy is left of a message to somebody whose erasure has returned. Who has come back under the same name since is left out.
pub fn nothing_is_kept_of_the_erased(record: &Record) -> Promise {
    let of_nobody = |(send, contact): &(&SendId, &ContactKey)| {
        let is_erased = record.erased.contains(send) && !record.erasing.contains_key(contact);
        is_erased && !record.contacts.contains_key(contact)
    };
    let left = record.copies.iter().find(of_nobody);
    keep(left.is_none(), || {
        format!("nothing_is_kept_of_the_erased: {left:?}")
    })
}

/// The ledger says of each message what became of it: accepted is taken, skipped and rejected never left.
pub fn the_ledger_is_true(record: &Record) -> Promise {
    for (send, outcome) in &record.finals {
        let is_taken = record.submissions.contains_key(send);
        let is_true = match outcome {
            Outcome::Accepted { .. } => is_taken,
            Outcome::Rejected { .. } | Outcome::Skipped { .. } => !is_taken,
            Outcome::Unknown => true,
        };
        keep(is_true, || {
            format!("the_ledger_is_true: {send} is {outcome:?}, taken: {is_taken}")
        })?;
    }
    let untold = record
        .submissions
        .keys()
        .find(|send| !record.finals.contains_key(send));
    keep(untold.is_none(), || {
        format!("the_ledger_is_true: {untold:?} left and has no end")
    })
}

/// Every word on a topic that a stored decision asks to be written is written, or a newer one.
pub fn every_word_is_written(record: &Record) -> Promise {
    let is_written = |change: &&wend_core::permission::ConsentChange| {
        let word = record.words.get(&(change.permission, change.topic.clone()));
        word.is_some_and(|word| word.at >= change.consent.at)
    };
    let lost = record.consents.iter().find(|change| !is_written(change));
    keep(lost.is_none(), || {
        format!("every_word_is_written: {lost:?} is not")
    })
}

/// A no that an address had said when a contact left it holds at the one that took its place.
pub fn every_no_is_carried(record: &Record) -> Promise {
    for left in &record.carried {
        let at_new = record.no.get(&left.to).copied();
        keep(at_new >= left.no, || {
            let no = left.no;
            format!("every_no_is_carried: {no:?} was said, {at_new:?} holds at the new address")
        })?;
        for (topic, at) in &left.refused {
            let new = record.words.get(&(left.to, topic.clone()));
            keep(new.is_some_and(|new| new.at >= *at), || {
                format!("every_no_is_carried: no to {topic} at {at}, {new:?} at the new address")
            })?;
        }
    }
    Ok(())
}

/// Nobody is overdue, and who waits for a moment is in the due index by then.
pub fn nothing_is_overdue(record: &Record, now: Timestamp) -> Promise {
    for contact in record.contacts.values() {
        let timer = contact.earliest_timer();
        keep(timer.is_none_or(|timer| timer > now), || {
            format!(
                "nothing_is_overdue: {} was due at {timer:?}, it is {now}",
                contact.id
            )
        })?;
        let is_seen = timer.is_none_or(|timer| contact.due_at.is_some_and(|due| due <= timer));
        keep(is_seen, || {
            format!(
                "nothing_is_overdue: {} is due at {timer:?}, indexed {:?}",
                contact.id, contact.due_at
            )
        })?;
    }
    Ok(())
}
