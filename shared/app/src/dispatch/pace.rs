//! Waits for a slot: the account's rate is shared by all sandboxes through one row a channel, a journey's pace through its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::lock::Mutex as AsyncMutex;
use wend_core::identity::Channel;
use wend_core::pace::{
    Account, Ask, Counter, Known, Lane, Pace, Rate, Take, Turn, Urgency, first_message,
};
use wend_core::release::{Journey, RampDay, Release, Verb};
use wend_core::send::SendRequest;

use crate::ports::{Clock, Mailer, PaceKey, Paces, PortError, Settled, Stepped, Tallies};

/// Most steps on a row until a message has its turn. Only what others learn of the account in between costs a step.
const STEPS_MAX: usize = 8;
/// When a message looks again after as many.
const SOON: Duration = Duration::from_secs(1);

/// The fastest that a deployment may go.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ceilings {
    /// Mails; none: as the account takes them.
    pub email: Option<Rate>,
    /// SMS, of which no provider says how many it takes; none: the least.
    pub sms: Option<Rate>,
}

/// The rates, and what this sandbox has of them.
#[derive(Debug)]
pub struct Pacing<P> {
    rows: P,
    ceilings: Ceilings,
    lanes: Mutex<BTreeMap<(PaceKey, Urgency), Arc<Waiting>>>,
    /// Ramps that had nothing left for marketing.
    full: Mutex<Vec<RampDay>>,
}

/// The messages that wait for one row.
#[derive(Debug, Default)]
struct Waiting {
    count: AtomicU32,
    held: AsyncMutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    lane: Lane,
    /// The row as it was seen last. What is out of date in it costs a step and nothing else.
    row: Option<Pace>,
}

/// Counts one message that waits.
struct InLine<'a>(&'a AtomicU32);

impl<'a> InLine<'a> {
    fn enter(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a message is told.
pub(super) enum Told {
    Turn(Turn),
    /// The daily quota has nothing left for it.
    NotToday,
}

impl<P: Paces> Pacing<P> {
    /// Nothing is held yet.
    pub const fn new(rows: P, ceilings: Ceilings) -> Self {
        Self {
            rows,
            ceilings,
            lanes: Mutex::new(BTreeMap::new()),
            full: Mutex::new(Vec::new()),
        }
    }

    /// Waits until the message may go: first at its journey's pace, if that is marketing with one, then at the account's.
    pub(super) async fn turn<M: Mailer, C: Clock>(
        &self,
        request: &SendRequest,
        urgency: Urgency,
        release: &Release,
        (provider, clock): (&M, &C),
    ) -> Result<Told, PortError> {
        let account = PaceKey::Channel(request.channel);
        let own = match urgency {
            Urgency::Bulk => pace_of(request, release),
            Urgency::Urgent => None,
        };
        if let Some((key, rate)) = own {
            // A slot of the journey that the account has no room for would be lost.
            if !self.has_room(request.channel, clock).await? {
                match self
                    .take(&account, urgency, None, (provider, clock))
                    .await?
                {
                    // There is room after all. That slot is lost: without one of the journey it must not be used.
                    Told::Turn(Turn::Soon(_)) => {}
                    told @ (Told::Turn(Turn::Later(_)) | Told::NotToday) => return Ok(told),
                }
            }
            match self
                .take(&key, urgency, Some(rate), (provider, clock))
                .await?
            {
                Told::Turn(Turn::Soon(pause)) => clock.sleep(pause).await,
                told @ (Told::Turn(Turn::Later(_)) | Told::NotToday) => return Ok(told),
            }
        }
        self.take(&account, urgency, None, (provider, clock)).await
    }

    /// Whether bulk would get a slot of the account's, as far as this sandbox knows: what is out of date costs a slot of the journey.
    async fn has_room<C: Clock>(&self, channel: Channel, clock: &C) -> Result<bool, PortError> {
        let key = PaceKey::Channel(channel);
        let waiting = self.waiting(&key, Urgency::Bulk);
        let mut held = waiting.held.lock().await;
        let now = clock.now();
        let mut lane = held.lane;
        if let Some(turn) = lane.take(now) {
            return Ok(matches!(turn, Turn::Soon(_)));
        }
        let row = match held.row.take() {
            Some(row) => row,
            None => self.rows.pace(&key).await?,
        };
        let ask = row.ask(now, 1, Urgency::Bulk, self.ceiling(channel));
        held.row = Some(row);
        Ok(matches!(ask, Ask::Slots(_)))
    }

    const fn ceiling(&self, channel: Channel) -> Option<Rate> {
        match channel {
            Channel::Email => self.ceilings.email,
            Channel::Sms => self.ceilings.sms,
        }
    }

    fn waiting(&self, key: &PaceKey, urgency: Urgency) -> Arc<Waiting> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.entry((key.clone(), urgency)).or_default().clone()
    }

    /// The next slot of a row, or a place in its line. Messages that wait at the same time share the steps. `own` is the rate of a
    /// row that is not an account's.
    async fn take<M: Mailer, C: Clock>(
        &self,
        key: &PaceKey,
        urgency: Urgency,
        own: Option<Rate>,
        (provider, clock): (&M, &C),
    ) -> Result<Told, PortError> {
        let waiting = self.waiting(key, urgency);
        let _in_line = InLine::enter(&waiting.count);
        let mut held = waiting.held.lock().await;
        let channel = match key {
            PaceKey::Channel(channel) => Some(*channel),
            PaceKey::Journey(_) | PaceKey::Step(..) | PaceKey::Strangers(_) => None,
        };
        let ceiling = channel.map_or(own, |channel| self.ceiling(channel));
        for _ in 0..STEPS_MAX {
            if let Some(turn) = held.lane.take(clock.now()) {
                return Ok(Told::Turn(turn));
            }
            let row = match held.row.take() {
                Some(row) => row,
                None => self.rows.pace(key).await?,
            };
            let row = match channel {
                // No provider of SMS says what it takes.
                Some(Channel::Email) => self.informed(key, row, provider, clock).await?,
                Some(Channel::Sms) | None => row,
            };
            let want = waiting.count.load(Ordering::Relaxed);
            match row.ask(clock.now(), want, urgency, ceiling) {
                Ask::Today => {
                    // What the row knows may be old: the next message looks anew.
                    return Ok(Told::NotToday);
                }
                Ask::Back(line) => {
                    held.row = Some(row);
                    held.lane.sent_away(line);
                }
                Ask::Slots(take) | Ask::Line(take) => self.step(key, &take, &mut held).await?,
            }
        }
        Ok(Told::Turn(Turn::Later(SOON)))
    }

    async fn step(&self, key: &PaceKey, take: &Take, held: &mut Held) -> Result<(), PortError> {
        let row = match self.rows.take(key, take).await? {
            Stepped::Done(row) => {
                let taken = take.slots(&row);
                match take.counter {
                    Counter::Slots => held.lane.granted(taken),
                    Counter::Line => held.lane.sent_away(taken),
                }
                row
            }
            Stepped::Refused(row) => row,
        };
        held.row = Some(row);
        Ok(())
    }

    /// The row, after the account was read if that was due and nobody else does it.
    async fn informed<M: Mailer, C: Clock>(
        &self,
        key: &PaceKey,
        row: Pace,
        provider: &M,
        clock: &C,
    ) -> Result<Pace, PortError> {
        let Some(asking) = row.asking(clock.now()) else {
            return Ok(row);
        };
        let asked = match self.rows.know(key, row.rev, &asking).await? {
            Stepped::Done(row) => row,
            Stepped::Refused(row) => return Ok(row),
        };
        let account: Account = match provider.account().await {
            Ok(Some(account)) => account,
            Ok(None) => return Ok(asked),
            Err(error) => {
                tracing::warn!(%error, "sends go on at the rate that was known");
                return Ok(asked);
            }
        };
        self.know(key, asked, |row| Some(row.learnt(account, clock.now())))
            .await
    }

    /// Writes what `learn` makes of the row, also when others write at the same time.
    async fn know(
        &self,
        key: &PaceKey,
        mut row: Pace,
        learn: impl Fn(&Pace) -> Option<Known>,
    ) -> Result<Pace, PortError> {
        for _ in 0..STEPS_MAX {
            let Some(known) = learn(&row) else {
                break;
            };
            match self.rows.know(key, row.rev, &known).await? {
                Stepped::Done(row) => return Ok(row),
                Stepped::Refused(newer) => row = newer,
            }
        }
        Ok(row)
    }

    /// Whether a first message may go to an address that only `source` has named, of which `per_hour` may; where `is_counted`, it is
    /// one of them.
    pub(super) async fn may_greet(
        &self,
        source: &str,
        per_hour: u32,
        is_counted: bool,
        clock: &impl Clock,
    ) -> Result<bool, PortError> {
        let key = PaceKey::Strangers(source.to_owned());
        let row = self.rows.pace(&key).await?;
        let take = first_message(&row, per_hour, clock.now());
        // A row that is used up is not written: who floods it pays for nothing but reads.
        let may_go = row.clone().take(&take);
        if !may_go || !is_counted {
            return Ok(may_go);
        }
        Ok(matches!(
            self.rows.take(&key, &take).await?,
            Stepped::Done(_)
        ))
    }

    /// The provider said that messages come too fast: everybody goes slower.
    pub(super) async fn throttled(&self, channel: Channel, clock: &impl Clock) {
        self.tell(channel, |row| row.throttled(clock.now())).await;
    }

    /// The provider said that its daily quota is used up: nobody asks it for a while.
    pub(super) async fn used_up(&self, channel: Channel, clock: &impl Clock) {
        self.tell(channel, |row| row.used_up(clock.now())).await;
    }

    /// That the others are not told costs them an answer of the same kind, so it fails no message.
    async fn tell(&self, channel: Channel, learn: impl Fn(&Pace) -> Option<Known>) {
        let key = PaceKey::Channel(channel);
        let told = match self.rows.pace(&key).await {
            Ok(row) => self.know(&key, row, learn).await,
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            tracing::warn!(%error, "the other senders were not told of the provider's answer");
        }
    }
}

impl<P: Tallies> Pacing<P> {
    /// Counts one message on a day's ramp; whether it may go. One that then does not go after all is counted.
    pub(super) async fn climb(&self, ramp: &RampDay, urgency: Urgency) -> Result<bool, PortError> {
        let most = match urgency {
            Urgency::Bulk => ramp.most,
            Urgency::Urgent => u64::MAX,
        };
        let climbed = self.rows.climb(&ramp.domain, ramp.day, most).await?;
        if climbed == Settled::Done {
            return Ok(true);
        }
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        full.retain(|known| known.domain != ramp.domain);
        full.push(ramp.clone());
        Ok(false)
    }

    /// Whether a day's ramp had nothing left for marketing. A release may change the ramp: then it is looked at anew.
    pub(super) fn is_full(&self, ramp: &RampDay) -> bool {
        let full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        full.contains(ramp)
    }
}

/// The pace that the files give a message: its step's, else its journey's. The newest text counts, so that a journey can be slowed
/// while messages wait.
fn pace_of(request: &SendRequest, release: &Release) -> Option<(PaceKey, Rate)> {
    let newest = release
        .journey(&request.journey)
        .map(|(_, journey)| journey);
    let journey: &Journey = newest.or_else(|| release.version(request.version))?;
    let step = journey
        .find(&request.step)
        .and_then(|step| journey.step(step));
    let of_step = step.and_then(|step| match &step.verb {
        Verb::Message(message) => message.sending.pace,
        _ => None,
    });
    let id = || request.journey.clone();
    let (key, pace) = match of_step {
        Some(pace) => (PaceKey::Step(id(), request.step.clone()), pace),
        None => (PaceKey::Journey(id()), journey.sending.pace?),
    };
    Some((key, Rate::per(pace.count, pace.per_secs)))
}
