use serde_json::json;
use wend_content::read_all;
use wend_core::definitions::SourceFile;
use wend_core::identity::EmailAddress;
use wend_core::permission::{Suppression, SuppressionReason};
use wend_core::release::{Definition, Halt, Manifest};
use wend_core::time::Timestamp;

use super::*;
use crate::memory::{Line, Mailbox, MemoryStore, VirtualClock, run};

const PROJECT: &str = "wend: 1\nproject: p\npostal_address: Street 1\n\
    senders: { shop: { email: Shop <shop@example.com> } }\ntopics: { news: { title: News, opt_in: single } }\n";
const TEMPLATE: &str = "---\ntemplate: news\nchannel: email\nclass: marketing\ntopic: news\nfrom: shop\nsubject: Hi\n---\n\
    Hi {{ contact.first_name }} [shop](https://shop.example.com/p) [mine]({{ links.preferences }}) [web]({{ links.web_view }})\n";
const SECRET: IdentitySecret = IdentitySecret::new([7; 32]);

struct Desk {
    clock: VirtualClock,
    store: MemoryStore,
    mailbox: Mailbox,
    project: Project,
    template: Template,
}

impl Desk {
    fn new() -> Self {
        let clock = VirtualClock::starting_at(Timestamp::parse("2027-03-01T17:00:00Z").unwrap());
        let file = |path: &str, text: &str| SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let files = [
            file("wend.yaml", PROJECT),
            file("templates/news.md", TEMPLATE),
        ];
        let (mut project, mut template) = (None, None);
        for (_, definition) in read_all(&files).unwrap() {
            match definition {
                Definition::Project(one) => project = Some(one),
                Definition::Template(one) => template = Some(one),
                other => panic!("{other:?}"),
            }
        }
        Self {
            store: MemoryStore::new(clock.clone(), Line::default()),
            mailbox: Mailbox::new(clock.clone(), Line::default(), SECRET),
            clock,
            project: project.unwrap(),
            template: template.unwrap(),
        }
    }

    fn render(&self, sample: &Value) -> Result<Looked, RenderError> {
        let url = "https://links.example.com";
        render_test(&self.template, &self.project, sample, (None, None), url)
    }

    fn send(&self, release: &Release, even_closed: bool) -> Result<Submitted, SkipReason> {
        let looked = self.render(&json!({ "contact": { "first_name": "Ana" } }));
        let test = Test {
            id: SendId::from_bytes([9; 16]),
            template: &self.template,
            looked: &looked.unwrap(),
            to: to(),
            even_closed,
        };
        let sent = send_test(test, &self.store, release, &self.mailbox, &SECRET);
        run(&self.clock, sent).unwrap().unwrap()
    }
}

fn to() -> Recipient {
    Recipient::Email(EmailAddress::parse("me@example.com").unwrap())
}

#[test]
fn a_test_is_the_message_marked_and_its_links_do_nothing() {
    let desk = Desk::new();
    let sent = desk.send(&Release::default(), false);
    assert!(matches!(sent, Ok(Submitted::Accepted { .. })), "{sent:?}");
    let mails = desk.mailbox.sent_from(0);
    let [mail] = &mails[..] else {
        panic!("{mails:?}");
    };
    assert_eq!(
        (mail.to.as_str(), mail.message.subject.as_str()),
        ("me@example.com", "[Test] Hi")
    );
    let html = &mail.message.html;
    assert!(html.contains("Hi Ana") && html.contains("href=\"https://shop.example.com/p\""));
    for kind in ["p", "u", "w"] {
        let link = format!("href=\"https://links.example.com/{kind}/test\"");
        assert!(html.contains(&link), "{kind}: {html}");
    }
    let headers = &mail.message.headers;
    let unsubscribe = (
        "List-Unsubscribe",
        "<https://links.example.com/u/test>".to_owned(),
    );
    assert!(headers.contains(&unsubscribe), "{headers:?}");
    // Its events are nobody's, and nothing was written.
    assert!(mail.tags.iter().any(|(name, _)| *name == "wend_call"));
    assert_eq!(desk.store.sends().unwrap(), []);
}

#[test]
fn nothing_goes_to_a_closed_address_unless_that_is_asked_for() {
    let desk = Desk::new();
    let suppression = Suppression {
        at: Timestamp::default(),
        reason: SuppressionReason::Complaint,
    };
    let closing = desk
        .store
        .suppress(to().permission_key(&SECRET), suppression);
    run(&desk.clock, closing).unwrap().unwrap();
    let release = Release::default();
    assert_eq!(desk.send(&release, false), Err(SkipReason::Suppressed));
    assert_eq!(desk.mailbox.sent_from(0).len(), 0);
    assert!(desk.send(&release, true).is_ok());
    let halted = Manifest {
        halts: [(Halt::Everything, Timestamp::default())].into(),
        ..Manifest::default()
    };
    let halted = Release::new(&halted, Vec::new());
    assert_eq!(desk.send(&halted, true), Err(SkipReason::Halted));
    assert_eq!(desk.mailbox.sent_from(0).len(), 1);
}

#[test]
fn a_missing_value_is_an_error() {
    let desk = Desk::new();
    let missing = desk.render(&json!({ "contact": {} })).unwrap_err();
    assert!(missing.is_missing_value(), "{missing}");
}
