//! Whole projects and the messages that they make, as callers of this crate see them.
//!
//! | module | shows |
//! |---|---|
//! | `designed` | folders, MJML, layouts, partials, languages |
//! | `hostile` | values that want to be more than values |
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests, and what they stand on"
)]

mod designed;
mod hostile;
mod support;
