//! How a scalar is written: plain where every YAML reader takes it for the same, else in quotes.

use std::fmt::Write as _;

use crate::definitions::reader::scalar_value;

/// A value as it is printed.
pub(super) fn value(text: &str, is_plain: bool, is_in_flow: bool) -> String {
    // `now` is a moment without quotes and a text with them.
    let is_text = scalar_value(text, true).is_string() && text != "now";
    let is_plain = if is_plain {
        !is_text || !is_misread(text)
    } else {
        is_text && !is_misread(text) && !looks_like_a_date(text)
    };
    written(text, is_plain, is_in_flow)
}

/// A key as it is printed: a text, whatever it looks like.
pub(super) fn key(text: &str, is_plain: bool, is_in_flow: bool) -> String {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let is_odd = is_misread(text) && !(is_plain && is_number);
    written(
        text,
        !is_odd && (is_plain || !looks_like_a_date(text)),
        is_in_flow,
    )
}

fn written(text: &str, is_plain: bool, is_in_flow: bool) -> String {
    if is_plain && can_be_plain(text, is_in_flow) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// Whether some reader of YAML 1.1 or 1.2 takes the plain `text` for something else than a text. Dates are not meant: where
/// a date stands, it is one for everybody.
fn is_misread(text: &str) -> bool {
    const WORDS: [&str; 12] = [
        "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "<<",
    ];
    const NUMBERS: [&str; 2] = [".inf", ".nan"];
    let small = text.to_lowercase();
    let unsigned = small.strip_prefix(['+', '-']).unwrap_or(&small);
    WORDS.contains(&small.as_str())
        || text == "="
        || NUMBERS.contains(&unsigned)
        || looks_like_a_number(unsigned)
}

/// Digits with `_`, points and colons among them, `0x1f`, `0b1`, `0o7`, `1e3`. A little more than the two standards name.
fn looks_like_a_number(unsigned: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit() || c == '_';
    if let Some(hex) = unsigned.strip_prefix("0x") {
        return hex.chars().all(|c| c.is_ascii_hexdigit() || c == '_');
    }
    if let Some(rest) = unsigned.strip_prefix("0o").or(unsigned.strip_prefix("0b")) {
        return rest.chars().all(is_digit);
    }
    let (number, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let begins = number.strip_prefix('.').unwrap_or(number);
    begins.starts_with(|c: char| c.is_ascii_digit())
        && number
            .chars()
            .all(|c| is_digit(c) || matches!(c, '.' | ':'))
        && !exponent.is_empty()
        && exponent.chars().all(is_digit)
}

/// `2027-03-18`, with or without a time.
fn looks_like_a_date(text: &str) -> bool {
    let has_year = text
        .split_once('-')
        .is_some_and(|(year, _)| year.len() == 4);
    has_year
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || "-:.TtZ+ ".contains(c))
        && text.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether the syntax allows `text` without quotes: the rule of the npm package `yaml`, and a little more.
fn can_be_plain(text: &str, is_in_flow: bool) -> bool {
    const FIRST: &str = "\t ,[]{}#&*!|>'\"%@`:";
    // Allowed, but not at every place: Jinja is quoted everywhere.
    const BROKEN: [&str; 6] = [": ", ":\t", " #", "\t#", "{{", "{%"];
    let mut chars = text.chars();
    let (first, second) = (chars.next(), chars.next());
    let is_indicator =
        matches!(first, Some('?' | '-')) && matches!(second, None | Some(' ' | '\t'));
    let is_bracket = |c: char| is_in_flow && ",[]{}".contains(c);
    let is_odd = |c: char| c != '\t' && c.is_control() || is_unprintable(c) || is_bracket(c);
    let is_begun = first.is_some_and(|first| !FIRST.contains(first)) && !is_indicator;
    let is_broken = BROKEN.iter().any(|broken| text.contains(broken))
        || (is_in_flow && text.contains(":,"))
        || text.contains(is_odd);
    let is_ended = text.ends_with(['\t', ' ', ':', '-']);
    let is_mark = text.starts_with("---") || text.starts_with("...");
    is_begun && ![is_broken, is_ended, is_mark].contains(&true)
}

/// What some reader takes for a line break or drops.
fn is_unprintable(c: char) -> bool {
    matches!(
        c,
        '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
    )
}

/// `text` in double quotes, or in single ones if it has double ones in it.
fn quoted(text: &str) -> String {
    let is_odd = |c: char| c.is_control() || is_unprintable(c);
    if text.contains('"') && !text.contains('\'') && !text.contains(is_odd) {
        return format!("'{text}'");
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // Writing to a text does not fail.
            c if is_odd(c) => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_reads_alike_is_plain() {
        for text in [
            "welcome-hello",
            "2 days at 09:00",
            "Mon 18:10",
            "21:00-08:00",
            "45%",
            "5x",
            "1h 30min",
            "NOT",
            "it's",
            "say \"x\"",
            "a: b".trim_end_matches(": b"),
            "https://x.example/a?b=c#d",
            "Ümlaut",
            "a, b",
        ] {
            assert_eq!(value(text, true, false), text);
            assert_eq!(value(text, false, false), text);
        }
        for text in ["5", "-3.5", "1e3", "true", "null", "~", "2027-03-18", "now"] {
            assert_eq!(value(text, true, false), text, "a plain one stays plain");
        }
        for text in ["5", "true", "2027-03-18", "2027-04-04T09:00:00Z", "now", ""] {
            assert_eq!(
                value(text, false, false),
                format!("\"{text}\""),
                "a quoted one stays quoted"
            );
        }
    }

    #[test]
    fn what_some_reader_takes_for_something_else_is_quoted() {
        for text in [
            "NO",
            "yes",
            "On",
            "off",
            "y",
            "N",
            "True",
            "NULL",
            "01234",
            "08",
            "+4915550001111",
            "+5",
            "0x1F",
            "0o7",
            "1_000",
            "18:10",
            "1:30:00",
            "1.",
            ".5",
            "+.5",
            "1.2.3",
            ".inf",
            "-.INF",
            ".NaN",
            "=",
            "<<",
            "1E5x".trim_end_matches('x'),
        ] {
            let is_number = scalar_value(text, true).is_number();
            let expected = if is_number {
                text.to_owned()
            } else {
                format!("\"{text}\"")
            };
            assert_eq!(value(text, true, false), expected);
            assert_eq!(value(text, false, false), format!("\"{text}\""));
        }
        assert_eq!(key("on", true, false), "\"on\"");
        assert_eq!(key("true", true, false), "\"true\"");
        assert_eq!(key("5", true, false), "5");
        assert_eq!(key("Trial Started", false, false), "Trial Started");
    }

    #[test]
    fn the_syntax_of_yaml_is_kept_out() {
        for text in [
            "*@example.com",
            "a: b",
            "a #b",
            "{{ x }}",
            "- a",
            "?",
            "a:",
            "x-",
            "%a",
            "@a",
            "`a",
            "---",
            " a",
            "a ",
            "a\u{2028}b",
        ] {
            assert!(value(text, false, false).starts_with('"'), "{text}");
        }
        assert_eq!(value("a, b", true, true), "\"a, b\"");
        assert_eq!(value("a\nb\t\u{1}", false, false), "\"a\\nb\\t\\u0001\"");
        assert_eq!(
            value("{{ x | default(\"y\") }}", false, false),
            "'{{ x | default(\"y\") }}'"
        );
        assert_eq!(
            value("{{ \"y\" }} it's", false, false),
            "\"{{ \\\"y\\\" }} it's\""
        );
    }
}
