//! `<file>.errors.csv`: what could not be taken, row by row; of a dry run `<file>.dry-run.errors.csv`.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::cells;

/// What is wrong with one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The row's number.
    pub row: u64,
    /// The column; empty for the whole row.
    pub column: String,
    /// Whether the row was taken without it.
    pub is_taken: bool,
    /// What, and what to do.
    pub what: String,
}

/// The file that faults are written into; it is made with the first one.
#[derive(Debug)]
pub struct Faults {
    path: PathBuf,
    file: Option<File>,
    bytes: u64,
}

impl Faults {
    /// The file beside `input`, cut back to the `bytes` that an earlier run knows of.
    pub fn beside(input: &Path, is_dry: bool, bytes: u64) -> anyhow::Result<Self> {
        let ending = if is_dry {
            "dry-run.errors.csv"
        } else {
            "errors.csv"
        };
        let path = beside(input, ending);
        let mut faults = Self {
            path,
            file: None,
            bytes: 0,
        };
        if bytes == 0 {
            match std::fs::remove_file(&faults.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| faults.cannot());
                }
                Ok(()) | Err(_) => {}
            }
        } else {
            let file = OpenOptions::new().write(true).open(&faults.path);
            let mut file = file.with_context(|| faults.cannot())?;
            file.set_len(bytes).with_context(|| faults.cannot())?;
            file.seek(SeekFrom::End(0))?;
            faults.file = Some(file);
            faults.bytes = bytes;
        }
        Ok(faults)
    }

    fn cannot(&self) -> String {
        format!("cannot write {}", self.path.display())
    }

    /// Where they are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How long the file is.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes faults.
    pub fn add(&mut self, faults: &[Fault]) -> anyhow::Result<()> {
        if faults.is_empty() {
            return Ok(());
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        if self.file.is_none() {
            let file = File::create(&self.path).with_context(|| self.cannot())?;
            self.file = Some(file);
            writer.write_record(["row", "column", "row taken", "problem"])?;
        }
        for fault in faults {
            let row = fault.row.to_string();
            let taken = if fault.is_taken { "without it" } else { "no" };
            let texts = [cells::safe(&fault.column), cells::safe(&fault.what)];
            writer.write_record([&row, &*texts[0], taken, &*texts[1]])?;
        }
        let text = writer.into_inner().context("faults cannot be written")?;
        let cannot = self.cannot();
        if let Some(file) = &mut self.file {
            file.write_all(&text).context(cannot)?;
        }
        self.bytes += text.len() as u64;
        Ok(())
    }
}

/// `people.csv.errors.csv`
pub fn beside(input: &Path, ending: &str) -> PathBuf {
    let mut name = input.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    input.with_file_name(name)
}
