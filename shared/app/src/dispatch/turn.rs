//! When a message has its turn: the rates that all share, and the ramp of a sender that is new.

use std::time::Duration;

use wend_core::enrollment::HoldReason;
use wend_core::identity::Channel;
use wend_core::pace::{Turn, Urgency};
use wend_core::release::{RampDay, Release, Template};
use wend_core::send::{Refused, SendRequest};
use wend_core::time::Timestamp;

use super::pace::Told;
use super::quota::{back_after, place};
use super::{Dispatch, SOON, Step};
use crate::ports::{
    Clock, Connections, Copies, Ledger, LedgerView, Mailer, Paces, PortError, Queue, ReleaseStore,
    SetAside, Tallies, Texter,
};
use wend_core::due::QUEUE_DELAY_MAX;

/// What a ramp sends to the next day comes back over this time of it.
const DAY_SPREAD: Duration = Duration::from_hours(20);

impl<L, M, X, Q, A, R, C, P> Dispatch<L, M, X, Q, A, R, C, P>
where
    L: Ledger + Copies,
    M: Mailer + Texter,
    X: Connections,
    Q: Queue,
    A: SetAside,
    R: ReleaseStore,
    C: Clock,
    P: Paces + Tallies,
{
    /// Waits until the message may go; what becomes of it if that is not soon.
    pub(super) async fn wait_for_turn(
        &self,
        request: &SendRequest,
        view: &LedgerView,
        urgency: Urgency,
        release: &Release,
    ) -> Result<Option<Step>, PortError> {
        let told = self
            .pace
            .turn(request, urgency, release, (&self.provider, &self.clock));
        match told.await? {
            Told::Turn(Turn::Soon(pause)) if pause.is_zero() => Ok(None),
            Told::Turn(Turn::Soon(pause)) => {
                self.clock.sleep(pause).await;
                Ok(None)
            }
            Told::Turn(Turn::Later(pause)) => Ok(Some(Step::Later(pause.min(QUEUE_DELAY_MAX)))),
            Told::NotToday => {
                let now = self.clock.now();
                self.quota.spent(request.channel, urgency, now);
                let held = self.quota.hold(request, (urgency, false), now);
                Ok(Some(match held {
                    Some(held) => self.refuse(request, view, held).await?,
                    None => Step::Later(SOON),
                }))
            }
        }
    }

    /// The ramp of the message's sender, if it has one that is not over.
    pub(super) fn ramp(
        &self,
        request: &SendRequest,
        template: &Template,
        release: &Release,
    ) -> Option<RampDay> {
        let sender = request.from.as_deref().unwrap_or(&template.from);
        let is_mail = request.channel == Channel::Email;
        let ramp = is_mail.then(|| release.project.ramp(sender, self.clock.now()));
        ramp.flatten()
    }

    /// Counts a message that leaves on the day's ramp; why it does not leave if that is full. What somebody waits for is counted
    /// and goes.
    pub(super) async fn climb(
        &self,
        request: &SendRequest,
        ramp: Option<&RampDay>,
        urgency: Urgency,
    ) -> Result<Result<(), Refused>, PortError> {
        let Some(ramp) = ramp else {
            return Ok(Ok(()));
        };
        let has_climbed = self.pace.climb(ramp, urgency).await?;
        Ok(if has_climbed {
            Ok(())
        } else {
            Err(tomorrow(request, ramp))
        })
    }

    /// Why a message of marketing need not stand in line: there is a brake on it, or this sandbox knows that the day's ramp is full.
    pub(super) async fn held_back(
        &self,
        request: &SendRequest,
        view: &LedgerView,
        ramp: Option<&RampDay>,
        urgency: Urgency,
    ) -> Result<Option<Refused>, PortError> {
        if urgency == Urgency::Urgent {
            return Ok(None);
        }
        let (contact, now) = (view.contact.as_ref(), self.clock.now());
        if let Some(why) = self.brakes.holds(request, contact, now).await? {
            // Nobody knows for how long: each looks again within a day, and after a lift they come spread over a day.
            let until = now.plus(back_after(request)).min(request.expires_at);
            return Ok(Some(Refused::Hold { until, why }));
        }
        let full = ramp.filter(|ramp| self.pace.is_full(ramp));
        Ok(full.map(|ramp| tomorrow(request, ramp)))
    }
}

/// Each message comes back at a time of its own of the next day.
fn tomorrow(request: &SendRequest, ramp: &RampDay) -> Refused {
    let until: Timestamp = ramp.ends_at.plus(DAY_SPREAD.mul_f64(place(request)));
    Refused::Hold {
        until: until.min(request.expires_at),
        why: HoldReason::Ramp,
    }
}
