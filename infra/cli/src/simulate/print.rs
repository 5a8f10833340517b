//! How a simulation is printed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use wend_app::simulate::{Funnel, Group, Line, StepCount};
use wend_core::release::{Journey, Verb};

/// The path of one contact. What other journeys do is named with them.
pub fn path(lines: &[Line], journey: &str) -> String {
    let mut text = String::new();
    for line in lines {
        let other = line.journey.as_deref().filter(|of| *of != journey);
        let other = other.map(|of| format!("  ({of})")).unwrap_or_default();
        let _ = writeln!(text, "{} {}{other}", line.shown, line.text);
    }
    if lines.is_empty() {
        "nothing happens\n".to_owned()
    } else {
        text
    }
}

/// The same for programs.
pub fn path_json(lines: &[Line]) -> Value {
    let lines = lines.iter().map(|line| {
        json!({ "at": line.at.to_string(), "local": line.shown, "journey": line.journey, "what": line.text })
    });
    lines.collect()
}

/// Columns, each as wide as its widest cell; numbers to the right.
struct Table(Vec<Vec<String>>);

impl Table {
    fn new(header: &[&str]) -> Self {
        Self(vec![header.iter().map(|name| (*name).to_owned()).collect()])
    }

    fn print(&self, text: &mut String) {
        let columns = self.0.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let cells = self.0.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.0 {
            let mut line = String::new();
            for (place, (cell, width)) in row.iter().zip(&widths).enumerate() {
                // The first column and the last one are text.
                let is_text = place == 0 || place + 1 == columns;
                let _ = if is_text {
                    write!(line, "{cell:<width$}  ")
                } else {
                    write!(line, "{cell:>width$}  ")
                };
            }
            let _ = writeln!(text, "  {}", line.trim_end());
        }
    }
}

fn number(count: u64) -> String {
    if count == 0 {
        "·".to_owned()
    } else {
        count.to_string()
    }
}

fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "·".to_owned();
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share that is printed with one digit"
    )]
    let percent = part as f64 * 100.0 / whole as f64;
    format!("{percent:.1}%")
}

fn reasons(counts: &BTreeMap<String, u64>) -> String {
    let mut counts: Vec<(&String, &u64)> = counts.iter().collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), (*name).clone()));
    let counts = counts
        .into_iter()
        .map(|(name, count)| format!("{name} {count}"));
    counts.collect::<Vec<_>>().join(", ")
}

/// The whole journey, for people.
pub fn funnel(funnel: &Funnel, journey: &Journey) -> String {
    let runs = funnel.messaged.entered + funnel.holdout.entered;
    let mut text = format!(
        "{} · {} contacts, {} entered, {runs} runs\n",
        journey.id, funnel.contacts, funnel.entered_contacts
    );
    if !funnel.not_entered.is_empty() {
        let _ = writeln!(text, "not entered: {}", reasons(&funnel.not_entered));
    }
    steps(&mut text, funnel, journey);
    paths(&mut text, funnel, journey);
    groups(&mut text, funnel);
    text
}

fn steps(text: &mut String, funnel: &Funnel, journey: &Journey) {
    let mut table = Table::new(&[
        "step", "reached", "passed", "sent", "held", "opened", "", "clicked", "", "skipped",
    ]);
    for step in &journey.steps {
        let nothing = StepCount::default();
        let is_silent = matches!(
            step.verb,
            Verb::Update(_)
                | Verb::Score(_)
                | Verb::Emit { .. }
                | Verb::Start { .. }
                | Verb::Stop { .. }
        );
        let is_turn = matches!(
            step.verb,
            Verb::Branch { .. } | Verb::Split { .. } | Verb::Goto(_) | Verb::Exit { .. }
        );
        if is_silent || is_turn {
            continue;
        }
        let count = funnel.steps.get(&step.id).unwrap_or(&nothing);
        let is_message = matches!(step.verb, Verb::Message(_));
        let of_sent = |count: u64, sent: u64| {
            if is_message {
                share(count, sent)
            } else {
                String::new()
            }
        };
        table.0.push(vec![
            step.id.clone(),
            number(count.reached),
            number(count.passed),
            if is_message {
                number(count.sent)
            } else {
                String::new()
            },
            if is_message {
                number(count.held)
            } else {
                String::new()
            },
            if is_message {
                number(count.opened)
            } else {
                String::new()
            },
            of_sent(count.opened, count.sent),
            if is_message {
                number(count.clicked)
            } else {
                String::new()
            },
            of_sent(count.clicked, count.sent),
            reasons(&count.skipped),
        ]);
    }
    text.push('\n');
    table.print(text);
}

fn paths(text: &mut String, funnel: &Funnel, journey: &Journey) {
    let mut table = Table::new(&["path", "taken", "share", "of"]);
    let of_step = |step: &str, ids: Vec<&str>, table: &mut Table| {
        let count = |path: &str| {
            funnel
                .paths
                .get(&(step.to_owned(), path.to_owned()))
                .copied()
                .unwrap_or(0)
        };
        let whole = if step.is_empty() {
            funnel.messaged.entered + funnel.holdout.entered
        } else {
            ids.iter().map(|id| count(id)).sum()
        };
        for id in ids {
            let name = if step.is_empty() { "exits" } else { step };
            table.0.push(vec![
                id.to_owned(),
                number(count(id)),
                share(count(id), whole),
                name.to_owned(),
            ]);
        }
    };
    for step in &journey.steps {
        if let Verb::WaitUntil { paths } | Verb::Branch { paths } | Verb::Split { paths, .. } =
            &step.verb
        {
            of_step(
                &step.id,
                paths.iter().map(|path| path.id.as_str()).collect(),
                &mut table,
            );
        }
    }
    of_step(
        "",
        journey.exits.iter().map(|path| path.id.as_str()).collect(),
        &mut table,
    );
    if table.0.len() > 1 {
        text.push('\n');
        table.print(text);
    }
}

fn groups(text: &mut String, funnel: &Funnel) {
    let mut table = Table::new(&["runs", "entered", "goals", "share", "value", "ended"]);
    let all = [("messaged", &funnel.messaged), ("holdout", &funnel.holdout)];
    for (name, group) in all.into_iter().filter(|(_, group)| group.entered > 0) {
        let ended: u64 = group.ended.values().sum();
        let mut ends = reasons(&group.ended);
        if group.entered > ended {
            let inside = format!("still inside {}", group.entered - ended);
            ends = if ends.is_empty() {
                inside
            } else {
                format!("{ends}, {inside}")
            };
        }
        table.0.push(vec![
            name.to_owned(),
            number(group.entered),
            number(group.goals),
            share(group.goals, group.entered),
            value(group),
            ends,
        ]);
    }
    if table.0.len() > 1 {
        text.push('\n');
        table.print(text);
    }
}

fn value(group: &Group) -> String {
    let values = group
        .value
        .iter()
        .map(|(currency, value)| format!("{value:.2} {currency}").trim_end().to_owned());
    let values: Vec<String> = values.collect();
    if values.is_empty() {
        "·".to_owned()
    } else {
        values.join(", ")
    }
}

/// The same for programs.
pub fn json(funnel: &Funnel, journey: &Journey) -> Value {
    let steps = journey.steps.iter().filter_map(|step| {
        let count = funnel.steps.get(&step.id)?;
        Some(json!({
            "step": step.id, "reached": count.reached, "passed": count.passed, "sent": count.sent, "held": count.held,
            "skipped": count.skipped, "delivered": count.delivered, "opened": count.opened, "clicked": count.clicked,
            "replied": count.replied, "bounced": count.bounced,
        }))
    });
    let paths = funnel.paths.iter().map(|((step, path), taken)| {
        let step = Some(step).filter(|step| !step.is_empty());
        json!({ "step": step, "path": path, "taken": taken })
    });
    json!({
        "journey": journey.id,
        "contacts": funnel.contacts,
        "entered_contacts": funnel.entered_contacts,
        "not_entered": funnel.not_entered,
        "steps": steps.collect::<Vec<_>>(),
        "paths": paths.collect::<Vec<_>>(),
        "messaged": group_json(&funnel.messaged),
        "holdout": group_json(&funnel.holdout),
    })
}

fn group_json(group: &Group) -> Value {
    json!({ "entered": group.entered, "goals": group.goals, "value": group.value, "ended": group.ended })
}
