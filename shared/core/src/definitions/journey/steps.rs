//! Reads steps: an id, exactly one verb, that verb's options.

use super::scopes;
use super::tree::{ErrorTree, GotoTree, StepTree, VerbTree, Word};
use super::verbs::{self, VERBS};
use crate::condition;
use crate::definitions::reader::{self, Faults, MapReader};
use crate::syntax::{Key, Node, NodeValue, Place};

/// The steps of `node`.
pub(super) fn steps(node: &Node, what: &str, faults: &mut Faults<'_>) -> Vec<StepTree> {
    let before = faults.errors();
    let items = reader::list(node, what, faults);
    if items.is_empty() && faults.errors() == before {
        let help = "add a step, for example `- { id: hello, email: welcome-hello }`";
        faults.add("E0131", node, &format!("`{what}` has no steps"), help);
    }
    let read = items.iter().filter_map(|item| step(item, faults));
    read.collect()
}

fn step(node: &Node, faults: &mut Faults<'_>) -> Option<StepTree> {
    let mut map = MapReader::new(node, "a step", faults)?;
    let id = map.optional("id");
    if id.is_none() {
        let help = "add `id: …`, or let `wend fmt` write it";
        faults.add("E0101", map.place(), "a step needs `id`", help);
    }
    let id = id.and_then(|node| word(node, "id", faults));
    let only_if = map.read("if", faults, |node, _, faults| {
        condition::condition(node, scopes::RUN, faults).map(Box::new)
    });
    let _note = map.optional_text("note", faults);
    let was = map.read("was", faults, word);
    let on_error = map.read("on_error", faults, |node, _, faults| on_error(node, faults));
    let (verb, verb_place) = match verb(&map, faults) {
        Some(key) => {
            map.is_called(format!("a step with `{}`", key.text), &key.text);
            let verb = verbs::read(&mut map, &key.text, faults);
            report_options_of_others(&mut map, faults);
            map.finish(faults);
            (verb, Place::from(key))
        }
        None => (None, map.place()),
    };
    Some(StepTree {
        id: id?,
        verb_place,
        was,
        only_if,
        on_error: on_error.unwrap_or(ErrorTree::Park),
        verb: verb.unwrap_or(VerbTree::Unknown),
    })
}

/// An id, with its place.
pub(super) fn word(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<Word> {
    let text = reader::id(node, what, faults)?;
    let place = node.into();
    Some(Word { text, place })
}

/// The one key that says what the step does.
fn verb<'n>(map: &MapReader<'n>, faults: &mut Faults<'_>) -> Option<&'n Key> {
    let is_verb = |key: &&Key| VERBS.iter().any(|(verb, _)| *verb == key.text);
    let found: Vec<&Key> = map.keys().filter(is_verb).collect();
    let names = VERBS.map(|(verb, _)| verb);
    match found.as_slice() {
        [one] => Some(one),
        [] => {
            let is_other =
                |key: &&Key| !["id", "if", "note", "was", "on_error"].contains(&key.text.as_str());
            let near = |key: &'n Key| {
                reader::nearest(&key.text, names.into_iter()).map(|near| (key, near))
            };
            let help = format!("one of: {}", names.join(", "));
            let message = "this step has no verb";
            if let Some((key, _)) = map.peek("steps") {
                let help = "steps under a condition are a branch: \
                            `branch: [ { path: …, if: …, steps: … } ]`";
                faults.add("E0110", key, message, help);
                return None;
            }
            match map.keys().filter(is_other).find_map(near) {
                Some((key, near)) => faults.add("E0110", key, message, &help).meant(near),
                None => faults.add("E0110", map.place(), message, &help),
            };
            None
        }
        [first, second, ..] => {
            let message = format!(
                "this step has two verbs, `{}` and `{}`",
                first.text, second.text
            );
            faults.add(
                "E0111",
                *second,
                &message,
                "make two steps of it, each with its `id`",
            );
            None
        }
    }
}

/// Reports options that belong to other verbs.
fn report_options_of_others(map: &mut MapReader<'_>, faults: &mut Faults<'_>) {
    let options = || {
        VERBS
            .iter()
            .flat_map(|(_, options)| options.iter().copied())
    };
    for key in map.take_left(|name| options().find(|option| *option == name)) {
        let owners = VERBS
            .iter()
            .filter(|(_, options)| options.contains(&key.text.as_str()));
        let owners: Vec<String> = owners.map(|(verb, _)| format!("`{verb}`")).collect();
        let message = format!("{} has no `{}`", map.what(), key.text);
        let owners = match owners.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => owners.concat(),
        };
        faults.add(
            "E0112",
            key,
            &message,
            &format!("`{}` belongs to {owners}", key.text),
        );
    }
}

fn on_error(node: &Node, faults: &mut Faults<'_>) -> Option<ErrorTree> {
    if matches!(node.value, NodeValue::List(_)) {
        let steps = steps(node, "on_error", faults);
        return (!steps.is_empty()).then_some(ErrorTree::Steps(steps));
    }
    let choices = [("park", 0), ("continue", 1), ("exit", 2)];
    Some(match reader::choice(node, "on_error", &choices, faults)? {
        1 => ErrorTree::Continue,
        2 => ErrorTree::Exit,
        _ => ErrorTree::Park,
    })
}

/// Most times that a run may go back to one step.
const GOTO_MAX: u16 = 100;

/// Where a `goto` leads.
pub(super) fn goto(node: &Node, max: Option<&Node>, faults: &mut Faults<'_>) -> Option<GotoTree> {
    let step = word(node, "goto", faults);
    let max = max.and_then(|node| reader::whole(node, "max", (1, GOTO_MAX), faults));
    Some(GotoTree { step: step?, max })
}
