//! The projects that are simulated: small made ones, and the starter.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use wend_core::definitions::{SourceFile, read_all};
use wend_core::release::{Definition, MessageClass, OnUnknown, Part, Reentry, Trigger};

/// A project, read once.
#[derive(Debug)]
pub struct Project {
    /// What is published first, by its settings: lax, strict.
    first: [Vec<Part>; 2],
    /// The same with some journeys edited and a template gone.
    edited: [Vec<Part>; 2],
    /// What promises depend on.
    pub rules: Rules,
}

/// What definitions say that promises depend on.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Class and topic by template.
    pub templates: BTreeMap<String, (MessageClass, Option<String>)>,
    /// The templates that are submitted once more when nobody knows what became of them.
    pub retried: BTreeSet<String>,
    /// By journey.
    pub journeys: BTreeMap<String, JourneyRules>,
}

/// What a journey allows.
#[derive(Clone, Copy, Debug)]
pub struct JourneyRules {
    /// Most runs at once.
    pub parallel: u16,
    /// Whether a contact enters once only.
    pub is_once: bool,
}

/// Which project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Small journeys, nothing holds a message.
    Made,
    /// The same with caps and quiet hours.
    Strict,
    /// The starter.
    Starter,
}

/// Which of a project's definitions are published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edition {
    /// Whether journeys are the edited ones.
    pub is_edited: bool,
    /// Whether `wend.yaml` is the strict one.
    pub is_strict: bool,
}

impl Project {
    /// The definitions with these journeys alone and the templates that they name; all, if none is named.
    pub fn only(&self, journeys: &[&str], edition: Edition) -> Vec<Part> {
        let [lax, strict] = if edition.is_edited {
            &self.edited
        } else {
            &self.first
        };
        narrowed(if edition.is_strict { strict } else { lax }, journeys)
    }
}

fn narrowed(parts: &[Part], journeys: &[&str]) -> Vec<Part> {
    if journeys.is_empty() {
        return parts.to_vec();
    }
    let is_kept = |part: &&Part| match &part.definition {
        Definition::Journey(journey) => journeys.contains(&journey.id.as_str()),
        _ => true,
    };
    let kept = parts.iter().filter(is_kept);
    let texts = kept
        .clone()
        .filter(|part| matches!(part.definition, Definition::Journey(_)));
    let texts: String = texts.map(|part| part.source.as_str()).collect();
    let is_used = |part: &&Part| match &part.definition {
        Definition::Template(template) => template.id == "alert" || texts.contains(&template.id),
        _ => true,
    };
    kept.filter(is_used).cloned().collect()
}

/// The made projects' journeys, and the event that begins each.
pub const MADE: [&str; 10] = [
    "series", "choice", "basket", "clubbing", "outside", "dry", "twice", "sale", "joining", "coded",
];

/// The starter's journeys.
pub const STARTER: [&str; 8] = [
    "abandoned-cart",
    "birthday",
    "lead-nurture",
    "onboarding",
    "pricing-visit",
    "review",
    "welcome",
    "win-back",
];

/// Reads a project; once a process.
pub fn project(which: Which) -> Result<&'static Project, String> {
    static MADE: OnceLock<Result<Project, String>> = OnceLock::new();
    static STARTER: OnceLock<Result<Project, String>> = OnceLock::new();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = here.join("project");
    let read = match which {
        Which::Made | Which::Strict => MADE.get_or_init(|| {
            let (first, edited) = made(&own, "wend.yaml")?;
            let (first_strict, edited_strict) = made(&own, "wend-strict.yaml")?;
            Ok(Project {
                rules: rules(&first),
                first: [first, first_strict],
                edited: [edited, edited_strict],
            })
        }),
        Which::Starter => STARTER.get_or_init(|| {
            let files = files(&here.join("../../infra/starter"))?;
            let parts = parts(&files)?;
            Ok(Project {
                rules: rules(&parts),
                edited: [parts.clone(), parts.clone()],
                first: [parts.clone(), parts],
            })
        }),
    };
    read.as_ref().map_err(Clone::clone)
}

/// The made definitions with one of their settings, first and edited.
fn made(folder: &Path, settings: &str) -> Result<(Vec<Part>, Vec<Part>), String> {
    let (mut first, mut edited, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for mut file in files(folder)? {
        if file.path.starts_with("wend") {
            if file.path != settings {
                continue;
            }
            "wend.yaml".clone_into(&mut file.path);
        }
        if let Some(name) = file.path.strip_suffix(".edited.yaml") {
            file.path = format!("{name}.yaml");
            edited.push(file);
        } else if let Some(name) = file.path.strip_suffix(".first.md") {
            file.path = format!("{name}.md");
            gone.push(file);
        } else {
            first.push(file);
        }
    }
    let kept = first
        .iter()
        .filter(|file| edited.iter().all(|new| new.path != file.path));
    let second: Vec<SourceFile> = kept.chain(&edited).cloned().collect();
    first.extend(gone);
    Ok((parts(&first)?, parts(&second)?))
}

/// Every definition below `folder`, in the order of their paths.
fn files(folder: &Path) -> Result<Vec<SourceFile>, String> {
    let mut all = Vec::new();
    for place in ["", "journeys", "segments", "scores", "templates", "coupons"] {
        let at = folder.join(place);
        let Ok(entries) = std::fs::read_dir(&at) else {
            continue;
        };
        let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let is_definition = |path: &PathBuf| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            let is_wanted = match place {
                "templates" => "md",
                "coupons" => "csv",
                _ => "yaml",
            };
            extension == Some(is_wanted)
        };
        let mut paths: Vec<PathBuf> = paths.filter(is_definition).collect();
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
            let name = path
                .strip_prefix(folder)
                .map_err(|error| error.to_string())?;
            all.push(SourceFile {
                path: name.to_string_lossy().into_owned(),
                text,
            });
        }
    }
    Ok(all)
}

fn parts(files: &[SourceFile]) -> Result<Vec<Part>, String> {
    let read = read_all(files).map_err(|faults| format!("{faults:?}"))?;
    Ok(read
        .into_iter()
        .map(|(file, definition)| Part::new(file, definition))
        .collect())
}

fn rules(parts: &[Part]) -> Rules {
    let mut rules = Rules::default();
    for part in parts {
        match &part.definition {
            Definition::Journey(journey) => {
                let is_keyed = journey.triggers.iter().any(
                    |trigger| matches!(trigger, Trigger::Event { on, .. } if on.key.is_some()),
                );
                let is_once = !is_keyed && matches!(journey.reentry, Reentry::Never);
                let allows = JourneyRules {
                    parallel: journey.parallel,
                    is_once,
                };
                rules.journeys.insert(journey.id.clone(), allows);
            }
            Definition::Template(template) => {
                let said = (template.class, template.topic.clone());
                rules.templates.insert(template.id.clone(), said);
                if template.on_unknown == OnUnknown::RetryOnce {
                    rules.retried.insert(template.id.clone());
                }
            }
            Definition::Project(_) | Definition::Segment(_) | Definition::Score(_) => {}
        }
    }
    rules
}
