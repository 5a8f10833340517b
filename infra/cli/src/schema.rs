//! `wend schema`: the JSON Schemas of the files, for editors.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};
use wend_core::definitions::schema::{SchemaKind, schema};

use crate::settings;

/// What `schema` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Of which files: project, journey, segment, score, scenario or template. Without it the kinds are listed.
    #[arg(value_parser = kind)]
    kind: Option<SchemaKind>,
    /// Sets Visual Studio Code up: writes the schemas into .wend/schemas/ and names them in .vscode/settings.json.
    #[arg(long, conflicts_with = "kind")]
    vscode: bool,
    /// The project's folder.
    #[arg(long, default_value = ".", requires = "vscode")]
    project: PathBuf,
}

/// Where the schemas are kept in a project.
const FOLDER: &str = ".wend/schemas";
const SETTINGS: &str = ".vscode/settings.json";

/// Prints a schema, or sets an editor up.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.vscode {
        set_up(&args.project)?;
        println!("Wrote {FOLDER}/ and {SETTINGS}. The extension is redhat.vscode-yaml.");
    } else if let Some(kind) = args.kind {
        println!("{:#}", schema(kind));
    } else {
        for kind in SchemaKind::ALL {
            println!("{:<10}{}", kind.name(), kind.files());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn kind(name: &str) -> Result<SchemaKind, String> {
    let mut all = SchemaKind::ALL.into_iter();
    let names = SchemaKind::ALL.map(SchemaKind::name).join(", ");
    all.find(|kind| kind.name() == name)
        .ok_or_else(|| format!("the kinds are {names}"))
}

fn file(kind: SchemaKind) -> String {
    format!("{FOLDER}/{}.schema.json", kind.name())
}

/// Writes the schemas and the settings. What the settings say of other things stays.
fn set_up(project: &Path) -> anyhow::Result<()> {
    if !project.join("wend.yaml").is_file() {
        bail!(
            "{} is not a project: it has no wend.yaml",
            project.display()
        );
    }
    let path = project.join(SETTINGS);
    let before = if path.is_file() {
        fs::read_to_string(&path).with_context(|| format!("cannot read {SETTINGS}"))?
    } else {
        String::new()
    };
    // Looked at before anything is written.
    let schemas: Map<String, Value> = SchemaKind::ALL
        .into_iter()
        .map(|kind| (format!("./{}", file(kind)), json!(kind.files())))
        .collect();
    let after = settings::with(&before, "yaml.schemas", &schemas).with_context(|| {
        let wanted = Value::Object(schemas.clone());
        format!("{SETTINGS} cannot be changed without losing what is in it; add by hand:\n\"yaml.schemas\": {wanted:#}\n")
    })?;
    for kind in SchemaKind::ALL {
        write(&project.join(file(kind)), &format!("{:#}\n", schema(kind)))?;
    }
    write(&path, &after)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests;
