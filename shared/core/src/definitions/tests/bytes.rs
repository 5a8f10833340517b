//! Whatever stands in a file, it is read or reported; nothing panics.

use proptest::prelude::*;

use crate::definitions::{SourceFile, check_all};

const PATHS: [&str; 7] = [
    "wend.yaml",
    "journeys/a.yaml",
    "segments/a.yaml",
    "scores/a.yaml",
    "templates/a.md",
    "templates/a.yml",
    "elsewhere",
];

const SHOP: [&str; 5] = [
    include_str!("shop/wend.yaml"),
    include_str!("../journey/tests/abandoned-cart.yaml"),
    include_str!("shop/segments/silent-60.yaml"),
    include_str!("shop/scores/engagement.yaml"),
    include_str!("shop/templates/cart-reminder.md"),
];

fn checked(texts: impl IntoIterator<Item = String>) -> usize {
    let files: Vec<SourceFile> = PATHS
        .iter()
        .zip(texts)
        .map(|(path, text)| SourceFile {
            path: (*path).to_owned(),
            text,
        })
        .collect();
    check_all(&files).faults.len()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_as_any_file_are_read_or_reported(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        checked(PATHS.iter().map(|_| text.clone()));
        checked(PATHS.iter().map(|_| format!("---\n{text}\n---\n{text}")));
    }

    #[test]
    fn a_project_with_a_piece_missing_is_read_or_reported(at in 0.0..1.0_f64, length in 0_usize..40, paste in "[a-z0-9{}\\[\\]: ,.\n-]{0,6}") {
        checked(SHOP.iter().map(|text| {
            let chars: Vec<char> = text.chars().collect();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short text")]
            let at = (chars.len() as f64 * at) as usize;
            let rest = chars.iter().skip(at + length);
            chars.iter().take(at).copied().chain(paste.chars()).chain(rest.copied()).collect()
        }));
    }
}
