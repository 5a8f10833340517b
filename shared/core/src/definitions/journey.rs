//! Reads a journey file.

use std::time::Duration;

use super::reader::{self, Faults, MapReader};
use crate::definitions::Diagnostic;
use crate::release::{Journey, JourneyState, Reentry, Step, Trigger, Verb};
use crate::syntax::{self, Node, NodeValue, Position};
use crate::time;

pub(super) fn read(file: &str, text: &str) -> Result<Journey, Vec<Diagnostic>> {
    let root = syntax::parse(file, text).map_err(|fault| vec![fault])?;
    let mut faults = Faults::new(file);
    let journey = header(&root, &mut faults);
    faults.or(journey)
}

const STATES: [(&str, JourneyState); 4] = [
    ("draft", JourneyState::Draft),
    ("rehearsal", JourneyState::Rehearsal),
    ("live", JourneyState::Live),
    ("closed", JourneyState::Closed),
];

fn header(root: &Node, faults: &mut Faults<'_>) -> Option<Journey> {
    let mut map = MapReader::new(root, "a journey", faults)?;
    let id_node = map.required("journey", faults);
    let id = id_node.and_then(|node| reader::id(node, "journey", faults));
    if let (Some(id), Some(node)) = (&id, id_node) {
        reader::check_name(id, node.at, faults);
    }
    let title = map.optional_text("title", faults).map(str::to_owned);
    let _about = map.optional_text("about", faults);
    let state = map
        .optional("state")
        .and_then(|node| reader::choice(node, "state", &STATES, faults));
    let topic = map
        .optional("topic")
        .and_then(|node| reader::id(node, "topic", faults));
    let reentry = map
        .optional("reentry")
        .and_then(|node| reentry(node, faults));
    let triggers = map
        .required("triggers", faults)
        .map(|node| triggers(node, faults));
    let steps = map
        .required("steps", faults)
        .map(|node| steps(node, faults));
    map.finish(faults);
    let id = id?;
    Some(Journey {
        title: title.unwrap_or_else(|| id.clone()),
        id,
        state: state.unwrap_or(JourneyState::Draft),
        topic,
        reentry: reentry.unwrap_or(Reentry::Never),
        triggers: triggers?,
        steps: steps?,
    })
}

fn reentry(node: &Node, faults: &mut Faults<'_>) -> Option<Reentry> {
    match reader::text(node, "reentry", faults)? {
        "never" => Some(Reentry::Never),
        "always" => Some(Reentry::Always),
        text => duration(text, node.at, faults).map(Reentry::After),
    }
}

fn duration(text: &str, at: Position, faults: &mut Faults<'_>) -> Option<Duration> {
    match time::exact(text) {
        Ok(duration) => Some(duration),
        Err(error) => {
            faults.add("E0121", at, &error.to_string(), &error.help());
            None
        }
    }
}

fn triggers(node: &Node, faults: &mut Faults<'_>) -> Vec<Trigger> {
    let items = reader::list(node, "triggers", faults);
    if items.is_empty() {
        faults.add(
            "E0130",
            node.at,
            "nothing starts this journey",
            "add `- event: signed_up`",
        );
    }
    items
        .iter()
        .filter_map(|item| trigger(item, faults))
        .collect()
}

fn trigger(node: &Node, faults: &mut Faults<'_>) -> Option<Trigger> {
    let mut map = MapReader::new(node, "a trigger", faults)?;
    let event = map.required_text("event", faults).map(str::to_owned);
    map.finish(faults);
    Some(Trigger { event: event? })
}

fn steps(node: &Node, faults: &mut Faults<'_>) -> Vec<Step> {
    let items = reader::list(node, "steps", faults);
    if items.is_empty() {
        faults.add("E0131", node.at, "this journey does nothing", "add a step");
    }
    let mut steps: Vec<Step> = Vec::new();
    for item in items {
        let Some(step) = step(item, faults) else {
            continue;
        };
        if steps.iter().any(|earlier| earlier.id == step.id) {
            let message = format!("two steps are called `{}`", step.id);
            faults.add(
                "E0109",
                item.at,
                &message,
                "step ids are unique in a journey",
            );
        }
        steps.push(step);
    }
    steps
}

fn step(node: &Node, faults: &mut Faults<'_>) -> Option<Step> {
    let mut map = MapReader::new(node, "a step", faults)?;
    let id = map
        .required("id", faults)
        .and_then(|node| reader::id(node, "id", faults));
    let _note = map.optional_text("note", faults);
    let email = map.optional("email");
    let wait = map.optional("wait");
    let at = map.at();
    let verb = match (email, wait) {
        (Some(template), None) => {
            reader::id(template, "email", faults).map(|template| Verb::Email { template })
        }
        (None, Some(phrase)) => reader::text(phrase, "wait", faults)
            .and_then(|text| duration(text, phrase.at, faults))
            .map(|duration| Verb::Wait { duration }),
        (None, None) => {
            faults.add("E0110", at, "this step has no verb", "one of: email, wait");
            None
        }
        (Some(_), Some(_)) => {
            let message = "this step has two verbs, `email` and `wait`";
            faults.add("E0111", at, message, "make two steps of it");
            None
        }
    };
    map.finish(faults);
    Some(Step {
        id: id?,
        verb: verb?,
    })
}

/// Faults that show only beside the project's templates.
pub(super) fn check(
    journey: &Journey,
    file: &str,
    text: &str,
    templates: &[&str],
) -> Vec<Diagnostic> {
    let mut faults = Faults::new(file);
    for step in &journey.steps {
        let Verb::Email { template } = &step.verb else {
            continue;
        };
        if !templates.contains(&template.as_str()) {
            let at = position_of_value(file, text, template);
            let message = format!("there is no template `{template}`");
            let help = match reader::nearest(template, templates.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("create templates/{template}.md"),
            };
            faults.add("E0210", at, &message, &help);
        }
    }
    faults.found
}

/// Where `value` stands in a file that is known to parse.
fn position_of_value(file: &str, text: &str, value: &str) -> Position {
    fn find(node: &Node, value: &str) -> Option<Position> {
        match &node.value {
            NodeValue::Scalar { text, .. } => (text == value).then_some(node.at),
            NodeValue::List(items) => items.iter().find_map(|item| find(item, value)),
            NodeValue::Map(entries) => entries.iter().find_map(|(_, node)| find(node, value)),
        }
    }
    let start = Position { line: 1, column: 1 };
    syntax::parse(file, text)
        .ok()
        .and_then(|root| find(&root, value))
        .unwrap_or(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELCOME: &str = "journey: welcome\nstate: live\ntopic: news\ntriggers:\n  - event: signed_up\n\
        steps:\n  - { id: hello, email: welcome-hello }\n  - { id: pause, wait: 20 s }\n";

    fn faults(text: &str) -> Vec<(&'static str, usize, String)> {
        let found = read("journeys/welcome.yaml", text).unwrap_err();
        found
            .into_iter()
            .map(|f| (f.code, f.at.line, f.help.unwrap_or_default()))
            .collect()
    }

    #[test]
    fn a_journey_reads_as_written() {
        let journey = read("journeys/welcome.yaml", WELCOME).unwrap();
        assert_eq!(journey.state, JourneyState::Live);
        assert_eq!(journey.reentry, Reentry::Never);
        assert_eq!(journey.steps.len(), 2);
        let wait = Verb::Wait {
            duration: Duration::from_secs(20),
        };
        assert_eq!(journey.steps.last().map(|step| &step.verb), Some(&wait));
    }

    #[test]
    fn every_fault_of_a_file_is_found_in_one_run() {
        let text = "journey: Welcome\nstat: live\ntriggers: []\nsteps:\n  - { id: a, emial: x }\n\
            \x20 - { id: a, wait: 1d }\n  - { id: b, email: x, wait: 1h }\n";
        let found = faults(text);
        let codes: Vec<&str> = found.iter().map(|(code, ..)| *code).collect();
        assert_eq!(
            codes,
            [
                "E0105", "E0130", "E0110", "E0108", "E0121", "E0111", "E0108"
            ]
        );
        assert_eq!(
            found.last().map(|(_, line, help)| (*line, help.as_str())),
            Some((2, "did you mean `state`?"))
        );
    }

    #[test]
    fn a_file_is_called_like_its_journey() {
        let text = WELCOME.replace("journey: welcome", "journey: hello");
        assert_eq!(faults(&text).first().map(|(code, ..)| *code), Some("E0107"));
    }
}
