use super::*;
use crate::folder::Folder;

fn make(folder: &Folder, kind: Kind, name: &str, channel: Channel) -> anyhow::Result<Vec<String>> {
    create(&Args {
        kind,
        name: name.to_owned(),
        channel,
        project: folder.path().to_owned(),
    })
}

/// Whether `wend check` and `wend test` of these scenarios pass.
fn passes(folder: &Folder, names: &[&str]) -> bool {
    let project = folder.path().display().to_string();
    let checked = crate::Cli::parse_from(["wend", "check", &project]);
    let words = ["wend", "test", &project]
        .into_iter()
        .chain(names.iter().copied());
    let tested = crate::Cli::parse_from(words);
    [checked, tested].into_iter().all(|cli| match cli.command {
        crate::Command::Check(args) => crate::check::run(&args).unwrap() == ExitCode::SUCCESS,
        crate::Command::Test(args) => crate::test::run(&args).unwrap() == ExitCode::SUCCESS,
        _ => false,
    })
}

use clap::Parser as _;

#[test]
fn what_was_made_passes_at_once() {
    let folder = Folder::project("new-passes");
    let made = make(&folder, Kind::Journey, "trial", Channel::Email).unwrap();
    let expected = [
        "journeys/trial.yaml",
        "templates/trial-hello.md",
        "scenarios/trial.yaml",
    ];
    assert_eq!(made, expected);
    make(&folder, Kind::Journey, "nudge-2", Channel::Sms).unwrap();
    make(&folder, Kind::Template, "trial-how-to", Channel::Email).unwrap();
    make(&folder, Kind::Template, "trial-sms", Channel::Sms).unwrap();
    make(&folder, Kind::Segment, "silent-30", Channel::Email).unwrap();
    make(&folder, Kind::Score, "interest", Channel::Email).unwrap();
    assert!(passes(&folder, &["trial", "nudge-2"]));
    let mut texts = String::new();
    for path in [
        "journeys/trial.yaml",
        "templates/trial-hello.md",
        "scenarios/trial.yaml",
        "templates/trial-sms.md",
        "scenarios/nudge-2.yaml",
        "segments/silent-30.yaml",
        "scores/interest.yaml",
    ] {
        texts.extend(["# ", path, "\n", &folder.read(path), "\n"]);
    }
    insta::assert_snapshot!(texts);
}

#[test]
fn nothing_is_overwritten() {
    let folder = Folder::project("new-there");
    folder.write("templates/trial-hello.md", "mine");
    let error = make(&folder, Kind::Journey, "trial", Channel::Email).unwrap_err();
    assert_eq!(
        error.to_string(),
        "templates/trial-hello.md is there already; nothing was written"
    );
    assert!(!folder.path().join("journeys/trial.yaml").exists());
}

#[test]
fn a_small_project_gets_what_it_can_send() {
    let folder = Folder::new("new-small");
    let error = make(&folder, Kind::Score, "a", Channel::Email)
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("is not a project: it has no wend.yaml"),
        "{error}"
    );
    folder.write(
        "wend.yaml",
        "wend: 1\nproject: p\nsenders: { shop: { email: Shop <a@example.com> } }\n",
    );
    make(&folder, Kind::Journey, "trial", Channel::Email).unwrap();
    assert!(
        passes(&folder, &["trial"]),
        "transactional, for want of topics"
    );
    let error = make(&folder, Kind::Template, "b", Channel::Sms)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("wend.yaml has no sender for SMS"),
        "{error}"
    );
    let error = make(&folder, Kind::Template, "B c", Channel::Email)
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("`B c` is no id"), "{error}");
    folder.write("wend.yaml", "wend: 2\n");
    let error = make(&folder, Kind::Template, "b", Channel::Email)
        .unwrap_err()
        .to_string();
    assert_eq!(error, "wend.yaml has faults; `wend check` names them");
}
