//! Queues. Their order is not promised, so bodies are compared sorted; a message may come twice on SQS, but not here.

use std::time::Duration;

use wend_app::ports::{ErrorClass, Outgoing, Queue, Received, SetAside};

use crate::kit::{QueueKit, RECEIVES_MAX, VISIBILITY};

fn messages<const N: usize>(bodies: [&str; N]) -> Vec<Outgoing> {
    let bodies = bodies.map(|body| Outgoing::now(body.to_owned()));
    bodies.into()
}

/// Bodies of all that is visible, sorted. They are acknowledged.
async fn drained(kit: &impl QueueKit) -> Vec<String> {
    let mut bodies = Vec::new();
    loop {
        let batch = kit.receive().await;
        if batch.is_empty() {
            break;
        }
        assert!(batch.len() <= 10);
        kit.acknowledge(&batch).await;
        bodies.extend(batch.into_iter().map(|message| message.body));
    }
    bodies.sort_unstable();
    bodies
}

fn bodies(batch: &[Received]) -> Vec<&str> {
    batch.iter().map(|message| message.body.as_str()).collect()
}

pub async fn more_than_ten_messages_all_arrive(kit: impl QueueKit) {
    let all: Vec<String> = (0..25).map(|n| format!("{{\"n\":{n:02}}}")).collect();
    let messages = all.iter().cloned().map(Outgoing::now).collect();
    kit.queue().send(messages).await.unwrap();
    assert_eq!(drained(&kit).await, all);
}

pub async fn no_messages_are_sent_at_once(kit: impl QueueKit) {
    kit.queue().send(Vec::new()).await.unwrap();
    assert_eq!(drained(&kit).await, [""; 0]);
}

pub async fn bodies_of_more_than_one_request_all_arrive(kit: impl QueueKit) {
    // A request takes 1 MiB (SQS).
    let all: Vec<String> = (0..7)
        .map(|n| format!("{n}{}", "x".repeat(300_000)))
        .collect();
    let messages = all.iter().cloned().map(Outgoing::now).collect();
    kit.queue().send(messages).await.unwrap();
    assert!(drained(&kit).await == all);
}

pub async fn a_body_arrives_unchanged(kit: impl QueueKit) {
    let body = r#"{ "name":"Zoë & <b>\u0000\n","emoji":"🎈" }"#;
    kit.queue().send(messages([body])).await.unwrap();
    assert_eq!(drained(&kit).await, [body]);
}

pub async fn a_delayed_message_is_hidden_until_its_delay(kit: impl QueueKit) {
    let late = Outgoing {
        delay: Duration::from_millis(1900),
        ..Outgoing::now("late".to_owned())
    };
    let mut both = messages(["now"]);
    both.push(late);
    kit.queue().send(both).await.unwrap();
    assert_eq!(drained(&kit).await, ["now"]);
    // Whole seconds: what is shorter is cut off.
    kit.pass(Duration::from_secs(1)).await;
    assert_eq!(drained(&kit).await, ["late"]);
}

pub async fn a_received_message_is_hidden_and_comes_back(kit: impl QueueKit) {
    kit.queue().send(messages(["a"])).await.unwrap();
    let batch = kit.receive().await;
    assert_eq!(bodies(&batch), ["a"]);
    assert_eq!(kit.receive().await, []);
    kit.pass(VISIBILITY).await;
    assert_eq!(drained(&kit).await, ["a"]);
}

pub async fn an_acknowledged_message_is_gone(kit: impl QueueKit) {
    kit.queue().send(messages(["a", "b"])).await.unwrap();
    let mut batch = kit.receive().await;
    // A batch may be smaller than what is there.
    while batch.len() < 2 {
        batch.extend(kit.receive().await);
    }
    batch.sort_unstable_by(|left, right| left.body.cmp(&right.body));
    kit.acknowledge(&batch[..1]).await;
    kit.pass(VISIBILITY).await;
    assert_eq!(drained(&kit).await, ["b"]);
    assert_eq!(kit.dead_letters().await, []);
}

pub async fn a_message_received_too_often_is_a_dead_letter(kit: impl QueueKit) {
    kit.queue().send(messages(["a"])).await.unwrap();
    for _ in 0..RECEIVES_MAX {
        assert_eq!(bodies(&kit.receive().await), ["a"]);
        assert_eq!(kit.dead_letters().await, []);
        kit.pass(VISIBILITY).await;
    }
    assert_eq!(kit.receive().await, []);
    let letters = kit.dead_letters().await;
    let letters: Vec<&str> = letters.iter().map(|(body, _)| body.as_str()).collect();
    assert_eq!(letters, ["a"]);
}

pub async fn a_delay_above_fifteen_minutes_is_invalid(kit: impl QueueKit) {
    let late = |secs| Outgoing {
        delay: Duration::from_secs(secs),
        ..Outgoing::now("late".to_owned())
    };
    let error = kit.queue().send(vec![late(901)]).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Invalid);
    kit.queue().send(vec![late(900)]).await.unwrap();
    assert_eq!(drained(&kit).await, [""; 0]);
}

pub async fn a_body_above_a_mebibyte_is_invalid(kit: impl QueueKit) {
    let body = "x".repeat(1024 * 1024 + 1);
    let error = kit.queue().send(vec![Outgoing::now(body)]).await;
    assert_eq!(error.unwrap_err().class, ErrorClass::Invalid);
    assert_eq!(drained(&kit).await, [""; 0]);
}

pub async fn groups_all_arrive(kit: impl QueueKit) {
    let grouped = |body: &str, group: Option<&str>| Outgoing {
        group: group.map(str::to_owned),
        ..Outgoing::now(body.to_owned())
    };
    let all = vec![
        grouped("a1", Some("ana")),
        grouped("a2", Some("ana")),
        grouped("b1", Some("bo")),
        grouped("none", None),
    ];
    kit.queue().send(all).await.unwrap();
    // One message of a group does not hold up the others.
    assert_eq!(drained(&kit).await, ["a1", "a2", "b1", "none"]);
}

pub async fn what_is_set_aside_is_a_dead_letter_with_its_reason(kit: impl QueueKit) {
    kit.queue().send(messages(["{\"half\":"])).await.unwrap();
    let batch = kit.receive().await;
    kit.aside().set_aside(&batch[0], "not JSON").await.unwrap();
    kit.acknowledge(&batch).await;
    let letter = ("{\"half\":".to_owned(), Some("not JSON".to_owned()));
    assert_eq!(kit.dead_letters().await, [letter]);
}

pub async fn setting_aside_for_an_unknown_queue_is_invalid(kit: impl QueueKit) {
    let message = Received {
        id: "delivery".to_owned(),
        queue: "somebody else's".to_owned(),
        body: "{}".to_owned(),
    };
    let error = kit.aside().set_aside(&message, "poison").await;
    assert_eq!(error.unwrap_err().class, ErrorClass::Invalid);
    assert_eq!(kit.dead_letters().await, []);
}
