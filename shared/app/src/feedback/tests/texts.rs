//! Answers by SMS.

use wend_core::id::{EnrollmentId, PartHash};
use wend_core::identity::{Channel, PhoneNumber};
use wend_core::send::SendRequest;

use super::*;
use crate::ports::{Claim, Ledger};

const NUMBER: &str = "+4915550001111";
const ANA: ContactKey = ContactKey::from_bytes([4; 16]);

fn number() -> PermissionKey {
    let number = PhoneNumber::parse(NUMBER).unwrap();
    number.permission_key(Channel::Sms, &SECRET)
}

/// An answer as AWS End User Messaging and SNS put it on the queue.
fn inbound(id: &str, text: &str, secs: u64) -> Value {
    let message = json!({
        "originationNumber": NUMBER,
        "destinationNumber": "+4915550009999",
        "messageKeyword": "KEYWORD_4915550009999",
        "messageBody": text,
        "inboundMessageId": id,
        "previousPublishedMessageId": "p1",
        "newField": [],
    });
    json!({
        "Type": "Notification",
        "MessageId": id,
        "TopicArn": "arn:aws:sns:eu-central-1:000000000000:answers",
        "Message": message.to_string(),
        "Timestamp": at(secs).to_string(),
    })
}

impl World {
    /// An SMS goes to Ana.
    fn texts_ana(&self, step: &str) {
        let send = SendId::from_bytes([u8::try_from(step.len()).unwrap(); 16]);
        let request = SendRequest {
            send,
            contact: ANA,
            enrollment: EnrollmentId::from_bytes([5; 16]),
            journey: "j".to_owned(),
            version: PartHash::from_bytes([6; 16]),
            step: step.to_owned(),
            template: "hi".to_owned(),
            channel: Channel::Sms,
            permission: Some(number()),
            requested_at: at(0),
            expires_at: at(9999),
            from: None,
            variant: None,
            origin: None,
            given: BTreeMap::new(),
        };
        let permission_rev = self.store.permission(number()).unwrap().rev;
        let claim = Claim {
            request: &request,
            permission: number(),
            permission_rev,
            recent: Vec::new(),
            from: None,
            at: at(0),
        };
        let claimed = run(&self.clock, self.store.claim(claim)).unwrap().unwrap();
        assert_eq!(claimed, crate::ports::Settled::Done);
    }

    fn answers(&self, id: &str, text: &str, secs: u64) -> Vec<(FeedbackKind, String, Timestamp)> {
        assert_eq!(self.take(&[inbound(id, text, secs)]), 0, "{text}");
        let heard = self.heard().into_iter();
        let heard = heard.map(|one| {
            assert_eq!((one.contact, one.is_machine), (ANA, false));
            assert_eq!(one.text.unwrap().expose(), text);
            (one.kind, one.step, one.at)
        });
        heard.collect()
    }

    fn stopped_at(&self) -> Option<Timestamp> {
        self.store.permission(number()).unwrap().stopped_at
    }
}

#[test]
fn an_answer_is_heard_by_whom_the_newest_sms_was_for() {
    let world = world();
    world.texts_ana("one");
    let told = |kind, step: &str, secs| vec![(kind, step.to_owned(), at(secs))];
    let replied = FeedbackKind::Replied;
    assert_eq!(world.answers("i1", "When?", 1), told(replied, "one", 1));
    world.texts_ana("second");
    assert_eq!(world.answers("i2", "Yes", 2), told(replied, "second", 2));
    let help = FeedbackKind::AskedHelp;
    assert_eq!(world.answers("i3", "help", 3), told(help, "second", 3));
    assert_eq!(world.stopped_at(), None);
}

#[test]
fn stop_holds_at_once_and_start_takes_it_back() {
    let world = world();
    world.texts_ana("one");
    let told = |kind, secs| vec![(kind, "one".to_owned(), at(secs))];
    assert_eq!(
        world.answers("i1", "Stop.", 5),
        told(FeedbackKind::Stopped, 5)
    );
    assert_eq!(world.stopped_at(), Some(at(5)));
    assert_eq!(
        world.answers("i2", "YES", 9),
        told(FeedbackKind::Resumed, 9)
    );
    assert_eq!(world.stopped_at(), None);
    // The stop is delivered again: it is older.
    world.answers("i1", "Stop.", 5);
    assert_eq!(world.stopped_at(), None);
}

#[test]
fn the_same_answer_twice_is_one_input() {
    let world = world();
    world.texts_ana("one");
    let answer = inbound("i1", "hello", 1);
    assert_eq!(world.take(&[answer.clone(), answer]), 0);
    let heard = world.heard();
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0], heard[1]);
}

#[test]
fn a_stop_of_a_number_that_nobody_has_written_to_holds_too() {
    let world = world();
    assert_eq!(world.answers("i1", "STOPP", 5), []);
    assert_eq!(world.stopped_at(), Some(at(5)));
}

#[test]
fn a_stop_that_nobody_could_be_told_of_holds_and_comes_again() {
    let world = world_on(&Line::new(Queueless), "");
    world.texts_ana("one");
    assert_eq!(world.take(&[inbound("i1", "STOP", 5)]), 1);
    assert_eq!(world.stopped_at(), Some(at(5)));
    // A start that nobody could be told of does not hold yet: what comes again finds the same.
    assert_eq!(world.take(&[inbound("i2", "START", 6)]), 1);
    assert_eq!(world.stopped_at(), Some(at(5)));
}

#[test]
fn what_is_no_answer_is_set_aside_and_a_short_code_is_nobody() {
    let world = world();
    let odd = json!({ "Type": "Notification", "Message": "{}", "Timestamp": START });
    assert_eq!(world.take(&[odd]), 0);
    assert_eq!(world.queues.dead_letters().len(), 1);
    let mut short = inbound("i1", "STOP", 1);
    let message = short["Message"].as_str().unwrap().replace(NUMBER, "72975");
    short["Message"] = json!(message);
    assert_eq!(world.take(&[short]), 0);
    assert_eq!(world.queues.dead_letters().len(), 1);
    assert_eq!(world.heard(), []);
}
