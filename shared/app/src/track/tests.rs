use std::time::Duration;

use wend_core::definitions::{SourceFile, read_all};
use wend_core::identity::IdentitySecret;
use wend_core::input::Envelope;
use wend_core::permission::{Consent, ConsentChange, TopicState};
use wend_core::token::{LinkKeys, PreferencesToken, Token};

use super::*;
use crate::memory::{
    Fault, Faults, Line, MemoryQueue, MemoryStore, QueueRules, Queues, VirtualClock, run,
};
use crate::publish::publish_definitions;

const SECRET: IdentitySecret = IdentitySecret::new([7; 32]);
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const TARGET: &str = "https://shop.example.com/p/1?a=b&c=%20d#part";
const EMAIL: PermissionKey = PermissionKey::from_bytes([1; 16]);
const SMS: PermissionKey = PermissionKey::from_bytes([2; 16]);
const SEND: SendId = SendId::from_bytes([3; 16]);
const ANA: ContactKey = ContactKey::from_bytes([4; 16]);

const PROJECT: &str = "wend: 1\nproject: p\npostal_address: Street 1\n\
    senders: { shop: { email: Shop <shop@example.com> } }\n\
    locales: [ en, fr ]\ntopics: { news: { title: News & \"<more>\", opt_in: single }, offers: { title: Offers, opt_in: double } }\n";

/// Operations that fail.
#[derive(Clone, Copy, Debug)]
struct Failing(&'static str);

impl Faults for Failing {
    fn next(&mut self, operation: &'static str) -> Fault {
        if operation == self.0 {
            Fault::FailBefore(crate::ports::ErrorClass::Throttled)
        } else {
            Fault::None
        }
    }
}

struct World {
    clock: VirtualClock,
    store: MemoryStore,
    inputs: MemoryQueue,
    track: Track<MemoryStore, MemoryQueue, MemoryStore, VirtualClock>,
    keys: LinkKeys,
}

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

fn world_on(line: &Line) -> World {
    let clock = VirtualClock::starting_at(Timestamp::parse("2027-03-01T17:00:00Z").unwrap());
    let store = MemoryStore::new(clock.clone(), line.clone());
    let queues = Queues::new(clock.clone(), line.clone());
    let inputs = queues.queue("inputs", QueueRules::default());
    let files = [file("wend.yaml", PROJECT)];
    let publishing = publish_definitions(&store, &clock, read_all(&files).unwrap(), None);
    run(&clock, publishing).unwrap().unwrap();
    let keys = LinkKeys::first(&SECRET);
    let track = Track {
        permissions: store.clone(),
        inputs: inputs.clone(),
        releases: Releases::new(store.clone(), clock.clone()),
        links: Links::new(store.clone(), clock.clone(), SECRET, keys.clone()),
        clock: clock.clone(),
    };
    World {
        clock,
        store,
        inputs,
        track,
        keys,
    }
}

fn world() -> World {
    world_on(&Line::default())
}

impl World {
    fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response<Bytes> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        run(&self.clock, self.track.handle(request)).unwrap()
    }

    fn get(&self, path: &str) -> Response<Bytes> {
        self.ask(Method::GET, path, &[("user-agent", FIREFOX)], "")
    }

    fn post(&self, path: &str, body: &str) -> Response<Bytes> {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        self.ask(Method::POST, path, &form, body)
    }

    /// What contacts hear.
    fn heard(&self) -> Vec<Input> {
        let batch = self.inputs.receive(100);
        self.inputs.acknowledge(&batch, &[]);
        let read = |body: &str| serde_json::from_str::<Envelope>(body).unwrap().input;
        batch.iter().map(|message| read(&message.body)).collect()
    }

    fn message(&self) -> MessageRef {
        MessageRef {
            contact: ANA,
            send: SEND,
            journey: "welcome".to_owned(),
            step: "hello".to_owned(),
            sent_at: self.clock.now(),
        }
    }

    fn click(&self) -> String {
        let (message, target) = (self.message(), TARGET.to_owned());
        format!("/c/{}", ClickToken { message, target }.sign(&self.keys))
    }

    fn open(&self) -> String {
        let message = self.message();
        format!("/o/{}", OpenToken { message }.sign(&self.keys))
    }

    fn no(&self, channel: Channel) -> String {
        let token = UnsubscribeToken {
            contact: ANA,
            channel,
            permission: EMAIL,
            send: SEND,
        };
        format!("/u/{}", token.sign(&self.keys))
    }

    fn preferences(&self, sms: Option<PermissionKey>) -> String {
        let token = PreferencesToken {
            contact: ANA,
            send: SEND,
            email: Some(EMAIL),
            sms,
        };
        format!("/p/{}", token.sign(&self.keys))
    }

    fn opts_in(&self, permission: PermissionKey, topic: &str) {
        let consent = Consent {
            opted_in: true,
            at: self.clock.now(),
        };
        let change = ConsentChange {
            permission,
            topic: topic.to_owned(),
            consent,
        };
        run(&self.clock, self.store.consent(&change))
            .unwrap()
            .unwrap();
        self.wait(60);
    }

    fn wait(&self, secs: u64) {
        self.clock
            .advance_to(self.clock.now().plus(Duration::from_secs(secs)));
    }

    fn state(&self, permission: PermissionKey, topic: &str) -> TopicState {
        self.store
            .permission(permission)
            .unwrap()
            .topic_state(topic)
    }
}

fn header<'r>(response: &'r Response<Bytes>, name: &str) -> &'r str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

fn body(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

#[test]
fn a_click_leads_to_the_signed_target_and_nowhere_else() {
    let world = world();
    let path = world.click();
    world.wait(5);
    for asked in [
        path.clone(),
        format!("{path}?url=https://evil.example&next=//evil.example"),
    ] {
        let answer = world.get(&asked);
        assert_eq!(answer.status(), StatusCode::FOUND);
        assert_eq!(header(&answer, "location"), TARGET);
        assert_eq!(header(&answer, "cache-control"), "no-store");
    }
    let [Input::Feedback(one), Input::Feedback(_)] = &world.heard()[..] else {
        panic!("expected two clicks");
    };
    let expected = Feedback {
        id: one.id,
        contact: ANA,
        send: SEND,
        journey: "welcome".to_owned(),
        step: "hello".to_owned(),
        at: world.clock.now(),
        kind: FeedbackKind::Clicked,
        is_machine: false,
        link: Some(TARGET.to_owned()),
    };
    assert_eq!(**one, expected);
    // An open's token, a broken one and another method lead nowhere.
    let open = world.open().replacen("/o/", "/c/", 1);
    for (method, path, status) in [
        (Method::GET, open, StatusCode::NOT_FOUND),
        (
            Method::GET,
            path[..path.len() - 1].to_owned(),
            StatusCode::NOT_FOUND,
        ),
        (Method::GET, "/c/".to_owned(), StatusCode::NOT_FOUND),
        (Method::POST, path, StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let answer = world.ask(method, &path, &[], "");
        assert_eq!(
            (answer.status(), header(&answer, "location")),
            (status, ""),
            "{path}"
        );
    }
    assert_eq!(world.heard(), []);
}

#[test]
fn a_queue_that_fails_keeps_nobody_from_the_page() {
    let world = world_on(&Line::new(Failing("send to a queue")));
    let answer = world.get(&world.click());
    assert_eq!(
        (answer.status(), header(&answer, "location")),
        (StatusCode::FOUND, TARGET)
    );
    let answer = world.get(&world.open());
    assert_eq!(
        (answer.status(), header(&answer, "content-type")),
        (StatusCode::OK, "image/gif")
    );
}

#[test]
fn an_open_is_a_picture_that_nobody_keeps() {
    let world = world();
    let path = world.open();
    world.wait(5);
    let answer = world.get(&path);
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.body().starts_with(b"GIF89a") && answer.body().ends_with(b";"));
    assert_eq!(header(&answer, "content-type"), "image/gif");
    assert!(header(&answer, "cache-control").contains("no-store"));
    let [Input::Feedback(open)] = &world.heard()[..] else {
        panic!("expected an open");
    };
    assert_eq!(
        (open.kind, open.is_machine, &open.link),
        (FeedbackKind::Opened, false, &None)
    );
    assert_eq!(world.get("/o/abc").status(), StatusCode::OK);
    assert_eq!(world.heard(), []);
}

#[test]
fn what_machines_do_is_told_as_theirs() {
    let world = world();
    let (early, late) = (world.click(), world.open());
    let is_machine = |answer: Response<Bytes>| {
        assert!(answer.status().is_success() || answer.status().is_redirection());
        match &world.heard()[..] {
            [Input::Feedback(feedback)] => feedback.is_machine,
            other => panic!("expected one: {other:?}"),
        }
    };
    assert!(is_machine(world.get(&early)), "at the moment of sending");
    world.wait(5);
    let person = ("user-agent", FIREFOX);
    for (method, headers, expected) in [
        (Method::GET, vec![person], false),
        (Method::HEAD, vec![person], true),
        (Method::GET, vec![], true),
        (Method::GET, vec![("user-agent", "Mozilla/5.0")], true),
        (Method::GET, vec![person, ("purpose", "prefetch")], true),
        (
            Method::GET,
            vec![person, ("sec-purpose", "prefetch;prerender")],
            true,
        ),
    ] {
        for path in [&early, &late] {
            let answer = world.ask(method.clone(), path, &headers, "");
            assert_eq!(is_machine(answer), expected, "{method} {headers:?}");
        }
    }
}

#[test]
fn looking_at_a_page_changes_nothing() {
    let world = world();
    world.opts_in(EMAIL, "news");
    let before = world.store.permission(EMAIL).unwrap();
    for path in [world.no(Channel::Email), world.preferences(None)] {
        for method in [Method::GET, Method::HEAD] {
            let answer = world.ask(method, &path, &[], "do=stop");
            assert_eq!(answer.status(), StatusCode::OK);
            let policy = header(&answer, "content-security-policy");
            assert!(policy.starts_with("default-src 'none'"), "{policy}");
        }
        for method in [Method::PUT, Method::DELETE] {
            let answer = world.ask(method, &path, &[], "do=stop");
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        }
    }
    assert_eq!(world.store.permission(EMAIL).unwrap(), before);
    assert_eq!(world.heard(), []);
}

#[test]
fn one_click_unsubscribes_in_either_encoding_and_runs_hear_of_it() {
    const MULTIPART: &str = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    for (kind, content) in [
        (
            "application/x-www-form-urlencoded",
            "List-Unsubscribe=One-Click",
        ),
        ("multipart/form-data; boundary=b", MULTIPART),
    ] {
        let world = world();
        world.opts_in(EMAIL, "news");
        let headers = [("content-type", kind)];
        let answer = world.ask(Method::POST, &world.no(Channel::Email), &headers, content);
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(body(&answer).contains("You are unsubscribed"));
        assert_eq!(world.state(EMAIL, "news"), TopicState::OptedOut);
        let [Input::Consent(no)] = &world.heard()[..] else {
            panic!("expected a word");
        };
        let now = world.clock.now();
        assert_eq!(
            (no.contact, &no.topic, no.opted_in, no.at),
            (ANA, &None, false, now)
        );
    }
}

#[test]
fn an_unsubscribe_from_sms_is_heard_topic_by_topic() {
    let world = world();
    world.post(&world.no(Channel::Sms), "");
    let heard = world.heard();
    let topics = heard.iter().map(|input| match input {
        Input::Consent(no) => no
            .topic
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        other => panic!("{other:?}"),
    });
    assert_eq!(topics.collect::<Vec<_>>(), ["news/sms", "offers/sms"]);
}

#[test]
fn an_unsubscribe_that_is_not_wholly_done_says_so_and_has_closed_the_address() {
    let world = world_on(&Line::new(Failing("send to a queue")));
    let answer = world.post(&world.no(Channel::Email), "");
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(body(&answer).contains("<form method=\"post\">"));
    assert!(
        world
            .store
            .permission(EMAIL)
            .unwrap()
            .unsubscribed_at
            .is_some()
    );
}

#[test]
fn the_page_of_preferences_shows_each_topic_by_channel() {
    let world = world();
    world.opts_in(EMAIL, "news");
    let answer = world.get(&world.preferences(Some(SMS)));
    let html = body(&answer);
    for part in [
        "<html lang=\"en\">",
        "<legend>By email</legend><label><input type=\"checkbox\" name=\"on\" value=\"news/email\" checked> News &amp; &quot;&lt;more&gt;&quot;</label>",
        "value=\"offers/email\"> Offers</label>",
        "<legend>By SMS</legend><label><input type=\"checkbox\" name=\"on\" value=\"news/sms\">",
        "<label for=\"locale\">",
        "<option value=\"fr\" lang=\"fr\">Français</option>",
        "<button name=\"do\" value=\"pause\">Pause for 30 days</button>",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    for foreign in ["<script", "http://", "https://", "src=", "onclick"] {
        assert!(!html.contains(foreign), "{foreign} in {html}");
    }
    let german = [("accept-language", "de-AT,de;q=0.9")];
    let answer = world.ask(Method::GET, &world.preferences(None), &german, "");
    assert!(body(&answer).contains("<html lang=\"de\">") && body(&answer).contains("Per E-Mail"));
    assert!(!body(&answer).contains("Per SMS"));
}

#[test]
fn saved_preferences_are_written_and_heard() {
    let world = world();
    world.opts_in(EMAIL, "news");
    let answer = world.post(
        &world.preferences(Some(SMS)),
        "do=save&on=offers%2Femail&on=news/sms&on=nothing/email&locale=fr",
    );
    assert!(
        body(&answer).contains("<p role=\"status\">Saved.</p>"),
        "{}",
        body(&answer)
    );
    assert!(body(&answer).contains("value=\"offers/email\" checked>"));
    let states = [
        (EMAIL, "news"),
        (EMAIL, "offers"),
        (SMS, "news"),
        (SMS, "offers"),
    ];
    let states = states.map(|(permission, topic)| world.state(permission, topic));
    let (yes, no, unasked) = (
        TopicState::OptedIn,
        TopicState::OptedOut,
        TopicState::Unasked,
    );
    assert_eq!(states, [no, yes, yes, unasked]);
    let heard = world.heard().into_iter().map(|input| match input {
        Input::Consent(said) => format!("{} {}", said.topic.unwrap(), said.opted_in),
        Input::Command(command) => format!("{:?}", attributes(&command.kind)),
        other => panic!("{other:?}"),
    });
    let expected = [
        "news false",
        "offers true",
        "news/sms true",
        "{\"locale\": String(\"fr\")}",
    ];
    assert_eq!(heard.collect::<Vec<_>>(), expected);
    // The same once more says nothing new.
    let again = "do=save&on=offers/email&on=news/sms&locale=xx";
    world.post(&world.preferences(Some(SMS)), again);
    assert_eq!(world.heard(), []);
}

fn attributes(kind: &wend_core::input::CommandKind) -> &wend_core::input::Properties {
    match kind {
        wend_core::input::CommandKind::Attributes(attributes) => attributes.expose(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pause_lasts_for_thirty_days_or_until_it_is_ended() {
    let world = world();
    let path = world.preferences(Some(SMS));
    let answer = world.post(&path, "do=pause");
    let until = world.clock.now().plus(Duration::from_hours(30 * 24));
    for permission in [EMAIL, SMS] {
        assert_eq!(
            world.store.permission(permission).unwrap().paused_until,
            Some(until)
        );
    }
    let html = body(&answer);
    assert!(html.contains("<time datetime=\"2027-03-31\">"), "{html}");
    assert!(html.contains("value=\"resume\">") && !html.contains("value=\"pause\">"));
    world.wait(1);
    world.post(&path, "do=resume");
    assert_eq!(world.store.permission(EMAIL).unwrap().paused_until, None);
    assert_eq!(world.heard(), []);
}

#[test]
fn unsubscribing_from_everything_can_be_undone_topic_by_topic() {
    let world = world();
    world.opts_in(EMAIL, "news");
    let path = world.preferences(None);
    let answer = world.post(&path, "do=stop");
    assert!(!body(&answer).contains("checked"));
    assert_eq!(world.state(EMAIL, "news"), TopicState::OptedOut);
    assert_eq!(world.heard().len(), 1);
    world.wait(1);
    world.post(&path, "do=save&on=news/email");
    assert_eq!(world.state(EMAIL, "news"), TopicState::OptedIn);
    assert_eq!(world.state(EMAIL, "offers"), TopicState::OptedOut);
    assert_eq!(world.heard().len(), 1);
    assert_eq!(
        world.post(&path, "do=burn").status(),
        StatusCode::BAD_REQUEST
    );
}

#[test]
fn a_key_that_was_rotated_in_is_looked_up_once_a_lease() {
    let world = world();
    let rotated = world.keys.rotated([9; 32], world.clock.now());
    run(&world.clock, world.store.rotate_link_keys(&rotated))
        .unwrap()
        .unwrap();
    let (message, target) = (world.message(), TARGET.to_owned());
    let path = format!("/c/{}", ClickToken { message, target }.sign(&rotated));
    assert_eq!(world.get(&path).status(), StatusCode::NOT_FOUND);
    world.wait(10);
    assert_eq!(world.get(&path).status(), StatusCode::FOUND);
    assert_eq!(world.get(&world.click()).status(), StatusCode::FOUND);
}
