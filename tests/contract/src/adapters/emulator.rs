//! The AWS emulator of the local AWS, started as `wend dev --aws` starts it, without a stack.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

const SERVE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../infra/cli/src/dev/local_aws/serve.py"
);

static ENDPOINT: OnceLock<String> = OnceLock::new();

/// A running emulator. `serve.py` lives as long as its standard input is open, so it ends with this value or with this process,
/// however that ends.
pub struct Emulator {
    child: Child,
    commands: Option<ChildStdin>,
}

impl Emulator {
    /// Starts it, if the Python environment of the local AWS was made.
    pub fn start(root: &Path) -> Option<Self> {
        let directory = root.join("target/local-aws");
        let python = directory.join("venv/bin/python");
        if !python.exists() {
            return None;
        }
        let own = format!("contract-{}", std::process::id());
        let mut child = Command::new(python)
            .arg(SERVE)
            .arg("0")
            .arg(directory.join(own))
            .envs([
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
                ("AWS_DEFAULT_REGION", "us-east-1"),
                ("AWS_CONFIG_FILE", "/dev/null"),
                ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the emulator's Python starts");
        let commands = child.stdin.take();
        let answers = child.stdout.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(answers)
            .read_line(&mut line)
            .expect("the emulator answers");
        let answer: Value = serde_json::from_str(&line).expect("the emulator says its port");
        let endpoint = format!("http://127.0.0.1:{}", answer["port"]);
        ENDPOINT.set(endpoint).expect("one emulator a process");
        Some(Self { child, commands })
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.commands = None;
        let _ = self.child.wait();
    }
}

/// Where the emulator answers.
pub fn endpoint() -> &'static str {
    ENDPOINT.get().expect("the emulator runs")
}
