//! Reads a journey file.
//!
//! Three passes: the mappings become a tree of steps and paths that still know their places (`tree`); the tree becomes the
//! flat list that runs are at (`layout`); what that list can and cannot do is looked at (`flow`). Faults of one pass do not
//! keep the next from running, so that one run finds them all.

mod events;
mod flow;
mod header;
mod layout;
mod names;
mod paths;
mod scopes;
mod sending;
mod steps;
mod tree;
mod triggers;
mod update;
mod verbs;

#[cfg(test)]
mod tests;

pub(crate) use verbs::VERBS;

use super::reader::{Faults, Read};
use crate::release::Journey;
use crate::syntax;

pub(super) fn read(file: &str, text: &str) -> Read<Journey> {
    let root = match syntax::parse(file, text) {
        Ok(root) => root,
        Err(fault) => return Read::failed(fault),
    };
    let mut faults = Faults::new(file);
    let journey = header::read(&root, &mut faults);
    faults.read(journey)
}
