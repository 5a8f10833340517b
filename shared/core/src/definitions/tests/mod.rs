//! What the tests of the readers share.

mod bytes;
pub(super) mod shop;

use super::{Diagnostic, render};

/// `text` without its beginning `cut`, and what is said of it.
pub(super) fn shown(text: &str, faults: &[Diagnostic], cut: &str) -> String {
    let mut all = String::from("────────\n");
    all.push_str(text.strip_prefix(cut).unwrap_or(text).trim_end());
    all.push('\n');
    if faults.is_empty() {
        all.push_str("(nothing is said)\n");
    }
    for fault in faults {
        all.push('\n');
        all.push_str(&render(fault, text));
        all.push('\n');
        if let Some(edit) = &fault.edit {
            all.extend(["   > edit: ", &edit.text, "\n"]);
        }
    }
    all
}

/// The snapshots of the messages of projects, segments, scores, templates and of the check across files.
fn snapshots() -> String {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/definitions");
    let folders = ["project", "segment", "score", "template", "check"];
    let files =
        folders.map(|folder| std::fs::read_dir(here.join(folder).join("snapshots")).unwrap());
    let files = files.into_iter().flatten();
    files
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn every_code_of_a_project_has_its_case() {
    let said = snapshots();
    let titles = include_str!("../explain_project.md").lines();
    let codes = titles.filter_map(|line| line.strip_prefix("## ")?.split(" · ").next());
    // The texts of templates are looked at where they are rendered; no file names an environment so far.
    let elsewhere = [
        "E0142", "E0143", "E0147", "E0225", "E0240", "E0241", "E0242", "E0243", "W0148", "W0260",
        "W0262", "W0263", "W0264", "W0265", "W0266", "W0267", "W0268", "W0269",
    ];
    let missing: Vec<&str> = codes
        .filter(|code| !elsewhere.contains(code) && !said.contains(&format!("[{code}]")))
        .collect();
    assert_eq!(missing, [""; 0]);
}
