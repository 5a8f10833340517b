//! Conditions: the one language after `if`, `entry_if` and `where`, in segments and in scores.
//!
//! Owns what a condition is ([`Condition`]), how it is read from a file ([`read`]), printed back ([`to_yaml`]), decided
//! ([`evaluate`]) and what it depends on ([`reads`]). It must not know where values come from: that is [`World`]'s side.
//!
//! Three rules hold everywhere. What is missing makes every predicate false except `exists: false`. What cannot be compared
//! (a text with `gte`) is false and says so in words. Every evaluation ends: a condition has at most
//! [`NODES_MAX`] nodes, and a pattern at most [`Pattern::CHARS_MAX`] characters.

mod ast;
mod compare;
mod evaluate;
mod moment;
mod print;
mod prove;
mod read;
mod read_did;
mod read_leaf;
mod read_predicate;
mod reads;
mod scalar;
mod timed;
mod values;
mod verdict;
mod world;

pub use crate::path::{NotReadable, Path, Root};
pub use ast::{Condition, Did, DidTotal, Leaf, Membership, MessageState, Now, Test, Where};
pub use evaluate::{evaluate, evaluate_where};
pub use moment::{Moment, When};
pub use print::{to_yaml, where_to_yaml};
pub(crate) use prove::contradiction;
pub use read::{DEPTH_MAX, NODES_MAX, Scope, read};
pub(crate) use read::{condition, filter, tests_of};
pub use reads::{Reads, reads, reads_of_where};
pub use scalar::{Number, Pattern, Topic};
pub use verdict::{Comparison, Found, Verdict};
pub use world::{Fact, Occurrence, Standing, World};

#[cfg(test)]
mod tests;
