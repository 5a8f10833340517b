use super::*;

fn starter() -> Vec<SourceFile> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../starter");
    project::load(&folder).unwrap()
}

#[test]
fn only_a_segment_of_the_project_is_previewed() {
    let asked = |segment: &str| Asked {
        segment: segment.to_owned(),
        sample: 3,
        files: starter(),
    };
    assert!(
        segments(&asked("silent-60"))
            .unwrap()
            .segment("silent-60")
            .is_some()
    );
    let error = segments(&asked("silent-61")).unwrap_err().to_string();
    assert_eq!(error, "the project has no segment `silent-61`");
}

#[test]
fn it_says_how_many_who_and_what_is_not_known() {
    let mut shown = Shown {
        segment: "gold".to_owned(),
        contacts: 60,
        members: 20,
        sample: vec!["ana".to_owned(), "ben@example.com".to_owned()],
        unknown_events: Vec::new(),
    };
    assert_eq!(
        text(&shown),
        "gold: 20 of 60 contacts\n  ana\n  ben@example.com\n"
    );
    shown.unknown_events = vec!["ordered".to_owned()];
    assert!(text(&shown).ends_with("what was before is not known: ordered\n"));
}
