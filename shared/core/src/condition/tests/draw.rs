//! Draws random conditions and worlds.

use crate::phrase::Span;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

pub(super) const DAY: i64 = 86_400_000;

pub(super) fn words() -> impl Strategy<Value = String> {
    select(vec![
        "a",
        "B",
        "ab",
        " b ",
        "1",
        "2.0",
        "true",
        "2027-03-09",
        "NO",
        "x: y",
    ])
    .prop_map(str::to_owned)
}

pub(super) fn number() -> impl Strategy<Value = Number> {
    select(vec!["0", "1", "2", "-1", "2.5"]).prop_map(|text| text.parse().unwrap())
}

pub(super) fn path() -> impl Strategy<Value = Path> {
    let paths = ["contact.a", "contact.b", "trigger.c", "data.d.e", "vars.f"];
    select(paths.to_vec()).prop_map(|text| text.parse().unwrap())
}

pub(super) fn when() -> impl Strategy<Value = When> {
    let texts = [
        "2027-03-09",
        "2027-03-10",
        "2027-03-11",
        "2027-03-10T12:00:00Z",
        "2027-03-10 18:00",
    ];
    let fixed = select(texts.to_vec()).prop_map(|text| When::Fixed(text.parse().unwrap()));
    prop_oneof![3 => fixed, 1 => path().prop_map(When::At)]
}

pub(super) fn lapse() -> impl Strategy<Value = Span> {
    select(vec!["1h", "24h", "1 day", "3 days", "1 week"]).prop_map(|text| text.parse().unwrap())
}

pub(super) fn test() -> impl Strategy<Value = Test> {
    prop_oneof![
        words().prop_map(Test::Is),
        vec(words(), 1..3).prop_map(Test::OneOf),
        vec(words(), 1..3).prop_map(Test::IsNot),
        number().prop_map(Test::Gt),
        number().prop_map(Test::Gte),
        number().prop_map(Test::Lt),
        number().prop_map(Test::Lte),
        (number(), number()).prop_map(|(a, b)| Test::Between(a, b)),
        (when(), when()).prop_map(|(a, b)| Test::BetweenTimes(a, b)),
        words().prop_map(Test::Has),
        words().prop_map(Test::HasNot),
        words().prop_map(Test::Contains),
        words().prop_map(Test::StartsWith),
        words().prop_map(Test::EndsWith),
        select(vec!["^a", "b", "[0-9]"]).prop_map(|text| Test::Matches(text.parse().unwrap())),
        any::<bool>().prop_map(Test::Exists),
        path().prop_map(Test::SameAs),
        lapse().prop_map(Test::Within),
        lapse().prop_map(Test::OlderThan),
        lapse().prop_map(Test::InNext),
        when().prop_map(Test::Before),
        when().prop_map(Test::After),
    ]
}

pub(super) fn did() -> impl Strategy<Value = Did> {
    let bounds = (option::of(1..4_u64), option::of(0..4_u64));
    let parts = (
        option::of(lapse()),
        option::of(when()),
        any::<bool>(),
        bounds,
    );
    parts.prop_map(|(within, since, is_sum, (least, most))| Did {
        event: "bought".to_owned(),
        filter: None,
        within,
        since,
        total: if is_sum {
            DidTotal::Sum("event.total".parse().unwrap())
        } else {
            DidTotal::Count
        },
        at_least: least
            .or((is_sum && most.is_none()).then_some(1))
            .map(|n| n.to_string().parse().unwrap()),
        at_most: most
            .map(|n| n.max(least.unwrap_or(0)))
            .map(|n| n.to_string().parse().unwrap()),
    })
}

pub(super) fn now() -> impl Strategy<Value = Vec<Now>> {
    prop_oneof![
        when().prop_map(|when| vec![Now::Before(when)]),
        when().prop_map(|when| vec![Now::After(when)]),
        when().prop_map(|when| vec![Now::On(when)]),
        (when(), when()).prop_map(|(from, to)| vec![Now::Between(from, to)]),
        (when(), when()).prop_map(|(from, to)| vec![Now::Before(from), Now::After(to)]),
    ]
}

pub(super) fn leaf() -> impl Strategy<Value = Condition> {
    // Two operators of one key cannot stand in one map.
    let tests = vec(test(), 1..3).prop_map(|mut tests| {
        tests.dedup_by_key(|test| test.key());
        tests
    });
    let leaf = prop_oneof![
        6 => (path(), tests).prop_map(|(path, tests)| Leaf::Value { path, tests }),
        1 => did().prop_map(Leaf::Did),
        1 => now().prop_map(Leaf::Now),
        1 => Just(Leaf::Message { state: MessageState::Clicked, steps: vec!["hello".into()] }),
        1 => Just(Leaf::In { kind: Membership::Segment, id: "vips".into() }),
        1 => Just(Leaf::Subscribed("news".parse().unwrap())),
    ];
    leaf.prop_map(Condition::Leaf)
}

pub(super) fn conditions() -> impl Strategy<Value = Condition> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Condition::All),
            vec(inner.clone(), 2..4).prop_map(Condition::Any),
            inner.prop_map(|inner| Condition::Not(Box::new(inner))),
        ]
    })
}

/// Times at and beside the boundaries that the tests draw.
pub(super) fn times_near() -> impl Strategy<Value = Value> {
    let dates = ["2027-03-09", "2027-03-10", "2027-03-11", "2027-03-10 18:00"];
    let instant = (-18..18_i64, -1..2_i64);
    prop_oneof![
        3 => instant.prop_map(|(n, ms)| json!(start().plus_millis(n * DAY / 2 + ms).to_string())),
        1 => select(dates.to_vec()).prop_map(Value::from),
    ]
}

pub(super) fn values() -> impl Strategy<Value = Value> {
    let time = times_near();
    let scalar = prop_oneof![
        words().prop_map(Value::from),
        select(vec![
            json!(1),
            json!(2),
            json!(2.5),
            json!(true),
            json!(false),
            Value::Null
        ]),
        time,
    ];
    prop_oneof![
        4 => scalar.clone(),
        1 => vec(scalar, 0..3).prop_map(Value::from),
        1 => Just(json!({"a": 1})),
    ]
}

pub(super) trait PlusMillis {
    fn plus_millis(self, millis: i64) -> Timestamp;
}

impl PlusMillis for Timestamp {
    fn plus_millis(self, millis: i64) -> Timestamp {
        Timestamp::from_millis(self.as_millis() + millis)
    }
}

pub(super) fn start() -> Timestamp {
    moment("2027-03-10T12:00:00Z")
}

pub(super) fn worlds() -> impl Strategy<Value = Known> {
    let occurrences = vec((-9..3_i64, 0..3_u8), 0..5);
    let parts = (
        vec(option::of(values()), 5),
        occurrences,
        any::<[bool; 3]>(),
        0..9_i64,
    );
    parts.prop_map(|(values, occurrences, [clicked, news, vip], turn)| {
        let mut world = Known::nothing();
        let paths = ["contact.a", "contact.b", "trigger.c", "data.d.e", "vars.f"];
        for (path, value) in paths.iter().zip(values) {
            world
                .values
                .extend(value.map(|value| ((*path).to_owned(), value)));
        }
        let mut recent: Vec<Occurrence> = occurrences
            .into_iter()
            .map(|(halves, amount)| Occurrence {
                at: start().plus_millis(halves * DAY / 2),
                amount: f64::from(amount),
            })
            .collect();
        recent.sort_by_key(|one| std::cmp::Reverse(one.at));
        let fact = Fact {
            count: recent.len() as u64,
            sum: recent.iter().map(|one| one.amount).sum(),
            recent,
        };
        world.did.insert("bought".into(), fact);
        world
            .reached
            .extend(clicked.then(|| ("hello".to_owned(), MessageState::Clicked)));
        world.topics.extend(news.then(|| "news".to_owned()));
        let standing = Standing {
            holds: vip,
            changes_at: Some(start().plus_millis(turn * DAY / 2)),
        };
        world.standings.insert("in_segment vips".into(), standing);
        world
    })
}
