//! What had to arrive against what did.

use std::collections::BTreeSet;

/// One message that a contact must get; ordered by address first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message {
    /// The contact's address.
    pub to: String,
    /// The step that sends it.
    pub step: String,
}

/// One mail that the provider took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub message: Message,
    /// The send's id.
    pub send: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// What became of all messages: `expected` is the sum of `accepted`, `unknown` and `lost`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    pub expected: usize,
    /// Expected and in the provider's inbox.
    pub accepted: usize,
    /// Not in the inbox, and listed as unknown: submitted at most once, and nobody can say more.
    pub unknown: usize,
    /// Not in the inbox, and not listed.
    pub lost: usize,
    /// Mails in the inbox beside the first of their send, or of their contact and step.
    pub doubled: usize,
    /// Mails in the inbox that nobody expects: the wrong branch.
    pub unexpected: usize,
}

impl Balance {
    /// Counts `inbox` against `expected`.
    pub fn of(
        expected: &BTreeSet<Message>,
        inbox: &[Accepted],
        unknown: &BTreeSet<Message>,
    ) -> Self {
        let mut sends = BTreeSet::new();
        let mut arrived = BTreeSet::new();
        let mut balance = Self {
            expected: expected.len(),
            ..Self::default()
        };
        for mail in inbox {
            let is_first_of_send = sends.insert(&mail.send);
            let is_first_of_step = arrived.insert(&mail.message);
            if !(is_first_of_send && is_first_of_step) {
                balance.doubled += 1;
            } else if !expected.contains(&mail.message) {
                balance.unexpected += 1;
            }
        }
        for message in expected {
            if arrived.contains(message) {
                balance.accepted += 1;
            } else if unknown.contains(message) {
                balance.unknown += 1;
            } else {
                balance.lost += 1;
            }
        }
        balance
    }

    /// Whether nothing was lost, nothing came twice, and nobody got another's message.
    pub const fn holds(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.unexpected == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(to: &str, step: &str) -> Message {
        Message {
            to: to.to_owned(),
            step: step.to_owned(),
        }
    }

    fn mail(to: &str, step: &str, send: &str) -> Accepted {
        Accepted {
            message: message(to, step),
            send: send.to_owned(),
            at: 0,
        }
    }

    fn expected() -> BTreeSet<Message> {
        [message("a", "hello"), message("a", "offer")].into()
    }

    #[test]
    fn everything_once_holds() {
        let inbox = [mail("a", "hello", "1"), mail("a", "offer", "2")];
        let balance = Balance::of(&expected(), &inbox, &BTreeSet::new());
        let whole = Balance {
            expected: 2,
            accepted: 2,
            ..Balance::default()
        };
        assert_eq!(balance, whole);
        assert!(balance.holds());
    }

    #[test]
    fn what_did_not_arrive_is_lost_unless_it_is_listed() {
        let inbox = [mail("a", "hello", "1")];
        let lost = Balance::of(&expected(), &inbox, &BTreeSet::new());
        assert_eq!((lost.accepted, lost.unknown, lost.lost), (1, 0, 1));
        assert!(!lost.holds());
        let listed = Balance::of(&expected(), &inbox, &[message("a", "offer")].into());
        assert_eq!((listed.accepted, listed.unknown, listed.lost), (1, 1, 0));
        assert!(listed.holds());
    }

    #[test]
    fn a_mail_that_came_is_not_unknown_whatever_the_engine_lists() {
        let inbox = [mail("a", "hello", "1"), mail("a", "offer", "2")];
        let balance = Balance::of(&expected(), &inbox, &[message("a", "offer")].into());
        assert_eq!((balance.accepted, balance.unknown), (2, 0));
    }

    #[test]
    fn a_send_or_a_step_that_comes_twice_is_doubled() {
        let one_send = [
            mail("a", "hello", "1"),
            mail("a", "offer", "2"),
            mail("a", "offer", "2"),
        ];
        let two_sends = [
            mail("a", "hello", "1"),
            mail("a", "offer", "2"),
            mail("a", "offer", "3"),
        ];
        for inbox in [one_send, two_sends] {
            let balance = Balance::of(&expected(), &inbox, &BTreeSet::new());
            assert_eq!((balance.accepted, balance.doubled), (2, 1));
            assert!(!balance.holds());
        }
    }

    #[test]
    fn the_wrong_branch_is_unexpected_and_the_right_one_lost() {
        let inbox = [mail("a", "hello", "1"), mail("a", "thanks", "2")];
        let balance = Balance::of(&expected(), &inbox, &BTreeSet::new());
        assert_eq!((balance.unexpected, balance.lost), (1, 1));
        assert!(!balance.holds());
    }
}
