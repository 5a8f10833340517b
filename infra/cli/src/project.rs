//! A project's folder.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use wend_core::definitions::SourceFile;

/// The folders that hold definitions, beside `wend.yaml`.
const FOLDERS: [&str; 2] = ["journeys", "templates"];

/// The files of the project in `folder`, in the order of their paths.
pub fn load(folder: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let settings = folder.join("wend.yaml");
    if !settings.is_file() {
        bail!("{} is not a project: it has no wend.yaml", folder.display());
    }
    let mut files = vec![read(&settings, "wend.yaml".to_owned())?];
    for name in FOLDERS {
        let folder = folder.join(name);
        if !folder.is_dir() {
            continue;
        }
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        let mut paths = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<anyhow::Result<Vec<_>>>()?;
        paths.sort();
        for path in paths {
            let file = path
                .file_name()
                .and_then(|file| file.to_str())
                .unwrap_or_default();
            if path.is_file() && !file.starts_with('.') {
                files.push(read(&path, format!("{name}/{file}"))?);
            }
        }
    }
    Ok(files)
}

fn read(path: &Path, name: String) -> anyhow::Result<SourceFile> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(SourceFile { path: name, text })
}
