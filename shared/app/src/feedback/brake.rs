//! Counts bounces and complaints, and puts the brake on when there are too many.

use wend_core::brake::{Brake, Cause, DayNumber, Returned, Scope};
use wend_core::id::SendId;
use wend_core::time::Timestamp;

use super::{Feedback, SesEvent, tags};
use crate::ports::{
    Clock, Evidence, Permissions, PortError, Queue, ReleaseStore, SetAside, Settled, Tallies,
};

/// The log target of brakes.
const BRAKE: &str = "wend::brake";

impl<E, P, Q, A, R, C> Feedback<E, P, Q, A, R, C>
where
    E: Evidence,
    P: Permissions + Tallies,
    Q: Queue,
    A: SetAside,
    R: ReleaseStore,
    C: Clock,
{
    /// Counts what became of a mail, once however often the provider says it, and looks at the shares. An event that comes again
    /// looks again: its first worker may have died before it put the brake on.
    pub(super) async fn count(
        &self,
        event: &SesEvent,
        send: SendId,
        what: Returned,
    ) -> Result<(), PortError> {
        let Some(journey) = event.mail.text(tags::JOURNEY) else {
            return Ok(());
        };
        let now = self.clock.now();
        let day = DayNumber::of(now);
        let is_news = self.permissions.note_returned(send, what).await? == Settled::Done;
        let limits = self.releases.current().await?.project.sending.brake;
        for scope in [Scope::All, Scope::Journey(journey.to_owned())] {
            let today = if is_news {
                let counter = what.counter();
                self.permissions.add(&scope, day, counter, 1).await?
            } else {
                self.permissions.tally(&scope, day).await?
            };
            let yesterday = self.permissions.tally(&scope, day.before()).await?;
            if let Some(cause) = limits.broken(&[today, yesterday]) {
                self.hold(&scope, cause, now).await?;
            }
        }
        Ok(())
    }

    async fn hold(&self, scope: &Scope, cause: Cause, now: Timestamp) -> Result<(), PortError> {
        let (since, from) = (now, now);
        let brake = Brake { since, from, cause };
        if self.permissions.brake(scope, &brake).await? == Settled::Done {
            tracing::error!(
                target: BRAKE, %scope, %cause,
                "marketing is held until `wend brakes` lifts that"
            );
        }
        Ok(())
    }
}
