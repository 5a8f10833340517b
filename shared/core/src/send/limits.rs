//! When window, quiet hours and caps allow a marketing message.
//!
//! Asked twice: `decide` plans with what the contact's own copy says was sent, and the gate asks again with the permission row of
//! the address. The claim holds only while that row is as the gate has read it, so a cap is exact however many decide at once.

use crate::calendar::{self, CLOCKS_DIFFER_BY, Period, Place};
use crate::contact::Contact;
use crate::decide::inspect;
use crate::enrollment::HoldReason;
use crate::identity::Channel;
use crate::permission::Frequency;
use crate::release::{
    Cap, CapPeriod, Hold, Journey, Message, ProjectSending, Release, Sending, Template,
};
use crate::time::Timestamp;
use crate::zone::Zone;

use super::SkipReason;

/// How many looks at window, quiet hours and caps find the next moment at which all of them allow.
const LOOKS_MAX: usize = 32;
/// Most messages of one cap, so that what caps count fits beside a contact and into a permission row.
pub const CAP_MAX: u16 = 50;
/// Most counted messages that are kept: those of several caps together.
const COUNTED_MAX: usize = 100;

/// A marketing message that caps may count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Earlier<'a> {
    pub at: Timestamp,
    pub channel: Channel,
    pub topic: Option<&'a str>,
}

/// What stands against a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Against {
    /// It may go from this moment on.
    Until(Timestamp, HoldReason),
    /// It does not go, because its journey rather skips it than holds it.
    Skip(SkipReason),
}

/// The topic of a message: its template's, else its journey's.
pub(crate) fn topic_of<'a>(
    template: Option<&'a Template>,
    journey: Option<&'a Journey>,
) -> Option<&'a str> {
    let own = template.and_then(|template| template.topic.as_deref());
    own.or_else(|| journey.and_then(|journey| journey.topic.as_deref()))
}

/// The limits of one message.
#[derive(Debug)]
pub(crate) struct Limits<'a> {
    project: &'a ProjectSending,
    journey: Option<&'a Journey>,
    sending: [Option<&'a Sending>; 2],
    channel: Channel,
    topic: Option<&'a str>,
    /// The journey's clock: windows are read by it.
    clock: Zone,
    /// The contact's own: the night and the days that caps count, whatever clock the journey goes by.
    own: Zone,
    /// What the owner of the address wants at most.
    frequency: Option<Frequency>,
    release: &'a Release,
}

impl<'a> Limits<'a> {
    /// The limits of `message` of `journey`; without them, those of the project alone.
    pub(crate) fn of(
        contact: &Contact,
        journey: Option<&'a Journey>,
        message: Option<&'a Message>,
        (channel, topic): (Channel, Option<&'a str>),
        release: &'a Release,
    ) -> Self {
        let sending = [
            message.map(|message| &message.sending),
            journey.map(|journey| &journey.sending),
        ];
        Self {
            project: &release.project.sending,
            journey,
            sending,
            channel,
            topic,
            clock: inspect::zone(contact, journey, release),
            own: inspect::zone(contact, None, release),
            frequency: None,
            release,
        }
    }

    /// The same, and no more than the owner of the address wants.
    pub(crate) fn wanted(self, frequency: Option<Frequency>) -> Self {
        Self { frequency, ..self }
    }

    /// What stands against the message at `now`, given what was `sent`.
    pub(crate) fn against(&self, sent: &[Earlier<'_>], now: Timestamp) -> Option<Against> {
        let (until, why) = self.next_allowed(sent, now)?;
        let said = |read: fn(&Sending) -> Option<Hold>| self.own_or_journey(read);
        let skip = match why {
            HoldReason::QuietHours => {
                said(|own| own.quiet).map(|how| (how, SkipReason::QuietHours))
            }
            HoldReason::Cap => said(|own| own.over_cap)
                .or_else(|| self.journey.map(Journey::over_cap))
                .map(|how| (how, SkipReason::OverCap)),
            HoldReason::Window
            | HoldReason::Quota
            | HoldReason::Paused
            | HoldReason::FirstMessages
            | HoldReason::Ramp
            | HoldReason::Brake
            | HoldReason::EntryAlarm => None,
        };
        match skip {
            Some((Hold::Skip, reason)) => Some(Against::Skip(reason)),
            Some((Hold::Hold, _)) | None => Some(Against::Until(until, why)),
        }
    }

    fn own_or_journey<T>(&self, read: impl Fn(&'a Sending) -> Option<T>) -> Option<T> {
        self.sending.into_iter().flatten().find_map(read)
    }

    /// The next moment at which window, quiet hours and caps all allow the message, and what stands against it now; none if
    /// nothing does.
    fn next_allowed(
        &self,
        sent: &[Earlier<'_>],
        now: Timestamp,
    ) -> Option<(Timestamp, HoldReason)> {
        let window = self.own_or_journey(|sending| sending.window.as_ref());
        let quiet = self.project.quiet_hours.get(&self.channel);
        let (mut at, mut why) = (now, None);
        for _ in 0..LOOKS_MAX {
            let loud = quiet.and_then(|quiet| quiet.next_loud(at, &self.own));
            let open = window.and_then(|window| window.next_open(at, &self.clock));
            let free = self.under_caps(sent, at);
            let reasons = [
                (free, HoldReason::Cap),
                (open, HoldReason::Window),
                (loud, HoldReason::QuietHours),
            ];
            let against = reasons
                .into_iter()
                .filter_map(|(until, why)| Some((until?, why)));
            let against = against.filter(|(until, _)| *until > at);
            let Some((until, reason)) = against.max_by_key(|(until, _)| *until) else {
                break;
            };
            at = until;
            why.get_or_insert(reason);
        }
        why.map(|why| (at, why))
    }

    /// The next moment from `at` on at which no cap is reached.
    fn under_caps(&self, sent: &[Earlier<'_>], at: Timestamp) -> Option<Timestamp> {
        let caps = self.project.caps.iter();
        let caps = caps.filter(|cap| counts(cap, self.channel, self.topic));
        let caps = caps.map(|cap| self.under_cap(cap, sent, at));
        caps.chain(self.wanted_again(sent)).max()
    }

    /// When the owner of the address wants another message on this channel.
    fn wanted_again(&self, sent: &[Earlier<'_>]) -> Option<Timestamp> {
        let pause = self.frequency?.pause();
        let here = sent.iter().filter(|sent| sent.channel == self.channel);
        here.map(|sent| sent.at.plus(pause)).max()
    }

    fn under_cap(&self, cap: &Cap, sent: &[Earlier<'_>], at: Timestamp) -> Timestamp {
        let counted = sent
            .iter()
            .filter(|sent| counts(cap, sent.channel, sent.topic));
        let mut ends: Vec<Timestamp> = counted
            .map(|sent| self.counts_until(cap, sent.at))
            .filter(|end| *end > at)
            .collect();
        ends.sort_unstable();
        // When so many have run out that one more fits.
        let place = ends.len().checked_sub(usize::from(cap.max));
        place
            .and_then(|place| ends.get(place).copied())
            .unwrap_or(at)
    }

    /// Until when a message that went at `at` counts for `cap`.
    fn counts_until(&self, cap: &Cap, at: Timestamp) -> Timestamp {
        match cap.per {
            CapPeriod::Within(span) => calendar::after(span, at, self.place()),
            CapPeriod::Day => calendar::next_period(at, &self.own, Period::Day),
            CapPeriod::Week => calendar::next_period(at, &self.own, Period::Week),
            CapPeriod::Month => calendar::next_period(at, &self.own, Period::Month),
        }
    }

    fn place(&self) -> Place<'_> {
        Place {
            zone: &self.own,
            closed: &self.release.project.closed,
        }
    }

    /// Whether some cap may still count a message at `now`: for this contact, or for another one with the same address, whose
    /// days begin at other moments.
    fn may_count(&self, sent: Earlier<'_>, now: Timestamp) -> bool {
        let mut caps = self.project.caps.iter();
        let again = self.wanted_again(&[sent]);
        let is_wanted_later = again.is_some_and(|again| again > now);
        let now = now.minus(CLOCKS_DIFFER_BY);
        let is_counted = caps.any(|cap| {
            counts(cap, sent.channel, sent.topic) && self.counts_until(cap, sent.at) > now
        });
        is_counted || is_wanted_later
    }

    /// Leaves out of `kept`, oldest first, what no cap counts any more. A cap that is new counts what was kept for others, and
    /// what goes from then on.
    pub(crate) fn prune<T>(
        &self,
        kept: &mut Vec<T>,
        read: impl Fn(&T) -> Earlier<'_>,
        now: Timestamp,
    ) {
        kept.retain(|one| self.may_count(read(one), now));
        kept.drain(..kept.len().saturating_sub(COUNTED_MAX));
    }
}

/// Whether `cap` looks at messages of this channel and topic.
fn counts(cap: &Cap, channel: Channel, topic: Option<&str>) -> bool {
    cap.channel.is_none_or(|capped| capped == channel)
        && cap
            .topic
            .as_deref()
            .is_none_or(|capped| topic == Some(capped))
}
