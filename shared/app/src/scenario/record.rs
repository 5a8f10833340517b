//! Writes down what happened and no line expects yet.

use wend_core::definitions::scenario::{Case, Line, Scenarios};
use wend_core::syntax::Position;

use super::compare::minute;
use super::happened::Happened;
use super::{Report, write};

/// A file of scenarios with the missing lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The text: what stood there stands there unchanged.
    pub text: String,
    /// The new lines, as they stand in the text, by the number of their case.
    pub lines: Vec<(usize, String)>,
}

/// Why a case cannot be recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRecorded {
    /// Its timeline is no list of lines.
    #[error("`{0}` cannot be recorded: write its timeline as lines that begin with `- `")]
    NotAList(String),
    /// A line counts from the one before, and something must go between the two.
    #[error(
        "`{case}` cannot be recorded: line {line} counts from the line above it; write the time of day instead"
    )]
    Relative {
        /// The case.
        case: String,
        /// The line of the file.
        line: usize,
    },
}

/// Puts the lines that are missing into `text`, the file of `scenarios`, whose cases ended as `reports` say.
pub fn record(
    text: &str,
    scenarios: &Scenarios,
    reports: &[Report],
) -> Result<Recorded, NotRecorded> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut insertions: Vec<(usize, usize, String)> = Vec::new();
    for (number, (case, report)) in scenarios.cases.iter().zip(reports).enumerate() {
        let places = Places::of(case, &lines)?;
        let mut before = None;
        for happened in &report.missing {
            let (place, indent) = places.after(case, happened)?;
            // What was recorded just above counts, too.
            let line_at = super::compare::line_before(case, happened.at);
            let since = before.map_or(line_at, |before| line_at.max(before));
            let written = write::happened(case, happened, since);
            insertions.push((place, number, format!("{indent}- {written}\n")));
            before = Some(happened.at);
        }
    }
    insertions.sort_by_key(|(place, ..)| *place);
    Ok(insert(&lines, insertions))
}

fn insert(lines: &[&str], insertions: Vec<(usize, usize, String)>) -> Recorded {
    let mut text = String::new();
    let mut recorded = Vec::new();
    let mut coming = insertions.into_iter().peekable();
    for place in 0..=lines.len() {
        while let Some((_, number, line)) = coming.next_if(|(at, ..)| *at == place) {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&line);
            recorded.push((number, line.trim_end().to_owned()));
        }
        text.push_str(lines.get(place).copied().unwrap_or_default());
    }
    Recorded {
        text,
        lines: recorded,
    }
}

/// Where each line of a timeline ends: the number of the file's line below it, and its indent.
struct Places(Vec<(usize, String)>);

impl Places {
    fn of(case: &Case, lines: &[&str]) -> Result<Self, NotRecorded> {
        let places = case.timeline.iter().map(|line| {
            let dash = dash_of(lines, line.position)?;
            let indent = indent(lines.get(dash)?);
            Some((end_of_item(lines, dash, indent.len()), indent))
        });
        let places: Option<Vec<_>> = places.collect();
        let places = places.filter(|places| !places.is_empty());
        places
            .map(Self)
            .ok_or_else(|| NotRecorded::NotAList(case.name.clone()))
    }

    /// Below the last line that is not after what happened.
    fn after(&self, case: &Case, happened: &Happened) -> Result<(usize, String), NotRecorded> {
        let lines = &case.timeline;
        let above = lines.iter().rposition(|line| line.at <= happened.at);
        let mut above = above.unwrap_or_default();
        // What counts from the line above it and is of the same minute stays there.
        let stays = |line: &Line| line.is_relative && minute(line.at) == minute(happened.at);
        while lines.get(above + 1).is_some_and(stays) {
            above += 1;
        }
        if let Some(below) = lines.get(above + 1).filter(|line| line.is_relative) {
            return Err(NotRecorded::Relative {
                case: case.name.clone(),
                line: below.position.line,
            });
        }
        let place = self.0.get(above).cloned();
        place.ok_or_else(|| NotRecorded::NotAList(case.name.clone()))
    }
}

/// The line of the dash before an item at `position`; none if there is none, as in a list in brackets.
fn dash_of(lines: &[&str], position: Position) -> Option<usize> {
    let number = position.line.checked_sub(1)?;
    let before: String = lines
        .get(number)?
        .chars()
        .take(position.column.saturating_sub(1))
        .collect();
    match before.trim() {
        "-" => Some(number),
        // The dash may stand alone on the line above.
        "" => (0..number)
            .next_back()
            .filter(|above| lines.get(*above).is_some_and(|line| line.trim() == "-")),
        _ => None,
    }
}

fn indent(line: &str) -> String {
    line.chars().take_while(|c| *c == ' ').collect()
}

/// The first line below an item: blank lines and comments in between belong to what follows.
fn end_of_item(lines: &[&str], dash: usize, depth: usize) -> usize {
    let mut end = dash + 1;
    for (number, line) in lines.iter().enumerate().skip(dash + 1) {
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if indent(line).len() <= depth {
            break;
        }
        end = number + 1;
    }
    end
}
