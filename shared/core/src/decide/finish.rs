//! What a decision leaves behind: the contact if it changed, and the row.

use std::borrow::Cow;

use super::{DecideError, Deciding, Decision, Subject};
use crate::contact::{CONTACT_BYTES_MAX, Contact};
use crate::id::ContactKey;
use crate::identity::IdentityKind;
use crate::input::{Envelope, Input};
use crate::log::{LogRow, Refusal};
use crate::time::Timestamp;

/// How a decision ended.
pub(super) enum Finished {
    Changed(Box<Decision>),
    Unchanged(Box<LogRow>),
}

/// The contact as it was.
pub(super) fn unchanged(subject: Subject, row: Option<LogRow>) -> Decision {
    Decision {
        contact: subject.contact,
        is_changed: false,
        new_identities: Vec::new(),
        repointed: Vec::new(),
        row,
    }
}

/// A row without trace and effects.
pub(super) fn row(
    envelope: &Envelope,
    partition: ContactKey,
    subject: &Subject,
    now: Timestamp,
    refusal: Option<Refusal>,
) -> LogRow {
    LogRow {
        partition,
        id: envelope.input.id(),
        contact: subject.id,
        rev: subject.contact.as_ref().map_or(0, |contact| contact.rev),
        at: now,
        accepted_at: envelope.accepted_at,
        input: envelope.input.clone(),
        refusal,
        trace: Vec::new(),
        merged: Vec::new(),
        effects: Vec::new(),
    }
}

impl Deciding<'_> {
    /// The decision, with the contact's size checked.
    pub(super) fn finish(
        self,
        subject: &Subject,
        envelope: &Envelope,
    ) -> Result<Finished, DecideError> {
        let mut row = row(envelope, self.partition, subject, self.now, None);
        row.trace = self.trace;
        let is_worth_storing = subject.contact.is_some() || is_worth_storing(&self.contact);
        let is_joined = self.joined.is_joined();
        let changed = match self.contact {
            Cow::Borrowed(contact) if is_joined => contact.clone(),
            Cow::Owned(contact) if is_joined || subject.contact.as_ref() != Some(&contact) => {
                contact
            }
            Cow::Owned(_) | Cow::Borrowed(_) => {
                row.effects = self.effects;
                return Ok(Finished::Unchanged(Box::new(row)));
            }
        };
        if !is_worth_storing {
            row.effects = self.effects;
            return Ok(Finished::Unchanged(Box::new(row)));
        }
        let contact = Contact {
            last_at: self.now,
            release: changed.release.max(self.context.release.number),
            ..changed
        };
        if matches!(envelope.input, Input::Event(_)) && is_too_large(&contact)? {
            row.trace.clear();
            row.refusal = Some(Refusal::ContactTooLarge);
            return Ok(Finished::Unchanged(Box::new(row)));
        }
        row.rev = contact.rev + 1;
        row.merged.clone_from(&self.joined.merged);
        row.effects = self.effects;
        Ok(Finished::Changed(Box::new(Decision {
            contact: Some(contact),
            is_changed: true,
            new_identities: self.new_identities,
            repointed: self.joined.repointed.clone(),
            row: Some(row),
        })))
    }

    /// Whether the contact, as it stands, is more than a visitor.
    pub(super) fn is_worth_storing(&self) -> bool {
        is_worth_storing(&self.contact)
    }
}

/// Whether a contact is larger than an item may be.
pub(super) fn is_too_large(contact: &Contact) -> Result<bool, DecideError> {
    let not_packed = |why: String| DecideError::NotPacked {
        contact: contact.id,
        why,
    };
    let size = contact
        .packed_bytes()
        .map_err(|error| not_packed(error.to_string()))?;
    Ok(size > CONTACT_BYTES_MAX)
}

/// An anonymous visitor of whom nothing is known costs one log row.
fn is_worth_storing(contact: &Contact) -> bool {
    let is_named = contact
        .identities
        .iter()
        .any(|name| name.kind != IdentityKind::Anonymous);
    is_named
        || !contact.attributes.is_empty()
        || !contact.entries.is_empty()
        || !contact.facts.is_empty()
        || !contact.scores.is_empty()
        || !contact.pending.is_empty()
}
