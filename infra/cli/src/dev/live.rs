//! What happens, as lines in the terminal.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use wend_app::feedback::tags;
use wend_core::due::Schedule;
use wend_core::id::ContactKey;
use wend_core::input::Input;
use wend_core::log::{LogRow, Trace, Words};
use wend_core::release::Release;
use wend_core::time::Timestamp;

use super::mail::Mail;

/// Lines of a mail's text that are shown.
const TEXT_LINES: usize = 4;

/// Prints rows and mails as they come.
pub struct Live {
    rows: Receiver<LogRow>,
    mails: Receiver<Mail>,
    schedule: Schedule,
    inbox: String,
    mail_count: usize,
    names: BTreeMap<ContactKey, String>,
    zone: TimeZone,
    release: Release,
}

impl Live {
    /// Prints from now on. `release` knows which event names somebody listens to.
    pub fn new(
        rows: Receiver<LogRow>,
        mails: Receiver<Mail>,
        schedule: Schedule,
        inbox: &str,
        mail_count: usize,
        release: Release,
    ) -> Self {
        let (inbox, names) = (inbox.to_owned(), BTreeMap::new());
        Self {
            rows,
            mails,
            schedule,
            inbox,
            mail_count,
            names,
            zone: TimeZone::system(),
            release,
        }
    }

    /// Prints until the process ends.
    pub async fn print_for_ever(mut self) {
        while self.print_next().await {}
    }

    /// Prints what comes next; false when nothing can come any more.
    pub async fn print_next(&mut self) -> bool {
        tokio::select! {
            biased;
            row = self.rows.recv() => match row {
                Ok(row) => self.print_row(&row),
                Err(RecvError::Lagged(missed)) => println!("  … {missed} lines are not shown"),
                Err(RecvError::Closed) => return false,
            },
            mail = self.mails.recv() => match mail {
                Ok(mail) => self.print_mail(&mail),
                Err(RecvError::Lagged(missed)) => println!("  … {missed} mails are not shown"),
                Err(RecvError::Closed) => return false,
            },
        }
        true
    }

    fn print_mail(&mut self, mail: &Mail) {
        self.mail_count += 1;
        let contact = mail
            .tags
            .get(tags::CONTACT)
            .and_then(|contact| contact.parse().ok());
        let name = contact.map_or_else(|| "?".to_owned(), |contact| self.name(contact));
        let step = mail.tags.get(tags::STEP).map_or("?", String::as_str);
        let at = Timestamp::from_millis(mail.accepted_at.as_millisecond());
        let inbox = format!("{}/m/{}", self.inbox, self.mail_count);
        self.line(
            at,
            &name,
            "send",
            step,
            &format!("“{}”  {inbox}", mail.subject),
        );
        let lines = mail.text.lines().filter(|line| !line.trim().is_empty());
        for line in lines.take(TEXT_LINES) {
            println!("{:26}│ {line}", "");
        }
    }

    fn print_row(&mut self, row: &LogRow) {
        if let Input::Event(event) = &row.input {
            let name = event.address.value.expose().clone();
            self.names.insert(row.contact, name.clone());
            let what = event.kind.event_name().unwrap_or("identify").to_owned();
            let refused = row.refusal.map(|why| format!("REFUSED  {}", why.words()));
            self.line(row.at, &name, "event", &what, &refused.unwrap_or_default());
        }
        let name = self.name(row.contact);
        for trace in &row.trace {
            if let Some(words) = self.words(trace, row.at) {
                self.line(row.at, &name, words.verb, &words.what, &words.more);
            }
        }
    }

    /// A trace in words; none for what another line says already.
    fn words(&self, trace: &Trace, now: Timestamp) -> Option<Words> {
        let words = trace.words()?;
        Some(match trace {
            Trace::NobodyListens(event) => Words {
                more: self.nobody(event),
                ..words
            },
            Trace::Waits {
                due_at: Some(due_at),
                ..
            } => Words {
                more: self.until(*due_at, now),
                ..words
            },
            _ => words,
        })
    }

    /// Until when a run waits, and what will wake it.
    fn until(&self, due_at: Timestamp, now: Timestamp) -> String {
        let by = match self.schedule.queue_delay(due_at, now) {
            Some(_) => "queue delay",
            None => "schedule",
        };
        format!("until {}  ({by})", self.moment(due_at, now))
    }

    fn nobody(&self, event: &str) -> String {
        match self.release.nearest_event(event) {
            Some(near) => format!(
                "stored, nobody listens · nearest: {near} (event names are exact: fix the sender or the journey)"
            ),
            None => "stored, nobody listens".to_owned(),
        }
    }

    fn name(&self, contact: ContactKey) -> String {
        let short = || contact.to_string().chars().take(8).collect();
        self.names.get(&contact).cloned().unwrap_or_else(short)
    }

    /// The time of `at`, with its day if that is a day or more away.
    fn moment(&self, at: Timestamp, now: Timestamp) -> String {
        let is_near = at.since(now) < Duration::from_hours(24);
        let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
        let format = if is_near { "%H:%M:%S" } else { "%a %F %H:%M" };
        at.to_zoned(self.zone.clone()).strftime(format).to_string()
    }

    fn time(&self, at: Timestamp) -> String {
        let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
        at.to_zoned(self.zone.clone())
            .strftime("%H:%M:%S")
            .to_string()
    }

    fn line(&self, at: Timestamp, name: &str, verb: &str, what: &str, more: &str) {
        let name: String = name.chars().take(12).collect();
        println!(
            "  {}  {name:<12}  {verb:<8} {what:<16} {more}",
            self.time(at)
        );
    }
}
