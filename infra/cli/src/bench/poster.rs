//! The website: posts the load over HTTP, each request until it is answered 202.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::engine::Address;
use super::load::{Load, Request};

/// Requests under way at the same time.
const THREADS: usize = 8;
/// How long one request is answered at most.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The pause before a request is repeated.
const AGAIN: Duration = Duration::from_millis(20);
/// How long a request is repeated at most.
const PATIENCE: Duration = Duration::from_mins(2);

/// Threads that post.
#[derive(Debug)]
pub struct Poster {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    requests: Vec<Request>,
    /// The first request that nobody has taken.
    next: AtomicUsize,
    /// Requests that were answered 202.
    done: AtomicUsize,
    begun: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    address: Address,
    last_accepted: Instant,
    failure: Option<String>,
}

/// What was posted.
#[derive(Clone, Copy, Debug)]
pub struct Posted {
    /// Events that were accepted.
    pub events: usize,
    /// From the first request to the last answer.
    pub took: Duration,
}

impl Poster {
    /// Begins to post.
    pub fn start(load: &Load, address: Address) -> Self {
        let begun = Instant::now();
        let state = State {
            address,
            last_accepted: begun,
            failure: None,
        };
        let shared = Arc::new(Shared {
            requests: load.requests().to_vec(),
            next: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            begun,
            state: Mutex::new(state),
        });
        let threads = (0..THREADS).map(|_| {
            let shared = shared.clone();
            std::thread::spawn(move || shared.post_all())
        });
        let threads = threads.collect();
        Self { shared, threads }
    }

    /// The server answers elsewhere from now on.
    pub fn moved_to(&self, address: Address) {
        self.shared.lock().address = address;
    }

    /// Whether every request was accepted.
    pub fn is_done(&self) -> bool {
        self.shared.done.load(Ordering::Acquire) == self.shared.requests.len()
    }

    /// Fails if a request was refused or never answered.
    pub fn check(&self) -> anyhow::Result<()> {
        match &self.shared.lock().failure {
            Some(failure) => bail!("{failure}"),
            None => Ok(()),
        }
    }

    /// Waits for the last answer.
    pub fn end(self) -> anyhow::Result<Posted> {
        self.check()?;
        for thread in self.threads {
            if thread.join().is_err() {
                bail!("a thread that posts has panicked");
            }
        }
        let events = self.shared.requests.iter().map(|r| r.events()).sum();
        let took = self.shared.lock().last_accepted - self.shared.begun;
        Ok(Posted { events, took })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn post_all(&self) {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false);
        let agent = config.build().new_agent();
        while let Some(request) = self.take() {
            if let Err(error) = self.post(&agent, request) {
                self.lock().failure = Some(format!("{error:#}"));
            }
        }
    }

    /// The next request; none after the last, or after a failure.
    fn take(&self) -> Option<Request> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let request = self.requests.get(index).copied();
        request.filter(|_| self.lock().failure.is_none())
    }

    /// Posts until the answer is 202: without it nobody knows whether the events were taken.
    fn post(&self, agent: &ureq::Agent, request: Request) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let address = self.lock().address.clone();
            let answer = agent
                .post(format!("{}/v1/batch", address.url))
                .content_type("application/json")
                .send(request.body(&address.write_key));
            let why = match answer {
                Ok(mut answer) => {
                    let status = answer.status().as_u16();
                    let text = answer.body_mut().read_to_string();
                    if status == 202 {
                        let text = text.unwrap_or_default();
                        if text.contains("errors") {
                            bail!("an event was refused: {text}");
                        }
                        self.lock().last_accepted = Instant::now();
                        self.done.fetch_add(1, Ordering::Release);
                        return Ok(());
                    }
                    if (400..500).contains(&status) {
                        bail!("{request:?} was refused: {}", text.unwrap_or_default());
                    }
                    anyhow::anyhow!("the answer was {status}")
                }
                Err(error) => error.into(),
            };
            if begun.elapsed() > PATIENCE {
                return Err(why).context("a request was never accepted");
            }
            std::thread::sleep(AGAIN);
        }
    }
}
