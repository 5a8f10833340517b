//! Checks the paths of one step beside each other.

use super::{about_secs, length};
use crate::definitions::journey::tree::{PathTree, StepTree, VerbTree};
use crate::definitions::reader::Faults;
use crate::phrase::{Span, Wait};
use crate::release::{Admission, Share, Winner, WinnerBy};
use crate::syntax::Place;

pub(super) fn check(step: &StepTree, has_goal: bool, faults: &mut Faults<'_>) {
    let place = step.verb_place;
    match &step.verb {
        VerbTree::WaitUntil(paths) => {
            ends(paths, place, faults);
            deadlines(paths, faults);
            twice(paths, faults);
        }
        VerbTree::Branch(paths) => {
            if paths.is_empty() {
                let help = "add a path with `if`";
                faults.add("E0172", place, "this branch has no paths", help);
            }
            behind_else(paths, faults);
            twice(paths, faults);
        }
        VerbTree::Split { paths, winner, .. } => {
            weights(paths, place, faults);
            if let Some(winner) = winner {
                check_winner(winner, has_goal, place, faults);
            }
        }
        VerbTree::Unknown | VerbTree::Plain(_) | VerbTree::Wait(..) | VerbTree::Goto(_) => {}
    }
}

/// A wait must end without anybody's doing.
fn ends(paths: &[PathTree], place: Place, faults: &mut Faults<'_>) {
    // One that could not be read may be it.
    let is_after = |path: &PathTree| matches!(path.admission, Some(Admission::After(_)) | None);
    if !paths.iter().any(is_after) {
        let help = "add a last path, for example\n- path: timeout\n  after: 7 days";
        let fault = faults.add("E0132", place, "this step can wait for ever", help);
        fault.label("no path has `after`");
        // In a block list each path begins behind `- `, two columns in.
        let block = paths
            .last()
            .filter(|last| last.whole.at.line > place.at.line);
        if let Some(last) = block.filter(|last| last.whole.at.column > 2) {
            let indent = " ".repeat(last.whole.at.column - 3);
            let path = format!("{indent}- path: timeout\n{indent}  after: 7 days");
            fault.insert_line(last.whole.end.line + 1, &path);
        }
    }
}

/// Of two deadlines the earlier is always first.
fn deadlines(paths: &[PathTree], faults: &mut Faults<'_>) {
    let spans = paths.iter().filter_map(|path| match &path.admission {
        Some(Admission::After(wait)) => Some((path, comparable(wait)?)),
        Some(
            Admission::If(_) | Admission::Event(_) | Admission::Weight { .. } | Admission::Else,
        )
        | None => None,
    });
    let spans: Vec<(&PathTree, Span)> = spans.collect();
    for (place, (path, span)) in spans.iter().enumerate() {
        let is_like = |other: &Span| match (span, other) {
            (Span::Exact(_), Span::Exact(_)) => true,
            (Span::Calendar(one), Span::Calendar(other)) => one.unit() == other.unit(),
            (Span::Exact(_), Span::Calendar(_)) | (Span::Calendar(_), Span::Exact(_)) => false,
        };
        let earlier = spans.iter().enumerate().find(|(other, (_, first))| {
            let (first, own) = (about_secs(*first), about_secs(*span));
            *other != place && (first < own || first == own && *other < place)
        });
        if let Some((_, (first, other))) = earlier.filter(|(_, (_, other))| is_like(other)) {
            let message = format!(
                "nobody comes by `{}`: `{}` is over before",
                path.id.text, first.id.text
            );
            let help = format!("`{other}` comes first: keep one of them, or wait again below");
            faults.add("E0174", path.id.place, &message, &help);
        }
    }
}

/// The length of a wait that ends without looking at a clock.
const fn comparable(wait: &Wait) -> Option<Span> {
    match wait {
        Wait::Calendar { at: Some(_), .. } => None,
        Wait::Exact(_)
        | Wait::Calendar { at: None, .. }
        | Wait::Clock { .. }
        | Wait::Fixed(_)
        | Wait::Date(_) => length(wait),
    }
}

/// A path without a condition takes everybody.
fn behind_else(paths: &[PathTree], faults: &mut Faults<'_>) {
    let is_else = |path: &&PathTree| matches!(path.admission, Some(Admission::Else));
    let Some(first) = paths.iter().find(is_else) else {
        return;
    };
    let behind = paths
        .iter()
        .skip_while(|path| path.id.place != first.id.place);
    for path in behind.skip(1) {
        let message = format!(
            "nobody comes by `{}`: `{}` takes everybody",
            path.id.text, first.id.text
        );
        let help = format!("give `{}` an `if`, or make it the last path", first.id.text);
        faults.add("E0174", path.id.place, &message, &help);
    }
}

/// Of two equal conditions the first is always taken.
fn twice(paths: &[PathTree], faults: &mut Faults<'_>) {
    for (place, path) in paths.iter().enumerate() {
        let Some(Admission::If(condition)) = &path.admission else {
            continue;
        };
        let same = paths.iter().take(place).find(
            |first| matches!(&first.admission, Some(Admission::If(other)) if other == condition),
        );
        if let Some(first) = same {
            let message = format!(
                "nobody comes by `{}`: `{}` has the same `if`",
                path.id.text, first.id.text
            );
            faults.add(
                "E0174",
                path.id.place,
                &message,
                "change one of them, or make one path of both",
            );
        }
    }
}

fn weights(paths: &[PathTree], place: Place, faults: &mut Faults<'_>) {
    if paths.len() < 2 {
        let help = "add a path, for example `- { path: control, weight: 50%, baseline: true }`";
        faults.add("E0172", place, "a split has at least two paths", help);
        return;
    }
    let mut sum = 0_u32;
    let mut baseline: Option<&PathTree> = None;
    for path in paths {
        let Some(Admission::Weight { share, is_baseline }) = &path.admission else {
            return;
        };
        sum += u32::from(share.0);
        if *is_baseline {
            if let Some(first) = baseline {
                let message = "a split has one baseline";
                let help = format!("`{}` is one already", first.id.text);
                faults.add("E0183", path.id.place, message, &help);
            }
            baseline = Some(path);
        }
    }
    if sum != u32::from(Share::WHOLE.0) {
        let shown = format!("{}.{:02}", sum / 100, sum % 100);
        let shown = shown.strip_suffix(".00").unwrap_or(&shown).to_owned();
        let message = format!("the weights are {shown}% together, not 100%");
        let missing = i64::from(Share::WHOLE.0) - i64::from(sum);
        let last = paths
            .last()
            .map_or("the last", |path| path.id.text.as_str());
        let help = format!(
            "{} {}% {} `{last}`, for example",
            if missing > 0 { "give" } else { "take" },
            missing.unsigned_abs().div_ceil(100),
            if missing > 0 { "to" } else { "from" },
        );
        faults.add("E0171", place, &message, &help);
    }
}

fn check_winner(winner: &Winner, has_goal: bool, place: Place, faults: &mut Faults<'_>) {
    let needs_goal = match winner.by {
        WinnerBy::Goal | WinnerBy::Value => true,
        WinnerBy::Opened | WinnerBy::Clicked => false,
    };
    if needs_goal && !has_goal {
        let message = "the winner is found by the goal, and this journey has none";
        let help = "add `goal: { event: order_completed }`, or say `by: clicked`";
        faults.add("E0181", place, message, help);
    }
}
