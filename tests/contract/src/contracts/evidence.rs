//! What the provider's own events prove.

use wend_app::ports::{Evidence, Settled};
use wend_core::send::Outcome;

use super::ledger::{accepted, brought, ended, rejected, skipped, state};
use crate::draw::{at, held, send_id, submitting, unknown};
use crate::kit::TableKit;

async fn proven(kit: &impl TableKit, n: u8) -> Settled {
    let tables = kit.tables();
    let settled = tables.accepted(send_id(n), "provider's", at(9)).await;
    settled.unwrap()
}

pub async fn it_settles_what_is_submitted_or_in_doubt(kit: impl TableKit) {
    let open = [submitting(5), unknown(5), ended(5, Outcome::Unknown)];
    for (n, open) in (1..).zip(open) {
        brought(&kit, n, &open).await;
        assert_eq!(proven(&kit, n).await, Settled::Done, "{open:?}");
        assert_eq!(state(&kit, n).await, Some(accepted(9)));
        // The event comes twice.
        assert_eq!(proven(&kit, n).await, Settled::Lost);
    }
}

pub async fn it_leaves_every_other_state_alone(kit: impl TableKit) {
    let closed = [held(5), accepted(5), rejected(5), skipped(5)];
    for (n, closed) in (1..).zip(closed) {
        brought(&kit, n, &closed).await;
        assert_eq!(proven(&kit, n).await, Settled::Lost, "{closed:?}");
        assert_eq!(state(&kit, n).await, Some(closed));
    }
}

pub async fn it_says_nothing_of_a_send_without_a_row(kit: impl TableKit) {
    assert_eq!(proven(&kit, 1).await, Settled::Lost);
    assert_eq!(state(&kit, 1).await, None);
}
