use std::sync::Mutex;

use wend_app::memory::{Line, MemoryStore, VirtualClock};
use wend_app::ports::Listed;

use super::*;

const SECRET: IdentitySecret = IdentitySecret::new([7; 32]);

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn entry(address: &str, why: Why) -> Entry {
    Entry {
        address: Address::parse(address).unwrap(),
        why,
        at: at("2026-03-01T08:00:00Z"),
    }
}

/// A list in memory, two addresses a page.
#[derive(Default)]
struct List(Mutex<Vec<(String, ListedFor)>>);

impl AccountList for List {
    async fn listed(
        &self,
        from: Option<String>,
    ) -> Result<(Vec<Listed>, Option<String>), PortError> {
        let begin: usize = from.map_or(0, |from| from.parse().unwrap());
        let all = self.0.lock().unwrap();
        let page = all
            .iter()
            .skip(begin)
            .take(2)
            .map(|(email, reason)| Listed {
                email: EmailAddress::parse(email).unwrap(),
                reason: *reason,
                at: at("2026-02-01T00:00:00Z"),
            });
        let next = (begin + 2 < all.len()).then(|| (begin + 2).to_string());
        Ok((page.collect(), next))
    }

    async fn list(&self, email: &EmailAddress, reason: ListedFor) -> Result<(), PortError> {
        let email = email.expose().to_owned();
        self.0.lock().unwrap().push((email, reason));
        Ok(())
    }
}

#[tokio::test]
async fn an_address_is_closed_for_what_was_said_and_twice_is_once() {
    let clock = VirtualClock::starting_at(at("2026-11-01T00:00:00Z"));
    let store = MemoryStore::new(clock, Line::default());
    let entries = [
        entry("ana@example.com", Why::Unsubscribed),
        entry("bob@example.com", Why::Bounced),
        entry("eve@example.com", Why::Complained),
        entry("dan@example.com", Why::Imported),
        entry("+4915550001111", Why::Unsubscribed),
    ];
    write(&store, &SECRET, &entries).await.unwrap();
    write(&store, &SECRET, &entries).await.unwrap();
    let mut rows = Vec::new();
    for entry in &entries {
        let key = match &entry.address {
            Address::Email(email) => email.permission_key(Channel::Email, &SECRET),
            Address::Phone(number) => number.permission_key(Channel::Sms, &SECRET),
        };
        let row = store.row(key).await.unwrap();
        let closed = row.suppressed.map(|closed| closed.reason);
        rows.push((row.unsubscribed_at(), closed, row.stopped_at));
    }
    let said = Some(at("2026-03-01T08:00:00Z"));
    let expected = [
        (said, None, None),
        (None, Some(SuppressionReason::HardBounce), None),
        (None, Some(SuppressionReason::Complaint), None),
        (None, Some(SuppressionReason::Imported), None),
        (None, None, said),
    ];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn the_accounts_list_goes_both_ways() {
    let list = List::default();
    let entries = [
        entry("ana@example.com", Why::Unsubscribed),
        entry("bob@example.com", Why::Bounced),
        entry("eve@example.com", Why::Complained),
        entry("dan@example.com", Why::Imported),
        entry("fay@example.com", Why::Bounced),
    ];
    to_account(&list, &entries).await.unwrap();
    assert_eq!(list.0.lock().unwrap().len(), 3);
    let written = Mutex::new(Vec::new());
    let counts = from_account(&list, async |entries| {
        written.lock().unwrap().extend_from_slice(entries);
        Ok(())
    });
    let counts = counts.await.unwrap().0;
    assert_eq!(
        counts,
        BTreeMap::from([(Why::Bounced, 2), (Why::Complained, 1)])
    );
    let mut written = written.into_inner().unwrap();
    written.sort_by_key(|entry| entry.why);
    let whys: Vec<Why> = written.iter().map(|entry| entry.why).collect();
    assert_eq!(whys, [Why::Bounced, Why::Bounced, Why::Complained]);
    assert!(
        written
            .iter()
            .all(|entry| entry.at == at("2026-02-01T00:00:00Z"))
    );
}
