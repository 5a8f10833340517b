//! Cases over a small project, whose journeys have more than what its files can say.

mod cart;
mod plan;
mod why;

use wend_core::condition::Topic;
use wend_core::definitions::read_all;
use wend_core::definitions::scenario::read_scenarios;
use wend_core::release::{
    Admission, JourneyPath, OnError, Share, Step, StepIx, Then, Trigger, Verb,
};

use super::*;

const PROJECT: &str = "wend: 1\nproject: p\npostal_address: Street 1\nzone: Europe/Berlin\n\
    senders: { shop: { email: Shop <shop@example.com> } }\n\
    topics: { news: { title: News, opt_in: single }, offers: { title: Offers, opt_in: single } }\n";

const WELCOME: &str = "journey: welcome\ntopic: news\ntriggers: [ { event: signed_up } ]\nsteps:\n  \
    - { id: hello, email: hi }\n  - { id: pause, wait: 2 days at 09:00 }\n  - { id: tips, email: hi }\n";

const HI: &str = "---\ntemplate: hi\nchannel: email\nclass: marketing\ntopic: news\nfrom: shop\n\
    subject: Hello {{ contact.first_name }}\n---\nYou live in {{ contact.city | default('a town') }}.\n";

const HEAD: &str = "scenarios: welcome\nstart: Mon 2027-03-01 18:00 Europe/Berlin\n\
    contacts:\n  ana: { email: ana@example.com, first_name: Ana, subscribed: [ news ] }\ncases:\n";

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

struct Fixture {
    files: Vec<SourceFile>,
    definitions: Vec<(SourceFile, Definition)>,
}

fn fixture(change: impl FnOnce(&mut wend_core::release::Journey)) -> Fixture {
    let files = vec![
        file("wend.yaml", PROJECT),
        file("journeys/welcome.yaml", WELCOME),
        file("templates/hi.md", HI),
    ];
    let mut definitions = read_all(&files).unwrap();
    let journey = definitions
        .iter_mut()
        .find_map(|(_, definition)| match definition {
            Definition::Journey(journey) => Some(journey),
            _ => None,
        });
    change(journey.unwrap());
    Fixture { files, definitions }
}

fn scenarios(text: &str) -> Scenarios {
    let read = read_scenarios("scenarios/welcome.yaml", text);
    read.unwrap_or_else(|faults| panic!("{faults:#?}"))
}

impl Fixture {
    fn project(&self) -> Project<'_> {
        Project {
            files: &self.files,
            definitions: &self.definitions,
        }
    }

    fn reports(&self, text: &str) -> (Scenarios, Vec<Report>) {
        let scenarios = scenarios(text);
        let cases = scenarios.cases.iter();
        let reports = cases
            .map(|case| run(self.project(), &scenarios, case))
            .collect();
        (scenarios, reports)
    }

    /// How the only case differs.
    fn differs(&self, timeline: &str) -> Vec<String> {
        self.differs_with("", timeline)
    }

    fn differs_with(&self, keys: &str, timeline: &str) -> Vec<String> {
        let text = format!("{HEAD}  - case: one\n{keys}    timeline:\n{timeline}");
        let (_, reports) = self.reports(&text);
        reports[0]
            .differences
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}

fn lines(lines: &[&str]) -> String {
    let lines = lines.iter().map(|line| format!("      - {{ {line} }}\n"));
    lines.collect::<Vec<_>>().concat()
}

fn step(id: &str, verb: Verb, next: Option<u16>) -> Step {
    Step {
        id: id.to_owned(),
        was: None,
        only_if: None,
        on_error: OnError::Continue,
        verb,
        next: next.map(StepIx),
    }
}

#[test]
fn a_case_passes_if_all_happens_at_its_minute_and_nothing_else() {
    let fixture = fixture(|_| ());
    let timeline = lines(&[
        "at: Mon 18:10, track: signed_up",
        "at: Mon 18:10, entered: welcome",
        "at: Mon 18:10, sent: hello, contains: a town, subject: Hello Ana",
        "at: Tue 12:00, identify: { city: Bonn }",
        "at: Tue 12:00, is: { step: pause, enrolled: 1, contact.city: Bonn, contact.email: ana@example.com, contact.zip: null }",
        "at: Wed 09:00, sent: tips, contains: [ live in Bonn ]",
        "at: Wed 09:00, ended: completed",
        "at: Wed 09:00, is: { enrolled: 0 }",
    ]);
    assert_eq!(fixture.differs(&timeline), [""; 0]);
}

#[test]
fn what_differs_stands_in_the_order_of_time_and_can_be_pasted() {
    let fixture = fixture(|_| ());
    let timeline = lines(&[
        "at: Mon 18:10, track: signed_up",
        "at: Mon 18:11, sent: hello",
        "at: Tue 12:00, is: { step: tips }",
        "at: Wed 09:00, sent: tips, contains: Bonn",
    ]);
    let expected = [
        "+ { at: Mon 18:10, sent: hello }",
        "- { at: Mon 18:11, sent: hello }   # it came at Mon 18:10",
        "- { at: Tue 12:00, is: { step: tips } }",
        "+ { at: Tue 12:00, is: { step: pause } }",
        "- { at: Wed 09:00, sent: tips, contains: Bonn }   # tips left at Wed 09:00 and says: Hello Ana · You live in a town.",
        "+ { at: Wed 09:00, sent: tips }",
        "+ { at: Wed 09:00, ended: completed }",
    ];
    let found = fixture.differs(&timeline);
    let short: Vec<&str> = found
        .iter()
        .map(|line| line.split(" -- ").next().unwrap_or(line))
        .collect();
    for (found, expected) in short.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn a_message_that_does_not_come_says_why() {
    let fixture = fixture(|_| ());
    let timeline = lines(&[
        "at: Mon 18:05, unsubscribe: all",
        "at: Mon 18:10, track: signed_up",
        "at: Mon 18:10, sent: hello",
    ]);
    let found = fixture.differs(&timeline);
    assert!(
        found[0].starts_with("- { at: Mon 18:10, sent: hello }   # hello was skipped: "),
        "{found:#?}"
    );
    assert!(
        found[1].starts_with("+ { at: Mon 18:10, skipped: hello, reason: "),
        "{found:#?}"
    );
    let twice = lines(&[
        "at: Mon 18:10, track: signed_up",
        "at: Mon 18:10, sent: hello",
        "at: Wed 09:00, sent: tips",
        "at: Wed 09:00, ended: completed",
        "at: Wed 10:00, track: signed_up",
        "at: Wed 10:00, sent: hello",
    ]);
    let expected = "- { at: Wed 10:00, sent: hello }   # welcome was not entered: reentry";
    assert_eq!(fixture.differs(&twice), [expected]);
    let before = lines(&["at: Mon 18:10, open: hello"]);
    assert_eq!(
        fixture.differs(&before),
        ["! step `hello` has sent ana nothing yet"]
    );
}

#[test]
fn recording_puts_missing_lines_at_their_places_and_keeps_the_rest() {
    let text = format!(
        "{HEAD}  - case: one\n    # what is done\n    timeline:\n      - {{ at: Mon 18:10, track: signed_up }} # first\n\n      \
         # later\n      - at: Thu 10:00\n        page: /pricing\n\n  # the second\n  - case: two\n    \
         timeline:\n      - {{ at: Mon 18:10, track: signed_up }}"
    );
    let fixture = fixture(|_| ());
    let (scenarios, reports) = fixture.reports(&text);
    let recorded = record(&text, &scenarios, &reports).unwrap();
    let expected = format!(
        "{HEAD}  - case: one\n    # what is done\n    timeline:\n      - {{ at: Mon 18:10, track: signed_up }} # first\n      \
         - {{ at: Mon 18:10, sent: hello }}\n      - {{ at: Wed 09:00, sent: tips }}\n      - {{ at: Wed 09:00, ended: completed }}\n\n      \
         # later\n      - at: Thu 10:00\n        page: /pricing\n\n  # the second\n  - case: two\n    \
         timeline:\n      - {{ at: Mon 18:10, track: signed_up }}\n      \
         - {{ at: Mon 18:10, sent: hello }}\n      - {{ at: Wed 09:00, sent: tips }}\n      - {{ at: Wed 09:00, ended: completed }}\n"
    );
    assert_eq!(recorded.text, expected);
    assert_eq!(recorded.lines.len(), 6);
    let (again, reports) = fixture.reports(&recorded.text);
    assert!(reports.iter().all(Report::is_passed), "{reports:#?}");
    assert_eq!(
        record(&recorded.text, &again, &reports).unwrap().text,
        recorded.text
    );
}

#[test]
fn what_cannot_be_recorded_says_why() {
    let fixture = fixture(|_| ());
    let relative = format!(
        "{HEAD}  - case: one\n    timeline:\n      - {{ at: Mon 18:10, track: signed_up }}\n      - {{ at: +4 days, page: /x }}\n"
    );
    let (scenarios, reports) = fixture.reports(&relative);
    let error = record(&relative, &scenarios, &reports).unwrap_err();
    assert_eq!(
        error,
        NotRecorded::Relative {
            case: "one".into(),
            line: 9
        }
    );
    let flow =
        format!("{HEAD}  - case: one\n    timeline: [ {{ at: Mon 18:10, track: signed_up }} ]\n");
    let (scenarios, reports) = fixture.reports(&flow);
    let error = record(&flow, &scenarios, &reports).unwrap_err();
    assert_eq!(error, NotRecorded::NotAList("one".into()));
}

#[test]
fn other_systems_answer_as_the_case_says() {
    let fixture = fixture(|journey| {
        let given = |name: &str, value: i64| {
            let value = wend_core::release::Given::Value(value.into());
            std::collections::BTreeMap::from([(name.to_owned(), value)])
        };
        let crm = Verb::Webhook {
            connection: "crm-upsert".to_owned(),
            data: given("score", 50),
            save: Some("crm".to_owned()),
            timeout_secs: 10,
        };
        let code = Verb::Coupon {
            pool: "birthday".to_owned(),
            valid: None,
            save: "coupon".to_owned(),
        };
        let tell = Verb::Alert {
            team: "sales".to_owned(),
            template: None,
            data: std::collections::BTreeMap::new(),
        };
        let said = Verb::Emit {
            event: "told".to_owned(),
            with: std::collections::BTreeMap::new(),
        };
        let exit = Verb::Exit {
            reason: "handed to sales".to_owned(),
        };
        journey.steps = vec![
            step("crm", crm, Some(1)),
            step("code", code, Some(2)),
            step("tell", tell, Some(3)),
            step("emit", said, Some(4)),
            step("exit", exit, None),
        ];
    });
    let happy = [
        "at: Mon 18:10, track: signed_up",
        "at: Mon 18:10, called: crm-upsert, body: { score: 50 }",
        "at: Mon 18:10, alerted: sales",
        "at: Mon 18:10, emitted: told",
        "at: Mon 18:10, ended: handed to sales",
    ];
    assert_eq!(fixture.differs(&lines(&happy)), [""; 0]);
    let keys = "    answers: { crm: { id: 7 } }\n    empty: [ birthday ]\n";
    assert_eq!(fixture.differs_with(keys, &lines(&happy)), [""; 0]);
    assert_eq!(
        fixture.differs_with("    fails: [ crm ]\n", &lines(&happy)),
        [""; 0]
    );
    let other = happy.map(|line| line.replace("50", "51"));
    let other: Vec<&str> = other.iter().map(String::as_str).collect();
    let expected = [
        "- { at: Mon 18:10, called: crm-upsert, body: { score: 51 } }",
        "+ { at: Mon 18:10, called: crm-upsert }",
    ];
    assert_eq!(fixture.differs(&lines(&other)), expected);
}

#[test]
fn a_draw_is_pinned_and_unknown_ones_are_faults() {
    let split = |journey: &mut wend_core::release::Journey| {
        let path = |id: &str, share, to| JourneyPath {
            id: id.to_owned(),
            admission: Admission::Weight {
                share: Share(share),
                is_baseline: false,
            },
            then: Then::Steps(StepIx(to)),
        };
        let exit = |reason: &str| Verb::Exit {
            reason: reason.to_owned(),
        };
        let paths = vec![path("left", 1, 1), path("right", 9_999, 2)];
        let salt = "welcome/way".to_owned();
        let way = Verb::Split {
            paths,
            salt,
            winner: None,
        };
        journey.steps = vec![
            step("way", way, None),
            step("l", exit("went left"), None),
            step("r", exit("went right"), None),
        ];
    };
    let fixture = fixture(split);
    for way in ["left", "right"] {
        let draw = format!("    draw: {{ way: {way} }}\n");
        let ended = format!("at: Mon 18:10, ended: went {way}");
        let timeline = lines(&["at: Mon 18:10, track: signed_up", &ended]);
        assert_eq!(fixture.differs_with(&draw, &timeline), [""; 0]);
    }
    for (keys, line, help) in [
        ("draw: { wya: left }", "page: /x", "there are: way"),
        ("draw: { way: up }", "page: /x", "there are: left, right"),
        ("fails: [ crm ]", "page: /x", "there is none"),
        ("empty: [ pool ]", "page: /x", "there is none"),
        ("who: ana", "pause: welcom", "there are: welcome"),
        ("who: ana", "subscribe: nwes", "there are: news, offers"),
    ] {
        let text =
            format!("{HEAD}  - case: one\n    {keys}\n    timeline: [ {{ at: 18:00, {line} }} ]\n");
        let faults = check(
            fixture.project(),
            "scenarios/welcome.yaml",
            &scenarios(&text),
        );
        assert_eq!(faults[0].help.as_deref(), Some(help), "{keys} {line}");
    }
}

#[test]
fn a_holdout_is_never_messaged_in_a_case_that_says_so() {
    let fixture = fixture(|journey| journey.holdout = Share(500));
    let out = lines(&[
        "at: Mon 18:10, track: signed_up",
        "at: Tue 18:10, is: { enrolled: 1 }",
    ]);
    let found = fixture.differs_with("    draw: { holdout: true }\n", &out);
    assert!(
        found.iter().all(|line| line.contains("ended: ")),
        "{found:#?}"
    );
    let found = fixture.differs(&out);
    assert!(
        found.iter().any(|line| line.contains("sent: hello")),
        "{found:#?}"
    );
}

#[test]
fn schedules_subscriptions_and_hands_begin_runs() {
    let topic: Topic = "offers".parse().unwrap();
    let fixture = fixture(|journey| {
        journey.triggers = vec![
            Trigger::Schedule {
                schedule: wend_core::phrase::Schedule::parse("every wednesday at 10:00").unwrap(),
                segment: "vip".to_owned(),
                zone: None,
                spread: None,
                if_past: wend_core::release::PastHour::default(),
            },
            Trigger::Subscribes { topic },
            Trigger::Manual,
        ];
        journey.reentry = wend_core::release::Reentry::Always;
        journey.steps.truncate(1);
        journey.steps[0].next = None;
    });
    let contacts = "    contacts: { ana: { lists: [ vip ] }, ben: { email: ben@example.com, subscribed: [ news ], first_name: Ben } }\n    who: ana\n";
    let timeline = lines(&[
        "at: Mon 18:10, subscribe: offers",
        "at: Mon 18:10, sent: hello",
        "at: Mon 18:10, ended: completed",
        "at: Tue 18:10, who: ben, enroll: welcome, with: { x: 1 }",
        "at: Tue 18:10, who: ben, sent: hello",
        "at: Tue 18:10, who: ben, ended: completed",
        "at: Wed 10:00, sent: hello",
        "at: Wed 10:00, ended: completed",
        "at: Wed 12:00, is: { in_segment: vip }",
        "at: Wed 12:00, who: ben, is: { in_segment: vip }",
    ]);
    let found = fixture.differs_with(contacts, &timeline);
    let expected = [
        "- { at: Wed 12:00, who: ben, is: { in_segment: vip } }",
        "+ { at: Wed 12:00, who: ben, is: { in_segment: none } }",
    ];
    assert_eq!(found, expected);
}

#[test]
fn pauses_and_publications_are_in_force_when_their_line_is_over() {
    let fixture = fixture(|_| ());
    let paused = lines(&[
        "at: Mon 18:10, track: signed_up",
        "at: Mon 18:10, sent: hello",
        "at: Tue 10:00, pause: welcome",
        "at: Thu 10:00, resume: welcome",
        "at: Thu 10:00, sent: tips",
        "at: Thu 10:00, ended: completed",
    ]);
    assert_eq!(fixture.differs(&paused), [""; 0]);
    let edited = WELCOME
        .replace("2 days at 09:00", "3 days at 09:00")
        .replace('\n', "\\n");
    let publish = format!("at: Tue 10:00, publish: {{ journeys/welcome.yaml: \"{edited}\" }}");
    let published = lines(&[
        "at: Mon 18:10, track: signed_up",
        "at: Mon 18:10, sent: hello",
        &publish,
        "at: Thu 09:00, sent: tips",
        "at: Thu 09:00, ended: completed",
    ]);
    assert_eq!(fixture.differs(&published), [""; 0]);
    let broken =
        lines(&["at: Tue 10:00, publish: { journeys/welcome.yaml: \"journey: welcome\" }"]);
    assert!(fixture.differs(&broken)[0].starts_with("! error[E0101]"));
}

#[test]
fn reactions_reach_the_contact_and_its_address() {
    let fixture = fixture(|_| ());
    let timeline = lines(&[
        "at: Mon 18:10, track: signed_up",
        "at: Mon 18:10, sent: hello",
        "at: Mon 18:20, click: hello, link: https://example.com/x",
        "at: Mon 18:30, bounce: hello",
        "at: Wed 09:00, skipped: tips, reason: suppressed",
        "at: Wed 09:00, ended: completed",
    ]);
    assert_eq!(fixture.differs(&timeline), [""; 0]);
}

#[test]
fn names_at_the_top_that_do_not_exist_are_told_once_and_at_their_places() {
    let head = HEAD.replace("start:", "journeys: [ welcome, welcom ]\nstart:");
    let head = head.replace("[ news ]", "[ nwes ]");
    let case = "    timeline: [ { at: 18:00, page: /x } ]\n";
    let text = format!("{head}  - case: one\n{case}  - case: two\n{case}");
    let fixture = fixture(|_| ());
    let faults = check(
        fixture.project(),
        "scenarios/welcome.yaml",
        &scenarios(&text),
    );
    let places: Vec<_> = faults.iter().map(|fault| fault.at.line).collect();
    assert_eq!(places, [2, 5], "{faults:#?}");
}
