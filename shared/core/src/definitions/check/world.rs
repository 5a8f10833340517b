//! What is known in a project, by name.

use std::collections::BTreeMap;

use crate::definitions::files::{Kind, ReadFile};
use crate::definitions::known::{BUILT_IN_ATTRIBUTES, BUILT_IN_EVENTS, FORM_SUBMITTED};
use crate::definitions::reader::Faults;
use crate::definitions::{Diagnostic, Refers, SourceFile, project, tree};
use crate::identity::Channel;
use crate::release::{Definition, Journey, Project, Template, UnknownEvents};
use crate::syntax::Node;

/// Everything that the files of a project define.
pub(super) struct World<'f> {
    pub(super) files: &'f [ReadFile],
    pub(super) all: &'f [SourceFile],
    /// What `wend.yaml` says as far as it can be read; nothing where there is none.
    pub(super) project: Project,
    tree: Option<&'f Node>,
    emitted: Vec<&'f str>,
    changed: Vec<&'f str>,
}

impl<'f> World<'f> {
    pub(super) fn new(files: &'f [ReadFile], all: &'f [SourceFile]) -> Self {
        let file = files.iter().find(|file| file.kind == Kind::Project);
        let tree = file.and_then(|file| file.tree.as_ref());
        let project = tree.map(|tree| project::as_far(tree, &mut Faults::new("wend.yaml")));
        let names = |wanted: Refers| {
            let all = files.iter().flat_map(|file| &file.references);
            let of_kind = all.filter(move |reference| reference.refers == wanted);
            of_kind.map(|reference| reference.name.as_str())
        };
        Self {
            files,
            all,
            project: project.unwrap_or_default(),
            tree,
            emitted: names(Refers::EmittedEvent).collect(),
            changed: names(Refers::ChangedAttribute).collect(),
        }
    }

    /// Whether there is a `wend.yaml` that is YAML at all: without one nothing can be said of what it would declare.
    pub(super) const fn has_project(&self) -> bool {
        self.tree.is_some()
    }

    /// Advises `near` where `wrong` stands, and offers it as an edit; what stands around it, such as `contact.` or quotes,
    /// stays.
    pub(super) fn meant<'d>(
        &self,
        fault: &'d mut Diagnostic,
        wrong: &str,
        near: &str,
    ) -> &'d mut Diagnostic {
        let written = self.written(fault);
        let meant = match written.rfind(wrong) {
            Some(at) => {
                let (before, rest) = written.split_at(at);
                let after = rest.strip_prefix(wrong).unwrap_or_default();
                format!("{before}{near}{after}")
            }
            None => near.to_owned(),
        };
        let plain = meant.trim_matches(['"', '\'']);
        fault.help = Some(format!("did you mean `{plain}`?"));
        fault.replace(&meant)
    }

    /// What stands at the place of `fault`; nothing if that is more than a line.
    fn written(&self, fault: &Diagnostic) -> String {
        let (at, end) = (fault.at, fault.end);
        let file = self
            .files
            .iter()
            .find(|file| file.source.path == fault.file);
        let mut lines = file.map_or("", |file| &file.source.text).lines();
        let line = lines
            .nth(at.line.saturating_sub(1))
            .filter(|_| at.line == end.line);
        let rest = line
            .unwrap_or_default()
            .chars()
            .skip(at.column.saturating_sub(1));
        rest.take(end.column.saturating_sub(at.column)).collect()
    }

    /// Whether `key` stands in `wend.yaml`.
    pub(super) fn says(&self, key: &str) -> bool {
        self.tree.is_some_and(|tree| tree::get(tree, key).is_some())
    }

    /// The names under `key` of `wend.yaml`, also of what cannot be read.
    pub(super) fn names(&self, key: &str) -> Vec<&'f str> {
        let node = self.tree.and_then(|tree| tree::get(tree, key));
        let entries = node.map_or(&[][..], project::values::entries);
        entries.iter().map(|(key, _)| key.text.as_str()).collect()
    }

    /// Whether the sender `name` says how it sends on `channel`, also if that cannot be read.
    pub(super) fn sends(&self, name: &str, channel: Channel) -> bool {
        let senders = self.tree.and_then(|tree| tree::get(tree, "senders"));
        let sender = senders.and_then(|senders| tree::get(senders, name));
        sender.is_some_and(|sender| tree::get(sender, channel.name()).is_some())
    }

    /// The ids of the files of a kind, also of those with faults.
    pub(super) fn ids(&self, kind: Kind) -> Vec<&'f str> {
        let of_kind = self.files.iter().filter(|file| file.kind == kind);
        of_kind.map(|file| file.id.as_str()).collect()
    }

    /// The ids of segments, or of lists.
    pub(super) fn audiences(&self, key: &str) -> Vec<&'f str> {
        let files = self.files.iter().filter(|file| file.kind == Kind::Segment);
        let other = if key == "list" { "segment" } else { "list" };
        let is_so = |file: &&ReadFile| {
            file.tree
                .as_ref()
                .is_none_or(|tree| tree::get(tree, other).is_none())
        };
        files.filter(is_so).map(|file| file.id.as_str()).collect()
    }

    /// The file that defines `id`.
    pub(super) fn file(&self, kind: Kind, id: &str) -> Option<&'f ReadFile> {
        self.files
            .iter()
            .find(|file| file.kind == kind && file.id == id)
    }

    /// The template called `id`, if it can be read.
    pub(super) fn template(&self, id: &str) -> Option<&'f Template> {
        match self.file(Kind::Template, id)?.definition.as_ref()? {
            Definition::Template(template) => Some(template),
            Definition::Project(_)
            | Definition::Journey(_)
            | Definition::Segment(_)
            | Definition::Score(_) => None,
        }
    }

    /// Whether events are compared with the tracking plan, and how.
    pub(super) const fn unknown_events(&self) -> UnknownEvents {
        self.project.unknown_events
    }

    /// Whether `event` is declared, made here, or Wend's own.
    pub(super) fn has_event(&self, event: &str) -> bool {
        self.names("events").contains(&event)
            || self.emitted.contains(&event)
            || BUILT_IN_EVENTS.contains(&event)
            || (event == FORM_SUBMITTED && self.says("forms"))
    }

    /// The names of events that somebody may have meant.
    pub(super) fn events(&self) -> Vec<&'f str> {
        let mut all = self.names("events");
        all.extend(&self.emitted);
        all.extend(BUILT_IN_EVENTS);
        all.extend(self.says("forms").then_some(FORM_SUBMITTED));
        all
    }

    /// The attributes that contacts can have: declared, computed, set by journeys, or everybody's.
    pub(super) fn attributes(&self) -> Vec<&'f str> {
        let mut all = self.names("attributes");
        all.extend(self.names("computed"));
        all.extend(&self.changed);
        all.extend(BUILT_IN_ATTRIBUTES);
        all
    }
}

/// The journey that `file` defines, if it can be read.
pub(super) const fn journey(file: &ReadFile) -> Option<&Journey> {
    match &file.definition {
        Some(Definition::Journey(journey)) => Some(journey),
        Some(
            Definition::Project(_)
            | Definition::Segment(_)
            | Definition::Score(_)
            | Definition::Template(_),
        )
        | None => None,
    }
}

/// The known word that was probably meant: one that differs in few letters. Stricter than [`super::Faults::unknown`]'s
/// likeness, for most names in a project begin alike, and a name that is not there yet is often no slip at all.
pub(super) fn near<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    const NEAR: f64 = 0.7;
    let plain = |text: &str| text.to_lowercase().replace([' ', '-', '.'], "_");
    let word = plain(word);
    let scored = known.iter().map(|known| {
        let likeness = strsim::normalized_damerau_levenshtein(&word, &plain(known));
        (likeness, *known)
    });
    let near = scored.filter(|(likeness, _)| *likeness >= NEAR);
    near.max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// The definitions that are reached from `id`, by name: for graphs.
pub(super) type Edges<'f> = BTreeMap<&'f str, Vec<&'f str>>;
