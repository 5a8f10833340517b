use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::condition::Comparison;
use crate::definitions::{SourceFile, read_all};
use crate::id::InputId;
use crate::input::{EventKind, SendOutcome, Wake};
use crate::log::{EndReason, NotEntered};
use crate::personal::Personal;
use crate::release::{Manifest, Part};
use crate::send::Outcome;
use crate::send::SendRequest;
use crate::zone::Zone;

const SECRET: IdentitySecret = IdentitySecret::new([7; 32]);
const WELCOME: &str = "journey: welcome\nstate: live\ntriggers: [ { event: signed_up } ]\nsteps:\n  \
    - { id: hello, email: hi }\n  - { id: pause, wait: 20 s }\n  - { id: tips, email: hi }\n";
const HI: &str = "---\ntemplate: hi\nchannel: email\nclass: marketing\ntopic: news\nfrom: shop\nsubject: Hi\n---\nHi\n";
const PROJECT: &str = "wend: 1\nproject: p\nzone: Europe/Berlin\npostal_address: Street 1\nsenders: { shop: { email: a@b.example } }\n\
    topics: { news: { title: News } }\n";

fn release(journey: &str) -> Release {
    let files = [
        ("wend.yaml", PROJECT),
        ("journeys/welcome.yaml", journey),
        ("templates/hi.md", HI),
    ];
    let files = files.map(|(path, text)| SourceFile {
        path: path.into(),
        text: text.into(),
    });
    let parts: Vec<Part> = read_all(&files)
        .unwrap()
        .into_iter()
        .map(|(f, d)| Part::new(f, d))
        .collect();
    Release::new(&Manifest::next(None, &parts, Timestamp::default()), parts)
}

/// One contact, a clock, and everything that was decided.
struct World {
    release: Release,
    now: Timestamp,
    contact: Option<Contact>,
    rows: Vec<LogRow>,
    inputs: u8,
}

impl World {
    fn new(journey: &str) -> Self {
        let now = Timestamp::from_millis(1_772_352_000_000);
        Self {
            release: release(journey),
            now,
            contact: None,
            rows: Vec::new(),
            inputs: 0,
        }
    }

    fn at(&self, secs: u64) -> Timestamp {
        self.now.plus(Duration::from_secs(secs))
    }

    fn advance(&mut self, secs: u64) -> &mut Self {
        self.now = self.at(secs);
        self
    }

    fn apply(&mut self, input: Input) -> Decision {
        let envelope = Envelope {
            accepted_at: self.now,
            input,
        };
        let context = Context {
            release: &self.release,
            secret: &SECRET,
            clock: self.now,
        };
        let id = ContactKey::from_bytes([1; 16]);
        let subject = Subject {
            id,
            contact: self.contact.clone(),
            erased_at: None,
            taken: Vec::new(),
        };
        let decision = decide(subject, &envelope, context).unwrap();
        self.contact = decision.contact.clone();
        self.rows.extend(decision.row.clone());
        decision
    }

    fn event(&mut self, kind: EventKind, identity: IdentityKind, traits: Value) -> Decision {
        self.inputs += 1;
        let Value::Object(traits) = traits else {
            panic!("traits are an object")
        };
        self.apply(Input::Event(Box::new(Event {
            id: InputId::from_bytes([self.inputs; 16]),
            kind,
            address: Identity::new(identity, "ana").unwrap(),
            also: Vec::new(),
            occurred_at: self.now,
            properties: Personal::default(),
            traits: traits.into(),
            is_import: false,
        })))
    }

    fn identify(&mut self, traits: Value) -> Decision {
        self.event(EventKind::Identify, IdentityKind::User, traits)
    }

    fn track(&mut self, name: &str) -> Decision {
        self.event(EventKind::Track(name.into()), IdentityKind::User, json!({}))
    }

    /// Signs up with `properties`; the reasons why nobody entered, in words.
    fn signs_up_with(&mut self, properties: Value) -> Vec<String> {
        self.inputs += 1;
        let Value::Object(properties) = properties else {
            panic!("properties are an object")
        };
        let decision = self.apply(Input::Event(Box::new(Event {
            id: InputId::from_bytes([self.inputs; 16]),
            kind: EventKind::Track("signed_up".into()),
            address: Identity::new(IdentityKind::User, "ana").unwrap(),
            also: Vec::new(),
            occurred_at: self.now,
            properties: properties.into(),
            traits: Personal::default(),
            is_import: false,
        })));
        let row = decision.row.unwrap();
        let packed = row.pack().unwrap();
        assert_eq!(LogRow::unpack(&packed).unwrap(), row);
        let words = |comparisons: &[Comparison]| {
            let words = comparisons.iter().map(|one| one.words().into_inner());
            words.collect::<Vec<_>>().join("; ")
        };
        let mut reasons = Vec::new();
        for line in &row.trace {
            let Trace::NotEntered { why, .. } = line else {
                continue;
            };
            reasons.push(match why {
                NotEntered::EntryIf(comparisons) => format!("entry_if: {}", words(comparisons)),
                NotEntered::Where(comparisons) => format!("where: {}", words(comparisons)),
                NotEntered::NotOpen
                | NotEntered::AlreadyInside
                | NotEntered::Reentry
                | NotEntered::EventTooOld
                | NotEntered::Paused
                | NotEntered::ParallelLimit
                | NotEntered::KeyMissing
                | NotEntered::NeverConfirmed
                | NotEntered::Overtaken
                | NotEntered::NoSuchEntrance
                | NotEntered::NotInSegment(_) => format!("{why:?}"),
            });
        }
        reasons
    }

    fn wake(&mut self, due_at: Timestamp) -> Decision {
        let contact = ContactKey::from_bytes([1; 16]);
        self.apply(Input::Wake(Wake { contact, due_at }))
    }

    fn accepted(&mut self, request: &SendRequest) -> Decision {
        self.apply(Input::Outcome(SendOutcome {
            contact: request.contact,
            enrollment: request.enrollment,
            send: request.send,
            at: self.now,
            outcome: Outcome::Accepted {
                provider_id: "p1".into(),
            },
        }))
    }
}

fn request(decision: &Decision) -> SendRequest {
    let row = decision.row.as_ref().unwrap();
    let mut sends = row.effects.iter().filter_map(|effect| match effect {
        Effect::Send(request) => Some((**request).clone()),
        Effect::Consent(_) | Effect::Wake { .. } | Effect::Call(_) => None,
    });
    let send = sends.next().unwrap();
    assert_eq!(sends.next(), None, "one message at a time");
    send
}

fn wakes(decision: &Decision) -> Vec<Timestamp> {
    let row = decision.row.as_ref().unwrap();
    let effects = row.effects.iter().filter_map(|effect| match effect {
        Effect::Wake { due_at } => Some(*due_at),
        Effect::Consent(_) | Effect::Send(_) | Effect::Call(_) => None,
    });
    effects.collect()
}

#[test]
fn a_run_sends_waits_from_when_the_message_left_and_ends() {
    let mut world = World::new(WELCOME);
    let hello = request(&world.track("signed_up"));
    world.advance(7);
    let waiting = world.accepted(&hello);
    assert_eq!(wakes(&waiting), [world.at(20)]);
    let due_at = world.at(20);
    let tips = request(&world.advance(20).wake(due_at));
    assert_ne!(tips.send, hello.send);
    world.advance(1).accepted(&tips);
    let contact = world.contact.as_ref().unwrap();
    assert_eq!((contact.enrollments.len(), contact.due_at), (0, None));
    let last = world.rows.last().unwrap();
    assert!(matches!(
        last.trace.last(),
        Some(Trace::Ended {
            reason: EndReason::Completed,
            ..
        })
    ));
}

#[test]
fn the_same_decision_names_the_same_send_and_run() {
    let send = || request(&World::new(WELCOME).track("signed_up"));
    assert_eq!(send(), send());
}

#[test]
fn a_wake_that_is_not_the_due_time_is_dropped_without_a_row() {
    let mut world = World::new(WELCOME);
    let hello = request(&world.track("signed_up"));
    world.accepted(&hello);
    let stale = world.at(19);
    let dropped = world.advance(30).wake(stale);
    assert!(dropped.row.is_none() && !dropped.is_changed);
}

#[test]
fn a_late_event_finds_the_timers_before_it_done() {
    let mut world = World::new(WELCOME);
    let hello = request(&world.track("signed_up"));
    world.accepted(&hello);
    let decision = world.advance(500).track("something_else");
    assert_eq!(request(&decision).step, "tips");
}

#[test]
fn an_outcome_that_comes_twice_moves_nothing_twice() {
    let mut world = World::new(WELCOME);
    let hello = request(&world.track("signed_up"));
    world.accepted(&hello);
    let again = world.advance(3).accepted(&hello);
    assert!(!again.is_changed);
    let trace = again.row.unwrap().trace;
    assert_eq!(trace, [Trace::OutcomeUnclaimed(hello.send)]);
}

#[test]
fn entering_follows_reentry_and_never_doubles_a_live_run() {
    let why = |decision: Decision| match decision.row.unwrap().trace.pop() {
        Some(Trace::NotEntered { why, .. }) => Some(why),
        _ => None,
    };
    let mut world = World::new(WELCOME);
    let hello = request(&world.track("signed_up"));
    assert_eq!(
        why(world.track("signed_up")),
        Some(NotEntered::AlreadyInside)
    );
    world.accepted(&hello);
    let tips = request(&world.advance(60).track("x"));
    world.accepted(&tips);
    assert_eq!(why(world.track("signed_up")), Some(NotEntered::Reentry));

    let mut world = World::new(&WELCOME.replace("state: live", "state: closed"));
    assert_eq!(why(world.track("signed_up")), Some(NotEntered::NotOpen));

    let mut world = World::new(&WELCOME.replace("state: live", "state: live\nreentry: 1h"));
    for step in 0..2 {
        let send = if step == 0 {
            request(&world.track("signed_up"))
        } else {
            request(&world.advance(60).track("x"))
        };
        world.accepted(&send);
    }
    assert_eq!(why(world.track("signed_up")), Some(NotEntered::Reentry));
    assert_eq!(
        request(&world.advance(3600).track("signed_up")).step,
        "hello"
    );
}

#[test]
fn a_run_follows_the_version_it_entered() {
    let mut world = World::new(WELCOME);
    let hello = request(&world.track("signed_up"));
    let old = world
        .release
        .journey("welcome")
        .map(|(hash, _)| hash)
        .unwrap();
    let edited = release(&WELCOME.replace("  - { id: tips, email: hi }\n", ""));
    world.release = edited;
    // Not in the new release: the input is set aside, not guessed at.
    let context = Context {
        release: &world.release,
        secret: &SECRET,
        clock: world.now,
    };
    let subject = Subject {
        id: hello.contact,
        contact: world.contact.clone(),
        erased_at: None,
        taken: Vec::new(),
    };
    let outcome = SendOutcome {
        contact: hello.contact,
        enrollment: hello.enrollment,
        send: hello.send,
        at: world.now,
        outcome: Outcome::Unknown,
    };
    let envelope = Envelope {
        accepted_at: world.now,
        input: Input::Outcome(outcome),
    };
    let error = decide(subject, &envelope, context).unwrap_err();
    assert!(
        matches!(error, DecideError::VersionMissing { .. }),
        "{error} {old}"
    );
}

#[test]
fn consent_is_said_once_and_not_by_repetition() {
    let mut world = World::new(WELCOME);
    let consents = |decision: &Decision| {
        let effects = decision.row.as_ref().unwrap().effects.iter();
        effects
            .filter(|effect| matches!(effect, Effect::Consent(_)))
            .count()
    };
    let traits = json!({"email": "ana@example.com", "subscribed": ["news", "gossip"]});
    let first = world.identify(traits.clone());
    assert_eq!(consents(&first), 1);
    assert!(
        first
            .row
            .unwrap()
            .trace
            .contains(&Trace::UnknownTopic("gossip".into()))
    );
    let repeated = world.advance(60).identify(traits);
    assert_eq!(consents(&repeated), 0);
    assert!(!repeated.is_changed);
    let refused = world.identify(json!({"unsubscribed": ["news"]}));
    assert_eq!(consents(&refused), 1);
}

#[test]
fn attributes_take_the_last_writer_by_time_in_any_order() {
    let mut world = World::new(WELCOME);
    world.identify(json!({"plan": "pro"}));
    let later = world.now;
    world.now = later.minus(Duration::from_mins(1));
    world.identify(json!({"plan": "free", "city": "Bonn"}));
    let contact = world.contact.clone().unwrap();
    let value = |name: &str| {
        contact
            .attributes
            .get(name)
            .map(|a| a.value.expose().clone())
    };
    assert_eq!(
        (value("plan"), value("city")),
        (Some(json!("pro")), Some(json!("Bonn")))
    );
}

#[test]
fn a_public_key_sets_an_address_only_where_there_is_none() {
    let mut world = World::new(WELCOME);
    world.identify(json!({"email": "ana@example.com"}));
    let second = world.identify(json!({"email": "mallory@example.com"}));
    let address = world.contact.unwrap().email.unwrap().address;
    assert_eq!(address.expose(), "ana@example.com");
    assert_eq!(second.row.unwrap().trace, [Trace::AddressKept]);
}

#[test]
fn an_anonymous_visitor_whom_no_rule_reads_is_not_stored() {
    let mut world = World::new(WELCOME);
    let decision = world.event(EventKind::Page, IdentityKind::Anonymous, json!({}));
    assert!(!decision.is_changed && decision.contact.is_none() && decision.row.is_some());
    let decision = world.event(
        EventKind::Track("signed_up".into()),
        IdentityKind::Anonymous,
        json!({}),
    );
    assert!(decision.is_changed);
}

#[test]
fn what_is_too_old_erased_or_too_large_is_refused_with_a_row() {
    let mut world = World::new(WELCOME);
    let large = world.identify(json!({"bio": "x".repeat(CONTACT_BYTES_MAX)}));
    assert_eq!(large.row.unwrap().refusal, Some(Refusal::ContactTooLarge));
    assert!(large.contact.is_none());

    let accepted_at = world.now;
    let input = Input::Wake(Wake {
        contact: ContactKey::from_bytes([1; 16]),
        due_at: accepted_at,
    });
    let mut contact = Contact::new(ContactKey::from_bytes([1; 16]), accepted_at);
    contact.due_at = Some(accepted_at);
    let subject = |erased_at| Subject {
        id: contact.id,
        contact: Some(contact.clone()),
        erased_at,
        taken: Vec::new(),
    };
    let envelope = Envelope { accepted_at, input };
    let clock = accepted_at.plus(INPUT_AGE_MAX + Duration::from_secs(1));
    let context = |clock| Context {
        release: &world.release,
        secret: &SECRET,
        clock,
    };
    let old = decide(subject(None), &envelope, context(clock)).unwrap();
    assert_eq!(old.row.unwrap().refusal, Some(Refusal::TooOld));
    let erased = decide(subject(Some(accepted_at)), &envelope, context(accepted_at)).unwrap();
    assert_eq!(erased.row.unwrap().refusal, Some(Refusal::Erased));
}

#[test]
fn a_row_survives_packing() {
    let mut world = World::new(WELCOME);
    world.identify(json!({"email": "ana@example.com", "subscribed": ["news"]}));
    world.track("signed_up");
    for row in &world.rows {
        assert_eq!(LogRow::unpack(&row.pack().unwrap()).unwrap(), *row);
    }
}

/// Where a run with this wait stands after Sunday, 1 March 2026, 08:00 UTC: the last line of its trace.
fn waiting(wait: &str, traits: Value) -> Trace {
    let journey = "journey: welcome\nstate: live\ntriggers: [ { event: signed_up } ]\nsteps:\n  \
        - { id: pause, wait: WAIT }\n";
    let mut world = World::new(&journey.replace("WAIT", wait));
    world.identify(traits);
    world.track("signed_up").row.unwrap().trace.pop().unwrap()
}

fn waits_until(end: &str, zone: Option<&str>) -> Trace {
    Trace::Waits {
        journey: "welcome".into(),
        step: "pause".into(),
        due_at: Timestamp::parse(end),
        zone: zone.and_then(Zone::parse),
    }
}

#[test]
fn a_wait_reads_the_clock_of_the_contact_then_of_the_project_then_utc() {
    let at = |traits| waiting("1 day at 09:00", traits);
    let berlin = waits_until("2026-03-02T08:00:00Z", Some("Europe/Berlin"));
    assert_eq!(at(json!({})), berlin);
    assert_eq!(at(json!({"timezone": "Middle/Earth"})), berlin);
    assert_eq!(at(json!({"timezone": 7})), berlin);
    assert_eq!(
        at(json!({"timezone": "asia/kathmandu"})),
        waits_until("2026-03-02T03:15:00Z", Some("Asia/Kathmandu"))
    );
    let exact = waiting("24h", json!({"timezone": "Asia/Kathmandu"}));
    assert_eq!(exact, waits_until("2026-03-02T08:00:00Z", None));
    let mut world = World::new(&WELCOME.replace("20 s", "until 12:00"));
    world.release.project.zone = None;
    let hello = request(&world.track("signed_up"));
    let row = world.accepted(&hello).row.unwrap();
    let Some(Trace::Waits { due_at, zone, .. }) = row.trace.last() else {
        panic!("{:?}", row.trace)
    };
    let noon = Timestamp::parse("2026-03-01T12:00:00Z").unwrap();
    assert_eq!((*due_at, zone), (Some(noon), &Some(Zone::utc())));
}

#[test]
fn wait_until_a_date_that_has_passed() {
    let renewal = |date: &str| json!({"renewal": date, "timezone": "UTC"});
    let wait = |if_past: &str, date| {
        let wait = format!("until 1 day before contact.renewal at 10:00, if_past: {if_past}");
        waiting(&wait, renewal(date))
    };
    let tomorrow = waits_until("2026-03-02T10:00:00Z", Some("UTC"));
    assert_eq!(wait("exit", "2026-03-03"), tomorrow);
    for (if_past, reason) in [
        ("exit", EndReason::DatePassed),
        ("continue", EndReason::Completed),
    ] {
        for date in ["2026-03-01", "someday"] {
            let Trace::Ended { reason: found, .. } = wait(if_past, date) else {
                panic!("{if_past} {date}")
            };
            assert_eq!(found, reason, "{if_past} {date}");
        }
    }
}

#[test]
fn reentry_counts_days_where_the_contact_lives() {
    let mut world = World::new(&WELCOME.replace("state: live", "state: live\nreentry: 28 days"));
    let hello = request(&world.track("signed_up"));
    world.accepted(&hello);
    let tips = request(&world.advance(60).track("x"));
    world.accepted(&tips);
    // Clocks in Berlin went forward: 28 days have an hour less.
    world.now = Timestamp::parse("2026-03-29T06:59:59Z").unwrap();
    let early = world.track("signed_up").row.unwrap().trace;
    assert!(matches!(
        early.as_slice(),
        [Trace::NotEntered {
            why: NotEntered::Reentry,
            ..
        }]
    ));
    assert_eq!(request(&world.advance(1).track("signed_up")).step, "hello");
}

#[test]
fn entry_if_is_asked_once_at_entry_and_its_comparisons_are_the_reason() {
    let rule = "reentry: always\nentry_if:\n  contact.country: NO\n  trigger.age: { gte: 18 }\n  \
        now: { after: 2026-01-01 }\ntriggers:";
    let mut world = World::new(&WELCOME.replace("triggers:", rule));
    let missing = "entry_if: country is missing; trigger.age is 12, wanted gte 18; \
        now is 2026-03-01T08:00:00Z, as wanted: after 2026-01-01";
    assert_eq!(world.signs_up_with(json!({"age": 12})), [missing]);
    world.identify(json!({"country": "no "}));
    assert_eq!(world.signs_up_with(json!({"age": 18})), [] as [&str; 0]);
    // Inside, it is not asked again; leaving the country changes nothing.
    world.identify(json!({"country": "SE"}));
    assert_eq!(world.contact.as_ref().unwrap().enrollments.len(), 1);
    assert_eq!(world.signs_up_with(json!({"age": 18})), ["AlreadyInside"]);
}

#[test]
fn too_small_a_cart_starts_nothing() {
    let rule = "{ event: signed_up, where: { cart.value: { gte: 20 } } }";
    let mut world = World::new(&WELCOME.replace("{ event: signed_up }", rule));
    let reasons = world.signs_up_with(json!({"cart": {"value": 12}}));
    assert_eq!(reasons, ["where: cart.value is 12, wanted gte 20"]);
    assert_eq!(
        world.signs_up_with(json!({})),
        ["where: cart.value is missing"]
    );
    assert_eq!(
        world.signs_up_with(json!({"cart": {"value": 20}})),
        [] as [&str; 0]
    );
}

#[test]
fn one_of_several_triggers_on_an_event_is_enough() {
    let rule = "{ event: signed_up, where: { form: guide } }, { event: signed_up, where: { form: [ a, b ] } }";
    let mut world = World::new(&WELCOME.replace("{ event: signed_up }", rule));
    assert_eq!(
        world.signs_up_with(json!({"form": "c"})),
        ["where: form is c, wanted is guide"]
    );
    assert_eq!(world.signs_up_with(json!({"form": "B"})), [] as [&str; 0]);
}

#[test]
fn a_condition_reads_the_address_and_when_the_contact_was_first_heard_of() {
    let rule = "entry_if: { contact.email: { ends_with: .edu }, contact.created_at: { within: 1h } }\ntriggers:";
    let mut world = World::new(&WELCOME.replace("triggers:", rule));
    world.identify(json!({"email": "ana@school.edu"}));
    assert_eq!(world.signs_up_with(json!({})), [] as [&str; 0]);
}

impl World {
    /// An event with properties and traits that happened `ago` seconds before now.
    fn tells(&mut self, name: &str, properties: Value, traits: Value, ago: u64) -> Vec<Trace> {
        self.inputs += 1;
        let (Value::Object(properties), Value::Object(traits)) = (properties, traits) else {
            panic!("properties and traits are objects")
        };
        let decision = self.apply(Input::Event(Box::new(Event {
            id: InputId::from_bytes([self.inputs; 16]),
            kind: EventKind::Track(name.into()),
            address: Identity::new(IdentityKind::User, "ana").unwrap(),
            also: Vec::new(),
            occurred_at: self.now.minus(Duration::from_secs(ago)),
            properties: properties.into(),
            traits: traits.into(),
            is_import: false,
        })));
        decision.row.unwrap().trace
    }
}

/// What goals were worth, in their currencies.
fn goals(trace: &[Trace]) -> Vec<(Option<&str>, Option<&str>)> {
    let goals = trace.iter().filter_map(|line| {
        let Trace::GoalReached {
            value, currency, ..
        } = line
        else {
            return None;
        };
        Some((value.as_deref(), currency.as_deref()))
    });
    goals.collect()
}

fn ends(trace: &[Trace]) -> Vec<EndReason> {
    let ends = trace.iter().filter_map(|line| {
        let Trace::Ended { reason, .. } = line else {
            return None;
        };
        Some(reason.clone())
    });
    ends.collect()
}

const DAY: u64 = 86_400;

fn with_goal(rest: &str) -> World {
    World::new(&format!(
        "journey: welcome\nstate: live\ntriggers: [ {{ event: signed_up }} ]\n\
         goal: {{ event: ordered, within: 7 days, value: total, currency: EUR }}\n{rest}"
    ))
}

#[test]
fn goal_after_the_run_ended_counts_within_the_window_and_once() {
    let mut world = with_goal("steps: [ { id: pause, wait: 1 day } ]\n");
    world.track("signed_up");
    world.advance(DAY);
    let due_at = world.contact.as_ref().unwrap().due_at.unwrap();
    assert_eq!(
        ends(&world.wake(due_at).row.unwrap().trace),
        [EndReason::Completed]
    );
    // An order from before the run is none of its conversions, though it comes when the run is over.
    let early = world.tells("ordered", json!({"total": 10}), json!({}), DAY + 60);
    assert_eq!(goals(&early), []);
    world.advance(DAY);
    let order = world.tells("ordered", json!({"total": 80}), json!({}), 0);
    assert_eq!(goals(&order), [(Some("80"), Some("EUR"))]);
    let second = world.tells("ordered", json!({"total": 20}), json!({}), 0);
    assert_eq!(goals(&second), []);
}

#[test]
fn goal_after_the_run_ended_does_not_count_beyond_the_window() {
    let mut world = with_goal("steps: [ { id: leave, exit: bye } ]\n");
    world.track("signed_up");
    world.advance(7 * DAY + 1);
    let order = world.tells("ordered", json!({"total": 80}), json!({}), 0);
    assert_eq!(goals(&order), []);
}

#[test]
fn goal_after_the_run_ended_may_be_told_after_the_window() {
    let mut world = with_goal("steps: [ { id: leave, exit: bye } ]\n");
    world.track("signed_up");
    world.advance(7 * DAY + 60);
    let order = world.tells("ordered", json!({"total": 80}), json!({}), 120);
    assert_eq!(goals(&order), [(Some("80"), Some("EUR"))]);
}

#[test]
fn currencies_are_kept_apart_and_a_refund_is_negative() {
    for (total, expected) in [
        (json!({"amount": 80, "currency": "USD"}), ("80", "USD")),
        (json!("19.5"), ("19.5", "EUR")),
        (json!(-80), ("-80", "EUR")),
    ] {
        let mut world = with_goal("steps: [ { id: pause, wait: 1 day } ]\n");
        world.track("signed_up");
        world.advance(60);
        let order = world.tells("ordered", json!({ "total": total }), json!({}), 0);
        assert_eq!(goals(&order), [(Some(expected.0), Some(expected.1))]);
    }
}

#[test]
fn a_goal_on_the_steps_of_an_exit_counts_and_the_exit_stays_the_end() {
    let mut world = with_goal(
        "exits:\n  - path: gone\n    event: left\n    steps: [ { id: rest, wait: 1 day } ]\n\
         steps: [ { id: pause, wait: 3 days } ]\n",
    );
    world.track("signed_up");
    world.advance(60).track("left");
    world.advance(60);
    let order = world.tells("ordered", json!({"total": 80}), json!({}), 0);
    assert_eq!(goals(&order), [(Some("80"), Some("EUR"))]);
    assert_eq!(ends(&order), []);
    world.advance(DAY);
    let due_at = world.contact.as_ref().unwrap().due_at.unwrap();
    let end = world.wake(due_at).row.unwrap().trace;
    assert_eq!(ends(&end), [EndReason::Exit("gone".into())]);
}

#[test]
fn a_goal_comes_before_an_exit_that_the_same_input_opens() {
    let mut world = with_goal(
        "exits: [ { path: customer, if: { contact.lifecycle: customer } } ]\n\
         steps: [ { id: pause, wait: 3 days } ]\n",
    );
    world.track("signed_up");
    world.advance(60);
    let order = world.tells(
        "ordered",
        json!({"total": 80}),
        json!({"lifecycle": "customer"}),
        0,
    );
    assert_eq!(ends(&order), [EndReason::Goal]);
}

#[test]
fn one_input_that_matches_several_triggers_enters_by_the_first() {
    let mut world = World::new(
        "journey: welcome\nstate: live\nreentry: always\nretrigger: refresh\n\
         triggers: [ { event: signed_up }, { changes: tier }, { event: contact_created } ]\n\
         steps: [ { id: pause, wait: 1 day } ]\n",
    );
    let trace = world.tells("signed_up", json!({}), json!({"tier": "gold"}), 0);
    let entered = |line: &&Trace| matches!(line, Trace::Entered { .. } | Trace::Retriggered { .. });
    let entered: Vec<&Trace> = trace.iter().filter(entered).collect();
    assert!(
        matches!(
            entered.as_slice(),
            [Trace::Entered {
                trigger: Some(1),
                ..
            }]
        ),
        "{entered:?}"
    );
}

#[test]
fn an_update_that_starts_its_own_journey_comes_to_an_end() {
    let mut world = World::new(
        "journey: welcome\nstate: live\nreentry: always\ntriggers: [ { changes: visits } ]\n\
         steps: [ { id: more, update: { add: { visits: 1 } } } ]\n",
    );
    let trace = world.identify(json!({"visits": 1})).row.unwrap().trace;
    assert!(trace.contains(&Trace::CascadeLimit("visits".into())));
    assert_eq!(ends(&trace).len(), 1 + usize::from(DEPTH_MAX));
}

#[test]
fn imported_history_counts_and_starts_nothing() {
    let mut world = World::new(
        "journey: welcome\nstate: live\ntriggers: [ { event: signed_up } ]\n\
         entry_if: { did: { event: signed_up, at_least: 2 } }\nsteps: [ { id: pause, wait: 1 day } ]\n",
    );
    let import = Event {
        id: InputId::from_bytes([99; 16]),
        kind: EventKind::Track("signed_up".into()),
        address: Identity::new(IdentityKind::User, "ana").unwrap(),
        also: Vec::new(),
        occurred_at: world.now,
        properties: Personal::default(),
        traits: Personal::default(),
        is_import: true,
    };
    let row = world.apply(Input::Event(Box::new(import))).row.unwrap();
    let is_entry = |line: &Trace| matches!(line, Trace::Entered { .. } | Trace::NotEntered { .. });
    assert!(!row.trace.iter().any(is_entry), "{:?}", row.trace);
    world.advance(60);
    let trace = world.tells("signed_up", json!({}), json!({}), 0);
    let entered = |line: &Trace| matches!(line, Trace::Entered { .. });
    assert!(trace.iter().any(entered), "{trace:?}");
}
