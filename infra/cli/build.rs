//! Lists the files of the starter pack, which `wend init` copies, so that they are in the binary.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What a new project gets of `infra/starter`. Its README and the pages for those who come from other tools stay here.
const PARTS: [&str; 7] = [
    "wend.yaml",
    "coupons",
    "journeys",
    "scenarios",
    "scores",
    "segments",
    "templates",
];

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../starter");
    let mut files = Vec::new();
    for part in PARTS {
        let path = folder.join(part);
        println!("cargo::rerun-if-changed={}", path.display());
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                let name = entry?.file_name();
                files.push(format!("{part}/{}", name.to_string_lossy()));
            }
        } else {
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
