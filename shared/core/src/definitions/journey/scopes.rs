//! What has a value where in a journey.

use crate::condition::{Root, Scope};
use crate::definitions::reader::GivenScope;

/// The `where` of a trigger: there is no run yet.
pub(super) const TRIGGER: Scope = Scope {
    roots: &[Root::Contact],
    messages: false,
    facts: false,
    why: "there is no run yet: compare with contact.… or with what is written here",
};

/// `entry_if`: the run is about to begin.
pub(super) const ENTRY: Scope = Scope {
    roots: &[Root::Contact, Root::Trigger, Root::Vars, Root::Score],
    messages: false,
    facts: true,
    why: "the run has sent and saved nothing yet; it knows contact.…, trigger.…, vars.…, score.… and facts",
};

/// Inside a run: everything.
pub(super) const RUN: Scope = Scope::ALL;

/// What a run can pass on.
pub(super) const GIVEN: GivenScope = GivenScope {
    roots: RUN.roots,
    has_now: false,
};

/// What an attribute can be set to.
pub(super) const SET: GivenScope = GivenScope {
    roots: RUN.roots,
    has_now: true,
};
