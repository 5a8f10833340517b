//! Which keys the readers of a thread have asked for: for the test that compares them with the schemas.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

type Keys = BTreeMap<String, BTreeSet<String>>;

thread_local! {
    static KEYS: RefCell<Option<Keys>> = const { RefCell::new(None) };
}

/// Begins to record.
pub(crate) fn start() {
    KEYS.set(Some(Keys::new()));
}

/// Notes that a map called `what` has the keys `known`.
pub(super) fn note(what: &str, known: &[&str]) {
    KEYS.with_borrow_mut(|keys| {
        if let Some(keys) = keys {
            let keys = keys.entry(what.to_owned()).or_default();
            keys.extend(known.iter().map(|key| (*key).to_owned()));
        }
    });
}

/// What was recorded.
pub(crate) fn take() -> Keys {
    KEYS.take().unwrap_or_default()
}
