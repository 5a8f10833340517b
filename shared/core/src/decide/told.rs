//! What tests tell a contact, and what they read of the answer.

use serde_json::Value;

use super::{Context, Decision, Subject, decide};
use crate::contact::Contact;
use crate::id::{ContactKey, InputId};
use crate::identity::{Identity, IdentityKind, IdentitySecret};
use crate::input::{Envelope, Event, EventKind, Input, Properties, SendOutcome};
use crate::log::{Effect, EndReason, LogRow, Trace};
use crate::personal::Personal;
use crate::release::Release;
use crate::send::{Outcome, SendRequest};
use crate::time::Timestamp;

pub(super) const SECRET: IdentitySecret = IdentitySecret::new([7; 32]);
/// The one contact.
pub(super) const ID: ContactKey = ContactKey::from_bytes([1; 16]);

/// Decides on an input that is accepted at this moment.
pub(super) fn decided(
    release: &Release,
    contact: Option<Contact>,
    now: Timestamp,
    input: Input,
) -> Decision {
    let envelope = Envelope {
        accepted_at: now,
        input,
    };
    let context = Context {
        release,
        secret: &SECRET,
        clock: now,
    };
    let subject = Subject {
        id: ID,
        contact,
        erased_at: None,
        others: Vec::new(),
    };
    decide(subject, &envelope, context).unwrap()
}

/// Input number `n`: something that `ana` did or said at this moment.
pub(super) fn event(n: u8, kind: EventKind, traits: Value, now: Timestamp) -> Event {
    Event {
        id: InputId::from_bytes([n; 16]),
        kind,
        address: Identity::new(IdentityKind::User, "ana").unwrap(),
        also: Vec::new(),
        occurred_at: now,
        properties: Personal::default(),
        traits: object(traits),
        is_import: false,
        agreement: None,
        public_source: None,
    }
}

/// The values of a JSON object.
pub(super) fn object(value: Value) -> Personal<Properties> {
    let Value::Object(values) = value else {
        panic!("not an object: {value}")
    };
    Personal::new(values)
}

/// The provider took the message.
pub(super) fn accepted(request: &SendRequest, now: Timestamp) -> Input {
    Input::Outcome(SendOutcome {
        contact: request.contact,
        enrollment: request.enrollment,
        send: request.send,
        at: now,
        outcome: Outcome::Accepted {
            provider_id: "p1".into(),
        },
    })
}

pub(super) fn sends(row: &LogRow) -> Vec<SendRequest> {
    let sends = row.effects.iter().filter_map(|effect| match effect {
        Effect::Send(request) => Some((**request).clone()),
        Effect::Consent(_) | Effect::Carry { .. } | Effect::Call(_) | Effect::Wake { .. } => None,
    });
    sends.collect()
}

pub(super) fn ends(trace: &[Trace]) -> Vec<EndReason> {
    let ends = trace.iter().filter_map(|line| {
        let Trace::Ended { reason, .. } = line else {
            return None;
        };
        Some(reason.clone())
    });
    ends.collect()
}
