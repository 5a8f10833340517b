//! A failed call of a queue says its class.

use wend_app::ports::{Outgoing, Queue, Received, SetAside};

use super::failures::{CLASSES, assert_class};
use crate::kit::FailingQueues;

pub async fn queue_and_dead_letters_say_the_class(kit: impl FailingQueues) {
    let message = Received {
        id: "delivery".to_owned(),
        queue: "queue".to_owned(),
        body: "{}".to_owned(),
    };
    for class in CLASSES {
        let (queue, aside) = kit.failing(class).await;
        let sent = queue.send(vec![Outgoing::now("{}".to_owned())]).await;
        assert_class(sent, class);
        assert_class(aside.set_aside(&message, "poison").await, class);
    }
}
