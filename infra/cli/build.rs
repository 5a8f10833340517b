//! Lists the files of the starter pack, which `wend init` copies, so that they are in the binary.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What a new project gets of `infra/starter`. Its README and the pages for those who come from other tools stay here.
const PARTS: [&str; 9] = [
    "wend.yaml",
    "coupons",
    "journeys",
    "layouts",
    "partials",
    "scenarios",
    "scores",
    "segments",
    "templates",
];

/// The files in a folder of the pack, also those in folders of it.
fn below(pack: &Path, folder: &str) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(pack.join(folder))? {
        let entry = entry?;
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            files.extend(below(pack, &name)?);
        } else {
            files.push(name);
        }
    }
    Ok(files)
}

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../starter");
    let mut files = Vec::new();
    for part in PARTS {
        let path = folder.join(part);
        println!("cargo::rerun-if-changed={}", path.display());
        if path.is_dir() {
            files.extend(below(&folder, part)?);
        } else if path.is_file() {
            files.push(part.to_owned());
        }
    }
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let path = folder.join(&file).display().to_string();
        let _ = writeln!(list, "    ({file:?}, include_str!({path:?})),");
    }
    list.push_str("]\n");
    let out = env::var_os("OUT_DIR")
        .map(PathBuf::from)
        .unwrap_or_default();
    fs::write(out.join("starter.rs"), list)
}
