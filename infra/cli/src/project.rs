//! A project's folder.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use wend_core::definitions::SourceFile;

/// The folders that hold definitions and what they name, beside `wend.yaml`.
const FOLDERS: [&str; 7] = [
    "coupons",
    "journeys",
    "layouts",
    "partials",
    "scores",
    "segments",
    "templates",
];

/// Folders that are probably meant to be one of these. Their files are told not to be read.
const SLIPS: [&str; 6] = [
    "coupon", "journey", "scenario", "score", "segment", "template",
];

/// The files of the project in `folder`, in the order of their paths.
pub fn load(folder: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let settings = folder.join("wend.yaml");
    if !settings.is_file() {
        bail!("{} is not a project: it has no wend.yaml", folder.display());
    }
    let mut files = vec![read(&settings, "wend.yaml".to_owned())?];
    for name in FOLDERS {
        files.extend(below(folder, name)?);
    }
    // Templates that are folders.
    for path in list(&folder.join("templates"))? {
        if path.is_dir() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            files.extend(below(folder, &format!("templates/{name}"))?);
        }
    }
    Ok(files)
}

/// The scenario tests of the project in `folder`, in the order of their paths.
pub fn load_scenarios(folder: &Path) -> anyhow::Result<Vec<SourceFile>> {
    below(folder, "scenarios")
}

/// The paths of files that stand where nobody looks for them: in folders within folders, or in folders with a slip in their
/// names. They come without their texts.
pub fn misplaced(folder: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let mut found = Vec::new();
    for name in SLIPS {
        found.extend(list(&folder.join(name))?);
    }
    for name in FOLDERS.into_iter().chain(["scenarios"]) {
        for path in list(&folder.join(name))? {
            if path.is_dir() && name != "templates" {
                found.extend(list(&path)?);
            } else if path.is_dir() {
                // Its files are read, those in folders of its own are not.
                for inside in list(&path)?.iter().filter(|inside| inside.is_dir()) {
                    found.extend(list(inside)?);
                }
            }
        }
    }
    if folder.join("wend.yml").is_file() {
        found.push(folder.join("wend.yml"));
    }
    let named = found.iter().filter(|path| path.is_file());
    let named = named.filter_map(|path| path.strip_prefix(folder).ok()?.to_str());
    Ok(named
        .map(|path| SourceFile {
            path: path.replace('\\', "/"),
            text: String::new(),
        })
        .collect())
}

/// The files in one folder of a project; none if there is no such folder.
fn below(project: &Path, name: &str) -> anyhow::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    for path in list(&project.join(name))? {
        if path.is_file() {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            files.push(read(&path, format!("{name}/{file}"))?);
        }
    }
    Ok(files)
}

/// What is in a folder and not hidden, in the order of the names; nothing if there is no such folder.
pub fn list(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let context = || format!("cannot list {}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(context)? {
        let entry = entry.with_context(context)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// So much of a file of codes is kept: scenario tests draw them from the top. The pools are filled from the file itself.
const CODES_BYTES_MAX: u64 = 64 * 1024;

fn bytes(path: &Path, name: &str) -> std::io::Result<Vec<u8>> {
    if !name.starts_with("coupons/") {
        return fs::read(path);
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(CODES_BYTES_MAX)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 == CODES_BYTES_MAX {
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .unwrap_or_default();
        bytes.truncate(whole);
    }
    Ok(bytes)
}

fn read(path: &Path, name: String) -> anyhow::Result<SourceFile> {
    let bytes = bytes(path, &name).with_context(|| format!("cannot read {}", path.display()))?;
    let is_text = ["yaml", "md", "csv", "html", "mjml", "txt"]
        .iter()
        .any(|ending| name.ends_with(ending));
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        // An image beside the templates is not read, and is told so by its path.
        Err(_) if !is_text => String::new(),
        Err(_) => bail!("{} is not UTF-8: save it as such", path.display()),
    };
    Ok(SourceFile { path: name, text })
}
