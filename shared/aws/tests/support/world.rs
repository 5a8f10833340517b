//! One deployment in miniature: the real use cases, the real DynamoDB adapter, doubles around them.

use std::time::Duration;

use serde_json::{Value, json};
use wend_app::counts::Counts;
use wend_app::dispatch::{Braking, Ceilings, Dispatch, Pacing, Quota};
use wend_app::evaluate::Evaluate;
use wend_app::feedback::Feedback;
use wend_app::ports::{
    Clock, Contacts, Ids, Ledger, Mailer, NoConnections, Outgoing, Queue, Texter,
};
use wend_app::publish::publish;
use wend_app::releases::Releases;
use wend_app::sweep::Sweep;
use wend_aws::dynamodb::{DynamoContacts, DynamoDb};
use wend_core::contact::Contact;
use wend_core::definitions::SourceFile;
use wend_core::due::Schedule;
use wend_core::id::{ContactKey, PermissionKey, SendId};
use wend_core::identity::{Channel, EmailAddress, Identity, IdentityKind, IdentitySecret};
use wend_core::input::{Envelope, Input};
use wend_core::log::LogRow;
use wend_core::pace::Rate;
use wend_core::send::{SendRequest, SendState, SendTimes, Task};
use wend_core::token::LinkKeys;
use wend_core::tracking;

use super::aws::{Calls, dynamodb};
use super::doubles::{FakeMailer, MemoryAside, MemoryQueue, TestClock, TestIds, received};

/// The secret of every test.
pub const SECRET: IdentitySecret = IdentitySecret::new([7; 32]);
/// The address of every contact `ana`.
pub const ANA: &str = "ana@example.com";
/// When a silent owner is dead and a doubt is closed.
pub const TIMES: SendTimes = SendTimes {
    function_timeout: Duration::from_secs(20),
    unknown_window: Duration::from_mins(5),
    newcomer_grace: Duration::from_mins(3),
};
/// The production schedule.
pub const BOUNDARY: Duration = Duration::from_mins(15);
/// How far a sweep looks.
pub const LOOK_AHEAD: Duration = Duration::from_mins(10);
/// What is overdue.
pub const OVERDUE: Duration = Duration::from_mins(5);

const PROJECT: &str = "wend: 1\nproject: shop\npostal_address: Street 1\n\
    senders: { shop: { email: Shop <hello@mail.example.com> } }\ntopics: { news: { title: News } }\n";
/// A message at once, one after 20 seconds, one after two hours.
pub const WELCOME: &str = "journey: welcome\nstate: live\ntopic: news\ntriggers: [ { event: signed_up } ]\nsteps:\n  \
    - { id: hello, email: hello }\n  - { id: pause, wait: 20 s }\n  - { id: tips, email: tips }\n  \
    - { id: rest, wait: 2h }\n  - { id: more, email: more }\n";

const JOINING: &str = "journey: welcome\nstate: live\ntopic: news\n\
    triggers: [ { joins: pros, existing: skip } ]\nsteps: [ { id: hello, email: hello } ]\n";

/// The project's files, with this text of the journey.
pub fn project(journey: &str) -> Vec<SourceFile> {
    let template = |id: &str| {
        let text = format!(
            "---\ntemplate: {id}\nchannel: email\nclass: marketing\ntopic: news\nfrom: shop\n\
             subject: \"{id}, {{{{ contact.first_name }}}}\"\n---\nHello {{{{ contact.first_name }}}}\n"
        );
        (format!("templates/{id}.md"), text)
    };
    let files = [
        ("wend.yaml".to_owned(), PROJECT.to_owned()),
        ("journeys/welcome.yaml".to_owned(), journey.to_owned()),
        template("hello"),
        template("tips"),
        template("more"),
    ];
    let files = files.map(|(path, text)| SourceFile { path, text });
    files.into()
}

/// `evaluate` as the tests run it.
pub type TestEvaluate<S> =
    Evaluate<S, DynamoDb, MemoryQueue, MemoryAside, DynamoDb, TestClock, TestIds>;
/// `dispatch` as the tests run it.
pub type TestDispatch<L, M, Q> =
    Dispatch<L, M, NoConnections, Q, MemoryAside, DynamoDb, TestClock, DynamoDb>;

/// A deployment.
pub struct World {
    pub db: DynamoDb,
    pub calls: Calls,
    pub clock: TestClock,
    pub ids: TestIds,
    pub inputs: MemoryQueue,
    pub dispatch: MemoryQueue,
    pub wakes: MemoryQueue,
    pub aside: MemoryAside,
    pub mailer: FakeMailer,
}

impl World {
    /// With the welcome journey published.
    pub async fn new() -> Self {
        Self::with(WELCOME).await
    }

    /// With this text of the journey published.
    pub async fn with(journey: &str) -> Self {
        Self::of(&project(journey)).await
    }

    /// With the welcome journey and these lines below `sending:` of wend.yaml, and `on_unknown` in its templates.
    pub async fn sending(lines: &str, on_unknown: &str) -> Self {
        let mut files = project(WELCOME);
        for file in &mut files {
            if file.path == "wend.yaml" {
                file.text = format!("{}sending:\n{lines}", file.text);
            } else if file.path.starts_with("templates") {
                let policy = format!("class: marketing\non_unknown: {on_unknown}");
                file.text = file.text.replace("class: marketing", &policy);
            }
        }
        Self::of(&files).await
    }

    /// With a journey that begins when somebody becomes a member of segment `pros`, who have the plan `pro`.
    pub async fn watching() -> Self {
        let mut files = project(JOINING);
        files.push(SourceFile {
            path: "segments/pros.yaml".to_owned(),
            text: "segment: pros\ntitle: Pros\nif: { contact.plan: pro }\n".to_owned(),
        });
        Self::of(&files).await
    }

    async fn of(files: &[SourceFile]) -> Self {
        let (db, calls) = dynamodb().await;
        let clock = TestClock::at("2026-03-01T08:00:00Z");
        publish(&db, &clock, files, None).await.unwrap();
        Self {
            db,
            calls,
            clock,
            ids: TestIds::default(),
            inputs: MemoryQueue::default(),
            dispatch: MemoryQueue::default(),
            wakes: MemoryQueue::default(),
            aside: MemoryAside::default(),
            mailer: FakeMailer::default(),
        }
    }

    /// `evaluate` in a sandbox of its own.
    pub fn evaluate(&self) -> TestEvaluate<DynamoContacts> {
        self.evaluate_on(self.db.contacts(SECRET))
    }

    /// `evaluate` on these contacts.
    pub fn evaluate_on<S: Contacts>(&self, contacts: S) -> TestEvaluate<S> {
        Evaluate {
            contacts,
            permissions: self.db.clone(),
            entries: Counts::default(),
            dispatch: self.dispatch.clone(),
            dispatch_bulk: self.dispatch.clone(),
            wakes: self.wakes.clone(),
            aside: self.aside.clone(),
            releases: Releases::new(self.db.clone(), self.clock.clone()),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            secret: SECRET,
            schedule: schedule(),
        }
    }

    /// `dispatch` in a sandbox of its own.
    pub fn dispatcher(&self) -> TestDispatch<DynamoDb, FakeMailer, MemoryQueue> {
        self.dispatcher_on(self.db.clone())
    }

    /// `dispatch` on this ledger.
    pub fn dispatcher_on<L: Ledger>(&self, ledger: L) -> TestDispatch<L, FakeMailer, MemoryQueue> {
        let queues = (self.inputs.clone(), self.dispatch.clone());
        self.dispatcher_with(ledger, self.mailer.clone(), queues)
    }

    /// `dispatch` with these parts; the queues are inputs and its own.
    pub fn dispatcher_with<L: Ledger, M: Mailer + Texter, Q: Queue + Clone>(
        &self,
        ledger: L,
        provider: M,
        (inputs, again): (Q, Q),
    ) -> TestDispatch<L, M, Q> {
        Dispatch {
            ledger,
            provider,
            connections: NoConnections,
            // Nothing here asks others.
            webhooks: again.clone(),
            inputs,
            again: vec![again],
            aside: self.aside.clone(),
            releases: Releases::new(self.db.clone(), self.clock.clone()),
            clock: self.clock.clone(),
            secret: SECRET,
            links: LinkKeys::first(&SECRET),
            pace: self.pace(1000),
            brakes: Braking::new(self.db.clone()),
            quota: Quota::default(),
            times: TIMES,
            public_url: "https://t.example".to_owned(),
        }
    }

    /// So many messages a second.
    pub fn pace(&self, per_second: u32) -> Pacing<DynamoDb> {
        let rate = Some(Rate::per(per_second, 1));
        let ceilings = Ceilings {
            email: rate,
            sms: rate,
        };
        Pacing::new(self.db.clone(), ceilings)
    }

    /// `sweep`.
    pub fn sweep(&self) -> Sweep<DynamoDb, DynamoDb, MemoryQueue, TestClock> {
        Sweep {
            index: self.db.clone(),
            watermark: self.db.clone(),
            wakes: self.wakes.clone(),
            clock: self.clock.clone(),
            schedule: schedule(),
        }
    }

    /// `feedback`.
    pub fn feedback(
        &self,
    ) -> Feedback<DynamoDb, DynamoDb, MemoryQueue, MemoryAside, DynamoDb, TestClock> {
        Feedback {
            evidence: self.db.clone(),
            permissions: self.db.clone(),
            inputs: self.inputs.clone(),
            aside: self.aside.clone(),
            releases: Releases::new(self.db.clone(), self.clock.clone()),
            clock: self.clock.clone(),
            secret: SECRET,
        }
    }

    /// An event as `ingest` puts it on the queue; a message id of its own unless it has one.
    pub fn event(&self, mut item: Value) -> Envelope {
        if item.get("messageId").is_none() {
            item["messageId"] = json!(format!("message-{}", self.ids.next()));
        }
        let accepted_at = self.clock.now();
        let request = tracking::Request {
            source: "site",
            is_public: false,
            accepted_at,
            sent_at: None,
        };
        let event = tracking::read(None, &item, request, || self.ids.draw()).unwrap();
        Envelope {
            accepted_at,
            input: Input::Event(Box::new(event)),
        }
    }

    /// `signed_up` of a contact that opts in with an address.
    pub fn signs_up(&self, user: &str) -> Envelope {
        let traits = json!({
            "email": format!("{user}@example.com"), "first_name": "Ana", "subscribed": ["news"],
        });
        self.event(json!({
            "type": "track", "event": "signed_up", "userId": user, "context": { "traits": traits },
        }))
    }

    /// An event that no journey listens to.
    pub fn views(&self, user: &str) -> Envelope {
        self.event(json!({ "type": "page", "userId": user }))
    }

    /// Delivers `inputs` to `evaluate` in one batch; every one is acknowledged.
    pub async fn apply(&self, inputs: impl IntoIterator<Item = Envelope>) {
        let messages = received(inputs.into_iter().map(|input| body(&input)));
        assert_eq!(self.evaluate().batch(&messages).await, [] as [&str; 0]);
    }

    /// Delivers the messages of a queue to `evaluate` in one batch; every one is acknowledged.
    pub async fn apply_queue(&self, queue: &MemoryQueue) {
        let messages = received(queue.take().into_iter().map(|message| message.body));
        assert_eq!(self.evaluate().batch(&messages).await, [] as [&str; 0]);
    }

    /// Delivers what is on the dispatch queue, in one batch; every message is acknowledged.
    pub async fn dispatch_queue(&self) {
        let messages = received(self.dispatch.take().into_iter().map(|message| message.body));
        let failed = self.dispatcher().batch(&messages).await;
        assert_eq!(failed, [] as [&str; 0]);
    }

    /// Signs `ana` up and takes the message that asks for her first mail off the queue.
    pub async fn ana_signs_up(&self) -> Outgoing {
        self.apply([self.signs_up("ana")]).await;
        self.dispatch.take_one()
    }

    /// Runs `ana` through the welcome journey up to its wait of two hours.
    pub async fn ana_rests(&self) {
        self.apply([self.signs_up("ana")]).await;
        self.dispatch_queue().await;
        self.apply_queue(&self.inputs).await;
        self.clock.advance(Duration::from_secs(20));
        self.apply_queue(&self.wakes).await;
        self.dispatch_queue().await;
        self.apply_queue(&self.inputs).await;
        assert_eq!(self.mailer.steps(), ["hello", "tips"]);
    }

    /// The contact of a user.
    pub async fn contact(&self, user: &str) -> Option<Contact> {
        let contacts = self.db.contacts(SECRET);
        contacts.load(user_key(user)).await.unwrap().contact
    }

    /// The log rows under a user's name.
    pub async fn timeline(&self, user: &str) -> Vec<LogRow> {
        let contacts = self.db.contacts(SECRET);
        contacts.timeline(user_key(user)).await.unwrap()
    }

    /// The states of all sends.
    pub async fn send_states(&self) -> Vec<SendState> {
        let rows = self.db.sends().await.unwrap();
        rows.into_iter().map(|row| row.state).collect()
    }

    /// The sends that ana's permission row counts.
    pub async fn submissions(&self) -> Vec<SendId> {
        let row = self.db.permission(ana_permission()).await.unwrap();
        row.recent
            .iter()
            .map(|submission| submission.send)
            .collect()
    }
}

/// The production schedule.
pub fn schedule() -> Schedule {
    Schedule::new(BOUNDARY, LOOK_AHEAD, OVERDUE).unwrap()
}

/// An input as a queue message.
pub fn body(input: &Envelope) -> String {
    serde_json::to_string(input).unwrap()
}

/// The input in a queue message.
pub fn input(message: &Outgoing) -> Input {
    serde_json::from_str::<Envelope>(&message.body)
        .unwrap()
        .input
}

/// The request in a dispatch message.
pub fn request(message: &Outgoing) -> SendRequest {
    match serde_json::from_str(&message.body).unwrap() {
        Task::Send(request) => *request,
        Task::Call(call) => panic!("not a message: {call:?}"),
    }
}

/// The key under which a user stands.
pub fn user_key(user: &str) -> ContactKey {
    Identity::new(IdentityKind::User, user)
        .unwrap()
        .key(&SECRET)
}

/// The key of ana's permission row.
pub fn ana_permission() -> PermissionKey {
    let address = EmailAddress::parse(ANA).unwrap();
    address.permission_key(Channel::Email, &SECRET)
}
