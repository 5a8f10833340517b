//! What the readers accept, the schemas accept.

use proptest::prelude::*;

use super::{faults, json_of};
use crate::definitions::schema::SchemaKind;
use crate::definitions::tests::shop::JOURNEYS;
use crate::definitions::{journey, project, score, segment};

/// `text` with `paste` in place of `length` characters at `at`.
fn changed(text: &str, at: usize, length: usize, paste: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let rest = chars.iter().skip(at + length);
    let before = chars.iter().take(at).copied();
    before.chain(paste.chars()).chain(rest.copied()).collect()
}

fn is_read(kind: SchemaKind, path: &str, text: &str) -> bool {
    match kind {
        SchemaKind::Project => project::read(path, text).value.is_some(),
        SchemaKind::Journey => journey::read(path, text).value.is_some(),
        SchemaKind::Segment => segment::read(path, text).value.is_some(),
        SchemaKind::Score => score::read(path, text).value.is_some(),
        SchemaKind::Scenario | SchemaKind::Template => false,
    }
}

/// Files with a schema that are YAML as a whole.
fn files() -> Vec<(SchemaKind, String, &'static str)> {
    let segment = include_str!("../../tests/shop/segments/silent-60.yaml");
    let score = include_str!("../../tests/shop/scores/engagement.yaml");
    let project = include_str!("../../tests/shop/wend.yaml");
    let mut files = vec![
        (SchemaKind::Project, "wend.yaml".to_owned(), project),
        (
            SchemaKind::Segment,
            "segments/silent-60.yaml".to_owned(),
            segment,
        ),
        (
            SchemaKind::Score,
            "scores/engagement.yaml".to_owned(),
            score,
        ),
    ];
    for (id, text) in JOURNEYS {
        files.push((SchemaKind::Journey, format!("journeys/{id}.yaml"), text));
    }
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    // No digits: a name that is a number is a number to an editor.
    #[test]
    fn a_changed_file_that_is_read_is_valid(
        (kind, path, text) in prop::sample::select(files()),
        at in any::<prop::sample::Index>(),
        length in 0_usize..12,
        paste in "[a-z ]{0,4}",
    ) {
        let text = changed(text, at.index(text.len()), length, &paste);
        if is_read(kind, &path, &text) {
            prop_assert_eq!(faults(kind, &json_of(&text)), [""; 0], "{}", text);
        }
    }
}
