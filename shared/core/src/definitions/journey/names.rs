//! Checks names that refer to something in the same file: steps, what is saved, constants.

use std::collections::{BTreeMap, BTreeSet};

use super::header::{Header, roots};
use super::tree::{PathTree, StepTree, VerbTree, walk};
use super::verbs::saved;
use crate::condition::MessageState;
use crate::definitions::reader::{Faults, nearest};
use crate::definitions::{Reference, Refers};
use crate::identity::Channel;
use crate::release::Verb;
use crate::syntax::Place;

/// Every step of the file, in the order in which they are laid out.
pub(super) fn all<'t>(main: &'t [StepTree], exits: &'t [PathTree]) -> Vec<&'t StepTree> {
    let mut steps = Vec::new();
    for list in roots(main, exits) {
        walk(list, &mut |step| steps.push(step));
    }
    steps
}

pub(super) fn check(
    header: &Header,
    main: &[StepTree],
    exits: &[PathTree],
    faults: &mut Faults<'_>,
) {
    let steps = all(main, exits);
    unique(&steps, faults);
    former(&steps, header, faults);
    let known = Known {
        messages: steps
            .iter()
            .filter(|step| is_message(step))
            .map(|step| (step.id.text.as_str(), channel(step)))
            .collect(),
        steps: steps.iter().map(|step| step.id.text.as_str()).collect(),
        senders: steps.iter().rev().filter_map(|step| sends(step)).collect(),
        saved: steps.iter().filter_map(|step| saved(&step.verb)).collect(),
        vars: header.vars.keys().map(String::as_str).collect(),
        has_unknown: steps
            .iter()
            .any(|step| matches!(step.verb, VerbTree::Unknown)),
    };
    // The references stay: their order is that of the file, and other files are none of theirs.
    for reference in faults.references.clone() {
        known.check(&reference, faults);
    }
}

fn is_message(step: &StepTree) -> bool {
    matches!(
        step.verb,
        VerbTree::Plain(Verb::Message(_)) | VerbTree::Unknown
    )
}

/// The channel of a message step; none where it could not be read.
fn channel(step: &StepTree) -> Option<Channel> {
    match &step.verb {
        VerbTree::Plain(Verb::Message(message)) => Some(message.channel),
        VerbTree::Plain(_)
        | VerbTree::Unknown
        | VerbTree::Wait(..)
        | VerbTree::WaitUntil(_)
        | VerbTree::Branch(_)
        | VerbTree::Split { .. }
        | VerbTree::Goto(_) => None,
    }
}

/// What a channel cannot tell of its messages, and what to ask instead.
const fn untold(channel: Channel, state: MessageState) -> Option<(&'static str, &'static str)> {
    const CLICK: &str = "answers come in as mail, which Wend does not read; ask for `clicked`";
    const ANSWER: &str =
        "of an SMS that has left only its answer is known; ask for `replied` or `sent`";
    match (channel, state) {
        (Channel::Email, MessageState::Replied) => Some(("answered", CLICK)),
        (Channel::Sms, MessageState::Delivered) => Some(("delivered", ANSWER)),
        (Channel::Sms, MessageState::Opened) => Some(("opened", ANSWER)),
        (Channel::Sms, MessageState::Clicked) => Some(("clicked", ANSWER)),
        (Channel::Sms, MessageState::Bounced) => Some(("bounced", ANSWER)),
        (
            Channel::Email,
            MessageState::Sent
            | MessageState::Delivered
            | MessageState::Opened
            | MessageState::Clicked
            | MessageState::Bounced,
        )
        | (Channel::Sms, MessageState::Sent | MessageState::Replied) => None,
    }
}

/// The template that `step` sends, and the step's id.
fn sends(step: &StepTree) -> Option<(&str, &str)> {
    match &step.verb {
        VerbTree::Plain(Verb::Message(message)) => Some((&message.template, &step.id.text)),
        VerbTree::Plain(_)
        | VerbTree::Unknown
        | VerbTree::Wait(..)
        | VerbTree::WaitUntil(_)
        | VerbTree::Branch(_)
        | VerbTree::Split { .. }
        | VerbTree::Goto(_) => None,
    }
}

fn unique(steps: &[&StepTree], faults: &mut Faults<'_>) {
    let mut first: BTreeMap<&str, Place> = BTreeMap::new();
    for step in steps {
        let id = step.id.text.as_str();
        if matches!(id, "next" | "exit") {
            let message = format!("no step can be called `{id}`");
            let help = format!("call it `the-{id}`: behind `removed`, `{id}` is a word of its own");
            faults.add("E0105", step.id.place, &message, &help);
        }
        if let Some(first) = first.get(id) {
            let message = format!("two steps are called `{id}`");
            let help = format!(
                "the first is on line {}: step ids are unique in a journey",
                first.at.line
            );
            faults.add("E0109", step.id.place, &message, &help);
        } else {
            first.insert(id, step.id.place);
        }
    }
}

/// `was` and `removed`: names of steps that are gone.
fn former(steps: &[&StepTree], header: &Header, faults: &mut Faults<'_>) {
    let mut gone: BTreeMap<&str, Place> = BTreeMap::new();
    let present: BTreeSet<&str> = steps.iter().map(|step| step.id.text.as_str()).collect();
    for was in steps.iter().filter_map(|step| step.was.as_ref()) {
        if present.contains(was.text.as_str()) {
            let message = format!("`was: {}` names a step that is still here", was.text);
            let help = "`was` is the step's own id in an earlier version";
            faults.add("E0176", was.place, &message, help);
        }
        if gone.insert(&was.text, was.place).is_some() {
            let message = format!("two steps say `was: {}`", was.text);
            let help = "people can only go on at one of them: keep it there";
            faults.add("E0176", was.place, &message, help);
        }
    }
    for (old, _) in &header.removed {
        if present.contains(old.text.as_str()) {
            let message = format!("`{}` is not removed: it is still here", old.text);
            faults.add(
                "E0177",
                old.place,
                &message,
                "take it out of `removed`, or remove the step",
            );
        } else if gone.contains_key(old.text.as_str()) {
            let message = format!(
                "`{}` is not removed: a step says `was: {}`",
                old.text, old.text
            );
            faults.add(
                "E0177",
                old.place,
                &message,
                "take it out of `removed`, or `was` off the step",
            );
        }
    }
}

/// Names that can be referred to.
struct Known<'t> {
    messages: BTreeMap<&'t str, Option<Channel>>,
    steps: BTreeSet<&'t str>,
    /// The first step that sends each template.
    senders: BTreeMap<&'t str, &'t str>,
    saved: BTreeSet<&'t str>,
    vars: BTreeSet<&'t str>,
    /// Whether a step could not be read: it may save what is missed.
    has_unknown: bool,
}

impl Known<'_> {
    fn check(&self, reference: &Reference, faults: &mut Faults<'_>) {
        let name = reference.name.as_str();
        let first = name.split('.').next().unwrap_or_default();
        match &reference.refers {
            Refers::Step(state) => self.step(name, *state, reference.place, faults),
            Refers::Saved if !self.saved.contains(first) && !self.has_unknown => {
                let message = format!("no step saves `data.{first}`");
                let help = format!("a `webhook` or `coupon` step with `save: {first}` does");
                let near = nearest(first, self.saved.iter().copied());
                let fault = faults.add("E0170", reference.place, &message, &help);
                if let Some(near) = near {
                    fault.label(&format!(
                        "did you mean `data.{}`?",
                        name.replacen(first, near, 1)
                    ));
                }
            }
            Refers::Var if !self.vars.contains(first) => {
                let message = format!("there is no `{first}` in `vars`");
                let help = format!("add it: `vars: {{ {first}: … }}`");
                let near = nearest(first, self.vars.iter().copied());
                let fault = faults.add("E0170", reference.place, &message, &help);
                if let Some(near) = near {
                    fault.label(&format!(
                        "did you mean `vars.{}`?",
                        name.replacen(first, near, 1)
                    ));
                }
            }
            Refers::Saved
            | Refers::Var
            | Refers::Template(_)
            | Refers::AlertTemplate
            | Refers::Variant { .. }
            | Refers::Event
            | Refers::EmittedEvent
            | Refers::Property { .. }
            | Refers::Attribute
            | Refers::ChangedAttribute
            | Refers::Topic
            | Refers::Segment
            | Refers::List
            | Refers::SegmentOrList
            | Refers::Journey
            | Refers::Score
            | Refers::Team
            | Refers::Webhook
            | Refers::Coupon
            | Refers::Sender(_)
            | Refers::Environment
            | Refers::TriggerProperty => {}
        }
    }

    /// A step whose message counts.
    fn step(&self, name: &str, state: MessageState, place: Place, faults: &mut Faults<'_>) {
        if let Some(channel) = self.messages.get(name) {
            if let Some((what, help)) = channel.and_then(|channel| untold(channel, state)) {
                let message = format!("nobody tells of `{name}` that it was {what}");
                faults.add("E0188", place, &message, help);
            }
            return;
        }
        if self.steps.contains(name) {
            let message = format!("`{name}` sends no message that could be opened or clicked");
            let help = "name a step with `email` or `sms`";
            faults.add("E0178", place, &message, help);
            return;
        }
        let message = format!("there is no step `{name}` in this journey");
        if let Some(sender) = self.senders.get(name) {
            let help = format!("`{name}` is a template; the step that sends it is `{sender}`");
            let fault = faults.add("E0137", place, &message, &help);
            fault.replace(sender);
            return;
        }
        let known = self.messages.keys().copied();
        let messages: Vec<&str> = self.messages.keys().copied().collect();
        let help = format!("its messages are: {}", messages.join(", "));
        faults.unknown("E0137", place, &message, (name, known), &help);
    }
}
