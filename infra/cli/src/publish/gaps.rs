//! What a project asks of a deployment that this version does not do yet. Said when it is published: a journey that waits for a click
//! which nobody tracks must not be a surprise.

use std::collections::BTreeSet;

use wend_core::condition::{Condition, Leaf, MessageState};
use wend_core::definitions::{SourceFile, read_all};
use wend_core::release::{
    Definition, Journey, JourneyState, OptIn, Trigger, Verb, conditions, heard,
};

/// Events that only tracking, or what providers report, could make.
const TRACKED: [&str; 5] = [
    "message_opened",
    "message_clicked",
    "message_replied",
    "message_delivered",
    "message_bounced",
];

/// One line for each thing, with the journeys that ask for it.
pub fn gaps(files: &[SourceFile]) -> Vec<String> {
    let definitions = read_all(files).unwrap_or_default();
    let mut asked: BTreeSet<(&str, String)> = BTreeSet::new();
    for (_, definition) in &definitions {
        match definition {
            Definition::Journey(journey) if journey.state != JourneyState::Draft => {
                asked.extend(
                    of_journey(journey)
                        .into_iter()
                        .map(|what| (what, journey.id.clone())),
                );
            }
            Definition::Project(project) => {
                let double = project
                    .topics
                    .iter()
                    .filter(|(_, topic)| topic.opt_in == OptIn::Double);
                asked.extend(double.map(|(name, _)| (DOUBLE, format!("topic {name}"))));
            }
            Definition::Journey(_)
            | Definition::Template(_)
            | Definition::Segment(_)
            | Definition::Score(_) => {}
        }
    }
    let whats: BTreeSet<&str> = asked.iter().map(|(what, _)| *what).collect();
    let line = |what: &str| {
        let who = asked
            .iter()
            .filter(|(asked, _)| *asked == what)
            .map(|(_, who)| who.as_str());
        format!("{what} ({})", who.collect::<Vec<_>>().join(", "))
    };
    whats.into_iter().map(line).collect()
}

const WEBHOOKS: &str =
    "webhooks are not called: the step fails, and its `on_error` says what follows";
const COUPONS: &str = "coupons are not drawn: the step fails, and its `on_error` says what follows";
const SCHEDULES: &str = "schedules start nobody";
const TRACKING: &str = "opens, clicks, replies, deliveries and bounces do not reach runs: what waits for one goes on by its `after`";
const DOUBLE: &str = "a double opt-in has no confirmation link: nobody is opted in";

fn of_journey(journey: &Journey) -> BTreeSet<&'static str> {
    let verbs = journey.steps.iter().filter_map(|step| {
        if matches!(step.verb, Verb::Webhook { .. }) {
            return Some(WEBHOOKS);
        }
        matches!(step.verb, Verb::Coupon { .. }).then_some(COUPONS)
    });
    let triggers = journey.triggers.iter().filter_map(|trigger| match trigger {
        Trigger::Schedule { .. } => Some(SCHEDULES),
        Trigger::Event { on, .. } => is_tracked(&on.event).then_some(TRACKING),
        Trigger::Member { .. }
        | Trigger::Subscribes { .. }
        | Trigger::Changes { .. }
        | Trigger::Date { .. }
        | Trigger::Manual => None,
    });
    let events = heard(journey)
        .into_iter()
        .filter(|on| is_tracked(&on.event))
        .map(|_| TRACKING);
    let messages = conditions(journey)
        .into_iter()
        .filter(|one| waits_for_people(one));
    verbs
        .chain(triggers)
        .chain(events)
        .chain(messages.map(|_| TRACKING))
        .collect()
}

/// Whether a condition asks what became of messages after they left.
fn waits_for_people(condition: &Condition) -> bool {
    match condition {
        Condition::All(all) | Condition::Any(all) => all.iter().any(waits_for_people),
        Condition::Not(not) => waits_for_people(not),
        Condition::Leaf(Leaf::Message { state, .. }) => *state != MessageState::Sent,
        Condition::Leaf(Leaf::Did(did)) => is_tracked(&did.event),
        Condition::Leaf(
            Leaf::Value { .. } | Leaf::Subscribed(_) | Leaf::In { .. } | Leaf::Now(_),
        ) => false,
    }
}

fn is_tracked(event: &str) -> bool {
    TRACKED.contains(&event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;

    #[test]
    fn the_starters_ask_for_what_is_not_done_yet() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../starter");
        let files = project::load(&folder).unwrap();
        let said = gaps(&files);
        let names = |what: &str| said.iter().find(|line| line.starts_with(what)).cloned();
        assert_eq!(
            names("webhooks"),
            Some(format!("{WEBHOOKS} (lead-nurture)"))
        );
        assert_eq!(names("schedules"), Some(format!("{SCHEDULES} (win-back)")));
        assert_eq!(names("a double"), Some(format!("{DOUBLE} (topic news)")));
        let demo = project::load(&folder.join("../demo")).unwrap();
        assert_eq!(gaps(&demo), [] as [&str; 0]);
    }

    /// What a live journey with these lines asks for.
    fn said(lines: &str) -> Vec<String> {
        let file = |path: &str, text: String| SourceFile {
            path: path.to_owned(),
            text,
        };
        let journey = format!("journey: ask\nstate: live\n{lines}");
        gaps(&[
            file("wend.yaml", "wend: 1\nproject: p\n".to_owned()),
            file("journeys/ask.yaml", journey),
        ])
    }

    #[test]
    fn what_providers_report_is_said_not_to_reach_runs() {
        let steps = "steps: [ { id: pause, wait: 1 day } ]\n";
        let tracking = vec![format!("{TRACKING} (ask)")];
        for event in TRACKED {
            let trigger = format!("triggers: [ {{ event: {event} }} ]\n{steps}");
            assert_eq!(said(&trigger), tracking, "{event}");
        }
        let did = format!(
            "triggers: [ {{ event: a }} ]\nentry_if: {{ not: {{ did: message_bounced }} }}\n{steps}"
        );
        assert_eq!(said(&did), tracking);
        let other = format!("triggers: [ {{ event: a }} ]\nentry_if: {{ did: b }}\n{steps}");
        assert_eq!(said(&other), [] as [&str; 0]);
    }
}
