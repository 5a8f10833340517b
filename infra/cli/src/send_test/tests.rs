use clap::Parser;
use wend_core::contact::Attribute;
use wend_core::id::ContactKey;
use wend_core::personal::Personal;
use wend_core::time::Timestamp;

use super::*;
use crate::folder::Folder;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn parsed(line: &str) -> Result<Args, clap::Error> {
    let words = ["wend"].into_iter().chain(line.split_whitespace());
    Line::try_parse_from(words).map(|line| line.args)
}

#[test]
fn a_stack_is_named_as_a_whole_or_a_dev() {
    let stack = "--api-url https://a.example --log-table l --releases-table r";
    assert!(parsed(&format!("hi --to a@b.example {stack}")).is_ok());
    assert!(parsed("hi --to a@b.example --dev").is_ok());
    for incomplete in [
        "hi --to a@b.example",
        "hi --dev",
        "hi --to a@b.example --api-url https://a.example --log-table l",
        "hi --to a@b.example --log-table l --releases-table r",
    ] {
        assert!(parsed(incomplete).is_err(), "{incomplete}");
    }
    assert!(parsed(&format!("hi --to a@b.example --dev http://l {stack}")).is_err());
}

#[test]
fn a_file_that_is_there_is_no_contact() {
    let folder = Folder::project("send-test");
    folder.write("ana.yaml", "first_name: Ana\n");
    let file = folder.path().join("ana.yaml");
    let line = |who: &str| {
        let project = folder.path().display();
        format!("welcome-hello --to a@b.example --dev --project {project} --as {who}")
    };
    let asked_as = |who: &str| asked(&parsed(&line(who)).unwrap()).unwrap();
    let of_file = asked_as(&file.display().to_string());
    assert!(matches!(of_file.who, Who::File(_)), "{of_file:?}");
    let of_contact = asked_as("ana-1");
    assert!(matches!(&of_contact.who, Who::Contact(user) if user == "ana-1"));
    let (_, template) = found(&of_contact).unwrap();
    assert_eq!(template.id, "welcome-hello");
    let unknown = Asked {
        template: "nothing".to_owned(),
        ..of_contact
    };
    let error = found(&unknown).unwrap_err().to_string();
    assert!(error.contains("there is no template `nothing`"), "{error}");
}

#[test]
fn a_contact_is_a_sample_of_itself() {
    let at = Timestamp::default();
    let mut ana = Contact::new(ContactKey::from_bytes([1; 16]), at);
    let value = Personal::new(json!("Ana"));
    ana.attributes
        .insert("first_name".to_owned(), Attribute { value, at });
    assert_eq!(attributes(&ana), json!({ "first_name": "Ana" }));
}

#[test]
fn an_address_is_of_the_templates_channel() {
    assert!(recipient(Channel::Email, "a@b.example").is_ok());
    assert!(recipient(Channel::Sms, "+49 155 50001111").is_ok());
    assert!(recipient(Channel::Email, "+49 155 50001111").is_err());
    assert!(recipient(Channel::Sms, "a@b.example").is_err());
}

#[test]
fn what_was_not_sent_is_an_error_that_says_why() {
    let looked = Looked::Sms(wend_content::Sms {
        from: "Shop".to_owned(),
        text: "Hi".to_owned(),
    });
    let reason = "no".to_owned();
    let sent = |sent| told("a@b.example", &looked, sent).map_err(|error| error.to_string());
    let accepted = Submitted::Accepted {
        provider_id: "0102".to_owned(),
    };
    assert_eq!(
        sent(Ok(accepted)),
        Ok("Sent to a@b.example: Hi (0102)".to_owned())
    );
    let lost = sent(Ok(Submitted::Ambiguous { reason })).unwrap_err();
    assert!(lost.contains("nobody knows"), "{lost}");
    let closed = sent(Err(SkipReason::Suppressed)).unwrap_err();
    assert!(
        closed.contains("a@b.example is closed") && closed.contains("--force"),
        "{closed}"
    );
}
