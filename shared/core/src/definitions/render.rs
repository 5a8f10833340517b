//! Draws a fault beside the line that it is about.

use std::fmt::Write as _;

use super::Diagnostic;

/// `fault` as a terminal shows it: code, place, the line in question, help and notes. `source` is the text of its file.
///
/// Plain text without a line feed at its end. A line that the file does not have is left out.
pub fn render(fault: &Diagnostic, source: &str) -> String {
    let number = fault.at.line.to_string();
    let width = number.len().max(2);
    let mut text = format!(
        "{}[{}]: {}",
        fault.severity.word(),
        fault.code,
        fault.message
    );
    let _ = write!(
        text,
        "\n{:width$} ┌ {}:{}:{}",
        "", fault.file, fault.at.line, fault.at.column
    );
    let label = fault.label.as_deref();
    // A word that was meant stands best beside the one that was written.
    let meant = fault
        .help
        .as_deref()
        .filter(|help| help.starts_with("did you mean"));
    let (label, help) = match (label, meant) {
        (None, Some(meant)) => (Some(meant), None),
        (label, _) => (label, fault.help.as_deref()),
    };
    if let Some(line) = source.lines().nth(fault.at.line.saturating_sub(1)) {
        let (line, start) = window(line, fault.at.column.saturating_sub(1));
        let _ = write!(text, "\n{number:>width$} │ {}", line.trim_end());
        let _ = write!(text, "\n{:width$} │ {}", "", marks(fault, &line, start));
        if let Some(label) = label {
            let _ = write!(text, " {label}");
        }
    } else if let Some(label) = label {
        let _ = write!(text, "\n{:width$} = {label}", "");
    }
    let indent = " ".repeat(width + " = help: ".len());
    for (word, said) in help
        .map(|help| ("help", help))
        .into_iter()
        .chain(notes(fault))
    {
        let said = said.replace('\n', &format!("\n{indent}"));
        let _ = write!(text, "\n{:width$} = {word}: {said}", "");
    }
    text
}

fn notes(fault: &Diagnostic) -> impl Iterator<Item = (&'static str, &str)> {
    fault.notes.iter().map(|note| ("note", note.as_str()))
}

/// The part of `line` that is shown, and where in it the place begins that is `start` characters into the line.
fn window(line: &str, start: usize) -> (String, usize) {
    const SHOWN_MAX: usize = 160;
    const BEFORE: usize = 60;
    let skipped = if start + BEFORE > SHOWN_MAX {
        start - BEFORE
    } else {
        0
    };
    let mut shown = line.chars().skip(skipped);
    let mut text: String = shown.by_ref().take(SHOWN_MAX).collect();
    if shown.next().is_some() {
        text.push('…');
    }
    if skipped > 0 {
        text.insert(0, '…');
        return (text, start - skipped + 1);
    }
    (text, start)
}

/// `^^^^` below the place in `line`, which begins at `start`. Tabs before it stay tabs, so that both lines are as wide.
fn marks(fault: &Diagnostic, line: &str, start: usize) -> String {
    let blanks = line.chars().take(start);
    let mut marks: String = blanks.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let rest = line.trim_end().chars().count().saturating_sub(start);
    let length = if fault.end.line > fault.at.line {
        rest
    } else {
        fault.end.column.saturating_sub(fault.at.column).min(rest)
    };
    marks.extend(std::iter::repeat_n('^', length.max(1)));
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{Place, Position};

    const SOURCE: &str = "steps:\n  - id: how-to\n    email: trial-how-to\n\twait: 1d # a\n";

    fn fault(line: usize, from: usize, to: usize) -> Diagnostic {
        let place = Place {
            at: Position { line, column: from },
            end: Position { line, column: to },
        };
        Diagnostic::error(
            "E0210",
            "journeys/trial.yaml",
            place,
            "there is no template",
        )
    }

    #[test]
    fn the_line_is_drawn_with_its_place() {
        let mut fault = fault(3, 12, 24).help("create it:\nwend new template trial-how-to");
        fault
            .label("not in templates/")
            .note("one · wend explain E0210");
        let expected = "\
error[E0210]: there is no template
   ┌ journeys/trial.yaml:3:12
 3 │     email: trial-how-to
   │            ^^^^^^^^^^^^ not in templates/
   = help: create it:
           wend new template trial-how-to
   = note: one · wend explain E0210";
        assert_eq!(render(&fault, SOURCE), expected);
    }

    #[test]
    fn a_word_that_was_meant_stands_beside_the_one_that_was_written() {
        let mut fault = fault(4, 2, 6);
        fault.meant("waits");
        let drawn = render(&fault, SOURCE);
        assert!(
            drawn.ends_with("   │ \t^^^^ did you mean `waits`?"),
            "{drawn}"
        );
        assert_eq!(
            fault.edit.as_ref().map(|edit| edit.text.as_str()),
            Some("waits")
        );
    }

    #[test]
    fn what_is_longer_than_its_line_or_not_in_the_file_is_still_drawn() {
        let mut long = fault(2, 5, 6);
        long.end.line = 4;
        assert!(render(&long, SOURCE).contains("\n   │     ^^^^^^^^^^"));
        assert!(!render(&fault(9, 1, 1), SOURCE).contains('^'));
        assert!(render(&fault(1, 90, 95), SOURCE).ends_with('^'));
        let wide = format!("{}here{}", "a ".repeat(200), " b".repeat(200));
        let drawn = render(&fault(1, 401, 405), &wide);
        let lines: Vec<&str> = drawn.lines().collect();
        let place = lines[3].chars().position(|c| c == '^').unwrap();
        let under: String = lines[2].chars().skip(place).take(4).collect();
        assert_eq!((under.as_str(), lines[3].matches('^').count()), ("here", 4));
        assert!(lines.iter().all(|line| line.chars().count() < 180));
    }
}
