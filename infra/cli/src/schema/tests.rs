use super::*;
use crate::folder::Folder;

#[test]
fn an_editor_is_set_up_and_keeps_its_settings() {
    let folder = Folder::project("schema");
    folder.write(SETTINGS, "{\n  \"editor.tabSize\": 2,\n  \"a\": true\n}\n");
    set_up(folder.path()).unwrap();
    let text = folder.read(SETTINGS);
    assert!(
        text.ends_with("  },\n  \"editor.tabSize\": 2,\n  \"a\": true\n}\n"),
        "{text}"
    );
    let read: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        read["yaml.schemas"]["./.wend/schemas/journey.schema.json"],
        "journeys/*.yaml"
    );
    for kind in SchemaKind::ALL {
        let written: Value = serde_json::from_str(&folder.read(&file(kind))).unwrap();
        assert_eq!(written, schema(kind));
    }
    set_up(folder.path()).unwrap();
    assert_eq!(folder.read(SETTINGS), text, "twice is once");
}

#[test]
fn settings_that_would_lose_something_are_left_alone() {
    let folder = Folder::project("schema-comments");
    folder.write(SETTINGS, "{\n  // mine\n}\n");
    let error = format!("{:#}", set_up(folder.path()).unwrap_err());
    assert!(
        error.contains("add by hand:\n\"yaml.schemas\": {"),
        "{error}"
    );
    assert!(!folder.path().join(FOLDER).exists());
    let error = set_up(Folder::new("schema-none").path()).unwrap_err();
    assert!(error.to_string().contains("is not a project"), "{error}");
}

#[test]
fn kinds_are_named() {
    assert_eq!(kind("journey"), Ok(SchemaKind::Journey));
    assert!(kind("jorney").unwrap_err().contains("project, journey"));
}
