//! The virtual clock, and what drives futures on it.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use wend_core::time::Timestamp;

use super::lock;
use crate::ports::Clock;

/// A clock that moves only when it is told to. Clones show the same time.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    wheel: Arc<Mutex<Wheel>>,
    skew_millis: i64,
}

#[derive(Debug)]
struct Wheel {
    now: Timestamp,
    registered: u64,
    timers: BTreeMap<(Timestamp, u64), Waker>,
}

impl VirtualClock {
    /// A clock that shows `now`.
    pub fn starting_at(now: Timestamp) -> Self {
        let wheel = Wheel {
            now,
            registered: 0,
            timers: BTreeMap::new(),
        };
        Self {
            wheel: Arc::new(Mutex::new(wheel)),
            skew_millis: 0,
        }
    }

    /// The same clock as a machine sees it that is `millis` fast, or slow if they are less than zero. Sleeps last as long.
    #[must_use]
    pub fn skewed(&self, millis: i64) -> Self {
        Self {
            wheel: self.wheel.clone(),
            skew_millis: self.skew_millis.saturating_add(millis),
        }
    }

    /// The true time, without skew.
    pub fn true_now(&self) -> Timestamp {
        lock(&self.wheel).now
    }

    /// When the next sleeper wakes, in true time.
    pub fn next_timer(&self) -> Option<Timestamp> {
        let wheel = lock(&self.wheel);
        wheel.timers.keys().next().map(|(at, _)| *at)
    }

    /// Moves the clock to `to` and wakes who slept until then. It never goes back.
    pub fn advance_to(&self, to: Timestamp) {
        let woken: Vec<Waker> = {
            let mut wheel = lock(&self.wheel);
            wheel.now = wheel.now.max(to);
            let now = wheel.now;
            let later = wheel.timers.split_off(&(now, u64::MAX));
            std::mem::replace(&mut wheel.timers, later)
                .into_values()
                .collect()
        };
        woken.into_iter().for_each(Waker::wake);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let millis = self.true_now().as_millis();
        Timestamp::from_millis(millis.saturating_add(self.skew_millis))
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.true_now().plus(duration);
        let sleep = Sleep {
            wheel: self.wheel.clone(),
            until,
            timer: None,
        };
        sleep.await;
    }
}

/// Ends at `until`. Dropped, it leaves no timer behind.
struct Sleep {
    wheel: Arc<Mutex<Wheel>>,
    until: Timestamp,
    timer: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (until, timer) = (self.until, self.timer);
        let mut wheel = lock(&self.wheel);
        if wheel.now >= until {
            return Poll::Ready(());
        }
        let number = timer.unwrap_or(wheel.registered);
        if timer.is_none() {
            wheel.registered += 1;
        }
        wheel
            .timers
            .insert((until, number), context.waker().clone());
        drop(wheel);
        self.timer = Some(number);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(number) = self.timer {
            lock(&self.wheel).timers.remove(&(self.until, number));
        }
    }
}

/// Lets others go first, once.
pub(super) async fn yield_now() {
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

/// Nothing is left that could finish a future: a use case waits for what nobody will say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a use case waits for something that never comes; at {0}")]
pub struct Stalled(Timestamp);

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `future` to its end on this thread. Where it sleeps, the clock jumps.
pub fn run<T>(clock: &VirtualClock, future: impl Future<Output = T>) -> Result<T, Stalled> {
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    let waker = Waker::from(flag.clone());
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Ok(value);
        }
        while !flag.0.swap(false, Ordering::Relaxed) {
            let timer = clock.next_timer();
            clock.advance_to(timer.ok_or_else(|| Stalled(clock.true_now()))?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::{join, join_all};

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn sleepers_wake_in_the_order_of_their_times_and_the_clock_jumps() {
        let clock = VirtualClock::starting_at(Timestamp::from_millis(0));
        let order = Mutex::new(Vec::new());
        let naps = (0..40_u64).rev().map(|n| {
            let (clock, order) = (&clock, &order);
            async move {
                clock.sleep(secs(n * 3600)).await;
                lock(order).push((n, clock.now().as_secs()));
            }
        });
        run(&clock, join_all(naps)).unwrap();
        let expected: Vec<(u64, i64)> = (0..40)
            .map(|n| (n, i64::try_from(n).unwrap() * 3600))
            .collect();
        assert_eq!(order.into_inner().unwrap(), expected);
    }

    #[test]
    fn what_nobody_ends_is_told_and_a_dropped_sleep_leaves_nothing() {
        let clock = VirtualClock::starting_at(Timestamp::from_millis(7));
        assert_eq!(
            run(&clock, std::future::pending::<()>()),
            Err(Stalled(Timestamp::from_millis(7)))
        );
        let nap = clock.sleep(secs(1));
        let raced = futures_util::future::select(Box::pin(nap), Box::pin(yield_now()));
        run(&clock, async { drop(raced.await) }).unwrap();
        assert_eq!(clock.next_timer(), None);
    }

    #[test]
    fn a_skewed_machine_sleeps_as_long_as_the_others() {
        let clock = VirtualClock::starting_at(Timestamp::from_millis(0));
        let fast = clock.skewed(5000);
        assert_eq!(fast.now().as_secs(), 5);
        run(&clock, join(fast.sleep(secs(2)), clock.sleep(secs(2)))).unwrap();
        assert_eq!((clock.now().as_secs(), fast.now().as_secs()), (2, 7));
    }
}
