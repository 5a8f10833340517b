//! Watches what the use cases log: no address may stand in it.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::invariants::has_address;

/// Reads every line that is logged on this thread.
#[derive(Clone, Debug, Default)]
struct Watch(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{field}={value:?} ");
    }
}

impl Watch {
    fn read(&self, line: &Line) {
        if has_address(&line.0) {
            let mut leaked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            leaked.push(format!("no_address_is_logged: {}", line.0));
        }
    }
}

impl Subscriber for Watch {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line(String::new());
        span.record(&mut line);
        self.read(&line);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        self.read(&line);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.read(&line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Runs `work` and answers with what it logged that it may not.
pub fn watched<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    let watch = Watch::default();
    let value = tracing::subscriber::with_default(watch.clone(), work);
    let mut leaked = watch.0.lock().unwrap_or_else(PoisonError::into_inner);
    (value, std::mem::take(&mut leaked))
}
