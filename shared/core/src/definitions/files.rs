//! Reads all files of a project.

use serde::{Deserialize, Serialize};

use super::reader::Read;
use super::{Diagnostic, Reference, Severity, check, journey, project, score, segment, template};
use crate::release::Definition;
use crate::syntax::{self, Node, Position};

/// One file of a project: its path below the project's folder and its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// The path, with `/` between its parts.
    pub path: String,
    /// The text.
    pub text: String,
}

/// What the files of a project say, and what is wrong with them.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The files without errors, and what they say.
    pub definitions: Vec<(SourceFile, Definition)>,
    /// Errors and warnings, by file.
    pub faults: Vec<Diagnostic>,
}

impl Checked {
    /// Whether the project can be published.
    pub fn is_good(&self) -> bool {
        let is_warning = |fault: &Diagnostic| fault.severity == Severity::Warning;
        self.faults.iter().all(is_warning)
    }
}

/// What a file defines, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// `wend.yaml`.
    Project,
    /// `journeys/<id>.yaml`.
    Journey,
    /// `segments/<id>.yaml`: a segment or a list.
    Segment,
    /// `scores/<id>.yaml`.
    Score,
    /// `templates/<id>.md` or `templates/<id>/message.yaml`.
    Template,
}

/// One file that was read, also with faults: what it says of others counts for the check across files.
pub(super) struct ReadFile {
    pub(super) source: SourceFile,
    pub(super) kind: Kind,
    /// The file's name without its ending.
    pub(super) id: String,
    /// None where it is no YAML.
    pub(super) tree: Option<Node>,
    /// None where it has an error.
    pub(super) definition: Option<Definition>,
    pub(super) references: Vec<Reference>,
}

/// Reads all files of a project and checks what one says of another. Scenarios are left alone.
pub fn check_all(files: &[SourceFile]) -> Checked {
    let mut read = Vec::new();
    let mut faults = Vec::new();
    for source in files {
        let place = Placed::of(&source.path, files);
        let kind = match place {
            Placed::Definition(kind) => kind,
            Placed::Elsewhere => continue,
            Placed::NotRead(help) => {
                faults.push(not_read(&source.path, &help));
                continue;
            }
        };
        let mut of_file = read_file(kind, source, files);
        faults.append(&mut of_file.faults);
        read.push(ReadFile {
            kind,
            id: id(&source.path).to_owned(),
            tree: tree(kind, source),
            source: source.clone(),
            definition: of_file.value,
            references: of_file.references,
        });
    }
    faults.extend(check::check(&read, files));
    let definitions = read.into_iter();
    let definitions = definitions.filter_map(|file| Some((file.source, file.definition?)));
    Checked {
        definitions: definitions.collect(),
        faults,
    }
}

/// As [`check_all`]: the definitions if there is no error, else all faults.
pub fn read_all(files: &[SourceFile]) -> Result<Vec<(SourceFile, Definition)>, Vec<Diagnostic>> {
    let checked = check_all(files);
    if checked.is_good() {
        Ok(checked.definitions)
    } else {
        Err(checked.faults)
    }
}

/// What a path says of its file.
enum Placed {
    Definition(Kind),
    /// Read by others, or by nobody and known to be so.
    Elsewhere,
    /// Nobody reads it; what to do about it.
    NotRead(String),
}

/// The folders of definitions, with the ending of their files.
const FOLDERS: [(&str, &str, Kind); 4] = [
    ("journeys", "yaml", Kind::Journey),
    ("segments", "yaml", Kind::Segment),
    ("scores", "yaml", Kind::Score),
    ("templates", "md", Kind::Template),
];

impl Placed {
    fn of(path: &str, all: &[SourceFile]) -> Self {
        let Some((folder, name)) = path.split_once('/') else {
            return match path {
                "wend.yaml" => Self::Definition(Kind::Project),
                "wend.yml" => Self::NotRead("rename it: wend.yaml".to_owned()),
                _ => Self::Elsewhere,
            };
        };
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        if name.starts_with('.')
            || matches!((folder, ending), ("scenarios", "yaml") | ("coupons", "csv"))
        {
            return Self::Elsewhere;
        }
        if let Some(place) = Self::in_template(path, all) {
            return place;
        }
        if matches!(folder, "layouts" | "partials") {
            return if is_part(name) {
                Self::Elsewhere
            } else {
                let help = "files in it are called like brand.html, brand.de.mjml or brand.txt";
                Self::NotRead(help.to_owned())
            };
        }
        let of_folder = FOLDERS.iter().find(|(known, ..)| *known == folder);
        let wanted = match (of_folder, folder) {
            (Some((_, wanted, kind)), _) if *wanted == ending && !stem.contains('/') => {
                return Self::Definition(*kind);
            }
            (Some((_, wanted, _)), _) => wanted,
            (None, "scenarios") => "yaml",
            (None, "coupons") => "csv",
            (None, _) => {
                let known = "journeys, segments, scores, templates, layouts, partials, scenarios and coupons";
                return Self::NotRead(format!("files are read in {known}"));
            }
        };
        Self::NotRead(match ending {
            _ if stem.contains('/') => format!("move it: {folder}/ has no folders in it"),
            "yml" if wanted == "yaml" => format!("rename it: {folder}/{stem}.yaml"),
            _ => format!("files in {folder}/ end with `.{wanted}`"),
        })
    }

    /// A file in the folder of a template.
    fn in_template(path: &str, all: &[SourceFile]) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/')?;
        let id = folder.strip_prefix("templates/")?;
        let head = format!("{folder}{}", template::HEAD);
        Some(if id.contains('/') {
            return None;
        } else if path == head {
            Self::Definition(Kind::Template)
        } else if all.iter().all(|file| file.path != head) {
            Self::NotRead(format!(
                "a template that is a folder has its head in {head}"
            ))
        } else if template::is_text(name) {
            Self::Elsewhere
        } else {
            let help = "a template's texts are called email.mjml, email.html, email.md, email.txt, email.de.mjml or sms.txt";
            Self::NotRead(help.to_owned())
        })
    }
}

/// Whether a layout or partial can be called so.
fn is_part(name: &str) -> bool {
    let (stem, ending) = name.rsplit_once('.').unwrap_or_default();
    !stem.is_empty() && !name.contains('/') && matches!(ending, "html" | "mjml" | "txt" | "md")
}

fn not_read(path: &str, help: &str) -> Diagnostic {
    let message = format!("not read: {path}");
    Diagnostic::warning("W0202", path, Position::START, &message).help(help)
}

/// The file's name without folder and ending, or that of the template's folder.
fn id(path: &str) -> &str {
    let path = path.strip_suffix(template::HEAD).unwrap_or(path);
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn read_file(kind: Kind, source: &SourceFile, all: &[SourceFile]) -> Read<Definition> {
    let (path, text) = (source.path.as_str(), source.text.as_str());
    match kind {
        Kind::Project => project::read(path, text).map(Definition::Project),
        Kind::Journey => journey::read(path, text).map(Definition::Journey),
        Kind::Segment => segment::read(path, text).map(Definition::Segment),
        Kind::Score => score::read(path, text).map(Definition::Score),
        Kind::Template => {
            let folder = path.strip_suffix("message.yaml");
            let is_beside = |file: &&SourceFile| {
                let name = folder.and_then(|folder| file.path.strip_prefix(folder));
                name.is_some_and(template::is_text)
            };
            let beside: Vec<&SourceFile> = all.iter().filter(is_beside).collect();
            template::read(path, text, &beside).map(Definition::Template)
        }
    }
}

/// The tree of a definition, for places.
fn tree(kind: Kind, source: &SourceFile) -> Option<Node> {
    let (path, text) = (source.path.as_str(), source.text.as_str());
    match kind {
        Kind::Template => template::parse(path, text).ok().map(|(root, _)| root),
        Kind::Project | Kind::Journey | Kind::Segment | Kind::Score => {
            syntax::parse(path, text).ok()
        }
    }
}
