//! What single keys become.

use serde_json::json;

use super::*;
use crate::phrase::Span;
use crate::release::{
    Existing, Given, Hold, InFlight, JourneyState, Pace, Reentry, Removed, Retrigger, Share,
    StepIx, Trigger, Verb,
};

fn with_header(header: &str) -> String {
    with_steps(&["{ id: hello, email: hello }", "{ id: pause, wait: 1 day }"]).replacen(
        "triggers:",
        &format!("{header}\ntriggers:"),
        1,
    )
}

#[test]
fn what_is_not_said_has_its_default() {
    let journey = read(&with_header("title: Trial"));
    assert_eq!(journey.state, JourneyState::Draft);
    assert_eq!(
        (journey.reentry, journey.retrigger),
        (Reentry::Never, Retrigger::Ignore)
    );
    assert_eq!((journey.parallel, journey.holdout), (1, Share(0)));
    assert_eq!(journey.max_duration, Span::parse("1 year").unwrap());
    assert_eq!(journey.in_flight, InFlight::Retime);
    let keyed = with_header("title: Trial")
        .replace("event: signed_up", "event: signed_up\n    key: cart.id");
    let journey = read(&keyed);
    assert_eq!(journey.parallel, 5);
    let Trigger::Event { on, max_age, .. } = journey.triggers.first().unwrap() else {
        panic!("no event")
    };
    assert_eq!(
        on.key.as_ref().map(ToString::to_string),
        Some("event.cart.id".to_owned())
    );
    assert_eq!(max_age.to_string(), "24h");
}

#[test]
fn the_header_reads_as_written() {
    let header = "state: rehearsal\nstage: decision\nreentry: 2 weeks\nretrigger: restart\nparallel: 3\nholdout: 2.5%\n\
        zone: Europe/Berlin\nin_flight: pin\nmax_duration: 60 days\nopen: { from: 2027-03-01 09:00, until: 2027-04-01T00:00:00Z }\n\
        sending: { priority: 60, pace: 100 per minute, over_cap: skip, window: mon-fri 08:00-18:00 }\n\
        removed: { old: next, older: pause, oldest: exit }\n\
        vars: { n: 3, zip: 01234, on_sale: true, at: 2027-03-18 16:00 Europe/Berlin, text: \"3\" }";
    let journey = read(&with_header(header));
    assert_eq!(journey.holdout, Share(250));
    assert_eq!(
        journey.open_from.unwrap().to_string(),
        "2027-03-01T08:00:00Z"
    );
    let pace = Pace {
        count: 100,
        per_secs: 60,
    };
    assert_eq!(
        (journey.sending.pace, journey.sending.over_cap),
        (Some(pace), Some(Hold::Skip))
    );
    assert_eq!(
        journey.removed.get("older"),
        Some(&Removed::Step(StepIx(1)))
    );
    let vars = serde_json::to_value(&journey.vars).unwrap();
    let expected = json!({"n": 3, "zip": "01234", "on_sale": true, "at": "2027-03-18 16:00 Europe/Berlin", "text": "3"});
    assert_eq!(vars, expected);
}

#[test]
fn every_kind_of_trigger_reads() {
    let triggers = "triggers:\n  - { event: a, where: { v: { gte: 20 } }, after_last: 1h, max_age: 2 days }\n  \
        - { joins: vips, existing: skip }\n  - { leaves: vips, existing: enroll }\n  - subscribes: offers/sms\n  \
        - { changes: tier, from: silver, to: [ gold, black ] }\n  \
        - { schedule: every monday at 10:00, for: silent, zone: contact, spread: 2h }\n  \
        - { date: 3 days before contact.birthday at 09:00, every: year }\n  - manual: true\n";
    let text = with_header("title: Trial").replace("triggers:\n  - event: signed_up\n", triggers);
    let journey = read(&text);
    assert_eq!(journey.triggers.len(), 8);
    let leaves = Trigger::Member {
        id: "vips".to_owned(),
        joins: false,
        existing: Existing::Enroll,
    };
    assert_eq!(journey.triggers.get(2), Some(&leaves));
    assert_eq!(journey.triggers.last(), Some(&Trigger::Manual));
}

#[test]
fn every_verb_reads() {
    let text = with_steps(&[
        "{ id: a, sms: hi, expires: 6h, priority: 90, from: texts, variant: question, data: { n: 1, who: { same_as: contact.owner } } }",
        "{ id: b, webhook: crm, save: crm, timeout: 20 s, data: { id: { same_as: trigger.id } }, on_error: continue }",
        "{ id: c, update: { set: { seen_at: now, word: \"now\" }, unset: tier, add: { orders: 1 }, include: { tags: [ a, 2 ] }, join: vips, unsubscribe: [ news, offers/sms ] } }",
        "{ id: d, score: { engagement: -5, fit: 10 } }",
        "{ id: e, coupon: pool, valid: 30 days }",
        "{ id: f, emit: \"Trial Started\", with: { code: { same_as: data.coupon.code } } }",
        "{ id: g, start: other, data: { x: { same_as: data.crm.x } } }",
        "{ id: h, stop: other, if: { replied: a } }",
        "{ id: i, split: [ { path: one, weight: 62.5% }, { path: two, weight: 37.5%, baseline: true } ], salt: shared, winner: { by: clicked, after: 2 days } }",
        "{ id: j, wait: until 1 day after data.coupon.expires_at, if_past: goto k }",
        "{ id: k, exit: that is all, note: the end, was: old }",
    ]);
    let journey = read(&text);
    let verb = |index: usize| &journey.steps.get(index).unwrap().verb;
    let Verb::Update(update) = verb(2) else {
        panic!("no update")
    };
    assert_eq!(update.set.get("seen_at"), Some(&Given::Now));
    assert_eq!(update.set.get("word"), Some(&Given::Value(json!("now"))));
    assert_eq!(
        update.include.get("tags"),
        Some(&vec![json!("a"), json!(2)])
    );
    assert!(matches!(
        verb(1),
        Verb::Webhook {
            timeout_secs: 20,
            ..
        }
    ));
    assert!(matches!(verb(4), Verb::Coupon { save, .. } if save == "coupon"));
    assert!(
        matches!(verb(8), Verb::Split { salt, winner: Some(winner), .. } if salt == "shared" && winner.min == 100)
    );
}

#[test]
fn what_a_file_says_of_others_is_noted_also_beside_faults() {
    let text = with_steps(&[
        "{ id: a, email: hi, from: shop }",
        "{ id: b, wat: 1 day }",
        "{ id: c, alert: sales, if: { score.engagement: { gte: 5 } } }",
    ]);
    let read = crate::definitions::journey::read("journeys/trial.yaml", &text);
    assert!(read.value.is_none());
    let found: Vec<String> = read
        .references
        .iter()
        .map(|r| format!("{:?} {} {}", r.refers, r.name, r.place.at.line))
        .collect();
    let expected = [
        "Event signed_up 3",
        "Template(Email) hi 5",
        "Sender(Email) shop 5",
        "Score engagement 7",
        "Team sales 7",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_fault_of_one_path_hides_nothing_else() {
    let text = with_steps(&[
        "{ id: a, wait_until: [ { path: x, evnt: y, steps: [ { id: b, email: hi } ] }, { path: z, after: 1 day } ] }",
        "{ id: c, branch: [ { path: x, if: { clicked: b }, steps: [ { id: d, exit: x } ] }, { path: y } ] }",
        "{ id: e, email: hi }",
    ]);
    assert_eq!(codes(&text), [("E0135", 5)]);
}

#[test]
fn a_misspelt_if_is_one_fault() {
    let text = with_steps(&[
        "{ id: a, branch: [ { path: x, fi: { contact.a: 1 } }, { path: y, if: { contact.b: 1 } } ] }",
    ]);
    assert_eq!(codes(&text), [("E0108", 5)]);
}

#[test]
fn the_last_day_counts() {
    let header = "zone: Europe/Berlin\nopen: { from: 2027-03-01, until: 2027-03-31 }";
    let journey = read(&with_header(header));
    let open = (journey.open_from, journey.open_until);
    let open = (open.0.unwrap().to_string(), open.1.unwrap().to_string());
    assert_eq!(
        open,
        (
            "2027-02-28T23:00:00Z".to_owned(),
            "2027-03-31T22:00:00Z".to_owned()
        )
    );
}

#[test]
fn warnings_do_not_stop_a_journey() {
    let text = with_steps(&[
        "{ id: a, email: hi }",
        "{ id: b, email: ho, if: { not: { opened: a } } }",
    ]);
    assert_eq!(codes(&text), [("W0101", 6)]);
    read(&text);
    let file = |path: &str, text: &str| SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let checked = check_all(&[
        file("wend.yaml", "wend: 1\nproject: acme\n"),
        file("journeys/trial.yaml", &text),
    ]);
    assert_eq!(checked.definitions.len(), 2);
    assert!(checked.faults.iter().any(|fault| fault.code == "W0101"));
}
