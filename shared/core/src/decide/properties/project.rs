//! The project of drawn worlds, and releases of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::draw::{self, JOURNEYS};
use super::tape::Tape;
use crate::condition;
use crate::definitions::SourceFile;
use crate::identity::Channel;
use crate::release::*;
use crate::zone::Zone;

pub(super) fn project(tape: &mut Tape<'_>) -> Project {
    let topic = |opt_in| Topic {
        title: String::new(),
        opt_in,
        confirm_within: "2 days".parse().unwrap(),
        is_verified: false,
    };
    let mut sending = ProjectSending::default();
    if tape.once_in(2) {
        sending
            .quiet_hours
            .insert(Channel::Email, "21:00-08:00".parse().unwrap());
    }
    if tape.once_in(3) {
        sending.caps.push(Cap {
            channel: None,
            topic: None,
            max: 1,
            per: CapPeriod::Day,
        });
    }
    if tape.once_in(3) {
        let per = CapPeriod::Within("3 days".parse().unwrap());
        sending.caps.push(Cap {
            channel: Some(Channel::Email),
            topic: None,
            max: 2,
            per,
        });
    }
    let orders = Computed::Count {
        event: "order".to_owned(),
        filter: None,
    };
    Project {
        id: "drawn".to_owned(),
        zone: Zone::parse("Europe/Berlin"),
        topics: BTreeMap::from([
            (
                "news".to_owned(),
                topic(if tape.once_in(2) {
                    OptIn::Double
                } else {
                    OptIn::Single
                }),
            ),
            ("offers".to_owned(), topic(OptIn::Single)),
        ]),
        computed: BTreeMap::from([("orders".to_owned(), orders)]),
        sending,
        ..Project::default()
    }
}

fn template(id: &str, channel: Channel, class: MessageClass, topic: Option<&str>) -> Template {
    Template {
        id: id.to_owned(),
        channel,
        class,
        on_unknown: OnUnknown::default(),
        topic: topic.map(str::to_owned),
        from: "shop".to_owned(),
        reply_to: None,
        subject: None,
        preheader: None,
        layout: None,
        needs: Vec::new(),
        variants: BTreeMap::new(),
        sample: Value::Null,
        body: Body::default(),
        locales: BTreeMap::new(),
        made: BTreeMap::new(),
        files: Vec::new(),
    }
}

fn segment(id: &str, rule: Option<&str>) -> Segment {
    let rule = rule.map(|text| Box::new(condition::read("drawn", text).unwrap()));
    Segment {
        id: id.to_owned(),
        title: id.to_owned(),
        rule,
    }
}

fn points(id: &str, points: i32, event: &str, max: Option<i32>) -> ScoreRule {
    let within = max.map(|_| "1 week".parse().unwrap());
    let source = ScoreSource::Event {
        event: event.to_owned(),
        filter: None,
        max,
        within,
    };
    ScoreRule {
        id: id.to_owned(),
        points,
        source,
    }
}

fn scores() -> Vec<Score> {
    let score = |id: &str, half_life: Option<&str>, rules| Score {
        id: id.to_owned(),
        title: id.to_owned(),
        min: -50,
        max: 100,
        half_life: half_life.map(|text| text.parse().unwrap()),
        rules,
        thresholds: vec![Threshold {
            id: "hot".to_owned(),
            at: 20,
            rearm_below: 12,
            emit: "made".to_owned(),
        }],
    };
    let active = condition::read("drawn", "did: { event: c, within: 2 days }").unwrap();
    let standing = ScoreRule {
        id: "active".to_owned(),
        points: 5,
        source: ScoreSource::If(Box::new(active)),
    };
    vec![
        score(
            "warm",
            Some("3 days"),
            vec![
                points("a", 8, "a", Some(20)),
                points("order", 15, "order", None),
            ],
        ),
        score("cold", Some("20h"), vec![points("b", -4, "b", None)]),
        score("mixed", None, vec![standing]),
    ]
}

/// The parts of one release. `edition` makes texts differ.
pub(super) fn parts(project: &Project, journeys: &[Journey], edition: usize) -> Vec<Part> {
    use MessageClass::{Marketing, Transactional};
    let mut all = vec![
        Definition::Project(project.clone()),
        Definition::Template(template("mail", Channel::Email, Marketing, None)),
        Definition::Template(template("letter", Channel::Email, Marketing, Some("news"))),
        Definition::Template(template("receipt", Channel::Email, Transactional, None)),
        Definition::Template(template("text", Channel::Sms, Marketing, Some("offers"))),
        Definition::Segment(segment("fresh", Some("did: { event: a, within: 2 days }"))),
        Definition::Segment(segment(
            "rich",
            Some("any: [ { contact.n: { gte: 3 } }, { score.warm: { gte: 15 } } ]"),
        )),
        Definition::Segment(segment("vips", None)),
    ];
    all.extend(scores().into_iter().map(Definition::Score));
    all.extend(journeys.iter().cloned().map(Definition::Journey));
    let part = |definition: Definition| {
        let path = format!("{}/{}", definition.kind(), definition.id());
        let is_journey = matches!(definition, Definition::Journey(_));
        let text = if is_journey {
            format!("{path} {edition} {definition:?}")
        } else {
            path.clone()
        };
        Part::new(SourceFile { path, text }, definition)
    };
    all.into_iter().map(part).collect()
}

pub(super) fn journeys(tape: &mut Tape<'_>) -> Vec<Journey> {
    let count = 1 + tape.below(JOURNEYS.len());
    JOURNEYS[..count]
        .iter()
        .map(|id| draw::journey(tape, id))
        .collect()
}
