//! All published definitions, numbered.
//!
//! A release is a small *manifest* and immutable *parts*, each named by the hash of its source. A part holds the source text
//! (comments and all) and its compiled form. Journeys that somebody may still be inside stay in the manifest after they
//! were replaced or deleted: a run follows the version that it entered.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::condition::{Condition, Where};
use crate::definitions::SourceFile;
use crate::id::PartHash;
use crate::identity::Channel;
use crate::phrase::{Span, Wait};
use crate::time::Timestamp;
use crate::zone::Zone;

/// A journey's definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journey {
    /// Its id, the file's name.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Who may enter.
    pub state: JourneyState,
    /// The topic that its people opted in to.
    pub topic: Option<String>,
    /// When somebody may enter again, counted from the last entry.
    pub reentry: Reentry,
    /// What must hold of a contact at entry; nothing: all enter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_if: Option<Box<Condition>>,
    /// What starts a run; the first that matches does.
    pub triggers: Vec<Trigger>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// Who may enter a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JourneyState {
    /// Checked and tested, not entered.
    Draft,
    /// Entered by real contacts; no message leaves.
    Rehearsal,
    /// In use.
    Live,
    /// No new entries; those inside go on.
    Closed,
}

/// When somebody may enter a journey again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reentry {
    /// Once in a lifetime.
    Never,
    /// Whenever no run lives.
    Always,
    /// This long after the last entry; days are counted where the contact lives.
    After(Span),
}

/// What starts a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// The event's name, exact.
    pub event: String,
    /// What must hold of the event's properties; nothing: every such event starts a run.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Where>,
}

/// One step of a journey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its id: identity over edits.
    pub id: String,
    /// What it does.
    pub verb: Verb,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Sends a message and lasts until it left or was skipped.
    Email {
        /// The template's id.
        template: String,
    },
    /// Waits.
    Wait {
        /// For what.
        wait: Wait,
        /// What happens when the date has passed, or is not in the data.
        if_past: IfPast,
    },
}

/// What a run does at a wait whose date has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfPast {
    /// Goes on with the next step, at once.
    #[default]
    Continue,
    /// Ends.
    Exit,
}

/// A message's definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Its id, the file's name.
    pub id: String,
    /// How it is sent.
    pub channel: Channel,
    /// Which rules it is under.
    pub class: MessageClass,
    /// The topic that its readers must have opted in to.
    pub topic: String,
    /// The sender, by its name in `wend.yaml`.
    pub from: String,
    /// The subject, a Jinja template.
    pub subject: String,
    /// What a mail program shows beside the subject, a Jinja template.
    pub preheader: Option<String>,
    /// The text, Markdown with Jinja in it.
    pub body: String,
}

/// Which rules a message is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageClass {
    /// All rules: opt-in, unsubscribe, suppression.
    Marketing,
    /// Suppression only.
    Transactional,
}

/// The project's settings, `wend.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// The project's name.
    pub id: String,
    /// The postal address that marketing mail carries (CAN-SPAM).
    pub postal_address: Option<String>,
    /// The zone of contacts who name none; UTC without one.
    #[serde(default)]
    pub zone: Option<Zone>,
    /// Who messages come from, by name.
    pub senders: BTreeMap<String, Sender>,
    /// What contacts can opt in to, by name.
    pub topics: BTreeMap<String, Topic>,
}

/// Who a message comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The name that readers see; may be empty.
    pub name: String,
    /// The address, of a verified SES identity.
    pub address: String,
    /// Where answers go.
    pub reply_to: Option<String>,
}

/// What contacts can opt in to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Its name for people.
    pub title: String,
}

/// One definition of any kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Definition {
    /// `wend.yaml`.
    Project(Project),
    /// `journeys/<id>.yaml`.
    Journey(Journey),
    /// `templates/<id>.md`.
    Template(Template),
}

impl Definition {
    /// The kind's name in part hashes.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Project(_) => "project",
            Self::Journey(_) => "journey",
            Self::Template(_) => "template",
        }
    }

    /// The definition's id within its kind.
    pub fn id(&self) -> &str {
        match self {
            Self::Project(project) => &project.id,
            Self::Journey(journey) => &journey.id,
            Self::Template(template) => &template.id,
        }
    }
}

/// An immutable part of releases: source and compiled form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The source's path below the project's folder.
    pub path: String,
    /// The source text, comments and all.
    pub source: String,
    /// What it says.
    pub definition: Definition,
}

impl Part {
    /// The part that `file` reads as.
    pub fn new(file: SourceFile, definition: Definition) -> Self {
        Self {
            path: file.path,
            source: file.text,
            definition,
        }
    }

    /// The part's name.
    pub fn hash(&self) -> PartHash {
        PartHash::of(self.definition.kind(), self.definition.id(), &self.source)
    }
}

/// Which parts a release consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The release's number; each is one more than the one before.
    pub number: u64,
    /// When it was published.
    pub published_at: Timestamp,
    /// The newest definitions.
    pub current: Vec<PartHash>,
    /// Every version of every journey so far: a run follows the one that it entered, also after it was replaced or deleted.
    pub journeys: Vec<PartHash>,
}

impl Manifest {
    /// The manifest that follows `before` when `parts` are published.
    pub fn next(before: Option<&Self>, parts: &[Part], now: Timestamp) -> Self {
        let is_journey = |part: &&Part| matches!(part.definition, Definition::Journey(_));
        let mut journeys = before.map_or_else(Vec::new, |before| before.journeys.clone());
        journeys.extend(parts.iter().filter(is_journey).map(Part::hash));
        journeys.sort_unstable();
        journeys.dedup();
        Self {
            number: before.map_or(1, |before| before.number + 1),
            published_at: now,
            current: parts.iter().map(Part::hash).collect(),
            journeys,
        }
    }

    /// Every part that the release needs.
    pub fn parts(&self) -> impl Iterator<Item = PartHash> + '_ {
        let replaced = self
            .journeys
            .iter()
            .filter(|hash| !self.current.contains(hash));
        self.current.iter().chain(replaced).copied()
    }
}

/// All published definitions, ready to decide with.
#[derive(Clone, Debug, Default)]
pub struct Release {
    /// The release's number; 0 when nothing was ever published.
    pub number: u64,
    /// The project's settings.
    pub project: Project,
    journeys: BTreeMap<String, PartHash>,
    versions: BTreeMap<PartHash, Arc<Journey>>,
    templates: BTreeMap<String, Template>,
    listeners: BTreeMap<String, Vec<String>>,
}

impl Release {
    /// Compiles a manifest and its parts.
    pub fn new(manifest: &Manifest, parts: Vec<Part>) -> Self {
        let mut release = Self {
            number: manifest.number,
            ..Self::default()
        };
        for part in parts {
            let hash = part.hash();
            release.add(hash, part.definition, manifest.current.contains(&hash));
        }
        release
    }

    fn add(&mut self, hash: PartHash, definition: Definition, is_current: bool) {
        match definition {
            Definition::Journey(journey) => {
                if is_current {
                    self.journeys.insert(journey.id.clone(), hash);
                    for trigger in &journey.triggers {
                        let listeners = self.listeners.entry(trigger.event.clone()).or_default();
                        if !listeners.contains(&journey.id) {
                            listeners.push(journey.id.clone());
                        }
                    }
                }
                self.versions.insert(hash, Arc::new(journey));
            }
            Definition::Template(template) if is_current => {
                self.templates.insert(template.id.clone(), template);
            }
            Definition::Project(project) if is_current => self.project = project,
            Definition::Template(_) | Definition::Project(_) => {}
        }
    }

    /// The newest version of a journey.
    pub fn journey(&self, id: &str) -> Option<(PartHash, &Arc<Journey>)> {
        let hash = self.journeys.get(id)?;
        self.versions.get(hash).map(|journey| (*hash, journey))
    }

    /// The version of a journey that a run follows.
    pub fn version(&self, hash: PartHash) -> Option<&Arc<Journey>> {
        self.versions.get(&hash)
    }

    /// The newest text of a template.
    pub fn template(&self, id: &str) -> Option<&Template> {
        self.templates.get(id)
    }

    /// The newest texts of all templates.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.templates.values()
    }

    /// The journeys that `event` may start, in the order of their names.
    pub fn listeners(&self, event: &str) -> &[String] {
        self.listeners.get(event).map_or(&[], Vec::as_slice)
    }

    /// The event name that somebody listens to and that is most like `event`.
    pub fn nearest_event(&self, event: &str) -> Option<&str> {
        nearest(event, self.listeners.keys().map(String::as_str))
    }
}

/// The known word most like `word`, if it is near enough to be meant; blanks, `-`, `_` and case do not count.
pub(crate) fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    const NEAR: f64 = 0.7;
    let plain = |text: &str| text.to_lowercase().replace([' ', '-', '.'], "_");
    let word = plain(word);
    let scored = known.map(|known| (strsim::jaro_winkler(&word, &plain(known)), known));
    let near = scored.filter(|(score, _)| *score >= NEAR);
    near.max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journey(title: &str) -> Part {
        let text = format!(
            "journey: welcome\ntitle: {title}\nstate: live\ntriggers: [ {{ event: signed_up }} ]\n\
             steps: [ {{ id: pause, wait: 20 s }} ]\n"
        );
        let path = "journeys/welcome.yaml".to_owned();
        let journey = crate::definitions::read_journey(&path, &text).unwrap();
        Part::new(SourceFile { path, text }, Definition::Journey(journey))
    }

    #[test]
    fn a_replaced_journey_stays_for_those_inside() {
        let (old, new) = (journey("One"), journey("Two"));
        let first = Manifest::next(None, std::slice::from_ref(&old), Timestamp::default());
        let second = Manifest::next(
            Some(&first),
            std::slice::from_ref(&new),
            Timestamp::default(),
        );
        assert_eq!((second.number, second.parts().count()), (2, 2));
        let release = Release::new(&second, vec![old.clone(), new.clone()]);
        assert_eq!(
            release.version(old.hash()).map(|j| j.title.as_str()),
            Some("One")
        );
        assert_eq!(
            release.journey("welcome").map(|(hash, _)| hash),
            Some(new.hash())
        );
        assert_eq!(release.listeners("signed_up"), ["welcome"]);
        let third = Manifest::next(Some(&second), &[old], Timestamp::default());
        let parts: Vec<PartHash> = third.parts().collect();
        assert_eq!(parts.len(), 2);
        assert!(parts.contains(&new.hash()));
    }

    #[test]
    fn a_misspelt_event_finds_its_name() {
        let part = journey("One");
        let manifest = Manifest::next(None, std::slice::from_ref(&part), Timestamp::default());
        let release = Release::new(&manifest, vec![part]);
        assert_eq!(release.nearest_event("Signed Up"), Some("signed_up"));
        assert_eq!(release.nearest_event("checkout"), None);
    }
}
