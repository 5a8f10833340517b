//! A document with everything that a person wrote into it.

/// What stands on the lines above an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Above {
    /// One or more empty lines.
    Blank,
    /// A comment with its `#`.
    Comment(String),
}

/// A scalar as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scalar {
    pub(super) text: String,
    /// Whether it stands without quotes.
    pub(super) is_plain: bool,
}

/// A text that stands on lines of its own below `|` or `>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// `|-`, `>2+` and the like.
    pub(super) header: String,
    /// The comment beside the header.
    pub(super) comment: Option<String>,
    /// The lines without their indentation.
    pub(super) lines: Vec<String>,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Not written at all.
    Absent,
    Scalar(Scalar),
    Block(Block),
    Items(Items),
}

/// A map or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Items {
    pub(super) is_map: bool,
    /// Whether it stands in brackets.
    pub(super) is_flow: bool,
    pub(super) entries: Vec<Entry>,
    /// What stands below the last entry and belongs to it all.
    pub(super) end: Vec<Above>,
}

/// One entry of a map, one item of a list, or a whole document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) above: Vec<Above>,
    /// The key; lists have none.
    pub(super) key: Option<Scalar>,
    /// Comments between the key and its value.
    pub(super) between: Vec<String>,
    pub(super) value: Value,
    /// The comment at the end of the line.
    pub(super) beside: Option<String>,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Document {
    /// Its one value.
    pub(super) root: Entry,
    /// The comments below everything.
    pub(super) end: Vec<Above>,
}

impl Items {
    /// Whether there is a comment anywhere in it.
    pub(super) fn has_comments(&self) -> bool {
        let is_comment = |above: &Above| matches!(above, Above::Comment(_));
        let in_entry = |entry: &Entry| {
            entry.beside.is_some()
                || entry.above.iter().any(is_comment)
                || matches!(&entry.value, Value::Items(items) if items.has_comments())
        };
        self.end.iter().any(is_comment) || self.entries.iter().any(in_entry)
    }

    /// The value under `key`.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        let is_it = |entry: &&Entry| entry.key.as_ref().is_some_and(|found| found.text == key);
        self.entries.iter().find(is_it).map(|entry| &entry.value)
    }
}

impl Value {
    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(scalar) => Some(&scalar.text),
            Self::Absent | Self::Block(_) | Self::Items(_) => None,
        }
    }
}
