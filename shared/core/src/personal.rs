//! Personal data that cannot reach a log by accident.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value about a person. `Debug` masks it and there is no `Display`: whoever wants the value must say [`expose`].
///
/// A rule that addresses are never logged does not survive as a document; as a type it does.
///
/// [`expose`]: Personal::expose
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Personal<T>(T);

impl<T> Personal<T> {
    /// Marks `value` as personal.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Must not be logged, put into a metric, or into a queue other than `inputs`, `bulk` and
    /// `webhooks`.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, to change it.
    pub const fn expose_mut(&mut self) -> &mut T {
        &mut self.0
    }

    /// The value itself, owned.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> From<T> for Personal<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_never_holds_the_value() {
        assert_eq!(
            format!("{:?}", Some(Personal::new("ana@example.com"))),
            "Some(***)"
        );
    }
}
