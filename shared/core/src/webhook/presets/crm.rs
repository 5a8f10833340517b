//! Systems that keep customers.

use serde_json::{Map, Value, json};

use super::super::{FOUND, Find, HttpRequest, Method, Word};
use super::{About, bearer, json_type};
use crate::personal::Personal;

/// The version of Salesforce's REST API: from 46.0 on an update answers with the record's id.
const SALESFORCE_API: &str = "v62.0";

/// One contact in a batch: HubSpot's other calls either create or update. A property that HubSpot does not have is refused for good, so
/// only its standard ones are filled, and what the step names.
pub(super) fn hubspot(about: About<'_>, email: &str, token: &str) -> HttpRequest {
    let own = [
        ("firstname", about.attribute("first_name")),
        ("lastname", about.attribute("last_name")),
        ("company", about.attribute("company")),
        ("phone", about.phone()),
    ];
    let own = own
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    let given = about
        .given()
        .into_iter()
        .map(|(name, value)| (name, hubspot_text(&value)));
    let mut properties: Map<String, Value> = own.chain(given).collect();
    properties.insert("email".to_owned(), email.into());
    let body =
        json!({ "inputs": [{ "idProperty": "email", "id": email, "properties": properties }] });
    HttpRequest {
        method: Method::Post,
        url: "https://api.hubapi.com/crm/v3/objects/contacts/batch/upsert".into(),
        headers: vec![json_type(), bearer(token)],
        body: Some(Personal::new(body.to_string())),
        signing: None,
    }
}

/// A property's value is a text; several choices stand with `;` between them.
fn hubspot_text(value: &Value) -> Value {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    match value {
        Value::Array(all) => all.iter().map(text).collect::<Vec<_>>().join(";").into(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            text(value).into()
        }
    }
}

/// One record by its address. The field that finds it must not stand in the body; what else a new one needs (a lead has a
/// `LastName` and a `Company`) Salesforce says itself, because an update needs none of it.
pub(super) fn salesforce(
    about: About<'_>,
    (url, object, email): (&str, &str, &str),
    token: &str,
) -> HttpRequest {
    let base = url.trim_end_matches('/');
    let own = [
        ("FirstName", about.attribute("first_name")),
        ("LastName", about.attribute("last_name")),
        ("Phone", about.phone()),
        (
            "Company",
            about.attribute("company").filter(|_| object == "Lead"),
        ),
    ];
    let own = own
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    let fields: Map<String, Value> = own.chain(about.given()).collect();
    let email = encoded(email);
    let name = token.to_owned();
    let token_url = format!("{base}/services/oauth2/token");
    HttpRequest {
        method: Method::Patch,
        url: format!("{base}/services/data/{SALESFORCE_API}/sobjects/{object}/Email/{email}")
            .into(),
        headers: vec![
            json_type(),
            ("authorization".to_owned(), Word::Client { token_url, name }),
        ],
        body: Some(Personal::new(Value::Object(fields).to_string())),
        signing: None,
    }
}

/// Pipedrive has no call that does both: whoever has the address is looked up first. An update leaves addresses and numbers alone, which
/// are lists there that others fill, too.
pub(super) fn pipedrive(about: About<'_>, email: &str, token: &str) -> (Find, HttpRequest) {
    const PERSONS: &str = "https://api.pipedrive.com/api/v2/persons";
    let request = |method, url: String, body: Option<Map<String, Value>>| HttpRequest {
        method,
        url: url.into(),
        headers: vec![
            json_type(),
            (
                "x-api-token".to_owned(),
                Word::Secret {
                    before: String::new(),
                    name: token.to_owned(),
                },
            ),
        ],
        body: body.map(|body| Personal::new(Value::Object(body).to_string())),
        signing: None,
    };
    let name = about.full_name();
    let named = |name: Option<String>| name.map(|name| ("name".to_owned(), Value::from(name)));
    let one = |value: &str| json!([{ "value": value, "primary": true, "label": "work" }]);
    let phones = about.phone().map(|phone| ("phones".to_owned(), one(phone)));
    let new = named(Some(name.clone().unwrap_or_else(|| email.to_owned())))
        .into_iter()
        .chain([("emails".to_owned(), one(email))])
        .chain(phones)
        .chain(about.given());
    let update = named(name).into_iter().chain(about.given());
    let term = encoded(email);
    let search = format!("{PERSONS}/search?term={term}&fields=email&exact_match=true&limit=1");
    let find = Find {
        ask: request(Method::Get, search, None),
        id_at: "/data/items/0/item/id".to_owned(),
        update: request(
            Method::Patch,
            format!("{PERSONS}/{FOUND}"),
            Some(update.collect()),
        ),
    };
    (
        find,
        request(Method::Post, PERSONS.to_owned(), Some(new.collect())),
    )
}

/// As one part of an address: all but letters, digits and `-._~` in percent form (RFC 3986).
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
        }
    }
    out
}
