//! What every manifest says. Read as text, because cargo's own description has the values and not whether they are
//! inherited.

use std::fs;

use crate::workspace;

/// Packages whose use is fixed, so that they stand in the one place where versions are chosen.
const FIXED: [&str; 7] = [
    "aws-sdk-dynamodb",
    "aws-sdk-sesv2",
    "aws-sdk-sns",
    "aws-sdk-sqs",
    "lambda_runtime",
    "serde",
    "tokio",
];

/// The lines of one section, without blanks; the section before the first header is called "".
fn section<'t>(manifest: &'t str, name: &str) -> Vec<&'t str> {
    let mut current = "";
    let mut lines = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            current = header;
        } else if current == name {
            lines.push(line);
        }
    }
    lines
}

/// What a member's manifest lacks.
fn missing(manifest: &str) -> Vec<&'static str> {
    let package = section(manifest, "package");
    let has_lints = section(manifest, "lints").contains(&"workspace = true")
        || section(manifest, "").contains(&"lints.workspace = true");
    let has_text = package.iter().any(|line| {
        let text = line.strip_prefix("description = ");
        text.is_some_and(|text| text.len() > "\"\"".len())
    });
    let rules = [
        ("[lints] workspace = true", has_lints),
        (
            "license.workspace = true",
            package.contains(&"license.workspace = true"),
        ),
        ("a description", has_text),
    ];
    let unmet = rules.into_iter().filter(|(_, is_met)| !is_met);
    unmet.map(|(rule, _)| rule).collect()
}

/// Fixed packages that the workspace's manifest does not declare.
fn undeclared(manifest: &str) -> Vec<&'static str> {
    let declared = section(manifest, "workspace.dependencies");
    let is_declared = |name: &str| {
        declared
            .iter()
            .any(|line| line.split([' ', '.', '=']).next() == Some(name))
    };
    FIXED
        .into_iter()
        .filter(|name| !is_declared(name))
        .collect()
}

#[test]
fn every_member_inherits_lints_and_licence_and_says_what_it_is() {
    let metadata = workspace::metadata();
    let members = metadata.workspace_packages().into_iter();
    let faults = members.filter_map(|package| {
        let manifest = fs::read_to_string(&package.manifest_path).unwrap();
        let missing = missing(&manifest);
        (!missing.is_empty()).then(|| (package.name.to_string(), missing))
    });
    assert_eq!(faults.collect::<Vec<_>>(), []);
}

#[test]
fn the_workspace_declares_the_fixed_packages() {
    let manifest = fs::read_to_string(workspace::root().join("Cargo.toml")).unwrap();
    assert_eq!(undeclared(&manifest), [""; 0]);
}

#[test]
fn a_manifest_that_goes_its_own_way_is_found() {
    let own = "[package]\nlicense = \"MIT\"\ndescription = \"\"\n[lints.rust]\nworkspace = true\n";
    let all = [
        "[lints] workspace = true",
        "license.workspace = true",
        "a description",
    ];
    assert_eq!(missing(own), all);
}

#[test]
fn a_fixed_package_is_missed_where_versions_are_chosen() {
    let elsewhere = "[dependencies]\ntokio = \"1\"\n[workspace.dependencies]\nserde_json = \"1\"\n";
    assert_eq!(undeclared(elsewhere), FIXED);
    let declared = FIXED.map(|name| format!("{name} = \"1\"\n")).concat();
    assert_eq!(
        undeclared(&format!("[workspace.dependencies]\n{declared}")),
        [""; 0]
    );
}
