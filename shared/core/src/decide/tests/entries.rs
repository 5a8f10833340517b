//! Who enters, by which trigger, and who is kept out.

use super::*;

impl World {
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
            agreement: None,
            public_source: None,
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
                | NotEntered::HourPassed
                | NotEntered::Overtaken
                | NotEntered::NoSuchEntrance
                | NotEntered::NotInSegment(_) => format!("{why:?}"),
            });
        }
        reasons
    }
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
        agreement: None,
        public_source: None,
    };
    let row = world.apply(Input::Event(Box::new(import))).row.unwrap();
    let is_entry = |line: &Trace| matches!(line, Trace::Entered { .. } | Trace::NotEntered { .. });
    assert!(!row.trace.iter().any(is_entry), "{:?}", row.trace);
    world.advance(60);
    let trace = world.tells("signed_up", json!({}), json!({}), 0);
    let entered = |line: &Trace| matches!(line, Trace::Entered { .. });
    assert!(trace.iter().any(entered), "{trace:?}");
}
