//! The workspace as `cargo metadata` describes it.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand, Package};

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What cargo resolves for this machine, every feature that any member asks for switched on.
///
/// Only for this machine: other platforms' packages are not downloaded by a build, and a test must not need the network.
pub(crate) fn metadata() -> Metadata {
    let filter = ["--locked", "--filter-platform", &host()].map(str::to_owned);
    MetadataCommand::new()
        .current_dir(root())
        .other_options(filter)
        .exec()
        .expect("cargo metadata describes the workspace")
}

/// The folder of a member below the workspace's, with `/` between its parts.
pub(crate) fn folder(metadata: &Metadata, package: &Package) -> String {
    let folder = package
        .manifest_path
        .parent()
        .expect("a manifest lies in a folder");
    let below = folder.strip_prefix(&metadata.workspace_root);
    below
        .expect("a member lies in the workspace")
        .as_str()
        .replace('\\', "/")
}

fn host() -> String {
    let output = Command::new(env!("CARGO"))
        .arg("-vV")
        .output()
        .expect("cargo runs");
    let text = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("cargo says for which machine it is").to_owned()
}
