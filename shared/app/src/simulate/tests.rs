use serde_json::{Value, json};
use wend_core::definitions::{SourceFile, read_all};
use wend_core::release::{Manifest, Part};

use super::*;

const PROJECT: &str = "wend: 1\nproject: p\nzone: Europe/Berlin\npostal_address: Street 1\n\
    senders: { shop: { email: a@b.example } }\ntopics: { news: { title: News, opt_in: single } }\n\
    sending: { quiet_hours: { email: 21:00-08:00 } }\nattributes: { tier: { type: text } }\n\
    events: { signed_up: {}, bought: { total: money } }\n";
const HI: &str = "---\ntemplate: hi\nchannel: email\nclass: marketing\ntopic: news\nfrom: shop\nsubject: Hi\n---\nHi\n";
const GOLD: &str = "segment: gold\ntitle: Gold\nif: { contact.tier: gold }\n";
const WELCOME: &str = "journey: welcome\nstate: live\ntopic: news\ntriggers: [ { event: signed_up } ]\n\
    goal: { event: bought, within: 30 days, value: total }\nsteps:\n  - { id: hello, email: hi }\n  - id: reaction\n    wait_until:\n      \
    - path: clicked\n        if: { clicked: hello }\n      - path: silent\n        after: 2 days\n        \
    steps:\n          - { id: again, email: hi }\n";

fn release(journey: &str) -> Release {
    let path = format!(
        "journeys/{}.yaml",
        journey
            .lines()
            .next()
            .unwrap()
            .trim_start_matches("journey: ")
    );
    let files = [
        ("wend.yaml", PROJECT),
        (&path, journey),
        ("segments/gold.yaml", GOLD),
        ("templates/hi.md", HI),
    ];
    let files = files.map(|(path, text)| SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    });
    let definitions = read_all(&files).unwrap();
    let parts: Vec<Part> = definitions
        .into_iter()
        .map(|(file, definition)| Part::new(file, definition))
        .collect();
    Release::new(&Manifest::next(None, &parts, Timestamp::default()), parts)
}

fn map(value: Value) -> Properties {
    let Value::Object(map) = value else {
        panic!("an object")
    };
    map
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn person(id: &str, tier: &str, is_subscribed: bool) -> Person {
    Person {
        id: id.to_owned(),
        attributes: map(json!({ "email": format!("{id}@example.com"), "tier": tier })),
        subscribed: is_subscribed
            .then(|| "news".to_owned())
            .into_iter()
            .collect(),
        created_at: None,
    }
}

fn does(at: &str, event: &str) -> Happening {
    Happening {
        at: time(at),
        event: Some(event.to_owned()),
        properties: map(json!({ "total": 80 })),
        traits: Properties::new(),
    }
}

struct Play {
    release: Release,
    model: Model,
    happenings: BTreeMap<String, Vec<Happening>>,
}

impl Play {
    fn new(journey: &str) -> Self {
        Self {
            release: release(journey),
            model: Model::default(),
            happenings: BTreeMap::new(),
        }
    }

    fn clicks(mut self, share: f64) -> Self {
        self.model.clicks = Rates::flat(Rate::new(share));
        self
    }

    fn with(mut self, who: &str, happenings: Vec<Happening>) -> Self {
        self.happenings.insert(who.to_owned(), happenings);
        self
    }

    fn simulation<'a>(&'a self, journey: &'a str) -> Simulation<'a> {
        Simulation {
            release: &self.release,
            journey,
            from: time("2027-03-01T08:00:00Z"),
            until: time("2027-04-05T08:00:00Z"),
            enter: None,
            model: &self.model,
            happenings: &self.happenings,
        }
    }
}

fn texts(lines: &[Line]) -> Vec<String> {
    lines
        .iter()
        .map(|line| format!("{} {}", line.shown, line.text))
        .collect()
}

#[test]
fn a_path_reads_like_a_diary_on_the_contacts_clock() {
    let play = Play::new(WELCOME)
        .clicks(0.0)
        .with("ana", vec![does("2027-03-01T20:30:00Z", "signed_up")]);
    let lines = trace(&play.simulation("welcome"), &person("ana", "silver", true)).unwrap();
    let told: Vec<String> = texts(&lines)
        .into_iter()
        .filter(|line| !line.contains("opened"))
        .collect();
    assert_eq!(
        told,
        [
            "2027-03-01 21:30 entered by trigger 1",
            "2027-03-01 21:30 held hello until Tue 2027-03-02 08:00: quiet_hours",
            "2027-03-02 08:00 sent hello",
            "2027-03-02 08:00 waits at reaction until Thu 2027-03-04 08:00",
            "2027-03-04 08:00 path silent of reaction",
            "2027-03-04 08:00 sent again",
            "2027-03-04 08:00 ended: completed",
        ]
    );
}

#[test]
fn who_clicks_takes_the_other_path_and_who_did_not_opt_in_gets_nothing() {
    let play = Play::new(WELCOME).clicks(1.0);
    let play = play.with(
        "ana",
        vec![
            does("2027-03-01T10:00:00Z", "signed_up"),
            does("2027-03-20T10:00:00Z", "bought"),
        ],
    );
    let play = play.with("ben", vec![does("2027-03-01T10:00:00Z", "signed_up")]);
    let people = [
        person("ana", "silver", true),
        person("ben", "gold", false),
        person("cleo", "gold", true),
    ];
    let funnel = simulate(&play.simulation("welcome"), &people).unwrap();
    assert_eq!(
        (
            funnel.contacts,
            funnel.entered_contacts,
            funnel.messaged.entered
        ),
        (3, 2, 2)
    );
    let hello = &funnel.steps["hello"];
    assert_eq!(
        (hello.reached, hello.sent, hello.opened, hello.clicked),
        (2, 1, 1, 1)
    );
    assert_eq!(
        hello.skipped,
        BTreeMap::from([("not_subscribed".to_owned(), 1)])
    );
    let taken = |path: &str| {
        funnel
            .paths
            .get(&("reaction".to_owned(), path.to_owned()))
            .copied()
    };
    assert_eq!((taken("clicked"), taken("silent")), (Some(1), Some(1)));
    // The goal counts within its time, also after the run has ended.
    assert_eq!(
        (
            funnel.messaged.goals,
            funnel.messaged.value.get("").copied()
        ),
        (1, Some(80.0))
    );
    assert_eq!(
        funnel.messaged.ended,
        BTreeMap::from([("completed".to_owned(), 2)])
    );
}

#[test]
fn a_schedule_takes_in_its_segment_on_each_contacts_clock() {
    let weekly = "journey: weekly\nstate: live\ntopic: news\nreentry: always\nholdout: 100%\n\
        triggers: [ { schedule: every monday at 10:00, for: gold } ]\ngoal: { event: bought, within: 2 days }\n\
        steps:\n  - { id: hello, email: hi }\n";
    let play = Play::new(weekly).with("ana", vec![does("2027-03-09T10:00:00Z", "bought")]);
    let people = [person("ana", "gold", true), person("ben", "silver", true)];
    let funnel = simulate(&play.simulation("weekly"), &people).unwrap();
    // 1, 8, 15, 22, 29 March and 5 April, at 10:00 in Berlin; the clocks go forward on 28 March.
    assert_eq!((funnel.holdout.entered, funnel.messaged.entered), (6, 0));
    assert_eq!(
        funnel.not_entered,
        BTreeMap::from([("not_in_segment".to_owned(), 6)])
    );
    assert_eq!((funnel.holdout.goals, funnel.steps.len()), (1, 0));
    assert_eq!(
        funnel.holdout.ended,
        BTreeMap::from([("goal".to_owned(), 1), ("holdout".to_owned(), 4)])
    );
}

#[test]
fn the_same_seed_draws_the_same_and_shares_come_out_as_asked() {
    let mut play = Play::new(WELCOME).clicks(0.1);
    let people: Vec<Person> = (0..1000)
        .map(|n| person(&format!("u{n}"), "gold", true))
        .collect();
    for person in &people {
        play.happenings.insert(
            person.id.clone(),
            vec![does("2027-03-01T10:00:00Z", "signed_up")],
        );
    }
    let funnel = simulate(&play.simulation("welcome"), &people).unwrap();
    assert_eq!(
        simulate(&play.simulation("welcome"), &people).unwrap(),
        funnel
    );
    let hello = &funnel.steps["hello"];
    assert!(
        (360..440).contains(&hello.opened) && (70..130).contains(&hello.clicked),
        "{hello:?}"
    );
    play.model.seed = 2;
    let other = simulate(&play.simulation("welcome"), &people).unwrap();
    assert_ne!(other.steps["hello"].opened, hello.opened);
}

#[test]
fn everybody_can_be_put_in_by_hand() {
    let play = Play::new(&WELCOME.replace(
        "{ event: signed_up }",
        "{ event: signed_up }, { manual: true }",
    ));
    let simulation = Simulation {
        enter: Some(time("2027-03-02T09:00:00Z")),
        ..play.simulation("welcome")
    };
    let funnel = simulate(&simulation, &[person("ana", "gold", true)]).unwrap();
    assert_eq!(funnel.messaged.entered, 1);
}
