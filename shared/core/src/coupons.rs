//! Codes of coupons, and the files that they stand in.
//!
//! A file is `code`, or `code,expires_at`, then one code a line. It is read line by line: a pool may have a million codes.

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;
use crate::zone::Zone;

/// Most bytes of a code: it is part of a key, and people type it.
pub const CODE_BYTES_MAX: usize = 100;

/// A code, and until when it can be used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Code {
    /// As the shop knows it.
    pub code: String,
    /// The end of its own; none: it has none.
    pub expires_at: Option<Timestamp>,
}

impl Code {
    /// Whether somebody who gets it at `now` can use it.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|until| now < until)
    }

    /// The code as a contact has it that may use it until `until`: whichever of both ends is the first.
    #[must_use]
    pub fn until(self, until: Option<Timestamp>) -> Self {
        let ends = self.expires_at.into_iter().chain(until);
        Self {
            expires_at: ends.min(),
            ..self
        }
    }
}

/// What a line of a file of codes does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The header is another one.
    #[error("the first line is `code`, or `code,expires_at`")]
    Header,
    /// What stands there is no code.
    #[error("not a code: at most 100 bytes without quotes, spaces and commas")]
    Code,
    /// What stands behind the code is no end.
    #[error("not an end: write `2027-12-31`, or `2027-12-31T18:00:00Z`")]
    End,
}

/// A file's header.
#[derive(Clone, Debug)]
pub struct Columns {
    has_ends: bool,
    zone: Zone,
}

impl Columns {
    /// Reads the first line. Days end in `zone`.
    pub fn of(header: &str, zone: Zone) -> Result<Self, Fault> {
        // Excel writes a mark before the first column.
        let header = header.trim_start_matches('\u{feff}').trim();
        let mut columns = header.split(',').map(str::trim);
        let has_ends = match (columns.next(), columns.next(), columns.next()) {
            (Some("code"), None, None) => false,
            (Some("code"), Some("expires_at"), None) => true,
            _ => return Err(Fault::Header),
        };
        Ok(Self { has_ends, zone })
    }

    /// Reads another line; none if nothing stands there.
    pub fn read(&self, line: &str) -> Result<Option<Code>, Fault> {
        let line = line.trim();
        if line.is_empty() {
            return Ok(None);
        }
        let (code, end) = match line.split_once(',') {
            Some((code, end)) if self.has_ends => (code.trim(), end.trim()),
            Some(_) => return Err(Fault::Code),
            None => (line, ""),
        };
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'');
        if code.is_empty() || code.len() > CODE_BYTES_MAX || code.contains(is_odd) {
            return Err(Fault::Code);
        }
        let expires_at = match end {
            "" => None,
            end => Some(self.end(end).ok_or(Fault::End)?),
        };
        let code = code.to_owned();
        Ok(Some(Code { code, expires_at }))
    }

    /// An instant, or the end of a day.
    fn end(&self, text: &str) -> Option<Timestamp> {
        Timestamp::parse(text).or_else(|| {
            let after = text.parse::<Date>().ok()?.tomorrow().ok()?;
            Some(self.zone.instant(after.to_datetime(Time::midnight())))
        })
    }
}

/// What became of the codes of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolCount {
    /// Can be drawn.
    pub left: u64,
    /// Were drawn.
    pub given: u64,
    /// Have ended before anybody drew them.
    pub expired: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(code: &str, end: Option<&str>) -> Code {
        Code {
            code: code.to_owned(),
            expires_at: end.and_then(Timestamp::parse),
        }
    }

    #[test]
    fn lines_are_read_with_and_without_ends() {
        let berlin = || Zone::parse("Europe/Berlin").unwrap();
        let plain = Columns::of("\u{feff}code\r", berlin()).unwrap();
        assert_eq!(plain.read("A-1\r"), Ok(Some(code("A-1", None))));
        assert_eq!(plain.read("  "), Ok(None));
        assert_eq!(plain.read("A-1,2027-12-31"), Err(Fault::Code));
        let ends = Columns::of("code, expires_at", berlin()).unwrap();
        assert_eq!(ends.read("A-1"), Ok(Some(code("A-1", None))));
        let day = code("A-1", Some("2027-12-31T23:00:00Z"));
        assert_eq!(ends.read("A-1, 2027-12-31"), Ok(Some(day)));
        let instant = code("A-1", Some("2027-12-31T18:00:00Z"));
        assert_eq!(ends.read("A-1,2027-12-31T18:00:00Z"), Ok(Some(instant)));
        assert_eq!(ends.read("A-1,soon"), Err(Fault::End));
        for odd in ["", "codes", "code,until", "code,expires_at,x"] {
            assert_eq!(Columns::of(odd, berlin()).unwrap_err(), Fault::Header);
        }
        let long = "x".repeat(CODE_BYTES_MAX + 1);
        for odd in ["\"A\"", "A B", long.as_str(), ",2027-12-31"] {
            assert_eq!(ends.read(odd), Err(Fault::Code), "{odd}");
        }
    }

    #[test]
    fn the_first_of_two_ends_counts() {
        let (early, late) = ("2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z");
        let at = Timestamp::parse;
        assert_eq!(code("A", None).until(None), code("A", None));
        assert_eq!(code("A", None).until(at(late)), code("A", Some(late)));
        assert_eq!(
            code("A", Some(early)).until(at(late)),
            code("A", Some(early))
        );
        assert_eq!(
            code("A", Some(late)).until(at(early)),
            code("A", Some(early))
        );
        let end = at(early).unwrap();
        assert!(!code("A", Some(early)).is_usable(end));
        assert!(code("A", Some(late)).is_usable(end));
    }
}
