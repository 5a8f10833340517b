//! AWS on this machine: deploys `template.yaml`, unedited, to an emulator that runs the real
//! function binaries.
//!
//! Owns the order of the start: front, Python environment, binaries, emulator, deployment. It must
//! not know what the functions do. Everything it writes is under `target/local-aws`; every process
//! ends with [`LocalAws`], or with this process, however that ends.

mod binaries;
mod emulator;
mod progress;
mod venv;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use indicatif::MultiProgress;
use serde_json::{Value, json};
use wend_core::personal::Personal;

use self::emulator::{Emulator, Setup};
use self::progress::Step;
use super::ses_front::{Front, Stack};

const DEPLOY: &str = include_str!("local_aws/deploy.py");

/// What to run, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// The workspace: `template.yaml` and `target/` are there.
    pub root: PathBuf,
    /// Tells local stacks apart that run at the same time; names a folder and the stack.
    pub name: String,
    /// The cargo profile of the functions, `dev` or `release`.
    pub profile: String,
    /// Port of the HTTP API; `0` takes any free one.
    pub api_port: u16,
    /// Port of the emulator; `0` takes any free one.
    pub emulator_port: u16,
    /// Where function processes find all of AWS, `SESv2` included; none: the emulator, and the front for `SESv2`.
    pub functions_endpoint: Option<String>,
    /// Parameters of the template; `SenderIdentity` has no default there. `Architecture` and
    /// `PublicUrl` are set here unless given.
    pub parameters: BTreeMap<String, String>,
    /// The secrets that webhooks and alerts name, by name.
    pub secrets: BTreeMap<String, Personal<String>>,
}

/// A deployed stack on this machine.
///
/// Dropping it ends the emulator and all function processes before it returns.
pub struct LocalAws {
    /// Base address of the HTTP API, for any client: `{api_url}/v1/track`. It is also the stack's
    /// `PublicUrl`.
    pub api_url: String,
    /// Base address of the emulator, for any AWS SDK (region `us-east-1`, credentials `test`).
    pub endpoint: String,
    /// The outputs of the stack, by the names in the template.
    pub outputs: BTreeMap<String, String>,
    /// Captured emails, and the hooks of the tests.
    pub front: Arc<Front>,
    emulator: Arc<Emulator>,
}

impl LocalAws {
    /// Prepares what is missing, starts everything and deploys. Slow parts show their progress.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let directory = options.root.join("target").join("local-aws");
        // First, so that a busy port is said before minutes of building.
        let front = Front::bind(options.api_port).await?;
        let started = Self::start_behind(Arc::clone(&front), options, &directory).await;
        if started.is_err() {
            front.detach();
        }
        started
    }

    async fn start_behind(
        front: Arc<Front>,
        options: &Options,
        directory: &Path,
    ) -> anyhow::Result<Self> {
        let screen = MultiProgress::new();
        let (python, binaries) = prepare(options, directory, &screen).await?;
        let log = directory.join(&options.name).join("emulator.log");
        let title = format!("starting the local AWS (log: {})", log.display());
        let step = Step::start(&screen, title);
        let emulator = start_emulator(options, directory, &python, front.url()).await?;
        let request = deployment(options, &emulator.endpoint, front.url(), &binaries);
        let own = directory.join(&options.name);
        let deployed = blocking(move || deploy(&python, &own, &request)).await?;
        let outputs: BTreeMap<String, String> = serde_json::from_value(deployed["outputs"].clone())
            .context("the deployment reported no outputs")?;
        let killer = Arc::clone(&emulator);
        front.attach(Stack {
            endpoint: emulator.endpoint.clone(),
            api_path: deployed["api_path"].as_str().unwrap_or_default().to_owned(),
            topic_arn: outputs.get("FeedbackTopicArn").cloned().unwrap_or_default(),
            configuration_set: outputs
                .get("ConfigurationSetName")
                .cloned()
                .unwrap_or_default(),
            kill: Box::new(move |function| killer.kill(function)),
        });
        step.done();
        let (api_url, endpoint) = (front.url().to_owned(), emulator.endpoint.clone());
        Ok(Self {
            api_url,
            endpoint,
            outputs,
            front,
            emulator,
        })
    }
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        self.front.detach();
        self.emulator.stop();
    }
}

/// At the same time, because on a first run one waits for the network and the other for the
/// processor.
async fn prepare(
    options: &Options,
    directory: &Path,
    screen: &MultiProgress,
) -> anyhow::Result<(PathBuf, BTreeMap<String, PathBuf>)> {
    let (root, profile) = (options.root.clone(), options.profile.clone());
    let directory = directory.to_owned();
    let (left, right) = (screen.clone(), screen.clone());
    let python = blocking(move || venv::prepare(&left, &directory));
    let binaries = blocking(move || binaries::build(&right, &root, &profile));
    tokio::try_join!(python, binaries)
}

async fn start_emulator(
    options: &Options,
    directory: &Path,
    python: &Path,
    ses_url: &str,
) -> anyhow::Result<Arc<Emulator>> {
    let (python, directory) = (python.to_owned(), directory.join(&options.name));
    let (port, between) = (options.emulator_port, options.functions_endpoint.clone());
    let ses_url = between.clone().unwrap_or_else(|| ses_url.to_owned());
    blocking(move || {
        let setup = Setup {
            python: &python,
            directory: &directory,
            port,
            ses_url: &ses_url,
            functions_endpoint: between.as_deref(),
        };
        Emulator::start(&setup).map(Arc::new)
    })
    .await
}

/// The request to `deploy.py`.
fn deployment(
    options: &Options,
    endpoint: &str,
    public_url: &str,
    binaries: &BTreeMap<String, PathBuf>,
) -> Value {
    let architecture = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    };
    let mut parameters = options.parameters.clone();
    parameters
        .entry("Architecture".to_owned())
        .or_insert_with(|| architecture.to_owned());
    parameters
        .entry("PublicUrl".to_owned())
        .or_insert_with(|| public_url.to_owned());
    json!({
        "endpoint": endpoint,
        "template": options.root.join("template.yaml"),
        "stack": options.name,
        "parameters": parameters,
        "binaries": binaries,
        "secrets": options.secrets,
    })
}

fn deploy(python: &Path, directory: &Path, request: &Value) -> anyhow::Result<Value> {
    let script = directory.join("deploy.py");
    std::fs::write(&script, DEPLOY).context("cannot write deploy.py")?;
    let mut child = Command::new(python)
        .arg(&script)
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start deploy.py")?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(request.to_string().as_bytes())
            .context("deploy.py ended early")?;
    }
    let output = child
        .wait_with_output()
        .context("cannot wait for deploy.py")?;
    if !output.status.success() {
        bail!(
            "{}",
            String::from_utf8_lossy(&output.stderr).trim().to_owned()
        );
    }
    serde_json::from_slice(&output.stdout).context("deploy.py did not answer with JSON")
}

/// Runs `work`, which waits for processes, off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .context("a step of the local AWS was interrupted")?
}
