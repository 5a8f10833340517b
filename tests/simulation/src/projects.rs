//! The projects that are simulated: small made ones, and the starter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use wend_core::definitions::{SourceFile, read_all};
use wend_core::release::{Definition, MessageClass, Part, Reentry, Trigger};

/// A project, read once.
#[derive(Debug)]
pub struct Project {
    /// What is published first.
    pub parts: Vec<Part>,
    /// The same with some journeys edited.
    pub edited: Vec<Part>,
    /// What promises depend on.
    pub rules: Rules,
}

/// What definitions say that promises depend on.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Class and topic by template.
    pub templates: BTreeMap<String, (MessageClass, Option<String>)>,
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

impl Project {
    /// The definitions, first and edited, with these journeys alone and the templates that they name; all, if none is named.
    pub fn only(&self, journeys: &[&str]) -> (Vec<Part>, Vec<Part>) {
        (
            narrowed(&self.parts, journeys),
            narrowed(&self.edited, journeys),
        )
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
pub const MADE: [&str; 7] = [
    "series", "choice", "basket", "clubbing", "outside", "dry", "twice",
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
    static STRICT: OnceLock<Result<Project, String>> = OnceLock::new();
    static STARTER: OnceLock<Result<Project, String>> = OnceLock::new();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = here.join("project");
    let read = match which {
        Which::Made => MADE.get_or_init(|| made(&own, "wend.yaml")),
        Which::Strict => STRICT.get_or_init(|| made(&own, "wend-strict.yaml")),
        Which::Starter => STARTER.get_or_init(|| {
            let files = files(&here.join("../../infra/starter"))?;
            let parts = parts(&files)?;
            Ok(Project {
                edited: parts.clone(),
                rules: rules(&parts),
                parts,
            })
        }),
    };
    read.as_ref().map_err(Clone::clone)
}

fn made(folder: &Path, settings: &str) -> Result<Project, String> {
    let (mut first, mut edited) = (Vec::new(), Vec::new());
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
        } else {
            first.push(file);
        }
    }
    let kept = first
        .iter()
        .filter(|file| edited.iter().all(|new| new.path != file.path));
    let second: Vec<SourceFile> = kept.chain(&edited).cloned().collect();
    let parts_first = parts(&first)?;
    Ok(Project {
        rules: rules(&parts_first),
        edited: parts(&second)?,
        parts: parts_first,
    })
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
            }
            Definition::Project(_) | Definition::Segment(_) | Definition::Score(_) => {}
        }
    }
    rules
}
