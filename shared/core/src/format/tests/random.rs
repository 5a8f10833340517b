//! Random documents: the tree is the same before and after, printing twice changes nothing, every comment is there.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::select;

use super::super::{format, is_same, print, read};
use crate::syntax;

/// A value, written by hand and not by the printer.
#[derive(Clone, Debug)]
enum Tree {
    Scalar(String),
    Flow(bool, Vec<(String, Tree)>),
    Block(bool, Vec<(String, Tree)>),
}

/// How untidily it is written: taken one after the other.
struct Mess {
    choices: Vec<u8>,
    next: usize,
    comments: usize,
}

impl Mess {
    fn choose(&mut self, of: u8) -> u8 {
        self.next += 1;
        self.choices[self.next % self.choices.len()] % of
    }

    /// A comment at the end of a line, perhaps.
    fn beside(&mut self, out: &mut String) {
        if self.choose(4) == 0 {
            self.comments += 1;
            let _ = write!(
                out,
                "{} # c{}",
                ["", "  "][usize::from(self.choose(2))],
                self.comments
            );
        }
        out.push('\n');
    }

    /// Empty lines and comments on lines of their own.
    fn above(&mut self, out: &mut String, indent: usize) {
        for _ in 0..self.choose(3) {
            match self.choose(3) {
                0 => out.push('\n'),
                1 => {
                    let column = (indent + usize::from(self.choose(3))).saturating_sub(1);
                    self.comments += 1;
                    let _ = writeln!(out, "{:column$}# c{}", "", self.comments);
                }
                _ => {}
            }
        }
    }

    fn flow(&mut self, out: &mut String, tree: &Tree) {
        match tree {
            Tree::Scalar(text) => out.push_str(text),
            Tree::Flow(is_map, items) | Tree::Block(is_map, items) => {
                out.push(if *is_map { '{' } else { '[' });
                for (index, (key, value)) in items.iter().enumerate() {
                    if *is_map {
                        let _ = write!(out, " {key}{index}: ");
                    }
                    self.flow(out, value);
                    if index + 1 < items.len() || self.choose(3) == 0 {
                        out.push(',');
                    }
                    out.push(' ');
                    if self.choose(6) == 0 {
                        self.comments += 1;
                        let _ = write!(out, "# c{}\n        ", self.comments);
                    }
                }
                out.push(if *is_map { '}' } else { ']' });
            }
        }
    }

    fn block(&mut self, out: &mut String, tree: &Tree, indent: usize) {
        let Tree::Block(is_map, items) = tree else {
            return;
        };
        for (index, (key, value)) in items.iter().enumerate() {
            self.above(out, indent);
            let _ = write!(out, "{:indent$}", "");
            if *is_map {
                let _ = write!(out, "{key}{index}:");
            } else {
                out.push('-');
            }
            match value {
                Tree::Block(_, inner) if !inner.is_empty() => {
                    self.beside(out);
                    let is_compact =
                        *is_map && matches!(value, Tree::Block(false, _)) && self.choose(2) == 0;
                    let step = if is_compact {
                        0
                    } else {
                        1 + usize::from(self.choose(4))
                    };
                    self.block(out, value, indent + step);
                }
                Tree::Scalar(text) if text.starts_with(['|', '>']) => {
                    let (header, body) = text.split_once('\n').unwrap_or((text, ""));
                    let _ = write!(out, " {header}");
                    self.beside(out);
                    for line in body.split('\n') {
                        let blanks = if line.is_empty() { 0 } else { indent + 2 };
                        let _ = writeln!(out, "{:blanks$}{line}", "");
                    }
                }
                Tree::Scalar(_) | Tree::Flow(..) | Tree::Block(..) => {
                    out.push(' ');
                    self.flow(out, value);
                    self.beside(out);
                }
            }
        }
    }
}

fn scalar() -> impl Strategy<Value = Tree> {
    let known = select(vec![
        "a",
        "welcome-hello",
        "2 days at 09:00",
        "no",
        "'yes'",
        "\"on\"",
        "01234",
        "'12'",
        "12",
        "-3.5",
        "true",
        "\"true\"",
        "~",
        "",
        "18:10",
        "2027-03-18",
        "'2027-03-18'",
        "\"a: b\"",
        "'{{ x }}'",
        "'it''s'",
        "\"say \\\"x\\\"\"",
        "now",
        "'now'",
        "\"tab\\tx\\ny\"",
        "+491555",
        "x-",
        "Ümlaut",
        "'a, b'",
        "\"\\u2028\"",
        "'- x'",
        "'# x'",
        "a#b",
        "http://x/y",
        "''",
    ]);
    let any = "[a-zA-Z0-9 :#,'\"\\\\{}\\[\\]|>&*!%@`?~+._\\-]{0,8}";
    let quoted = any.prop_map(|text: String| format!("'{}'", text.replace('\'', "''")));
    prop_oneof![
        4 => known.prop_map(|text| Tree::Scalar(text.to_owned())),
        1 => quoted.prop_map(Tree::Scalar),
    ]
}

fn block_scalar() -> impl Strategy<Value = Tree> {
    let texts = vec![
        "|\nx\n  y\n\nz",
        "|-\nx",
        "|+\nx\n",
        "|+\nx\n\n",
        ">\none\ntwo\n\nthree",
        ">-\none\n  more\ntwo",
        ">+\na\n\n",
        "|\n\n\nx",
    ];
    select(texts).prop_map(|text| Tree::Scalar(text.to_owned()))
}

fn entries(of: impl Strategy<Value = Tree>) -> impl Strategy<Value = (bool, Vec<(String, Tree)>)> {
    let key = select(vec!["a", "key_", "x.y", "no", "'q'", "\"on\"", "+1"]);
    let key = key.prop_map(|key| {
        if key.ends_with(['\'', '"']) {
            "k".to_owned()
        } else {
            key.to_owned()
        }
    });
    (any::<bool>(), prop::collection::vec((key, of), 0..4))
}

fn tree() -> impl Strategy<Value = Tree> {
    let flow = scalar().prop_recursive(3, 8, 3, |inner| {
        entries(inner).prop_map(|(is_map, items)| Tree::Flow(is_map, items))
    });
    let leaf = prop_oneof![3 => flow, 1 => block_scalar()];
    let block = leaf.prop_recursive(4, 32, 4, |inner| {
        entries(inner).prop_map(|(is_map, items)| Tree::Block(is_map, items))
    });
    entries(block).prop_map(|(is_map, items)| Tree::Block(is_map, items))
}

fn is_stable(file: &str, text: &str) -> Result<(), TestCaseError> {
    // A carriage return alone ends a line of YAML, and of nothing else.
    let text = &text.replace("\r\n", "\n").replace('\r', "\n");
    let Ok(root) = syntax::parse(file, text) else {
        return Ok(());
    };
    let once = format(file, text);
    prop_assert!(once.is_ok(), "{text}\n{once:?}");
    let once = once.unwrap();
    let again = syntax::parse(file, &once).unwrap();
    prop_assert!(is_same(&root, &again), "{text}\n{once}");
    prop_assert_eq!(
        format(file, &once).unwrap(),
        once.as_str(),
        "not stable: {}",
        text
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn nothing_is_lost(tree in tree(), choices in prop::collection::vec(any::<u8>(), 1..40)) {
        let mut mess = Mess { choices, next: 0, comments: 0 };
        let mut text = String::new();
        mess.block(&mut text, &tree, 0);
        mess.above(&mut text, 0);
        if syntax::parse("a.yaml", &text).is_err() {
            // A comment or a text stands where YAML has none.
            return Ok(());
        }
        is_stable("a.yaml", &text)?;
        let once = format("a.yaml", &text).unwrap();
        for comment in 1..=mess.comments {
            let comment = format!("# c{comment}\n");
            prop_assert_eq!(once.matches(&comment).count(), 1, "{} of\n{}\n{}", comment, text, once);
        }
        // The same document, so the same text: what is read back is what was printed.
        let document = read::document(&once).unwrap();
        prop_assert_eq!(print::document(&document), once);
    }

    #[test]
    fn any_text_is_formatted_or_refused(text in "[ a-c0:#,'\"{}\\[\\]|>?~\n\r\t-]{0,60}") {
        is_stable("a.yaml", &text)?;
        is_stable("journeys/a.yaml", &text)?;
        let _ = format("templates/a.md", &format!("---\n{text}\n---\n{text}"));
    }

    #[test]
    fn any_bytes_are_formatted_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        is_stable("a.yaml", &String::from_utf8_lossy(&bytes))?;
    }
}
