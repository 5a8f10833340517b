//! How far an import is: a bar with rate and time left on a terminal, a line every ten seconds elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows rows going by.
pub struct Bar {
    shown: ProgressBar,
    begun: Instant,
    /// Rows that were done before.
    before: u64,
    done: u64,
    rows: u64,
    told: Instant,
}

impl Bar {
    /// `rows` rows, of which `before` are done already.
    pub fn new(rows: u64, before: u64) -> Self {
        let bar = ProgressBar::new(rows).with_position(before);
        let style = "{bar:30} {percent}%  {human_pos} of {human_len} rows  {per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.reset_eta();
        let begun = Instant::now();
        Self {
            shown: bar,
            begun,
            before,
            done: before,
            rows,
            told: begun,
        }
    }

    /// `rows` more are done.
    pub fn advance(&mut self, rows: u64) {
        self.done += rows;
        self.shown.set_position(self.done);
        if !std::io::stderr().is_terminal() && self.told.elapsed() >= LINE_EVERY {
            self.told = Instant::now();
            eprintln!("{} of {} rows, {}", self.done, self.rows, self.rate());
        }
    }

    /// Rows a second since this began.
    pub fn rate(&self) -> String {
        let millis = self.begun.elapsed().as_millis().max(1);
        let rows = u128::from(self.done - self.before);
        format!("{} rows a second", rows * 1000 / millis)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.shown.finish_and_clear();
    }
}
