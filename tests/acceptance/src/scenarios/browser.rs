//! What people see, in a real browser: forms, the script of web pages, the inbox, preferences, the unsubscribe page.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::Scenario;
use crate::case::Case;
use crate::stack::scratch;

pub const PEOPLE: Scenario = (
    "people_can_use_each_page_with_and_without_scripts",
    people_can_use_each_page,
);

/// Pinned. They bring the driver and axe-core; the browser is the machine's.
const REQUIREMENTS: [&str; 2] = ["playwright==1.65.2", "axe-playwright-python==0.1.4"];
const SCRIPT: &str = include_str!("browser.py");

/// What Chromium is called.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

fn people_can_use_each_page(case: &Case) -> Result<()> {
    let browser = browser()?;
    let client = case.client()?;
    let ana = case.contact("Ana");
    let python = install()?;
    let mut script = Command::new(python);
    let address = &client.address;
    script.args(["-c", SCRIPT, &address.url, &address.write_key]);
    run(script.arg(browser).arg(&ana.user))
}

/// A test that is left out where nobody sees it would be none: without a browser this one fails.
fn browser() -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path);
    let found = folders.find_map(|folder| {
        let mut candidates = BROWSERS.iter().map(|name| folder.join(name));
        candidates.find(|file| file.is_file())
    });
    found.context(
        "there is no Chromium on the PATH: install it (Debian: apt-get install chromium), these pages are for people and \
         must be looked at in a browser",
    )
}

/// Installs the driver once; returns its Python.
fn install() -> Result<PathBuf> {
    let folder = scratch().join(format!("keep-{}", REQUIREMENTS.join("-")));
    let python = folder.join("bin/python");
    let stamp = folder.join("installed");
    if !stamp.exists() {
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder))?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--no-input"]);
        run(pip.arg("--disable-pip-version-check").args(REQUIREMENTS))?;
        // Last, because its presence says that everything before has succeeded.
        fs::write(stamp, "").context("cannot keep the driver")?;
    }
    Ok(python)
}

fn run(command: &mut Command) -> Result<()> {
    let program = Path::new(command.get_program()).display().to_string();
    let output = command.output();
    let output = output.with_context(|| format!("cannot start {program}"))?;
    ensure!(
        output.status.success(),
        "{program} failed ({}):\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
