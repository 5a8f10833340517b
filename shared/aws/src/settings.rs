//! What a function is told through its environment, typed.

use std::str::FromStr;
use std::time::Duration;

use tracing_subscriber::filter::LevelFilter;
use wend_core::webhook::refused_host;

/// A setting is missing or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The variable is not set.
    #[error("the environment variable {0} is not set; template.yaml sets it")]
    Missing(&'static str),
    /// The variable has another type.
    #[error("the environment variable {name} is `{value}`; it must be {expected}")]
    Unreadable {
        /// The variable.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Settings contradict each other.
    #[error(transparent)]
    Schedule(#[from] wend_core::due::ScheduleError),
}

/// The variable `name`.
#[expect(clippy::disallowed_methods, reason = "this is where settings are read")]
pub fn text(name: &'static str) -> Result<String, SettingsError> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        _ => Err(SettingsError::Missing(name)),
    }
}

/// The variable `name` as a whole number.
pub fn number<T: FromStr>(name: &'static str) -> Result<T, SettingsError> {
    parsed(name, "a whole number")
}

/// The variable `name` as a level: `error`, `warn`, `info`, `debug`, `trace` or `off`.
pub fn level(name: &'static str) -> Result<LevelFilter, SettingsError> {
    parsed(name, "a level such as `info`")
}

fn parsed<T: FromStr>(name: &'static str, expected: &'static str) -> Result<T, SettingsError> {
    let value = text(name)?;
    let parsed = value.parse();
    parsed.map_err(|_| SettingsError::Unreadable {
        name,
        value,
        expected,
    })
}

/// The variable `name` as whole seconds.
pub fn secs(name: &'static str) -> Result<Duration, SettingsError> {
    number(name).map(Duration::from_secs)
}

/// The times of wakes, in seconds: `WEND_QUEUE_BOUNDARY_SECS`, `WEND_LOOK_AHEAD_SECS`, `WEND_OVERDUE_SECS`.
pub fn schedule() -> Result<wend_core::due::Schedule, SettingsError> {
    Ok(wend_core::due::Schedule::new(
        secs("WEND_QUEUE_BOUNDARY_SECS")?,
        secs("WEND_LOOK_AHEAD_SECS")?,
        secs("WEND_OVERDUE_SECS")?,
    )?)
}

/// Whether webhooks may reach this machine itself: `WEND_WEBHOOK_LOOPBACK=true`, and AWS is this machine, too (`AWS_ENDPOINT_URL`).
/// Only a local stack has both: on Lambda, loopback is the interface by which a function gets its work.
pub fn calls_loopback() -> bool {
    let is_asked = text("WEND_WEBHOOK_LOOPBACK").is_ok_and(|value| value == "true");
    is_asked && text("AWS_ENDPOINT_URL").is_ok_and(|url| is_here(&url))
}

fn is_here(url: &str) -> bool {
    let uri = url.parse::<http::Uri>();
    let host = uri.as_ref().ok().and_then(http::Uri::host);
    host.is_some_and(|host| {
        refused_host(host, false).is_some() && refused_host(host, true).is_none()
    })
}

/// The tables: `WEND_CONTACTS_TABLE`, `WEND_LOG_TABLE`, `WEND_RELEASES_TABLE`, `WEND_COUPONS_TABLE`. A function that may not use a table has no
/// variable for it; its name is then empty and every request to it fails.
pub fn tables() -> crate::dynamodb::Tables {
    let table = |name| text(name).unwrap_or_default();
    crate::dynamodb::Tables {
        contacts: table("WEND_CONTACTS_TABLE"),
        log: table("WEND_LOG_TABLE"),
        releases: table("WEND_RELEASES_TABLE"),
        coupons: table("WEND_COUPONS_TABLE"),
    }
}

#[cfg(test)]
mod tests {
    use super::is_here;

    #[test]
    fn only_this_machine_is_here() {
        for url in [
            "http://127.0.0.1:4566",
            "http://localhost:4566/",
            "http://[::1]:1",
        ] {
            assert!(is_here(url), "{url}");
        }
        for url in [
            "https://sqs.eu-central-1.amazonaws.com",
            "http://10.0.0.1:4566",
            "http://169.254.169.254",
            "http://localhost.example.com",
            "no address",
            "",
        ] {
            assert!(!is_here(url), "{url}");
        }
    }
}
