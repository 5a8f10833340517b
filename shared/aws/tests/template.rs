//! `template.yaml` has the tables that the adapters write.

use std::collections::BTreeMap;

use granit_parser::{Event, Options, Parser, StrInput};
use wend_aws::dynamodb::schema::{CONTACTS, COUPONS, LOG, RELEASES, Schema};

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// YAML without its tags: `!Ref X` is `X`. Functions of CloudFormation are not resolved; no key of a table has one.
#[derive(Clone, Debug, PartialEq)]
enum Yaml {
    Text(String),
    List(Vec<Yaml>),
    Map(BTreeMap<String, Yaml>),
}

impl Yaml {
    fn parse(text: &str) -> Self {
        let mut events = Parser::new_from_str_with_options(text, Options::default());
        loop {
            match next(&mut events) {
                Event::StreamStart | Event::DocumentStart(..) => {}
                event => return Self::node(event, &mut events),
            }
        }
    }

    fn node<'a>(event: Event<'a>, events: &mut Parser<'a, StrInput<'a>>) -> Self {
        match event {
            Event::Scalar(text, ..) => Self::Text(text.into_owned()),
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match next(events) {
                        Event::SequenceEnd => return Self::List(items),
                        event => items.push(Self::node(event, events)),
                    }
                }
            }
            Event::MappingStart(..) => {
                let mut map = BTreeMap::new();
                loop {
                    match next(events) {
                        Event::MappingEnd => return Self::Map(map),
                        Event::Scalar(key, ..) => {
                            let value = next(events);
                            map.insert(key.into_owned(), Self::node(value, events));
                        }
                        other => panic!("not a key: {other:?}"),
                    }
                }
            }
            other => panic!("not a value: {other:?}"),
        }
    }

    fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(map) => map.get(key),
            Self::Text(_) | Self::List(_) => None,
        }
    }

    fn text(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Self::Text(text)) => text,
            other => panic!("{key} is {other:?}"),
        }
    }

    fn list(&self, key: &str) -> &[Self] {
        match self.get(key) {
            None => &[],
            Some(Self::List(items)) => items,
            other => panic!("{key} is {other:?}"),
        }
    }
}

fn next<'a>(events: &mut Parser<'a, StrInput<'a>>) -> Event<'a> {
    loop {
        match events.next().unwrap().unwrap() {
            (Event::Comment(..), _) => {}
            (event, _) => return event,
        }
    }
}

/// The properties of a table.
fn table(resource: &str) -> Yaml {
    let template = Yaml::parse(TEMPLATE);
    let table = template.get("Resources").unwrap().get(resource).unwrap();
    assert_eq!(table.text("Type"), "AWS::DynamoDB::Table");
    table.get("Properties").unwrap().clone()
}

/// A key schema as names and types; the partition key comes first.
fn keys(table: &Yaml, key_schema: &[Yaml]) -> Vec<(String, String)> {
    let kinds: Vec<&str> = key_schema.iter().map(|key| key.text("KeyType")).collect();
    assert!(["HASH", "RANGE"].starts_with(&kinds), "{kinds:?}");
    let types = attribute_types(table);
    let names = key_schema.iter().map(|key| key.text("AttributeName"));
    let keys = names.map(|name| (name.to_owned(), types[name].clone()));
    keys.collect()
}

fn attribute_types(table: &Yaml) -> BTreeMap<String, String> {
    let definitions = table.list("AttributeDefinitions").iter();
    let types = definitions.map(|definition| {
        let name = definition.text("AttributeName").to_owned();
        (name, definition.text("AttributeType").to_owned())
    });
    types.collect()
}

fn owned(keys: &[(&str, &str)]) -> Vec<(String, String)> {
    let keys = keys.iter();
    keys.map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()))
        .collect()
}

#[test]
fn the_template_has_the_keys_that_the_adapters_use() {
    let tables: [(&str, Schema); 4] = [
        ("ContactsTable", CONTACTS),
        ("LogTable", LOG),
        ("ReleasesTable", RELEASES),
        ("CouponsTable", COUPONS),
    ];
    for (resource, schema) in tables {
        let table = table(resource);
        assert_eq!(
            keys(&table, table.list("KeySchema")),
            owned(schema.keys),
            "{resource}"
        );
        let all = schema.keys.iter().chain(schema.index).copied();
        let all = owned(&all.collect::<Vec<_>>());
        assert_eq!(
            attribute_types(&table),
            all.into_iter().collect(),
            "{resource}"
        );
    }
}

#[test]
fn the_template_has_the_indexes_that_the_adapters_use_and_no_other() {
    for (resource, schema) in [("ContactsTable", CONTACTS), ("CouponsTable", COUPONS)] {
        let table = table(resource);
        let [index] = table.list("GlobalSecondaryIndexes") else {
            panic!("one index: {table:?}")
        };
        assert_eq!(Some(index.text("IndexName")), schema.index_name);
        assert_eq!(keys(&table, index.list("KeySchema")), owned(schema.index));
        let projection = index.get("Projection").unwrap();
        assert_eq!(projection.text("ProjectionType"), "KEYS_ONLY");
    }
    for resource in ["LogTable", "ReleasesTable"] {
        assert_eq!(table(resource).get("GlobalSecondaryIndexes"), None);
    }
}

#[test]
fn no_deployment_lets_webhooks_reach_its_own_machine() {
    assert!(!TEMPLATE.contains("LOOPBACK"));
}

#[test]
fn the_webhook_function_has_no_access_to_data() {
    let template = Yaml::parse(TEMPLATE);
    let role = template
        .get("Resources")
        .unwrap()
        .get("WebhookRole")
        .unwrap();
    let policies = role.get("Properties").unwrap().list("Policies");
    let [policy] = policies else {
        panic!("one policy: {policies:?}")
    };
    let statements = policy.get("PolicyDocument").unwrap().list("Statement");
    let mut actions: Vec<String> = Vec::new();
    for statement in statements {
        match statement.get("Action").unwrap() {
            Yaml::Text(action) => actions.push(action.clone()),
            Yaml::List(_) => {
                let named = statement.list("Action").iter();
                actions.extend(named.map(|action| match action {
                    Yaml::Text(action) => action.clone(),
                    other => panic!("{other:?}"),
                }));
            }
            other @ Yaml::Map(_) => panic!("{other:?}"),
        }
    }
    let expected = [
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:SendMessage",
        "secretsmanager:GetSecretValue",
    ];
    assert_eq!(actions, expected);
}

#[test]
fn the_template_deletes_rows_of_logs_and_draws_when_they_expire() {
    for resource in ["LogTable", "CouponsTable"] {
        let table = table(resource);
        let time_to_live = table.get("TimeToLiveSpecification").unwrap();
        assert_eq!(time_to_live.text("AttributeName"), "expires_at");
        assert_eq!(time_to_live.text("Enabled"), "true");
    }
}

#[test]
fn the_template_deletes_rows_of_walks_when_they_expire() {
    let releases = table("ReleasesTable");
    let time_to_live = releases.get("TimeToLiveSpecification").unwrap();
    assert_eq!(time_to_live.text("AttributeName"), "expires_at");
    assert_eq!(time_to_live.text("Enabled"), "true");
}
