use std::fmt::Write as _;

use super::*;
use crate::contact::{Attribute, Email, Phone};
use crate::id::{ContactKey, EnrollmentId, InputId, SendId};
use crate::identity::{EmailAddress, Identity, PhoneNumber};
use crate::send::CallKind;
use crate::time::Timestamp;

const AT: Timestamp = Timestamp::from_millis(1_772_355_600_000);

fn ana() -> Contact {
    let mut ana = Contact::new(ContactKey::from_bytes([1; 16]), AT);
    ana.identities = vec![Identity::new(IdentityKind::User, "ana-7").unwrap()];
    let address = EmailAddress::parse("Ana+News@example.com").unwrap();
    ana.email = Some(Email { address, at: AT });
    let number = PhoneNumber::parse("+4915550001111").unwrap();
    ana.phone = Some(Phone { number, at: AT });
    let attributes = [
        ("first_name", json!("Ana")),
        ("last_name", json!("O'Neill <b>")),
        ("company", json!("Acme & Sons")),
        ("orders", json!(3)),
    ];
    for (name, value) in attributes {
        let value = Personal::new(value);
        ana.attributes
            .insert(name.to_owned(), Attribute { value, at: AT });
    }
    ana
}

fn request(given: &Value) -> CallRequest {
    let given = given.as_object().unwrap().clone();
    CallRequest {
        call: SendId::from_bytes([2; 16]),
        contact: ContactKey::from_bytes([1; 16]),
        enrollment: EnrollmentId::from_bytes([3; 16]),
        journey: "lead-nurture".to_owned(),
        step: "crm".to_owned(),
        is_rehearsal: false,
        requested_at: AT,
        kind: CallKind::Webhook {
            connection: "crm".to_owned(),
            timeout_secs: 10,
        },
        given: given
            .into_iter()
            .map(|(name, value)| (name, Personal::new(value)))
            .collect(),
        origin: (
            ContactKey::from_bytes([1; 16]),
            InputId::from_bytes([4; 16]),
        ),
    }
}

fn settings(preset: Option<Preset>) -> Webhook {
    let own = preset.is_none_or(Preset::has_own_url);
    Webhook {
        preset,
        url: own.then(|| "https://acme.my.salesforce.example/".to_owned()),
        token: Some("crm-token".to_owned()),
        signing: preset.is_none().then(|| "crm-key".to_owned()),
    }
}

fn prepared(preset: Option<Preset>, contact: &Contact, given: &Value) -> Result<HttpCall, String> {
    let request = request(given);
    let settings = settings(preset);
    let connection = Connection {
        name: "crm",
        settings: &settings,
    };
    let about = About {
        contact,
        request: &request,
        journey: "Lead nurturing",
    };
    prepare(connection, about, 10)
}

/// A request as a person reads it.
fn shown(request: &HttpRequest) -> String {
    let word = |word: &Word| match word {
        Word::Text(text) => text.expose().clone(),
        Word::Secret { before, name } => format!("{before}[secret/{name}]"),
        Word::Client { token_url, name } => format!("[token of {token_url} for secret/{name}]"),
    };
    let mut text = format!("{} {}\n", request.method.name(), word(&request.url));
    for (name, value) in &request.headers {
        writeln!(text, "{name}: {}", word(value)).unwrap();
    }
    if let Some(name) = &request.signing {
        writeln!(text, "(signed with secret/{name})").unwrap();
    }
    if let Some(body) = &request.body {
        let body: Value = serde_json::from_str(body.expose()).unwrap();
        writeln!(text, "{body:#}").unwrap();
    }
    text
}

#[test]
fn every_preset_asks_as_its_system_wants_it() {
    let mut all = String::new();
    let given = json!({ "lifecyclestage": "lead", "tags": ["a", "b"], "vip": true });
    for preset in std::iter::once(None).chain(Preset::ALL.map(Some)) {
        let call = prepared(preset, &ana(), &given).unwrap();
        write!(
            all,
            "# {}\n\n",
            preset.map_or("a plain webhook", Preset::name)
        )
        .unwrap();
        if let Some(find) = &call.find {
            let (ask, update) = (shown(&find.ask), shown(&find.update));
            write!(all, "{ask}\nfound at {}:\n{update}\nelse:\n", find.id_at).unwrap();
        }
        write!(all, "{}\nkept: {:?}\n\n", shown(&call.ask), call.answer_at).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_contact_of_whom_little_is_known_is_asked_about_as_well() {
    let mut bare = ana();
    bare.attributes.clear();
    bare.phone = None;
    for preset in std::iter::once(None).chain(Preset::ALL.map(Some)) {
        assert!(prepared(preset, &bare, &json!({})).is_ok(), "{preset:?}");
    }
    let pipedrive = prepared(Some(Preset::PipedrivePerson), &bare, &json!({})).unwrap();
    assert!(shown(&pipedrive.ask).contains(r#""name": "Ana+News@example.com""#));
    assert!(!shown(&pipedrive.find.unwrap().update).contains("name\""));
    bare.email = None;
    let refused = prepared(Some(Preset::HubspotContact), &bare, &json!({})).unwrap_err();
    assert_eq!(refused, "hubspot/upsert-contact needs an email address");
    assert!(prepared(Some(Preset::SlackMessage), &bare, &json!({})).is_ok());
    assert!(prepared(None, &bare, &json!({})).is_ok());
}

#[test]
fn what_a_contact_has_typed_is_no_link_and_no_mention() {
    let slack = tell_slack("Hot lead <!channel>", "<https://evil.example|Click> & run");
    assert_eq!(
        slack["text"],
        "*Hot lead &lt;!channel&gt;*\n&lt;https://evil.example|Click&gt; &amp; run"
    );
    let teams = tell_teams("", "[Click](https://evil.example)\n\n**bold**").to_string();
    assert!(
        teams.contains("RichTextBlock") && !teams.contains("TextBlock\",\"text"),
        "{teams}"
    );
}

#[test]
fn a_call_that_is_printed_shows_no_person() {
    let call = prepared(Some(Preset::SalesforceLead), &ana(), &json!({ "a": "b" })).unwrap();
    let printed = format!("{call:?}");
    assert!(
        !printed.contains("example.com") && !printed.contains("Neill"),
        "{printed}"
    );
}
