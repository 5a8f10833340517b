//! What a project asks of a deployment that this version does not do yet. Said when it is published: a journey that waits for an answer
//! which nobody reads must not be a surprise.

use std::collections::BTreeSet;

use wend_content::read_all;
use wend_core::condition::{Condition, Leaf, MessageState};
use wend_core::definitions::SourceFile;
use wend_core::identity::Channel;
use wend_core::release::{
    Definition, Journey, JourneyState, OptIn, Template, Trigger, Verb, conditions, heard,
};

/// The event of an answer.
const REPLIED: &str = "message_replied";

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
            Definition::Template(template) if asks_for_web_view(template) => {
                asked.insert((WEB_VIEW, template.id.clone()));
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
const SCHEDULES: &str = "schedules start nobody";
const REPLIES: &str = "replies do not reach runs: what waits for one goes on by its `after`";
const SMS: &str = "nothing becomes known of an SMS that has left: what waits for its delivery or a click goes on by its `after`";
const WEB_VIEW: &str = "there is no page for mails on the web: a message with `links.web_view` is skipped for want of it";
const DOUBLE: &str = "a double opt-in has no confirmation link: nobody is opted in";

/// Whether a text wants a link to a page that is not there.
fn asks_for_web_view(template: &Template) -> bool {
    let own = template.sources().map(|source| source.text.as_str());
    let files = template.files.iter().map(|file| file.text.as_str());
    let mut texts = own.chain(files);
    texts.any(|text| text.contains("links.web_view"))
}

fn of_journey(journey: &Journey) -> BTreeSet<&'static str> {
    let steps = journey.steps.iter();
    let verbs =
        steps.filter_map(|step| matches!(step.verb, Verb::Webhook { .. }).then_some(WEBHOOKS));
    let triggers = journey.triggers.iter().filter_map(|trigger| match trigger {
        Trigger::Schedule { .. } => Some(SCHEDULES),
        Trigger::Event { on, .. } => (on.event == REPLIED).then_some(REPLIES),
        Trigger::Member { .. }
        | Trigger::Subscribes { .. }
        | Trigger::Changes { .. }
        | Trigger::Date { .. }
        | Trigger::Manual => None,
    });
    let events = heard(journey)
        .into_iter()
        .filter(|on| on.event == REPLIED)
        .map(|_| REPLIES);
    let messages = conditions(journey)
        .into_iter()
        .flat_map(|one| waits_for(one, journey));
    verbs
        .chain(triggers)
        .chain(events)
        .chain(messages)
        .collect()
}

/// What a condition asks of messages after they left that nobody can say.
fn waits_for(condition: &Condition, journey: &Journey) -> BTreeSet<&'static str> {
    match condition {
        Condition::All(all) | Condition::Any(all) => {
            all.iter().flat_map(|one| waits_for(one, journey)).collect()
        }
        Condition::Not(not) => waits_for(not, journey),
        Condition::Leaf(Leaf::Message { state, steps }) => {
            let of_sms =
                *state != MessageState::Sent && steps.iter().any(|step| is_sms(step, journey));
            let replies = (*state == MessageState::Replied).then_some(REPLIES);
            replies.into_iter().chain(of_sms.then_some(SMS)).collect()
        }
        Condition::Leaf(Leaf::Did(did)) => {
            let replies = (did.event == REPLIED).then_some(REPLIES);
            replies.into_iter().collect()
        }
        Condition::Leaf(
            Leaf::Value { .. } | Leaf::Subscribed(_) | Leaf::In { .. } | Leaf::Now(_),
        ) => BTreeSet::new(),
    }
}

fn is_sms(step: &str, journey: &Journey) -> bool {
    let step = journey.find(step).and_then(|ix| journey.step(ix));
    matches!(step.map(|step| &step.verb), Some(Verb::Message(message)) if message.channel == Channel::Sms)
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
        let mut demo = project::load(&folder.join("../demo")).unwrap();
        assert_eq!(gaps(&demo), [] as [&str; 0]);
        let hello = demo
            .iter_mut()
            .find(|file| file.path == "templates/welcome-hello.md");
        hello
            .unwrap()
            .text
            .push_str("\n[On the web]({{ links.web_view }})\n");
        assert_eq!(gaps(&demo), [format!("{WEB_VIEW} (welcome-hello)")]);
    }

    /// What a live journey with these lines asks for.
    fn said(lines: &str) -> Vec<String> {
        let file = |path: &str, text: String| SourceFile {
            path: path.to_owned(),
            text,
        };
        let journey = format!("journey: ask\nstate: live\n{lines}");
        let template = |id: &str, head: &str| {
            let text =
                format!("---\ntemplate: {id}\nclass: transactional\nfrom: shop\n{head}---\nHi\n");
            file(&format!("templates/{id}.md"), text)
        };
        let senders = "{ shop: { email: Shop <shop@example.com>, sms: Shop } }";
        let files = [
            file(
                "wend.yaml",
                format!("wend: 1\nproject: p\nsenders: {senders}\n"),
            ),
            file("journeys/ask.yaml", journey),
            template("hi", "channel: email\nsubject: Hi\n"),
            template("hi-sms", "channel: sms\n"),
        ];
        let faults = read_all(&files).err();
        assert_eq!(faults, None);
        gaps(&files)
    }

    #[test]
    fn answers_and_what_becomes_of_an_sms_are_said_to_be_unknown() {
        let steps = "steps:\n  - { id: mail, email: hi }\n  - { id: text, sms: hi-sms }\n  - { id: pause, wait: 1 day }\n";
        let asked = |condition: &str| {
            let lines = format!(
                "triggers: [ {{ event: a }} ]\nexits: [ {{ path: out, if: {{ {condition} }} }} ]\n"
            );
            said(&format!("{lines}{steps}"))
        };
        for known in [
            "clicked: mail",
            "opened: mail",
            "delivered: mail",
            "bounced: mail",
            "sent: text",
            "did: message_clicked",
        ] {
            assert_eq!(asked(known), [] as [&str; 0], "{known}");
        }
        let replies = [format!("{REPLIES} (ask)")];
        assert_eq!(asked("replied: mail"), replies);
        assert_eq!(asked("not: { did: message_replied }"), replies);
        assert_eq!(
            said(&format!(
                "triggers: [ {{ event: message_replied }} ]\n{steps}"
            )),
            replies
        );
        assert_eq!(asked("clicked: text"), [format!("{SMS} (ask)")]);
        assert_eq!(asked("delivered: [ mail, text ]"), [format!("{SMS} (ask)")]);
    }
}
