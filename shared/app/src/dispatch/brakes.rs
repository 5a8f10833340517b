//! Brakes: marketing that is held until an operator lifts that, and the mails that shares are counted of.

use std::time::Duration;

use futures_util::lock::Mutex;
use wend_core::brake::{Brakes, Counter, DayNumber, Scope};
use wend_core::contact::Contact;
use wend_core::enrollment::HoldReason;
use wend_core::identity::Channel;
use wend_core::send::SendRequest;
use wend_core::time::Timestamp;

use crate::counts::Counts;
use crate::ports::{PortError, Tallies};

/// A sandbox looks for brakes as often as this: so long after one was put on, marketing goes on.
const READ_EVERY: Duration = Duration::from_secs(10);

/// What one sandbox knows of brakes, and what it has counted.
#[derive(Debug)]
pub struct Braking<P> {
    rows: P,
    known: Mutex<(Timestamp, Brakes)>,
    sent: Counts,
}

impl<P: Tallies> Braking<P> {
    /// Nothing is known yet.
    pub fn new(rows: P) -> Self {
        Self {
            rows,
            known: Mutex::default(),
            sent: Counts::default(),
        }
    }

    /// Why a message of marketing is held, if it is.
    pub(super) async fn holds(
        &self,
        request: &SendRequest,
        contact: Option<&Contact>,
        now: Timestamp,
    ) -> Result<Option<HoldReason>, PortError> {
        let mut known = self.known.lock().await;
        if now.since(known.0) >= READ_EVERY {
            *known = (now, self.rows.brakes().await?);
        }
        let (_, brakes) = &*known;
        if brakes.is_empty() {
            return Ok(None);
        }
        let of_mail = [Scope::All, Scope::Journey(request.journey.clone())];
        let is_mail = request.channel == Channel::Email;
        if is_mail && of_mail.iter().any(|scope| brakes.contains_key(scope)) {
            return Ok(Some(HoldReason::Brake));
        }
        let flood = brakes.get(&Scope::Entries(request.journey.clone()));
        let run = contact.and_then(|contact| contact.run(request.enrollment));
        let is_of_flood = flood
            .zip(run)
            .is_some_and(|(brake, run)| run.entered_at >= brake.from);
        Ok(is_of_flood.then_some(HoldReason::EntryAlarm))
    }

    /// The provider took a mail of a journey.
    pub(super) fn sent(&self, request: &SendRequest) {
        if request.channel == Channel::Email {
            self.sent.add(&request.journey);
        }
    }

    /// Tells what was sent, if that is due. What is not told is missing in the shares, which are then too large: marketing stops too
    /// early, never too late.
    pub(super) async fn tell(&self, now: Timestamp) {
        let due = self.sent.due(now);
        if due.is_empty() {
            return;
        }
        let day = DayNumber::of(now);
        let all = (Scope::All, due.values().sum());
        let journeys = due.into_iter();
        let journeys = journeys.map(|(journey, count)| (Scope::Journey(journey), count));
        for (scope, count) in journeys.chain([all]) {
            let told = self.rows.add(&scope, day, Counter::Sent, count).await;
            if let Err(error) = told {
                tracing::warn!(%scope, count, %error, "mails were not counted");
            }
        }
    }
}
