//! Why a text is not a time phrase, and what to write instead.

/// What kind of fault a phrase has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhraseFault {
    /// `1d`, `5m`, `1 day 3h`, `24h at 09:00`: it could mean two things.
    Ambiguous,
    /// Not a phrase of this kind.
    Unreadable,
    /// It reads well and cannot be: 25:00, 30 February, no time at all, longer than ten years.
    Impossible,
    /// There is no such time zone.
    UnknownZone,
}

/// Why a text is not a time phrase. `Display` says what is wrong, in the author's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PhraseError {
    fault: PhraseFault,
    message: String,
    help: String,
    rewrites: Vec<String>,
}

impl PhraseError {
    /// The kind of the fault.
    pub const fn fault(&self) -> PhraseFault {
        self.fault
    }

    /// The stable code of the fault in diagnostics.
    pub const fn code(&self) -> &'static str {
        match self.fault {
            PhraseFault::Ambiguous => "E0121",
            PhraseFault::Unreadable => "E0122",
            PhraseFault::Impossible => "E0123",
            PhraseFault::UnknownZone => "E0124",
        }
    }

    /// What the author can write instead, for people.
    pub fn help(&self) -> &str {
        &self.help
    }

    /// Whole phrases, each readable in the same place, that the author may have meant.
    pub fn rewrites(&self) -> &[String] {
        &self.rewrites
    }

    pub(super) fn new(
        fault: PhraseFault,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            fault,
            message: message.into(),
            help: help.into(),
            rewrites: Vec::new(),
        }
    }

    pub(super) fn unreadable(text: &str, what: &str, help: impl Into<String>) -> Self {
        Self::new(
            PhraseFault::Unreadable,
            format!("`{text}` is not {what}"),
            help,
        )
    }

    pub(super) fn impossible(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(PhraseFault::Impossible, message, help)
    }

    /// The same with phrases that the author may have meant.
    pub(super) fn meant(mut self, rewrites: impl IntoIterator<Item = String>) -> Self {
        self.rewrites.extend(rewrites);
        self
    }

    /// The error of `part` as one of `whole`: the rewrites become whole phrases.
    pub(super) fn inside(mut self, whole: &str, part: &str) -> Self {
        for rewrite in &mut self.rewrites {
            *rewrite = whole.replacen(part, rewrite, 1);
        }
        self
    }

    /// The same with only those rewrites that `is_phrase` accepts: what stands around a part may not suit its rewrite.
    pub(super) fn only(mut self, is_phrase: impl Fn(&str) -> bool) -> Self {
        self.rewrites.retain(|rewrite| is_phrase(rewrite));
        self
    }
}
