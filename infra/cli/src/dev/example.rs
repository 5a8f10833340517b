//! The request that `wend dev` prints: one contact, and the event that starts a journey of the project.

use serde_json::{Map, Value, json};
use wend_core::condition::{Number, Test, Where};
use wend_core::definitions::BUILT_IN_EVENTS;
use wend_core::release::{EventMatch, Journey, JourneyState, Project, Release, Trigger, ValueType};

/// Events of the demo and of the starters that a first try is best made with, the best first.
const FAVOURITES: [&str; 2] = ["cart_updated", "signed_up"];
const PAGE: &str = "page_viewed";

/// A body for `/v1/batch`. It only tells who the contact is where no open journey begins with an event that a website can send,
/// or where it takes more than a value for each property of its `where`.
pub fn body(release: &Release) -> String {
    let project = &release.project;
    let start = starts(release).min_by_key(|start| {
        let favourite = FAVOURITES.iter().position(|name| *name == start.event);
        favourite.unwrap_or(FAVOURITES.len())
    });
    let topic = start.as_ref().and_then(|start| start.journey.topic.clone());
    let topics = match topic {
        Some(topic) => vec![topic],
        None => project.topics.keys().cloned().collect(),
    };
    let traits = json!({ "email": "ana@example.com", "first_name": "Ana", "subscribed": topics });
    let mut batch = vec![json!({ "type": "identify", "userId": "ana", "traits": traits })];
    batch.extend(start.map(Start::item));
    json!({ "batch": batch }).to_string()
}

/// An event that starts a journey.
struct Start<'r> {
    journey: &'r Journey,
    event: &'r str,
    properties: Map<String, Value>,
}

impl Start<'_> {
    /// The event as a website sends it.
    fn item(self) -> Value {
        let mut item = if self.event == PAGE {
            json!({ "type": "page", "userId": "ana" })
        } else {
            json!({ "type": "track", "userId": "ana", "event": self.event })
        };
        if !self.properties.is_empty() {
            item["properties"] = Value::Object(self.properties);
        }
        item
    }
}

/// The events that start open journeys, in the order of the journeys' names.
fn starts(release: &Release) -> impl Iterator<Item = Start<'_>> {
    let open = release
        .current()
        .filter(|(_, journey)| match journey.state {
            JourneyState::Live | JourneyState::Rehearsal => true,
            JourneyState::Draft | JourneyState::Closed => false,
        });
    open.flat_map(|(_, journey)| {
        journey.triggers.iter().filter_map(|trigger| match trigger {
            Trigger::Event { on, .. } if is_sent(&on.event) => Some(Start {
                journey,
                event: &on.event,
                properties: properties(&release.project, on)?,
            }),
            Trigger::Event { .. }
            | Trigger::Member { .. }
            | Trigger::Subscribes { .. }
            | Trigger::Changes { .. }
            | Trigger::Schedule { .. }
            | Trigger::Date { .. }
            | Trigger::Manual => None,
        })
    })
}

/// Whether a website sends it; the others come of themselves.
fn is_sent(event: &str) -> bool {
    event == PAGE || !BUILT_IN_EVENTS.contains(&event)
}

/// What the tracking plan says that the event has, with values that the trigger takes; none if they are not found.
fn properties(project: &Project, on: &EventMatch) -> Option<Map<String, Value>> {
    let mut properties = Map::new();
    let declared = project.events.get(&on.event);
    for (name, rule) in declared.into_iter().flat_map(|rule| &rule.properties) {
        properties.insert(name.clone(), sample(name, rule.kind));
    }
    let kind_of = |names: &[String]| match names {
        [name] => Some(declared?.properties.get(name)?.kind),
        _ => None,
    };
    if let Some(key) = &on.key {
        let kind = kind_of(key.names()).unwrap_or(ValueType::Text);
        put(&mut properties, key.names(), sample(&key.dotted(), kind))?;
    }
    for (path, tests) in on.filter.iter().flat_map(|Where(all)| all) {
        let [test] = tests.as_slice() else {
            return None;
        };
        let value = passing(test, kind_of(path.names()))?;
        put(&mut properties, path.names(), value)?;
    }
    Some(properties)
}

/// Puts `value` where `names` lead; none if something else is on the way.
fn put(map: &mut Map<String, Value>, names: &[String], value: Value) -> Option<()> {
    let (first, rest) = names.split_first()?;
    if rest.is_empty() {
        map.insert(first.clone(), value);
        return Some(());
    }
    let below = map.entry(first.clone()).or_insert_with(|| json!({}));
    put(below.as_object_mut()?, rest, value)
}

/// A value that passes `test`; none where that takes more than the test itself.
fn passing(test: &Test, kind: Option<ValueType>) -> Option<Value> {
    match test {
        Test::Is(word) => literal(word, kind),
        Test::OneOf(words) => literal(words.first()?, kind),
        Test::Gt(least) => number(least, 1.0),
        Test::Gte(edge) | Test::Lte(edge) | Test::Between(edge, _) => number(edge, 0.0),
        Test::Lt(most) => number(most, -1.0),
        Test::Has(word) => Some(json!([word])),
        Test::Contains(word) if kind == Some(ValueType::Set) => Some(json!([word])),
        Test::Contains(word) | Test::StartsWith(word) | Test::EndsWith(word) => Some(json!(word)),
        Test::Exists(true) => Some(sample("value", kind.unwrap_or(ValueType::Text))),
        Test::IsNot(_)
        | Test::BetweenTimes(..)
        | Test::HasNot(_)
        | Test::Matches(_)
        | Test::Exists(false)
        | Test::SameAs(_)
        | Test::Within(_)
        | Test::OlderThan(_)
        | Test::InNext(_)
        | Test::Before(_)
        | Test::After(_) => None,
    }
}

/// A literal as the value that it is compared with. What is not declared is compared as text.
fn literal(text: &str, kind: Option<ValueType>) -> Option<Value> {
    match kind {
        Some(ValueType::Number | ValueType::Integer | ValueType::Money | ValueType::Boolean) => {
            serde_json::from_str(text).ok()
        }
        Some(ValueType::Set) => Some(json!([text])),
        Some(ValueType::List | ValueType::Map) => None,
        Some(
            ValueType::Text
            | ValueType::Name
            | ValueType::Date
            | ValueType::Time
            | ValueType::Url
            | ValueType::Email
            | ValueType::Phone,
        )
        | None => Some(json!(text)),
    }
}

/// A number so far from `edge`, as people write it.
fn number(edge: &Number, by: f64) -> Option<Value> {
    serde_json::from_str(&(edge.value() + by).to_string()).ok()
}

/// What a property of this kind may hold.
fn sample(name: &str, kind: ValueType) -> Value {
    const SHOP: &str = "https://shop.example.com";
    match kind {
        ValueType::Text => match name.strip_suffix("_id") {
            Some(thing) => json!(format!("{thing}-1")),
            None => json!(name.replace('_', " ")),
        },
        ValueType::Name => json!("Ana"),
        ValueType::Number | ValueType::Money => json!(95),
        ValueType::Integer => json!(3),
        ValueType::Boolean => json!(true),
        ValueType::Date => json!("2027-03-01"),
        ValueType::Time => json!("2027-03-01T09:00:00Z"),
        ValueType::Set => json!([name.replace('_', " ")]),
        ValueType::List => {
            json!([{ "title": "Trail shoe", "price": 95, "url": format!("{SHOP}/p/1") }])
        }
        ValueType::Map => json!({}),
        ValueType::Url => json!(format!("{SHOP}/{}", name.replace('_', "-"))),
        ValueType::Email => json!("ana@example.com"),
        ValueType::Phone => json!("+4915550001111"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};
    use wend_core::definitions::SourceFile;

    use crate::dev::release_of;
    use crate::project;

    /// The example for `files`, without who the contact is.
    fn items(files: &[SourceFile]) -> (Value, Option<Value>) {
        let body: Value = serde_json::from_str(&super::body(&release_of(files))).unwrap();
        let batch = body["batch"].as_array().unwrap();
        (
            batch[0]["traits"]["subscribed"].clone(),
            batch.get(1).cloned(),
        )
    }

    fn of_folder(folder: &str) -> (Value, Option<Value>) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(folder);
        items(&project::load(&folder).unwrap())
    }

    /// The example for journeys with these triggers, in a project with these lines.
    fn of(project: &str, triggers: &[&str]) -> (Value, Option<Value>) {
        let file = |path: String, text: String| SourceFile { path, text };
        let project = format!(
            "wend: 1\nproject: p\ntopics: {{ a: {{ title: A }}, b: {{ title: B }} }}\n{project}"
        );
        let mut files = vec![file("wend.yaml".into(), project)];
        for (n, trigger) in triggers.iter().enumerate() {
            let text = format!(
                "journey: j{n}\nstate: live\ntriggers:\n  - {trigger}\nsteps:\n  - {{ id: pause, wait: 1 day }}\n"
            );
            files.push(file(format!("journeys/j{n}.yaml"), text));
        }
        items(&files)
    }

    fn track(event: &str, properties: &Value) -> Value {
        json!({ "type": "track", "userId": "ana", "event": event, "properties": properties })
    }

    #[test]
    fn the_demo_and_the_starters_begin_with_their_favourites() {
        let (topics, item) = of_folder("demo");
        let signed_up = json!({ "type": "track", "userId": "ana", "event": "signed_up" });
        assert_eq!((topics, item), (json!(["news"]), Some(signed_up)));
        let (topics, item) = of_folder("starter");
        let cart = json!({
            "cart_id": "cart-1",
            "value": 20,
            "checkout_url": "https://shop.example.com/checkout-url",
            "items": [{ "title": "Trail shoe", "price": 95, "url": "https://shop.example.com/p/1" }],
        });
        assert_eq!(
            (topics, item),
            (json!(["offers"]), Some(track("cart_updated", &cart)))
        );
    }

    #[test]
    fn the_first_event_is_posted_as_the_plan_and_the_trigger_want_it() {
        let plan = "events: { paid: { order_id: text!, total: money, plan: text, on: date } }\n";
        let (topics, item) = of(
            plan,
            &[
                "manual: true",
                "event: contact_created",
                "{ event: paid, where: { plan: [ pro, team ], total: { gt: 99.5 } }, key: order_id }",
                "event: other",
            ],
        );
        let properties =
            json!({ "order_id": "order-1", "total": 100.5, "plan": "pro", "on": "2027-03-01" });
        assert_eq!(
            (topics, item),
            (json!(["a", "b"]), Some(track("paid", &properties)))
        );
    }

    #[test]
    fn what_is_not_declared_is_read_from_the_trigger() {
        let (_, item) = of(
            "",
            &["{ event: paid, where: { cart.value: { lt: 5 } }, key: cart.id }"],
        );
        let properties = json!({ "cart": { "id": "cart.id", "value": 4 } });
        assert_eq!(item, Some(track("paid", &properties)));
        let (_, item) = of("", &["{ event: page_viewed, where: { path: /pricing } }"]);
        let page = json!({ "type": "page", "userId": "ana", "properties": { "path": "/pricing" } });
        assert_eq!(item, Some(page));
    }

    #[test]
    fn a_trigger_that_no_easy_value_passes_is_no_example() {
        let hard = "{ event: paid, where: { plan: { is_not: free } } }";
        assert_eq!(of("", &[hard]).1, None);
        let easy = json!({ "type": "track", "userId": "ana", "event": "left" });
        assert_eq!(of("", &[hard, "event: left"]).1, Some(easy));
    }
}
