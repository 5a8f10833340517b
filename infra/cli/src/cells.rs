//! Cells of CSV files that a spreadsheet opens.

use std::borrow::Cow;

/// With these a spreadsheet begins a formula, or reads past the cell's beginning (OWASP, "CSV Injection").
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// `text` as a cell that no spreadsheet runs: with `'` before what would begin a formula, also behind blanks, which some drop. Plain
/// numbers and phone numbers are none. What is marked already gets another mark, so that [`plain`] finds each text again.
pub fn safe(text: &str) -> Cow<'_, str> {
    if begins_formula(text) {
        return Cow::Owned(format!("'{text}"));
    }
    Cow::Borrowed(text)
}

/// What [`safe`] has written, as it was.
pub fn plain(cell: &str) -> &str {
    let unmarked = cell.strip_prefix('\'');
    unmarked.filter(|text| begins_formula(text)).unwrap_or(cell)
}

fn begins_formula(text: &str) -> bool {
    let text = text.trim_start_matches('\'');
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_plain = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_number = is_plain && digits.bytes().any(|byte| byte.is_ascii_digit());
    let begin = text.trim_start_matches([' ', '\n', '\u{a0}']);
    begin.starts_with(FORMULA) && !is_number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_a_formula_and_each_is_read_back() {
        for text in [
            "=1+1",
            "+cmd|' /C calc'!A0",
            "-2+3",
            "@SUM(A1)",
            "\tx",
            "\r=x",
            " =1",
            "\n=1",
            "=",
            "+",
            "'=1",
            "''+x",
        ] {
            let cell = safe(text);
            let first = cell.trim_start_matches([' ', '\n']).chars().next();
            assert!(first.is_some_and(|c| !FORMULA.contains(&c)), "{text:?}");
            assert_eq!(plain(&cell), text);
        }
    }

    #[test]
    fn numbers_and_names_stay_as_they_are() {
        for text in [
            "",
            "Ana",
            "-12.5",
            "+4915550001111",
            "7",
            "O'Neill",
            "'quoted",
            "a=b",
        ] {
            assert_eq!(safe(text), text);
            assert_eq!(plain(text), text);
        }
    }
}
