//! JSON Schemas (draft 2020-12) of the files, for editors.
//!
//! A schema knows the shape of a file: keys, one verb a step, how phrases are spelt. What it accepts may still be refused by
//! `wend check`, which also looks at other files; what `wend check` accepts, a schema accepts too, apart from numbers and
//! flags in needless quotes. Objects that the readers read carry as `title` what the readers call them, and a test compares
//! their keys.

mod audience;
mod condition;
mod journey;
mod parts;
mod project;
mod scenario;
mod steps;
mod template;

use serde_json::{Value, json};

/// The kinds of files that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaKind {
    /// `wend.yaml`.
    Project,
    /// `journeys/<id>.yaml`.
    Journey,
    /// `segments/<id>.yaml`.
    Segment,
    /// `scores/<id>.yaml`.
    Score,
    /// `scenarios/<id>.yaml`.
    Scenario,
    /// `templates/<id>/message.yaml`, and the head of `templates/<id>.md`.
    Template,
}

impl SchemaKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Project,
        Self::Journey,
        Self::Segment,
        Self::Score,
        Self::Scenario,
        Self::Template,
    ];

    /// The kind's name, as in `<name>.schema.json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Journey => "journey",
            Self::Segment => "segment",
            Self::Score => "score",
            Self::Scenario => "scenario",
            Self::Template => "template",
        }
    }

    /// Which files it is for, as editors match paths.
    pub const fn files(self) -> &'static str {
        match self {
            Self::Project => "wend.yaml",
            Self::Journey => "journeys/*.yaml",
            Self::Segment => "segments/*.yaml",
            Self::Score => "scores/*.yaml",
            Self::Scenario => "scenarios/*.yaml",
            Self::Template => "templates/*/message.yaml",
        }
    }
}

/// The schema of files of this kind.
pub fn schema(kind: SchemaKind) -> Value {
    let mut schema = match kind {
        SchemaKind::Project => project::schema(),
        SchemaKind::Journey => journey::schema(),
        SchemaKind::Segment => audience::segment(),
        SchemaKind::Score => audience::score(),
        SchemaKind::Scenario => scenario::schema(),
        SchemaKind::Template => template::schema(),
    };
    if let Value::Object(schema) = &mut schema {
        let draft = "https://json-schema.org/draft/2020-12/schema";
        schema.insert("$schema".to_owned(), json!(draft));
        schema.insert("$defs".to_owned(), defs(kind));
    }
    schema
}

/// What the schema of a kind refers to.
fn defs(kind: SchemaKind) -> Value {
    let mut defs = parts::defs();
    match kind {
        SchemaKind::Journey => {
            defs.extend(condition::defs());
            defs.extend(journey::defs());
        }
        SchemaKind::Project | SchemaKind::Segment | SchemaKind::Score => {
            defs.extend(condition::defs());
        }
        SchemaKind::Scenario | SchemaKind::Template => {}
    }
    Value::Object(defs)
}

#[cfg(test)]
mod tests;
