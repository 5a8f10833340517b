//! `<file>.progress.json`: how far an import has come, so that it goes on after it was killed.
//!
//! It is behind the truth at most: what is done again is known by its id and does nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wend_core::time::Timestamp;

use super::faults::beside;

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The file and all options: another import has another one.
    pub import: String,
    /// When it began.
    pub begun_at: Timestamp,
    /// Rows that are done with.
    pub rows: u64,
    /// The number of the last one, and where it ends.
    pub last: Option<(u64, u64)>,
    /// Rows that were taken.
    pub taken: u64,
    /// Values that were left out of them.
    pub left_out: u64,
    /// How long the file of faults is.
    pub faults_bytes: u64,
}

impl Done {
    /// Rows that were not taken.
    pub const fn refused(&self) -> u64 {
        self.rows - self.taken
    }
}

/// The file.
#[derive(Debug)]
pub struct Progress {
    path: PathBuf,
    /// How far it is.
    pub done: Done,
}

impl Progress {
    /// That of the import of `input` with these `options`; goes on where an earlier run of it has stopped.
    pub fn of(input: &Path, options: &str, now: Timestamp) -> anyhow::Result<Self> {
        let path = beside(input, "progress.json");
        let import = fingerprint(input, options)?;
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let done = Done {
                    import,
                    begun_at: now,
                    ..Done::default()
                };
                return Ok(Self { path, done });
            }
            Err(error) => return Err(error).context("cannot read how far the import is"),
        };
        let done: Done = serde_json::from_slice(&text)
            .with_context(|| format!("{} cannot be read: delete it", path.display()))?;
        if done.import != import {
            bail!(
                "{} is of an import with another file or other options: finish that one, or delete it to begin anew",
                path.display()
            );
        }
        Ok(Self { path, done })
    }

    /// That of a dry run, which nothing is kept of.
    pub fn dry(now: Timestamp) -> Self {
        let begun_at = now;
        Self {
            path: PathBuf::new(),
            done: Done {
                begun_at,
                ..Done::default()
            },
        }
    }

    /// Writes it down. Renamed into place: a kill leaves the one before or this one.
    pub fn save(&self) -> anyhow::Result<()> {
        let part = self.path.with_extension("part");
        let cannot = || format!("cannot write {}", self.path.display());
        fs::write(&part, serde_json::to_string(&self.done)?).with_context(cannot)?;
        fs::rename(&part, &self.path).with_context(cannot)
    }

    /// The import is over.
    pub fn end(&self) -> anyhow::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).context("cannot take the import's progress away")
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// The file by its length and time, which a change of its text changes, too.
fn fingerprint(input: &Path, options: &str) -> anyhow::Result<String> {
    let cannot = || format!("cannot read {}", input.display());
    let file = fs::metadata(input).with_context(cannot)?;
    let at = modified(input)?.as_millis();
    let text = format!("{}\n{at}\n{options}", file.len());
    Ok(HEXLOWER.encode(&Sha256::digest(text)))
}

/// When a file was written: nothing in it is newer.
pub fn modified(input: &Path) -> anyhow::Result<Timestamp> {
    let cannot = || format!("cannot read {}", input.display());
    let at = fs::metadata(input)
        .and_then(|file| file.modified())
        .with_context(cannot)?;
    let at = jiff::Timestamp::try_from(at).with_context(cannot)?;
    Ok(Timestamp::from_millis(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::Folder;

    #[test]
    fn an_import_goes_on_and_another_one_does_not() {
        let folder = Folder::new("progress");
        folder.write("people.csv", "email\n");
        let file = folder.path().join("people.csv");
        let now = Timestamp::from_millis(7);
        let mut first = Progress::of(&file, "a", now).unwrap();
        assert_eq!(first.done.last, None);
        first.done.rows = 500;
        first.done.last = Some((501, 9000));
        first.save().unwrap();
        let second = Progress::of(&file, "a", Timestamp::from_millis(8)).unwrap();
        assert_eq!(second.done, first.done);
        assert!(Progress::of(&file, "b", now).is_err());
        folder.write("people.csv", "email\nana@example.com\n");
        assert!(Progress::of(&file, "a", now).is_err());
        second.end().unwrap();
        assert_eq!(Progress::of(&file, "a", now).unwrap().done.last, None);
    }
}
