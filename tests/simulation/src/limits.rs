//! Caps, quiet hours and windows, worked out anew at every claim: naively, from what was claimed and what is known of the
//! contact, without the product's own arithmetic.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::{DateTime, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use wend_app::operate::in_force_after;
use wend_app::ports::Claim;
use wend_core::contact::Contact;
use wend_core::id::SendId;
use wend_core::phrase::{Span, Unit};
use wend_core::release::{Cap, CapPeriod, Manifest, MessageClass, Release, Verb};
use wend_core::time::Timestamp;

use crate::book::Record;
use crate::deployment::FUNCTION_TIMEOUT;
use crate::invariants::Promise;
use crate::projects::Rules;

/// A sandbox's clock is fast or slow by at most this.
pub const CLOCK_OFF_MAX: Duration = Duration::from_secs(10);
/// A sandbox's clock jumps back by at most this: its lease lasts so much longer.
pub const CLOCK_JUMP_MAX: Duration = CLOCK_OFF_MAX.saturating_add(CLOCK_OFF_MAX);
/// Nobody goes by a release that was replaced this long ago, slow claims included: [`in_force_after`] has the function's timeout.
pub const IN_FORCE_AFTER: Duration =
    in_force_after(FUNCTION_TIMEOUT).saturating_add(CLOCK_JUMP_MAX);
/// A gate has read the contact at most this long before the claim: the zone that it knew may be the one before.
const ZONE_SETTLES: Duration = Duration::from_mins(1);

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A release and when it was published.
#[derive(Clone, Debug)]
pub struct Published {
    /// When.
    pub at: Timestamp,
    /// What operators have said.
    pub manifest: Manifest,
    /// The definitions.
    pub release: Release,
}

/// A marketing message that was claimed, as caps count it.
#[derive(Clone, Debug)]
pub struct Counted {
    /// When.
    pub at: Timestamp,
    /// Its topic.
    pub topic: Option<String>,
}

/// The releases by which a claim may go that takes place at `now`: the newest, and those that it has just replaced.
pub fn in_force(record: &Record, now: Timestamp) -> impl Iterator<Item = &Published> {
    let all = &record.releases;
    let is_replaced = |next: &Published| next.at.plus(IN_FORCE_AFTER) < now;
    let first = all.iter().rposition(is_replaced).unwrap_or(0);
    all.iter().skip(first)
}

/// The zone that a contact says, or that its phone number lies in: all of them are German here.
pub fn own_zone(contact: &Contact) -> Option<String> {
    let said = contact.attributes.get("timezone");
    let said = said.and_then(|said| said.value.expose().as_str());
    let of_phone = || contact.phone.as_ref().map(|_| "Europe/Berlin");
    said.or_else(of_phone).map(str::to_owned)
}

/// What a marketing claim is looked at with.
struct Look<'a> {
    claim: &'a Claim<'a>,
    topic: Option<&'a str>,
    record: &'a Record,
    now: Timestamp,
}

impl<'a> Look<'a> {
    /// None for what is under no limits.
    fn at(
        claim: &'a Claim<'a>,
        record: &'a Record,
        rules: &'a Rules,
        now: Timestamp,
    ) -> Option<Self> {
        let (class, topic) = rules.templates.get(&claim.request.template)?;
        (*class == MessageClass::Marketing).then_some(Self {
            claim,
            topic: topic.as_deref(),
            record,
            now,
        })
    }

    /// The zones in which the contact may be thought to live: that of now, and the one before if it has just changed.
    fn zones(&self, release: &Release) -> Vec<TimeZone> {
        let id = self.record.who(self.claim.request.contact);
        let Some(contact) = self.record.contacts.get(&id) else {
            return Vec::new();
        };
        let before = self.record.zones.get(&id);
        let before = before.filter(|(until, _)| until.plus(ZONE_SETTLES) >= self.now);
        let known = [
            Some(own_zone(contact)),
            before.map(|(_, zone)| zone.clone()),
        ];
        let of_project = release
            .project
            .zone
            .as_ref()
            .map(wend_core::zone::Zone::name);
        let names = known.into_iter().flatten();
        let zones = names.map(|own| {
            let name = own.as_deref().or(of_project).unwrap_or("UTC");
            DATABASE.get(name).unwrap_or(TimeZone::UTC)
        });
        zones.collect()
    }

    /// Between these moments the gate has looked at a clock.
    fn moments(&self) -> [Timestamp; 2] {
        let first = self.now.minus(FUNCTION_TIMEOUT + CLOCK_OFF_MAX);
        [first, self.now.plus(CLOCK_OFF_MAX)]
    }

    /// Whether some release in force and some zone of the contact allow it. Nothing is said of a contact that is gone.
    fn is_kept(&self, is_allowed: impl Fn(&Published, &TimeZone) -> bool) -> bool {
        let mut looks = in_force(self.record, self.now).map(|published| {
            let zones = self.zones(&published.release);
            zones.is_empty() || zones.iter().any(|zone| is_allowed(published, zone))
        });
        looks.any(|is_allowed| is_allowed)
    }

    fn is_loud(&self, release: &Release, zone: &TimeZone) -> bool {
        let quiet = &release.project.sending.quiet_hours;
        let quiet = quiet.get(&self.claim.request.channel);
        quiet.is_none_or(|quiet| {
            let hours = quiet.to_string();
            let mut moments = self.moments().into_iter();
            moments.any(|at| !is_within(&hours, local(at, zone).time()))
        })
    }

    /// Windows by their hours; their days are not looked at.
    fn is_open(&self, release: &Release, zone: &TimeZone) -> bool {
        let request = self.claim.request;
        let Some(journey) = release.version(request.version) else {
            return true;
        };
        let step = journey
            .find(&request.step)
            .and_then(|step| journey.step(step));
        let of_step = step.and_then(|step| match &step.verb {
            Verb::Message(message) => message.sending.window.as_ref(),
            _ => None,
        });
        let Some(window) = of_step.or(journey.sending.window.as_ref()) else {
            return true;
        };
        let of_journey = journey.zone.as_ref();
        let of_journey = of_journey.and_then(|zone| DATABASE.get(zone.name()).ok());
        let zone = of_journey.as_ref().unwrap_or(zone);
        let text = window.to_string();
        let hours = text
            .rsplit_once(' ')
            .map_or(text.as_str(), |(_, hours)| hours);
        let mut moments = self.moments().into_iter();
        moments.any(|at| is_within(hours, local(at, zone).time()))
    }

    fn is_under(&self, cap: &Cap, zone: &TimeZone) -> bool {
        let request = self.claim.request;
        let is_meant = cap.channel.is_none_or(|channel| channel == request.channel)
            && (cap.topic.is_none() || cap.topic.as_deref() == self.topic);
        if !is_meant {
            return true;
        }
        let claims = self.record.claims.get(&self.claim.permission);
        let claims = claims.into_iter().flatten();
        let since = self.in_force_since(cap);
        let counts = |counted: &Counted| {
            counted.at >= since
                && (cap.topic.is_none() || cap.topic == counted.topic)
                && self.still_counts(cap, counted.at, zone)
        };
        let others = claims.filter(|(send, counted)| **send != request.send && counts(counted));
        others.count() < usize::from(cap.max)
    }

    /// From when on everybody has counted for this cap.
    fn in_force_since(&self, cap: &Cap) -> Timestamp {
        let all = &self.record.releases;
        let has = |published: &Published| published.release.project.sending.caps.contains(cap);
        let without = all.iter().rposition(|published| !has(published));
        let Some(without) = without else {
            return Timestamp::default();
        };
        let first = all.get(without + 1);
        first.map_or(self.now, |first| first.at.plus(IN_FORCE_AFTER))
    }

    /// Whether what was claimed at `at` counts for certain, whichever clocks were right.
    fn still_counts(&self, cap: &Cap, at: Timestamp, zone: &TimeZone) -> bool {
        let [first, last] = self.moments();
        let all = [at.minus(CLOCK_OFF_MAX), at.plus(CLOCK_OFF_MAX), first, last];
        let is_one = |period: fn(DateTime) -> (i16, i16)| {
            let mut periods = all.iter().map(|at| period(local(*at, zone)));
            let one = periods.next();
            periods.all(|other| Some(other) == one)
        };
        match cap.per {
            CapPeriod::Day => is_one(|local| (local.year(), local.date().day_of_year())),
            CapPeriod::Week => is_one(|local| {
                let week = local.date().iso_week_date();
                (week.year(), i16::from(week.week()))
            }),
            CapPeriod::Month => is_one(|local| (local.year(), i16::from(local.month()))),
            CapPeriod::Within(span) => ends(at.minus(CLOCK_OFF_MAX), span, zone) > last,
        }
    }
}

/// When `span` has passed since `at`.
fn ends(at: Timestamp, span: Span, zone: &TimeZone) -> Timestamp {
    let calendar = match span {
        Span::Exact(exact) => return at.plus(exact.duration()),
        Span::Calendar(calendar) => calendar,
    };
    let count = i64::from(calendar.count());
    let days = match calendar.unit() {
        Unit::Day => count.days(),
        Unit::Week => count.weeks(),
        Unit::Month => count.months(),
        // Not worked out here.
        _ => return at,
    };
    let start = instant(at).to_zoned(zone.clone());
    let end = start.checked_add(days).unwrap_or(start);
    Timestamp::from_millis(end.timestamp().as_millisecond())
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default()
}

fn local(at: Timestamp, zone: &TimeZone) -> DateTime {
    zone.to_datetime(instant(at))
}

/// Whether `time` is within hours as they are written: `21:00-08:00`.
fn is_within(hours: &str, time: Time) -> bool {
    let read = |text: &str| Time::strptime("%H:%M", text).unwrap_or_default();
    let (from, to) = hours.split_once('-').unwrap_or((hours, hours));
    let (from, to) = (read(from), read(to));
    if from < to {
        from <= time && time < to
    } else {
        from <= time || time < to
    }
}

/// No marketing message is claimed in the quiet hours of its contact.
pub fn quiet_hours_hold(
    claim: &Claim<'_>,
    record: &Record,
    rules: &Rules,
    now: Timestamp,
) -> Promise {
    let Some(look) = Look::at(claim, record, rules, now) else {
        return Ok(());
    };
    if look.is_kept(|published, zone| look.is_loud(&published.release, zone)) {
        return Ok(());
    }
    let send = claim.request.send;
    Err(format!(
        "quiet_hours_hold: {send} was claimed at {now}, at night"
    ))
}

/// No marketing message is claimed outside of its window.
pub fn windows_hold(claim: &Claim<'_>, record: &Record, rules: &Rules, now: Timestamp) -> Promise {
    let Some(look) = Look::at(claim, record, rules, now) else {
        return Ok(());
    };
    if look.is_kept(|published, zone| look.is_open(&published.release, zone)) {
        return Ok(());
    }
    let send = claim.request.send;
    Err(format!(
        "windows_hold: {send} was claimed at {now}, outside of its window"
    ))
}

/// No marketing message is claimed beyond a cap: of what was claimed to its address and not taken back, no more than the cap
/// allows lies in its time, as the contact's calendar has it. A cap counts from when it is in force.
pub fn caps_hold(claim: &Claim<'_>, record: &Record, rules: &Rules, now: Timestamp) -> Promise {
    let Some(look) = Look::at(claim, record, rules, now) else {
        return Ok(());
    };
    let is_kept = look.is_kept(|published, zone| {
        let mut caps = published.release.project.sending.caps.iter();
        caps.all(|cap| look.is_under(cap, zone))
    });
    if is_kept {
        return Ok(());
    }
    let send = claim.request.send;
    let others: Option<&BTreeMap<SendId, Counted>> = record.claims.get(&claim.permission);
    Err(format!(
        "caps_hold: {send} was claimed at {now} beside {others:?}"
    ))
}
