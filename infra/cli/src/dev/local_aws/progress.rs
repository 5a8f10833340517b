//! Says what is going on while something takes long: a spinner on a terminal, plain lines
//! elsewhere.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// One long step among those that `screen` shows at the same time. Dropping it takes the spinner
/// away; [`Step::done`] leaves a line.
pub(super) struct Step {
    bar: ProgressBar,
    screen: MultiProgress,
    title: String,
}

impl Step {
    /// Starts the step; `title` reads like "preparing Python (once, about a minute)".
    pub(super) fn start(screen: &MultiProgress, title: impl Into<String>) -> Self {
        let title = title.into();
        let bar = screen.add(ProgressBar::new_spinner());
        if std::io::stderr().is_terminal() {
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {elapsed}  {msg}")
            {
                bar.set_style(style);
            }
            bar.set_prefix(title.clone());
            bar.enable_steady_tick(Duration::from_millis(120));
        } else {
            eprintln!("{title}");
        }
        Self {
            bar,
            screen: screen.clone(),
            title,
        }
    }

    /// Shows the newest line of the tool at work, cut to what fits beside the title.
    pub(super) fn detail(&self, line: &str) {
        self.bar
            .set_message(line.trim().chars().take(60).collect::<String>());
    }

    /// Ends the step well.
    pub(super) fn done(self) {
        self.bar.finish_and_clear();
        // An error here means that there is no terminal to write to.
        let _ = self.screen.println(format!("✓ {}", self.title));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
