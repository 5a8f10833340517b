//! What Lambda does on AWS: reads the queues, runs the use cases, starts the sweep.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use wend_app::counts::Counts;
use wend_app::dispatch::{Braking, Ceilings, Dispatch, Drawing, Pacing, Quota};
use wend_app::evaluate::Evaluate;
use wend_app::feedback::Feedback;
use wend_app::ports::NoConnections;
use wend_app::ports::{Clock, Received};
use wend_app::releases::Releases;
use wend_app::sweep::Sweep;
use wend_app::walk::Walk;
use wend_app::webhook::{HttpSystems, Webhook};
use wend_aws::dynamodb::DynamoDb;
use wend_aws::system::{SystemClock, SystemIds};
use wend_aws::web::GuardedWeb;
use wend_core::pace::Rate;
use wend_core::send::SendTimes;
use wend_core::token::LinkKeys;

use super::parts::{Observed, Parts, Provider, StoreAside, StoreQueue};
use super::store::Store;
use super::{SWEEP_PERIOD, clock};

/// The longest nap: messages also come without a ring, when a visibility timeout ends.
const NAP_MAX: Duration = Duration::from_secs(1);
/// As short as a restart: the one process is gone or here.
const TIMES: SendTimes = SendTimes {
    function_timeout: Duration::from_secs(5),
    unknown_window: Duration::from_mins(1),
    // What a killed process had in hand is visible again at the next start, so nobody need wait long for the reason.
    newcomer_grace: Duration::from_secs(15),
};

/// Starts every worker; they end with the process. `send_rate` messages go out in a second.
pub fn start(parts: &Parts, send_rate: u32) {
    let releases = || Releases::new(parts.db.clone(), SystemClock);
    let evaluate = Evaluate {
        contacts: Observed {
            inner: parts.db.contacts(parts.secret.clone()),
            rows: parts.rows.clone(),
        },
        permissions: parts.db.clone(),
        entries: Counts::default(),
        dispatch: parts.queue("dispatch"),
        dispatch_bulk: parts.queue("dispatch-bulk"),
        wakes: parts.queue("wakes"),
        aside: parts.aside(),
        releases: releases(),
        clock: SystemClock,
        ids: SystemIds,
        secret: parts.secret.clone(),
        schedule: parts.schedule,
    };
    let dispatch = dispatch(parts, send_rate);
    let feedback = Feedback {
        evidence: parts.db.clone(),
        permissions: parts.db.clone(),
        inputs: parts.queue("inputs"),
        aside: parts.aside(),
        releases: releases(),
        clock: SystemClock,
        secret: parts.secret.clone(),
    };
    let evaluate = Arc::new(evaluate);
    for queue in ["inputs", "wakes", "bulk"] {
        let (store, evaluate) = (parts.store.clone(), evaluate.clone());
        tokio::spawn(async move {
            loop {
                let batch = next_batch(&store, queue).await;
                let failed = evaluate.batch(&batch).await;
                acknowledge(&store, &batch, &failed);
            }
        });
    }
    let dispatch = Arc::new(dispatch);
    for queue in ["dispatch", "dispatch-bulk"] {
        let (store, dispatch) = (parts.store.clone(), dispatch.clone());
        tokio::spawn(async move {
            loop {
                let batch = next_batch(&store, queue).await;
                let failed = dispatch.batch(&batch).await;
                acknowledge(&store, &batch, &failed);
            }
        });
    }
    let webhook = Webhook {
        // A system that is being built listens on this machine.
        systems: HttpSystems::new(parts.secrets.clone(), GuardedWeb::new(true), SystemClock),
        inputs: parts.queue("inputs"),
        again: parts.queue("dispatch"),
        aside: parts.aside(),
        clock: SystemClock,
    };
    let store = parts.store.clone();
    tokio::spawn(async move {
        loop {
            let batch = next_batch(&store, "webhooks").await;
            let failed = webhook.batch(&batch).await;
            acknowledge(&store, &batch, &failed);
        }
    });
    let store = parts.store.clone();
    tokio::spawn(async move {
        loop {
            let batch = next_batch(&store, "feedback").await;
            let failed = feedback.batch(&batch).await;
            acknowledge(&store, &batch, &failed);
        }
    });
    start_sweeps(parts);
    start_walks(parts);
}

/// Walks, and the schedules that begin them.
fn start_walks(parts: &Parts) {
    let walk = Walk {
        store: parts.db.clone(),
        walks: parts.queue("walks"),
        bulk: parts.queue("bulk"),
        aside: parts.aside(),
        releases: Releases::new(parts.db.clone(), SystemClock),
        clock: SystemClock,
    };
    let store = parts.store.clone();
    tokio::spawn(async move {
        loop {
            let batch = next_batch(&store, "walks").await;
            let failed = walk.batch(&batch).await;
            acknowledge(&store, &batch, &failed);
        }
    });
    clock::start(parts);
}

type Dispatching = Dispatch<
    DynamoDb,
    Provider,
    Drawing<DynamoDb, DynamoDb, SystemClock, NoConnections>,
    StoreQueue,
    StoreAside,
    DynamoDb,
    SystemClock,
    DynamoDb,
>;

fn dispatch(parts: &Parts, send_rate: u32) -> Dispatching {
    let rate = Some(Rate::per(send_rate, 1));
    let ceilings = Ceilings {
        email: rate,
        sms: rate,
    };
    Dispatch {
        ledger: parts.db.clone(),
        provider: parts.provider.clone(),
        connections: Drawing::new(
            parts.db.clone(),
            Releases::new(parts.db.clone(), SystemClock),
            SystemClock,
            NoConnections,
        ),
        webhooks: parts.queue("webhooks"),
        inputs: parts.queue("inputs"),
        again: vec![parts.queue("dispatch"), parts.queue("dispatch-bulk")],
        aside: parts.aside(),
        releases: Releases::new(parts.db.clone(), SystemClock),
        clock: SystemClock,
        secret: parts.secret.clone(),
        links: LinkKeys::first(&parts.secret),
        pace: Pacing::new(parts.db.clone(), ceilings),
        brakes: Braking::new(parts.db.clone()),
        quota: Quota::default(),
        times: TIMES,
        public_url: parts.url.clone(),
    }
}

/// The recurring schedule.
fn start_sweeps(parts: &Parts) {
    let sweep = Sweep {
        index: parts.db.clone(),
        watermark: parts.db.clone(),
        wakes: parts.queue("wakes"),
        clock: SystemClock,
        schedule: parts.schedule,
    };
    tokio::spawn(async move {
        loop {
            if let Err(error) = sweep.run().await {
                eprintln!("the sweep failed, the next one does its work: {error}");
            }
            SystemClock.sleep(SWEEP_PERIOD).await;
        }
    });
}

/// Waits for messages.
async fn next_batch(store: &Store, queue: &'static str) -> Vec<Received> {
    loop {
        // Asked for before looking: a ring in between is not missed.
        let ring = store.bell(queue).map(Notify::notified);
        let ring = async {
            match ring {
                Some(ring) => ring.await,
                None => std::future::pending().await,
            }
        };
        // Reading is cheap; only what is there is worth a transaction.
        let now = SystemClock.now();
        let next = store.next_visible(queue);
        if next.is_some_and(|at| at <= now) {
            match store.receive(queue) {
                Ok(batch) if !batch.is_empty() => return batch,
                Ok(_) => continue,
                Err(error) => eprintln!("{error}"),
            }
        }
        let nap = next.map_or(NAP_MAX, |at| at.since(now).min(NAP_MAX));
        tokio::select! {
            () = ring => {}
            () = SystemClock.sleep(nap.max(Duration::from_millis(1))) => {}
        }
    }
}

/// A failure here means that the messages come again: every use case knows an input that comes twice.
fn acknowledge(store: &Store, batch: &[Received], failed: &[String]) {
    if let Err(error) = store.acknowledge(batch, failed) {
        eprintln!("{error}");
    }
}
