//! The ports as the simulation gives them to the use cases: the exact adapters of `wend_app::memory`, with faults, planted
//! bugs and a record of every effect around them.
//!
//! An effect and its record are one instant. Before and after it others go first, and there a process can die.

mod contacts;
mod copies;
mod coupons;
mod ledger;
mod outside;
mod queues;
mod store;
mod time;

pub use contacts::SimContacts;
pub use outside::{SimMailer, SimOutside};
pub use queues::{Parked, SimAside, SimQueue};
pub use store::SimStore;
pub use time::SimClock;

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wend_app::memory::VirtualClock;
use wend_app::ports::{Clock, ErrorClass, PortError};

use crate::book::Book;
use crate::plan::Trouble;

/// What every call of a port can meet.
const TROUBLES: &[Trouble] = &[
    Trouble::Conflict,
    Trouble::Throttled,
    Trouble::Ambiguous,
    Trouble::Invalid,
    Trouble::LostAnswer,
    Trouble::Slow,
    Trouble::KillBefore,
    Trouble::KillAfter,
];

/// Seconds that a slow call takes: within a claim's time, beyond it, beyond the function's timeout.
const SLOW_SECS: [u64; 4] = [2, 4, 7, 30];

/// The line from a use case to an adapter. Clones share book and clock.
#[derive(Clone, Debug)]
pub struct Line {
    book: Arc<Mutex<Book>>,
    clock: VirtualClock,
}

impl Line {
    /// A line that writes into `book`.
    pub const fn new(book: Arc<Mutex<Book>>, clock: VirtualClock) -> Self {
        Self { book, clock }
    }

    /// The book.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The true time.
    pub const fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// What goes wrong with the next call of `operation`.
    fn trouble(
        &self,
        operation: &'static str,
        troubles: &'static [Trouble],
    ) -> Option<(Trouble, u64)> {
        let now = self.clock.true_now();
        let mut book = self.book();
        let trouble = book.plan.ask(operation, troubles);
        book.trace(
            operation,
            trouble.map_or(0, |(trouble, _)| 1 + trouble as u64),
            now,
        );
        trouble
    }

    /// The process dies here: the runner sees it and drops its future.
    async fn die(&self) {
        self.book().is_killed = true;
        std::future::pending::<()>().await;
    }

    /// One call.
    async fn call<T>(
        &self,
        operation: &'static str,
        effect: impl FnOnce() -> Result<T, PortError>,
    ) -> Result<T, PortError> {
        yield_now().await;
        let trouble = self.trouble(operation, TROUBLES);
        let failed = |class| Err(error(operation, class));
        match trouble {
            Some((Trouble::Conflict, _)) => return failed(ErrorClass::Conflict),
            Some((Trouble::Throttled, _)) => return failed(ErrorClass::Throttled),
            Some((Trouble::Ambiguous, _)) => return failed(ErrorClass::Ambiguous),
            Some((Trouble::Invalid, _)) => return failed(ErrorClass::Invalid),
            Some((Trouble::Slow, bits)) => self.clock.sleep(slowness(bits)).await,
            Some((Trouble::KillBefore, _)) => self.die().await,
            _ => {}
        }
        let answer = effect();
        if matches!(trouble, Some((Trouble::KillAfter, _))) {
            self.die().await;
        }
        yield_now().await;
        match trouble {
            Some((Trouble::Slow, bits)) if bits & 1 == 1 => self.clock.sleep(slowness(bits)).await,
            Some((Trouble::LostAnswer, _)) => return failed(ErrorClass::Ambiguous),
            _ => {}
        }
        answer
    }
}

fn slowness(bits: u64) -> Duration {
    let index = usize::try_from((bits >> 1) % 4).unwrap_or_default();
    Duration::from_secs(SLOW_SECS.get(index).copied().unwrap_or(2))
}

fn error(operation: &'static str, class: ErrorClass) -> PortError {
    let cause = "a planned fault".to_owned();
    PortError {
        operation,
        class,
        cause,
    }
}

/// Lets others go first, once.
async fn yield_now() {
    let mut has_yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs a call of an exact adapter to its end, at once: it never sleeps.
pub fn instant<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}
