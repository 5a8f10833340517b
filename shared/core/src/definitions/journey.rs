//! Reads a journey file.

use super::reader::{self, Faults, MapReader};
use crate::condition::{self, Root, Scope};
use crate::definitions::Diagnostic;
use crate::phrase::{self, Span, Wait};
use crate::release::{IfPast, Journey, JourneyState, Project, Reentry, Step, Trigger, Verb};
use crate::syntax::{self, Node, NodeValue, Position};

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

/// What is known of a contact that enters.
const ENTRY: Scope = Scope {
    roots: &[Root::Contact, Root::Trigger],
    messages: false,
    facts: false,
    why: "so far `entry_if` reads contact.…, trigger.… and now",
};

/// What an event's properties can be compared with.
const TRIGGER: Scope = Scope {
    roots: &[Root::Contact],
    messages: false,
    facts: false,
    why: "so far the `where` of a trigger compares with contact.… and with what is written",
};

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
    let entry_if = map
        .optional("entry_if")
        .and_then(|node| condition::condition(node, ENTRY, faults));
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
        entry_if: entry_if.map(Box::new),
        triggers: triggers?,
        steps: steps?,
    })
}

fn reentry(node: &Node, faults: &mut Faults<'_>) -> Option<Reentry> {
    match reader::text(node, "reentry", faults)? {
        "never" => Some(Reentry::Never),
        "always" => Some(Reentry::Always),
        _ => reader::phrase(node, "reentry", faults, Span::parse).map(Reentry::After),
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
    let filter = map
        .optional("where")
        .and_then(|node| condition::filter(node, TRIGGER, faults));
    map.finish(faults);
    Some(Trigger {
        event: event?,
        filter,
    })
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
        (None, Some(phrase)) => wait_verb(phrase, &mut map, faults),
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

/// What `if_past` can say. `goto` needs steps that can be gone to, which are not read yet.
const IF_PAST: [(&str, IfPast); 2] = [("continue", IfPast::Continue), ("exit", IfPast::Exit)];

fn wait_verb(node: &Node, map: &mut MapReader<'_>, faults: &mut Faults<'_>) -> Option<Verb> {
    let if_past = map.optional("if_past");
    let wait = reader::phrase(node, "wait", faults, Wait::parse)?;
    if let Some(path) = wait
        .path()
        .filter(|path| path.root() != phrase::Root::Contact)
    {
        let message = format!("`{path}` cannot be waited for yet");
        let help = "so far a wait takes dates of the contact, such as `contact.birthday`";
        faults.add("E0125", node.at, &message, help);
        return None;
    }
    let Some(if_past) = if_past else {
        if let Some(path) = wait.path() {
            let message = format!("`{path}` may have passed when this wait begins");
            faults.add(
                "E0126",
                node.at,
                &message,
                "add `if_past: continue` or `if_past: exit`",
            );
            return None;
        }
        let if_past = IfPast::default();
        return Some(Verb::Wait { wait, if_past });
    };
    if !wait.may_be_past() {
        let message = "this wait has no date that could have passed";
        faults.add("E0127", if_past.at, message, "remove `if_past`");
        return None;
    }
    if reader::text(if_past, "if_past", faults)?.starts_with("goto") {
        let message = "`if_past` cannot go to another step yet";
        faults.add("E0128", if_past.at, message, "one of: continue, exit");
        return None;
    }
    let if_past = reader::choice(if_past, "if_past", &IF_PAST, faults)?;
    Some(Verb::Wait { wait, if_past })
}

/// Faults that show only beside `wend.yaml` and the project's templates.
pub(super) fn check(
    journey: &Journey,
    file: &str,
    text: &str,
    project: &Project,
    templates: &[&str],
) -> Vec<Diagnostic> {
    let mut faults = Faults::new(file);
    if let Some(topic) = journey
        .topic
        .as_ref()
        .filter(|topic| !project.topics.contains_key(*topic))
    {
        let help = match reader::nearest(topic, project.topics.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "declare it in wend.yaml under `topics`".to_owned(),
        };
        let at = position_of_value(file, text, topic);
        faults.add(
            "E0212",
            at,
            &format!("there is no `{topic}` in topics"),
            &help,
        );
    }
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
            wait: Wait::parse("20 s").unwrap(),
            if_past: IfPast::Continue,
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
    fn waits_and_reentry_take_every_time_phrase() {
        let text = WELCOME.replace("state: live", "state: live\nreentry: 2 weeks");
        for (options, if_past) in [
            ("2 days at 09:00", IfPast::Continue),
            ("until mon-fri 09:00", IfPast::Continue),
            ("until 2027-12-24 10:00", IfPast::Continue),
            ("until 2027-12-24, if_past: exit", IfPast::Exit),
            (
                "until 1 day before contact.renewal, if_past: exit",
                IfPast::Exit,
            ),
            (
                "until contact.renewal at 09:00, if_past: continue",
                IfPast::Continue,
            ),
        ] {
            let journey = read("journeys/welcome.yaml", &text.replace("20 s", options)).unwrap();
            let phrase = options.split(", ").next().unwrap();
            let wait = Wait::parse(phrase).unwrap();
            let verb = Verb::Wait { wait, if_past };
            assert_eq!(journey.steps.last().map(|step| &step.verb), Some(&verb));
            assert_eq!(
                journey.reentry,
                Reentry::After(Span::parse("2 weeks").unwrap())
            );
        }
    }

    #[test]
    fn a_wait_that_cannot_be_kept_is_refused_with_its_place() {
        for (options, code, help) in [
            ("1d", "E0121", "`24h` is exact time"),
            ("soon", "E0122", "for example"),
            ("1 day at 25:00", "E0123", "00:00 to 23:59"),
            (
                "until 2027-12-24 10:00 Berlin",
                "E0124",
                "did you mean `Europe/Berlin`?",
            ),
            (
                "until trigger.at, if_past: exit",
                "E0125",
                "contact.birthday",
            ),
            ("until contact.renewal", "E0126", "add `if_past: continue`"),
            ("1 day, if_past: exit", "E0127", "remove `if_past`"),
            (
                "until contact.renewal, if_past: goto hello",
                "E0128",
                "one of: continue, exit",
            ),
            (
                "until contact.renewal, if_past: later",
                "E0106",
                "one of: continue, exit",
            ),
        ] {
            let found = faults(&WELCOME.replace("20 s", options));
            let [(found, line, text)] = found.as_slice() else {
                panic!("{options}: {found:?}")
            };
            assert_eq!((*found, *line), (code, 8), "{options}");
            assert!(text.contains(help), "{options}: {text}");
        }
        let found = faults(&WELCOME.replace("email: welcome-hello", "email: x, if_past: exit"));
        assert_eq!(found.first().map(|(code, ..)| *code), Some("E0108"));
    }

    #[test]
    fn a_file_is_called_like_its_journey() {
        let text = WELCOME.replace("journey: welcome", "journey: hello");
        assert_eq!(faults(&text).first().map(|(code, ..)| *code), Some("E0107"));
    }

    #[test]
    fn a_condition_that_would_never_be_answered_is_refused_at_its_place() {
        let text = WELCOME.replace(
            "triggers:\n  - event: signed_up\n",
            "entry_if: { in_segment: vips }\ntriggers:\n  - event: signed_up\n    where: { a: { same_as: data.b } }\n",
        );
        let found = faults(&text);
        let places: Vec<_> = found.iter().map(|(code, line, _)| (*code, *line)).collect();
        assert_eq!(places, [("E0164", 4), ("E0164", 7)]);
        assert!(found.iter().all(|(.., help)| help.contains("so far")));
    }

    #[test]
    fn a_journey_stored_without_conditions_still_reads() {
        let mut journey = serde_json::to_value(read("journeys/welcome.yaml", WELCOME).unwrap());
        let journey = journey.as_mut().unwrap();
        assert!(journey.get("entry_if").is_none());
        assert!(serde_json::from_value::<Journey>(journey.take()).is_ok());
    }
}
