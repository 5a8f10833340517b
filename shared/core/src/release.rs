//! All published definitions, numbered.
//!
//! A release is a small *manifest* and immutable *parts*, each named by the hash of its source. A part holds the source text
//! (comments and all) and its compiled form. Journeys that somebody may still be inside stay in the manifest after they
//! were replaced or deleted: a run follows the version that it entered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::definitions::SourceFile;
use crate::enrollment::Enrollment;
use crate::id::PartHash;
use crate::identity::Channel;
use crate::time::Timestamp;

mod audience;
mod facts;
mod form;
mod index;
mod journey;
mod manifest;
mod plan;
mod project;
mod ramp;
mod step;
mod template;

pub use audience::{Score, ScoreRule, ScoreSource, Segment, Threshold};
pub(crate) use facts::millis;
pub use facts::{FactRule, did_key, fact_key};
pub use form::{FormConsent, WebForm};
pub use index::{Entrance, Index, conditions, heard, paths};
pub use journey::{
    CAMPAIGN_PRIORITY, EventMatch, Existing, Goal, Hold, InFlight, Journey, JourneyState, PRIORITY,
    Pace, PastHour, Reentry, Removed, Retrigger, Sending, Share, Stage, StepIx, Trigger,
};
pub use manifest::{Halt, Manifest, Pause, Resume, Stop};
pub use project::{
    AttributeRule, Cap, CapPeriod, Computed, CouponPool, Environment, EventRule, EventSource,
    ManagedBy, OptIn, Project, ProjectSending, PropertyRule, Sender, Team, TimeScale, Topic,
    UnknownEvents, ValueType, Webhook,
};
pub use ramp::{Ramp, RampDay};
pub use step::{
    Admission, Given, GivenMap, Goto, IfPast, JourneyPath, Message, OnError, Step, Then, Update,
    Verb, Winner, WinnerBy,
};
pub use template::{
    Body, Form, Locale, Made, MessageClass, OnUnknown, Source, Template, Variant, nearest_locale,
};

/// One definition of any kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Definition {
    /// `wend.yaml`.
    Project(Project),
    /// `journeys/<id>.yaml`.
    Journey(Journey),
    /// `segments/<id>.yaml`.
    Segment(Segment),
    /// `scores/<id>.yaml`.
    Score(Score),
    /// `templates/<id>.md` or `templates/<id>/message.yaml`.
    Template(Template),
}

impl Definition {
    /// The kind's name in part hashes.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Project(_) => "project",
            Self::Journey(_) => "journey",
            Self::Segment(_) => "segment",
            Self::Score(_) => "score",
            Self::Template(_) => "template",
        }
    }

    /// The definition's id within its kind.
    pub fn id(&self) -> &str {
        match self {
            Self::Project(project) => &project.id,
            Self::Journey(journey) => &journey.id,
            Self::Segment(segment) => &segment.id,
            Self::Score(score) => &score.id,
            Self::Template(template) => &template.id,
        }
    }
}

/// An immutable part of releases: source and compiled form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
        let (kind, id) = (self.definition.kind(), self.definition.id());
        match &self.definition {
            Definition::Template(template) if !template.files.is_empty() => {
                let mut all = self.source.clone();
                for file in &template.files {
                    all.extend(["\0", &file.path, "\0", &file.text]);
                }
                PartHash::of(kind, id, &all)
            }
            Definition::Template(_)
            | Definition::Project(_)
            | Definition::Journey(_)
            | Definition::Segment(_)
            | Definition::Score(_) => PartHash::of(kind, id, &self.source),
        }
    }
}

/// All published definitions, ready to decide with.
#[derive(Clone, Debug, Default)]
pub struct Release {
    /// The release's number; 0 when nothing was ever published.
    pub number: u64,
    /// The project's settings.
    pub project: Project,
    /// How fast waits go by where it runs.
    pub time_scale: Option<TimeScale>,
    only_to: Vec<String>,
    pauses: BTreeMap<String, Vec<Pause>>,
    stops: BTreeMap<String, Stop>,
    halts: BTreeMap<Halt, Timestamp>,
    journeys: BTreeMap<String, PartHash>,
    versions: BTreeMap<PartHash, Arc<Journey>>,
    trigger_reads: BTreeMap<PartHash, BTreeSet<String>>,
    segments: BTreeMap<String, Segment>,
    scores: BTreeMap<String, Score>,
    templates: BTreeMap<String, (PartHash, Template)>,
    index: Index,
}

impl Release {
    /// Compiles a manifest and its parts.
    pub fn new(manifest: &Manifest, parts: Vec<Part>) -> Self {
        let mut release = Self {
            number: manifest.number,
            pauses: manifest.pauses.clone(),
            stops: manifest.stops.clone(),
            halts: manifest.halts.clone(),
            ..Self::default()
        };
        for part in parts {
            let hash = part.hash();
            release.add(hash, part.definition, manifest.current.contains(&hash));
        }
        let environment = manifest.environment.as_ref();
        let environment = environment.and_then(|name| release.project.environments.get(name));
        release.time_scale = environment.and_then(|environment| environment.time_scale);
        release.only_to = environment
            .map(|environment| environment.only_to.clone())
            .unwrap_or_default();
        release.index = Index::of(&release);
        release
    }

    fn add(&mut self, hash: PartHash, definition: Definition, is_current: bool) {
        match definition {
            Definition::Journey(journey) => {
                if is_current {
                    self.journeys.insert(journey.id.clone(), hash);
                }
                self.trigger_reads
                    .insert(hash, index::trigger_reads(&journey));
                self.versions.insert(hash, Arc::new(journey));
            }
            Definition::Template(template) if is_current => {
                self.templates.insert(template.id.clone(), (hash, template));
            }
            Definition::Segment(segment) if is_current => {
                self.segments.insert(segment.id.clone(), segment);
            }
            Definition::Score(score) if is_current => {
                self.scores.insert(score.id.clone(), score);
            }
            Definition::Project(project) if is_current => self.project = project,
            Definition::Template(_)
            | Definition::Project(_)
            | Definition::Segment(_)
            | Definition::Score(_) => {}
        }
    }

    /// The newest version of a journey.
    pub fn journey(&self, id: &str) -> Option<(PartHash, &Arc<Journey>)> {
        let hash = self.journeys.get(id)?;
        self.versions.get(hash).map(|journey| (*hash, journey))
    }

    /// The newest versions of all journeys, by their names.
    pub fn current(&self) -> impl Iterator<Item = (PartHash, &Arc<Journey>)> {
        let journeys = self.journeys.values();
        journeys.filter_map(|hash| self.versions.get(hash).map(|journey| (*hash, journey)))
    }

    /// The version of a journey that a run follows.
    pub fn version(&self, hash: PartHash) -> Option<&Arc<Journey>> {
        self.versions.get(&hash)
    }

    /// The properties of its trigger that a version of a journey reads.
    pub fn trigger_reads(&self, version: PartHash) -> Option<&BTreeSet<String>> {
        self.trigger_reads.get(&version)
    }

    /// When a journey stood still, oldest first.
    pub fn pauses(&self, journey: &str) -> &[Pause] {
        self.pauses.get(journey).map_or(&[], Vec::as_slice)
    }

    /// Whether a journey stands still now.
    pub fn is_paused(&self, journey: &str) -> bool {
        let last = self.pauses(journey).last();
        last.is_some_and(|pause| pause.resumed.is_none())
    }

    /// Whether a journey was stopped and takes no entries.
    pub fn is_shut(&self, journey: &str) -> bool {
        self.stops.get(journey).is_some_and(|stop| !stop.is_lifted)
    }

    /// Whether a run was inside its journey when somebody stopped that.
    pub fn is_stopped(&self, run: &Enrollment) -> bool {
        let stop = self.stops.get(&run.journey);
        stop.is_some_and(|stop| run.entered_at <= stop.at)
    }

    /// Whether nothing is sent: by `channel`, or by none if there is none.
    pub fn is_halted(&self, channel: Option<Channel>) -> bool {
        let of_channel = channel.map(Halt::Channel);
        let mut halts = of_channel.into_iter().chain([Halt::Everything]);
        halts.any(|halt| self.halts.contains_key(&halt))
    }

    /// Whether this environment may write to an address.
    pub fn may_write_to(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        self.only_to.is_empty()
            || self
                .only_to
                .iter()
                .any(|pattern| is_like(&pattern.to_lowercase(), &address))
    }

    /// A segment or list.
    pub fn segment(&self, id: &str) -> Option<&Segment> {
        self.segments.get(id)
    }

    /// A score.
    pub fn score(&self, id: &str) -> Option<&Score> {
        self.scores.get(id)
    }

    /// All scores.
    pub fn scores(&self) -> impl Iterator<Item = &Score> {
        self.scores.values()
    }

    /// The newest text of a template.
    pub fn template(&self, id: &str) -> Option<&Template> {
        self.templates.get(id).map(|(_, template)| template)
    }

    /// The part that the newest text of a template is: what is made of it can be kept under this name.
    pub fn template_part(&self, id: &str) -> Option<PartHash> {
        self.templates.get(id).map(|(hash, _)| *hash)
    }

    /// The newest texts of all templates.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.templates.values().map(|(_, template)| template)
    }

    /// Rules by what can move them.
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// Whether some rule looks at `event`.
    pub fn reads_event(&self, event: &str) -> bool {
        let index = &self.index;
        index.events.contains_key(event)
            || index.facts.contains_key(event)
            || index.points.contains_key(event)
            || index.heard.contains_key(event)
            || index.lasts.contains_key(event)
    }

    /// Whether it makes a difference to anybody that a message was delivered. Where not, that is no input: it would cost a write for
    /// each message.
    pub fn hears_deliveries(&self) -> bool {
        self.index.hears_deliveries || self.reads_event("message_delivered")
    }

    /// The event name that some rule looks at and that is most like `event`.
    pub fn nearest_event(&self, event: &str) -> Option<&str> {
        let index = &self.index;
        let known = index.events.keys().chain(index.heard.keys());
        let known = known.chain(index.facts.keys()).chain(index.points.keys());
        nearest(event, known.map(String::as_str))
    }
}

/// Whether `text` is as `pattern` says, in which `*` stands for anything.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = pattern.rsplit_once('*').map(|(_, last)| last) else {
        return rest.is_empty();
    };
    let middle: Vec<&str> = parts.collect();
    for part in middle.iter().take(middle.len().saturating_sub(1)) {
        match rest.find(part) {
            Some(place) => rest = rest.get(place + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
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
        assert!(release.reads_event("signed_up"));
        let third = Manifest::next(Some(&second), &[old], Timestamp::default());
        let parts: Vec<PartHash> = third.parts().collect();
        assert_eq!(parts.len(), 2);
        assert!(parts.contains(&new.hash()));
    }

    #[test]
    fn an_environment_writes_only_to_whom_it_may() {
        for (pattern, text, expected) in [
            ("*@example.com", "ana@example.com", true),
            ("*@example.com", "ana@example.com.evil.org", false),
            ("ana@example.com", "ana@example.com", true),
            ("ana@example.com", "xana@example.com", false),
            ("qa+*@*.example.com", "qa+1@mail.example.com", true),
            ("qa+*@*.example.com", "qb+1@mail.example.com", false),
            ("a*a", "a", false),
            ("*", "anybody", true),
        ] {
            assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
        }
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
