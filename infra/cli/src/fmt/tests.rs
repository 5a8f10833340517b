use super::*;
use crate::folder::Folder;

const UNTIDY: &str = "journey:   trial\ntopic: guides\ntriggers:\n- manual: true   # by hand\n\n\nsteps:\n- email: 'welcome-hello'\n";
const TIDY: &str = "journey: trial\ntopic: guides\ntriggers:\n  - manual: true # by hand\n\nsteps:\n  \
    - id: welcome-hello\n    email: welcome-hello\n";

fn args(folder: &Folder, path: &str) -> Args {
    Args {
        paths: vec![folder.path().join(path)],
        check: false,
        diff: false,
    }
}

/// What was said, without the folder's place.
fn said(folder: &Folder, done: &Done) -> String {
    let said = anstream::adapter::strip_str(&done.said).to_string();
    said.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn a_new_project_is_in_the_style() {
    let folder = Folder::project("fmt-new");
    let done = all(&args(&folder, "")).unwrap();
    assert_eq!((done.changed, done.unreadable), (0, 0), "{}", done.said);
}

#[test]
fn files_are_written_named_or_shown() {
    let folder = Folder::project("fmt-files");
    folder.write("journeys/trial.yaml", UNTIDY);
    folder.write("notes/trial.yaml", UNTIDY);
    let only = |check, diff| Args {
        check,
        diff,
        ..args(&folder, "journeys")
    };
    let check = all(&only(true, false)).unwrap();
    assert_eq!(
        said(&folder, &check),
        "not in the style: journeys/trial.yaml\n1 of 11 files would change\n"
    );
    assert_eq!(run(&only(true, false)).unwrap(), ExitCode::FAILURE);
    insta::assert_snapshot!(said(&folder, &all(&only(false, true)).unwrap()));
    assert_eq!(
        folder.read("journeys/trial.yaml"),
        UNTIDY,
        "it was only looked at"
    );
    let done = all(&args(&folder, "")).unwrap();
    assert_eq!(
        said(&folder, &done).lines().next(),
        Some("formatted journeys/trial.yaml")
    );
    assert_eq!(folder.read("journeys/trial.yaml"), TIDY);
    assert_eq!(
        folder.read("notes/trial.yaml"),
        UNTIDY,
        "not of the project"
    );
    assert_eq!(run(&only(true, false)).unwrap(), ExitCode::SUCCESS);
    all(&args(&folder, "journeys/trial.yaml")).unwrap();
    assert!(all(&args(&folder, "notes")).is_err());
}

#[test]
fn a_file_that_cannot_be_read_keeps_nobody_from_the_others() {
    let folder = Folder::project("fmt-broken");
    folder.write("journeys/a.yaml", "journey: [\n");
    folder.write("journeys/trial.yaml", UNTIDY);
    folder.write(
        "templates/a.md",
        "---\ntemplate: a\nsubject: {{ contact.first_name }}, hi\n---\nHi\n",
    );
    let done = all(&args(&folder, "")).unwrap();
    assert_eq!((done.changed, done.unreadable), (2, 1));
    assert!(
        said(&folder, &done).starts_with("error[E0001]"),
        "{}",
        done.said
    );
    assert_eq!(folder.read("journeys/a.yaml"), "journey: [\n");
    let head = "---\ntemplate: a\nsubject: \"{{ contact.first_name }}, hi\"\n---\nHi\n";
    assert_eq!(folder.read("templates/a.md"), head);
    assert_eq!(run(&args(&folder, "")).unwrap(), ExitCode::FAILURE);
}
