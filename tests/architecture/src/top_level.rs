//! What lies at the top: a reader finds the project there, not its scaffolding.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::process::Command;

use crate::workspace;

/// The project.
const PROJECT: [&str; 11] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "functions",
    "infra",
    "shared",
    "template.yaml",
    "tests",
];
/// What tools look for at the top and nowhere else.
const TOOLS: [&str; 9] = [
    ".cargo",
    ".ci",
    ".gitignore",
    "Makefile",
    "clippy.toml",
    "deny.toml",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "samconfig.toml",
];

/// What lies at the top and has no place there. `paths` have `/` between their parts.
fn strangers<'p>(paths: impl Iterator<Item = &'p str>) -> BTreeSet<&'p str> {
    let tops = paths.map(|path| path.split('/').next().unwrap_or(path));
    tops.filter(|top| !PROJECT.contains(top) && !TOOLS.contains(top))
        .collect()
}

/// What git tracks; none where there is nothing to ask.
fn tracked() -> Option<String> {
    let git = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(workspace::root())
        .output()
        .ok()?;
    let paths = String::from_utf8(git.stdout).ok()?;
    (git.status.success() && !paths.is_empty()).then_some(paths)
}

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    let Some(paths) = tracked() else {
        // Not with `eprintln!`, which the test harness hides when a test passes.
        let _ = writeln!(
            io::stderr(),
            "SKIPPED: the top level, because git tracks no files here"
        );
        return;
    };
    let paths = paths.split_terminator('\0');
    assert_eq!(
        strangers(paths),
        BTreeSet::new(),
        "put it into a folder, or name it in tests/architecture"
    );
}

#[test]
fn a_stranger_at_the_top_is_found() {
    let paths = [
        "Cargo.toml",
        "shared/core/src/lib.rs",
        ".ci/run",
        "notes.md",
        "src/main.rs",
    ];
    assert_eq!(
        strangers(paths.into_iter()),
        BTreeSet::from(["notes.md", "src"])
    );
}
