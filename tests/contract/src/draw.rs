//! What stands in the tables: small values with telling ids.

use serde_json::Value;
use wend_app::ports::{Said, SentCopy};
use wend_core::contact::{Attribute, Contact};
use wend_core::id::{ContactKey, EnrollmentId, InputId, PartHash, PermissionKey, SendId};
use wend_core::identity::{Channel, Identity, IdentityKind};
use wend_core::input::{Answer, AnswerResult, Input};
use wend_core::log::LogRow;
use wend_core::permission::{
    Consent, ConsentChange, Proof, Submission, Suppression, SuppressionReason,
};
use wend_core::personal::Personal;
use wend_core::send::{CallKind, CallRequest, SendRequest, SendState};
use wend_core::time::Timestamp;

pub const fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(secs * 1000)
}

/// A contact's key; those of one `n` modulo 64 stand in one shard of the due index.
pub const fn key(n: u8) -> ContactKey {
    ContactKey::from_bytes([n; 16])
}

pub const fn send_id(n: u8) -> SendId {
    SendId::from_bytes([n; 16])
}

pub const fn address(n: u8) -> PermissionKey {
    PermissionKey::from_bytes([n; 16])
}

/// A contact as it is before it was ever stored.
pub fn contact(n: u8) -> Contact {
    Contact::new(key(n), at(1))
}

/// `contact` with a value of this many bytes in it.
pub fn filled(mut contact: Contact, bytes: usize) -> Contact {
    let value = Personal::new(Value::String("x".repeat(bytes)));
    let attribute = Attribute { value, at: at(1) };
    contact.attributes.insert("filling".to_owned(), attribute);
    contact
}

pub fn named(name: &str) -> Identity {
    Identity::new(IdentityKind::User, name).unwrap()
}

/// The row of input `n` of contact `of`, applied at second `n`.
pub fn row(of: u8, n: u8) -> LogRow {
    fat_row(of, n, 0)
}

/// [`row`] with an input of this many bytes.
pub fn fat_row(of: u8, n: u8, bytes: usize) -> LogRow {
    let answer = Answer {
        contact: key(of),
        enrollment: run(),
        call: send_id(n),
        at: at(i64::from(n)),
        result: AnswerResult::Done(Personal::new(Value::String("x".repeat(bytes)))),
    };
    LogRow {
        partition: key(of),
        id: InputId::from_bytes([n; 16]),
        contact: key(of),
        rev: u64::from(n),
        at: at(i64::from(n)),
        accepted_at: at(0),
        input: Input::Answer(Box::new(answer)),
        refusal: None,
        trace: Vec::new(),
        merged: Vec::new(),
        effects: Vec::new(),
    }
}

/// The copy of a mail whose text is `text`, claimed at second `secs`.
pub fn sent_copy(text: &str, secs: i64) -> SentCopy {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    SentCopy {
        claimed_at: at(secs),
        template: "hello".to_owned(),
        part: PartHash::from_bytes([1; 16]),
        to: Personal::new("ana@example.com".to_owned()),
        said: Said::Mail {
            headers: vec![
                header("Subject", "Grüße"),
                header("List-Unsubscribe", "<https://example.com>"),
            ],
            text: text.to_owned(),
            html: format!("<p>{text}</p>\r\n\u{1f600}"),
        },
    }
}

const fn run() -> EnrollmentId {
    EnrollmentId::from_bytes([1; 16])
}

/// A request for send `n` to contact `n`, whose address has permission row `n`.
pub fn request(n: u8) -> SendRequest {
    SendRequest {
        send: send_id(n),
        contact: key(n),
        enrollment: run(),
        journey: "welcome".to_owned(),
        version: PartHash::from_bytes([1; 16]),
        step: "hello".to_owned(),
        template: "hello".to_owned(),
        channel: Channel::Email,
        permission: Some(address(n)),
        requested_at: at(1),
        expires_at: at(100),
        from: None,
        variant: None,
        origin: None,
        given: std::collections::BTreeMap::new(),
    }
}

/// A call about contact `of` in a run that input `origin` began.
pub fn call(of: u8, origin: u8) -> CallRequest {
    CallRequest {
        call: send_id(of),
        contact: key(of),
        enrollment: run(),
        journey: "welcome".to_owned(),
        step: "ask".to_owned(),
        is_rehearsal: false,
        requested_at: at(1),
        kind: CallKind::Webhook {
            connection: "crm".to_owned(),
            timeout_secs: 5,
        },
        given: std::collections::BTreeMap::new(),
        origin: (key(of), InputId::from_bytes([origin; 16])),
    }
}

pub const fn submitting(secs: i64) -> SendState {
    let (at, tries) = (at(secs), 1);
    SendState::Submitting { at, tries }
}

pub const fn held(secs: i64) -> SendState {
    SendState::Held { at: at(secs) }
}

pub const fn unknown(secs: i64) -> SendState {
    let (at, tries) = (at(secs), 1);
    SendState::Unknown { at, tries }
}

pub const fn submission(n: u8, secs: i64) -> Submission {
    Submission {
        send: send_id(n),
        at: at(secs),
        topic: None,
    }
}

/// What permission row 1 says on `topic`.
pub fn word(topic: &str, opted_in: bool, secs: i64) -> ConsentChange {
    ConsentChange {
        permission: address(1),
        topic: topic.to_owned(),
        consent: Consent {
            opted_in,
            at: at(secs),
            proof: proof(),
        },
        is_pending: false,
    }
}

/// How a word is said here.
pub fn proof() -> Proof {
    let mut proof = Proof::new("the form", Some("Ja, schickt mir Neues: \"alles\""));
    proof.send = Some(send_id(7));
    proof.confirmed_at = Some(at(3));
    proof
}

pub const fn closed(reason: SuppressionReason, secs: i64) -> Suppression {
    Suppression {
        at: at(secs),
        reason,
    }
}
