//! The figures, for people and for programs.

use std::time::Duration;

use serde_json::{Value, json};
use wend_core::time::Timestamp;

use super::balance::{Accepted, Balance};
use super::load::STEPS;
use super::usage::Usage;

/// The form of the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What was measured.
#[derive(Debug)]
pub struct Report {
    pub contacts: u32,
    /// Events that the endpoint accepted.
    pub events: usize,
    /// How long that took.
    pub accepting: Duration,
    pub times: Times,
    pub usage: Usage,
    pub kills: u32,
    pub balance: Balance,
    /// Sends that are listed as unknown although the provider has them.
    pub unknown_accepted: usize,
    /// Dead letters.
    pub set_aside: u64,
}

/// When mails were accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// From the start to the last first email.
    pub first_emails: Duration,
    /// From the start to the last email.
    pub all: Duration,
    /// As `all`, without the time in which every contact waits: after the last first email and before the first second one.
    pub busy: Duration,
}

impl Times {
    /// Of `mails` since `started_at`; the step `first` sends the first emails.
    pub fn of(started_at: Timestamp, mails: &[Accepted], first: &str) -> Self {
        let since = |at: i64| Timestamp::from_millis(at).since(started_at);
        let times = |is_first: bool| {
            let mails = mails.iter();
            mails
                .filter(move |mail| (mail.message.step == first) == is_first)
                .map(|mail| since(mail.at))
        };
        let last_first = times(true).max().unwrap_or_default();
        let first_second = times(false).min().unwrap_or(last_first);
        let all = times(false).max().unwrap_or_default().max(last_first);
        Self {
            first_emails: last_first,
            all,
            busy: all.saturating_sub(first_second.saturating_sub(last_first)),
        }
    }
}

impl Report {
    /// The figures in `format`.
    pub fn print(&self, format: Format) -> String {
        match format {
            Format::Text => self.text(),
            Format::Json => format!("{:#}\n", self.json()),
        }
    }

    fn events_per_sec(&self) -> f64 {
        rate(self.events, self.accepting)
    }

    fn emails_per_sec(&self) -> f64 {
        rate(self.balance.accepted, self.times.busy)
    }

    fn steps_per_sec(&self) -> f64 {
        // Each contact takes half of its steps for each email.
        rate(self.balance.accepted * STEPS / 2, self.times.busy)
    }

    fn cpu_ms_per_contact(&self) -> f64 {
        self.usage.cpu.as_secs_f64() * 1000.0 / f64::from(self.contacts)
    }

    fn text(&self) -> String {
        let (balance, times, usage) = (&self.balance, &self.times, &self.usage);
        let lines = [
            ("contacts", self.contacts.to_string()),
            (
                "events",
                format!("{:.0} accepted a second", self.events_per_sec()),
            ),
            (
                "first emails",
                format!("{:.1} s until the last", times.first_emails.as_secs_f64()),
            ),
            (
                "all emails",
                format!(
                    "{:.1} s until the last, {:.1} s of them at work",
                    times.all.as_secs_f64(),
                    times.busy.as_secs_f64()
                ),
            ),
            (
                "throughput",
                format!(
                    "{:.0} steps and {:.0} emails a second at work",
                    self.steps_per_sec(),
                    self.emails_per_sec()
                ),
            ),
            (
                "processor",
                format!("{:.2} ms a contact", self.cpu_ms_per_contact()),
            ),
            ("memory", format!("{} MB at the peak", mb(usage.peak_bytes))),
            ("disk", format!("{} MB written", mb(usage.written_bytes))),
            ("kills", self.kills.to_string()),
            ("expected", format!("{} emails", balance.expected)),
            (
                "accepted",
                format!("{} in the provider's inbox", balance.accepted),
            ),
            (
                "unknown",
                format!(
                    "{} listed that the inbox does not have, {} that it has",
                    balance.unknown, self.unknown_accepted
                ),
            ),
            ("lost", format!("{} neither there nor listed", balance.lost)),
            ("doubled", balance.doubled.to_string()),
            ("unexpected", balance.unexpected.to_string()),
            ("set aside", self.set_aside.to_string()),
        ];
        let lines = lines.map(|(name, value)| format!("  {name:<13} {value}\n"));
        format!("\nwend bench\n\n{}\n", lines.concat())
    }

    fn json(&self) -> Value {
        let (balance, times, usage) = (&self.balance, &self.times, &self.usage);
        json!({
            "is_debug_build": cfg!(debug_assertions),
            "contacts": self.contacts,
            "events": self.events,
            "events_per_sec": tenths(self.events_per_sec()),
            "first_emails_secs": times.first_emails.as_secs_f64(),
            "all_emails_secs": times.all.as_secs_f64(),
            "busy_secs": times.busy.as_secs_f64(),
            "steps_per_sec": tenths(self.steps_per_sec()),
            "emails_per_sec": tenths(self.emails_per_sec()),
            "cpu_ms_per_contact": self.cpu_ms_per_contact(),
            "peak_bytes": usage.peak_bytes,
            "written_bytes": usage.written_bytes,
            "kills": self.kills,
            "expected": balance.expected,
            "accepted": balance.accepted,
            "unknown": balance.unknown,
            "unknown_accepted": self.unknown_accepted,
            "lost": balance.lost,
            "doubled": balance.doubled,
            "unexpected": balance.unexpected,
            "set_aside": self.set_aside,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are below 2^52")]
fn rate(count: usize, time: Duration) -> f64 {
    let secs = time.as_secs_f64();
    if secs > 0.0 { count as f64 / secs } else { 0.0 }
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

const fn mb(bytes: u64) -> u64 {
    bytes / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::balance::Message;

    #[test]
    fn the_time_in_which_everybody_waits_is_not_work() {
        let mail = |step: &str, at: i64| Accepted {
            message: Message {
                to: "a".to_owned(),
                step: step.to_owned(),
            },
            send: at.to_string(),
            at,
        };
        let start = Timestamp::from_millis(1000);
        let secs = Duration::from_secs;
        let mails = [
            mail("hello", 2000),
            mail("hello", 3000),
            mail("offer", 23_000),
            mail("thanks", 24_000),
        ];
        let apart = Times {
            first_emails: secs(2),
            all: secs(23),
            busy: secs(3),
        };
        assert_eq!(Times::of(start, &mails, "hello"), apart);
        let mails = [
            mail("hello", 2000),
            mail("offer", 3000),
            mail("hello", 4000),
            mail("thanks", 5000),
        ];
        let overlapping = Times {
            first_emails: secs(3),
            all: secs(4),
            busy: secs(4),
        };
        assert_eq!(Times::of(start, &mails, "hello"), overlapping);
    }
}
