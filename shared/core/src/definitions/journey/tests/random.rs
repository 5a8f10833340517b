//! Whatever a file holds, reading it ends with a definition or with errors that have places.

use proptest::prelude::*;

use super::*;
use crate::definitions::render;

/// Reads `text`, draws every fault, and looks at the places.
fn holds(text: &str) {
    let read = crate::definitions::journey::read("journeys/trial.yaml", text);
    let has_error = read
        .faults
        .iter()
        .any(|fault| fault.severity == crate::definitions::Severity::Error);
    assert_eq!(read.value.is_none(), has_error, "{text}");
    for fault in &read.faults {
        assert!(
            fault.at.line > 0 && fault.at.column > 0,
            "{fault:?}\n{text}"
        );
        assert!(fault.end >= fault.at, "{fault:?}\n{text}");
        assert!(fault.help.is_some(), "{fault:?}");
        assert!(!render(fault, text).is_empty());
    }
    if let Some(journey) = read.value {
        let last = journey.steps.len();
        let is_inside =
            |step: &crate::release::Step| step.next.is_none_or(|next| usize::from(next.0) < last);
        assert!(journey.steps.iter().all(is_inside));
    }
}

#[derive(Clone, Debug)]
enum Change {
    Delete,
    Double,
    Rename(String),
    Indent,
    Cut(usize),
    Swap(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Delete),
        Just(Change::Double),
        "(if|event|after|steps|goto|path|id|wait|email|where|key|max|was|next|exit|x)"
            .prop_map(Change::Rename),
        Just(Change::Indent),
        (0_usize..60).prop_map(Change::Cut),
        (0_usize..60).prop_map(Change::Swap),
    ]
}

fn changed(text: &str, changes: &[(usize, Change)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (place, change) in changes {
        let count = lines.len().max(1);
        let place = place % count;
        let Some(line) = lines.get(place).cloned() else {
            continue;
        };
        match change {
            Change::Delete => drop(lines.remove(place)),
            Change::Double => lines.insert(place, line),
            Change::Rename(word) => {
                let key = line.find(':').and_then(|end| line.get(..end));
                let start = key.map(|key| key.trim_start_matches([' ', '-', '{']).to_owned());
                if let Some(key) = start.filter(|key| !key.is_empty()) {
                    lines[place] = line.replacen(&key, word, 1);
                }
            }
            Change::Indent => lines[place] = format!("  {line}"),
            Change::Cut(end) => lines[place] = line.chars().take(*end).collect(),
            Change::Swap(other) => lines.swap(place, other % count),
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        holds(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_text_of_the_alphabet_is_read(text in "[a-z:{}\\[\\], \n\"'#|>%0-9-]{0,300}") {
        holds(&text);
    }

    #[test]
    fn changed_journeys_are_read(
        which in 0_usize..5,
        changes in prop::collection::vec((0_usize..200, change()), 1..8),
    ) {
        let (_, text) = WHOLE[which];
        holds(&changed(text, &changes));
    }
}
