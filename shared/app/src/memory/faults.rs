//! Faults: the one place where the memory's ports can be made to fail.

use std::fmt;
use std::sync::{Arc, Mutex};

use super::clock::yield_now;
use super::lock;
use crate::ports::{ErrorClass, PortError};

/// What goes wrong with one call of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The call has no effect and fails with this class. With `Ambiguous` the caller cannot know that it had none.
    FailBefore(ErrorClass),
    /// The call has its effect and its answer is lost: the caller sees an ambiguous failure.
    LoseAnswer,
}

/// Decides what goes wrong.
pub trait Faults: Send + fmt::Debug {
    /// Asked once before each call of a port, with its operation's name.
    fn next(&mut self, operation: &'static str) -> Fault;
}

/// Nothing ever goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFaults;

impl Faults for NoFaults {
    fn next(&mut self, _operation: &'static str) -> Fault {
        Fault::None
    }
}

/// The line between a use case and the memory. Clones share their faults.
#[derive(Clone, Debug)]
pub struct Line(Arc<Mutex<Box<dyn Faults>>>);

impl Default for Line {
    fn default() -> Self {
        Self::new(NoFaults)
    }
}

impl Line {
    /// A line on which `faults` happen.
    pub fn new(faults: impl Faults + 'static) -> Self {
        Self(Arc::new(Mutex::new(Box::new(faults))))
    }

    /// What goes wrong with the next call.
    pub(super) fn fault(&self, operation: &'static str) -> Fault {
        lock(&self.0).next(operation)
    }

    /// One call. It lets others go first before and after its effect, and the effect itself is one instant: where a future is
    /// dropped at such a point, its process has died there.
    pub(super) async fn call<T>(
        &self,
        operation: &'static str,
        effect: impl FnOnce() -> Result<T, PortError>,
    ) -> Result<T, PortError> {
        yield_now().await;
        let fault = self.fault(operation);
        let failed = |class, cause: &str| PortError {
            operation,
            class,
            cause: cause.to_owned(),
        };
        if let Fault::FailBefore(class) = fault {
            return Err(failed(class, "a planned fault"));
        }
        let answer = effect();
        yield_now().await;
        match fault {
            Fault::LoseAnswer => Err(failed(ErrorClass::Ambiguous, "the answer was lost")),
            Fault::None | Fault::FailBefore(_) => answer,
        }
    }
}
