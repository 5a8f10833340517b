use super::*;
use crate::definitions::{SourceFile, read_all};
use crate::release::Definition;

const AT: Timestamp = Timestamp::from_millis(1_772_352_000_000);

const PROJECT: &str = "wend: 1\nproject: acme\ntopics: { news: {}, guides: {} }\n\
    attributes:\n  first_name: { type: name }\n  size: { type: text, one_of: [ small, large ] }\n  interests: { type: set }\n\
    computed: { sent: { count: form_submitted } }\n\
    forms:\n  guide:\n    fields:\n      email: email!\n      phone: phone\n      first_name: name\n      size: text\n      interests: set\n\
    \x20     seats: integer\n      budget: number\n      starts: date\n      site: url\n      comment: text\n      sent: text\n      news: boolean\n      terms: boolean!\n\
    \x20   consent: { topics: [ news, guides ], wording: Send me news., checkbox: news }\n    honeypot: website\n";

fn project() -> Project {
    let file = SourceFile {
        path: "wend.yaml".to_owned(),
        text: PROJECT.to_owned(),
    };
    let definitions = read_all(&[file]).unwrap();
    match definitions.into_iter().next() {
        Some((_, Definition::Project(project))) => project,
        other => panic!("{other:?}"),
    }
}

fn submit(inputs: &[(&str, &str)]) -> Result<Event, Vec<(String, FieldFault)>> {
    with(inputs, |submission| {
        submission.read(InputId::from_bytes([1; 16]), AT)
    })
}

fn with<T>(inputs: &[(&str, &str)], then: impl FnOnce(Submission<'_>) -> T) -> T {
    let project = project();
    let always = [("email", " Ana@Example.com "), ("terms", "on")];
    let given = inputs.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    let rest = always.iter().filter(|(name, _)| !given.contains(name));
    let inputs = inputs.iter().chain(rest);
    let inputs: Vec<(String, String)> = inputs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    then(Submission {
        name: "guide",
        form: &project.forms["guide"],
        project: &project,
        inputs: &inputs,
    })
}

#[test]
fn a_form_is_an_event_with_its_fields_and_says_the_attributes() {
    let event = submit(&[
        ("first_name", "Ana"),
        ("size", "large"),
        ("interests", "running"),
        ("interests", "cycling"),
        ("seats", "3"),
        ("budget", "1,5"),
        ("starts", "2027-01-31"),
        ("phone", "+49 155 500 01111"),
        ("comment", "Two\nlines, see www.example.com"),
        ("site", ""),
        ("button", "Send"),
        ("sent", "99"),
        (ANONYMOUS_ID, "visitor-1"),
    ])
    .unwrap();
    assert_eq!(event.kind, EventKind::Track("form_submitted".into()));
    assert_eq!(event.address.value.expose(), "ana@example.com");
    assert_eq!(event.also.len(), 1);
    assert_eq!(event.public_source.as_deref(), Some("form/guide"));
    assert_eq!(
        json!(event.properties.expose()),
        json!({ "form": "guide", "email": "Ana@Example.com", "first_name": "Ana", "size": "large",
            "interests": ["running", "cycling"], "seats": 3, "budget": 1.5, "starts": "2027-01-31",
            "phone": "+4915550001111", "comment": "Two\nlines, see www.example.com", "news": false, "terms": true, "sent": "99" })
    );
    assert_eq!(
        json!(event.traits.expose()),
        json!({ "email": "Ana@Example.com", "phone": "+4915550001111", "first_name": "Ana", "size": "large",
            "interests": ["running", "cycling"] })
    );
    assert_eq!(event.agreement, None);
}

#[test]
fn a_ticked_box_agrees_to_the_wording() {
    let agreement = submit(&[("news", "on")]).unwrap().agreement.unwrap();
    let topics: Vec<String> = agreement.topics.iter().map(ToString::to_string).collect();
    assert_eq!(topics, ["news", "guides"]);
    assert_eq!(
        (agreement.wording.as_str(), agreement.source.as_str()),
        ("Send me news.", "form/guide")
    );
    for no in ["", "false", "0", "Off"] {
        assert_eq!(submit(&[("news", no)]).unwrap().agreement, None, "{no}");
    }
}

#[test]
fn each_field_that_must_be_corrected_is_named() {
    for (name, value, fault) in [
        ("email", "", FieldFault::Missing),
        ("email", "nowhere", FieldFault::NotA(ValueType::Email)),
        ("terms", "", FieldFault::Missing),
        ("phone", "0155", FieldFault::NotA(ValueType::Phone)),
        (
            "first_name",
            "http://evil.example",
            FieldFault::NotA(ValueType::Name),
        ),
        ("size", "huge", FieldFault::NotOffered),
        ("seats", "three", FieldFault::NotA(ValueType::Integer)),
        ("budget", "NaN", FieldFault::NotA(ValueType::Number)),
        ("starts", "31.1.2027", FieldFault::NotA(ValueType::Date)),
        (
            "site",
            "javascript:alert(1)",
            FieldFault::NotA(ValueType::Url),
        ),
    ] {
        let expected = vec![(name.to_owned(), fault)];
        assert_eq!(submit(&[(name, value)]).unwrap_err(), expected, "{value}");
    }
    assert_eq!(
        submit(&[("email", ""), ("seats", "x")]).unwrap_err().len(),
        2
    );
}

#[test]
fn who_fills_the_honeypot_is_a_machine() {
    assert!(with(&[("website", "https://x.example")], |one| one
        .is_of_machine()));
    assert!(!with(&[("website", " ")], |one| one.is_of_machine()));
    assert!(!with(&[], |one| one.is_of_machine()));
}
