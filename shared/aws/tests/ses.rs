//! What goes to SES, and what its answers mean.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sesv2::config::{AsyncSleep, Sleep};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use wend_app::ports::{Clock, Ledger, Mail, Mailer, Submitted};
use wend_aws::ses::SesMailer;
use wend_aws::sns::{Providers, SnsTexter};
use wend_content::{Ask, Message, Values};
use wend_core::identity::Channel;
use wend_core::pace::{Account, Rate};
use wend_core::release::Release;
use wend_core::send::{Permit, SendRequest, gate};
use wend_core::token::{LinkKeys, Token, UnsubscribeToken};
use wend_core::zone::Zone;

use crate::support::aws::config;
use crate::support::http::{Answer, Asked, Stub};
use crate::support::world::{ANA, SECRET, ana_permission, request, user_key};
use crate::support::{World, received};

/// A message that passed the gate.
struct Letter {
    permit: Permit,
    request: SendRequest,
    message: Message,
}

impl Letter {
    /// Ana's first mail.
    async fn new() -> Self {
        let world = World::new().await;
        let request = request(&world.ana_signs_up().await);
        let view = world.db.read(&request, request.permission).await.unwrap();
        let release = world.evaluate().releases.current().await.unwrap();
        let release: &Release = &release;
        let contact = view.contact.as_ref();
        let now = world.clock.now();
        let permit = gate(&request, contact, &view.permission, release, now).unwrap();
        let template = release.template(&request.template).unwrap();
        let url = "https://t.example/u/token";
        let (given, zone) = (BTreeMap::new(), Zone::utc());
        let values = Values {
            contact: contact.unwrap(),
            journey: None,
            run: None,
            trigger: None,
            given: &given,
            zone: &zone,
        };
        let ask = Ask {
            unsubscribe_url: url,
            ..Ask::default()
        };
        let message = wend_content::render(template, &release.project, values, ask);
        Self {
            permit,
            message: message.unwrap(),
            request,
        }
    }

    /// Hands it to the server at `url`.
    async fn submit(&self, mailer: &SesMailer) -> Submitted {
        let mail = Mail {
            permit: &self.permit,
            label: (&self.request).into(),
            message: &self.message,
        };
        mailer.submit(mail).await
    }
}

fn mailer(stub: &Stub) -> SesMailer {
    SesMailer::new(
        &config(&stub.url),
        Some("wend-set".to_owned()),
        SECRET,
        Duration::from_secs(20),
    )
}

fn accepts() -> Answer {
    Answer::Json(200, json!({ "MessageId": "ses-1" }))
}

/// What SES answers when it is asked for a mail, and how often it was asked.
async fn answered(answer: Answer) -> (Submitted, usize) {
    let stub = Stub::always(answer).await;
    let submitted = Letter::new().await.submit(&mailer(&stub)).await;
    (submitted, stub.asked().len())
}

fn not_taken(reason: &str, retry_after: Duration) -> Submitted {
    Submitted::NotTaken {
        reason: reason.to_owned(),
        retry_after,
    }
}

#[tokio::test]
async fn a_mail_carries_its_headers_and_tags() {
    let world = World::new().await;
    let message = world.ana_signs_up().await;
    let ses = Stub::always(accepts()).await;
    let queues = (world.inputs.clone(), world.dispatch.clone());
    let providers = Providers {
        mailer: mailer(&ses),
        texter: SnsTexter::new(&config(&ses.url), Duration::from_secs(20)),
    };
    let dispatch = world.dispatcher_with(world.db.clone(), providers, queues);
    let failed = dispatch.batch(&received([message.body.clone()])).await;
    assert_eq!(failed, [] as [&str; 0]);
    let [_, Asked { line, body, .. }] = ses.asked().try_into().unwrap();
    let send = request(&message).send;
    let permission = ana_permission();
    let token = UnsubscribeToken {
        contact: user_key("ana"),
        channel: Channel::Email,
        permission,
        send,
    };
    let token = token.sign(&LinkKeys::first(&SECRET));
    let url = format!("https://t.example/u/{token}");
    let text = format!("Hello Ana\n\n-- \nStreet 1\nUnsubscribe: {url}\n");
    let simple = &body["Content"]["Simple"];
    let html = simple["Body"]["Html"]["Data"].as_str().unwrap();
    assert!(html.contains("<p>Hello Ana</p>"), "{html}");
    assert!(html.contains(&format!("<a href=\"{url}\"")), "{html}");
    let utf8 = |data: &str| json!({ "Data": data, "Charset": "UTF-8" });
    let pairs = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter();
        let pairs = pairs.map(|(name, value)| json!({ "Name": name, "Value": value }));
        Value::Array(pairs.collect())
    };
    let expected = json!({
        "FromEmailAddress": "\"Shop\" <hello@mail.example.com>",
        "Destination": { "ToAddresses": [ANA] },
        "Content": { "Simple": {
            "Subject": utf8("hello, Ana"),
            "Body": { "Text": utf8(&text), "Html": utf8(html) },
            "Headers": pairs(&[
                ("List-Unsubscribe", &format!("<{url}>")),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ]),
        } },
        "EmailTags": pairs(&[
            ("wend_contact", &user_key("ana").to_string()),
            ("wend_send", &send.to_string()),
            ("wend_permission", &permission.to_string()),
            ("wend_journey", "welcome"),
            ("wend_step", "hello"),
        ]),
        "ConfigurationSetName": "wend-set",
    });
    assert_eq!(line, "POST /v2/email/outbound-emails");
    assert_eq!(body, expected);
}

#[tokio::test]
async fn an_answer_with_an_id_is_accepted() {
    let provider_id = "ses-1".to_owned();
    let accepted = Submitted::Accepted { provider_id };
    assert_eq!(answered(accepts()).await, (accepted, 1));
}

#[tokio::test]
async fn a_message_that_is_refused_is_rejected() {
    for code in ["MessageRejected", "BadRequestException"] {
        let reason = format!("{code} (400): Email address is not verified.");
        let answer = Answer::Error(400, code, "Email address is not verified.");
        assert_eq!(answered(answer).await, (Submitted::Rejected { reason }, 1));
    }
}

#[tokio::test]
async fn too_many_requests_are_not_taken_and_not_repeated_by_the_sdk() {
    let code = "TooManyRequestsException";
    let reason = |words| format!("{code} (429): {words}");
    let (rate, daily) = (
        "Maximum sending rate exceeded.",
        "Daily message quota exceeded.",
    );
    let too_fast = Submitted::Throttled {
        reason: reason(rate),
        retry_after: Duration::from_secs(2),
    };
    let used_up = Submitted::QuotaUsedUp {
        reason: reason(daily),
    };
    for (words, expected) in [(rate, too_fast), (daily, used_up)] {
        assert_eq!(
            answered(Answer::Error(429, code, words)).await,
            (expected, 1)
        );
    }
}

#[tokio::test]
async fn a_fault_of_the_account_is_not_taken_and_tried_again_later() {
    for (status, code) in [
        (400, "SendingPausedException"),
        (400, "MailFromDomainNotVerifiedException"),
        (403, "AccessDeniedException"),
        (404, "NotFoundException"),
    ] {
        let answer = Answer::Error(status, code, "No.");
        let expected = not_taken(&format!("{code} ({status}): No."), Duration::from_mins(2));
        assert_eq!(answered(answer).await, (expected, 1));
    }
}

#[tokio::test]
async fn a_failure_inside_the_provider_is_ambiguous_and_not_repeated() {
    for status in [500, 503] {
        let (submitted, requests) = answered(Answer::Error(status, "InternalFailure", "?")).await;
        let reason = format!("InternalFailure ({status}): ?");
        assert_eq!((submitted, requests), (Submitted::Ambiguous { reason }, 1));
    }
}

#[tokio::test]
async fn a_connection_that_closes_after_the_request_is_ambiguous_and_not_repeated() {
    let (submitted, requests) = answered(Answer::Close).await;
    assert!(
        matches!(submitted, Submitted::Ambiguous { .. }),
        "{submitted:?}"
    );
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn a_kept_connection_that_closes_after_the_request_is_ambiguous_and_not_repeated() {
    let letter = Letter::new().await;
    let first = std::sync::atomic::AtomicBool::new(true);
    let stub = Stub::start(move |_| {
        if first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            accepts()
        } else {
            Answer::Close
        }
    });
    let stub = stub.await;
    let mailer = mailer(&stub);
    assert!(matches!(
        letter.submit(&mailer).await,
        Submitted::Accepted { .. }
    ));
    let second = letter.submit(&mailer).await;
    assert!(matches!(second, Submitted::Ambiguous { .. }), "{second:?}");
    assert_eq!(stub.asked().len(), 2);
}

#[tokio::test]
async fn a_refused_connection_is_not_taken() {
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mailer = SesMailer::new(
        &config(&url),
        Some("wend-set".to_owned()),
        SECRET,
        Duration::from_secs(20),
    );
    let submitted = Letter::new().await.submit(&mailer).await;
    let Submitted::NotTaken {
        reason,
        retry_after,
    } = submitted
    else {
        panic!("{submitted:?}")
    };
    assert!(reason.contains("refused"), "{reason}");
    assert_eq!(retry_after, Duration::from_mins(2));
}

/// Sleeps that last until the test says so: the SDK's timeouts without their time.
#[derive(Clone, Debug)]
struct TestSleep(watch::Sender<bool>);

impl AsyncSleep for TestSleep {
    fn sleep(&self, _: Duration) -> Sleep {
        let mut is_over = self.0.subscribe();
        Sleep::new(async move {
            let _ = is_over.wait_for(|is_over| *is_over).await;
        })
    }
}

#[tokio::test]
async fn a_provider_that_never_answers_is_ambiguous_and_not_asked_twice() {
    let letter = Letter::new().await;
    let stub = Stub::always(Answer::Hang).await;
    let sleep = TestSleep(watch::Sender::new(false));
    let config = config(&stub.url).into_builder();
    let config = config.sleep_impl(sleep.clone()).build();
    let mailer = SesMailer::new(
        &config,
        Some("wend-set".to_owned()),
        SECRET,
        Duration::from_secs(20),
    );
    let time_runs_out = async {
        stub.was_asked().await;
        sleep.0.send_replace(true);
    };
    let (submitted, ()) = tokio::join!(letter.submit(&mailer), time_runs_out);
    let reason = "no answer in time".to_owned();
    assert_eq!(submitted, Submitted::Ambiguous { reason });
    assert_eq!(stub.asked().len(), 1);
}

/// What the account takes, when SES says this.
async fn account(quota: Value) -> Option<Account> {
    let stub = Stub::always(Answer::Json(200, json!({ "SendQuota": quota }))).await;
    let account = mailer(&stub).account().await.unwrap();
    let [Asked { line, .. }] = stub.asked().try_into().unwrap();
    assert_eq!(line, "GET /v2/email/account");
    account
}

#[tokio::test]
async fn the_account_says_what_it_takes() {
    let quota = json!({ "MaxSendRate": 14.0, "Max24HourSend": 50_000.0, "SentLast24Hours": 7.0 });
    let production = Account {
        rate: Rate::per(14, 1),
        per_day: Some(50_000),
        sent: 7,
    };
    assert_eq!(account(quota).await, Some(production));
    let quota = json!({ "MaxSendRate": 0.5, "Max24HourSend": -1.0 });
    let endless = Account {
        rate: Rate::per(1, 2),
        per_day: None,
        sent: 0,
    };
    assert_eq!(account(quota).await, Some(endless));
    assert_eq!(account(json!({ "MaxSendRate": 0.0 })).await, None);
    assert_eq!(account(json!({ "MaxSendRate": -3.0 })).await, None);
}

#[tokio::test]
async fn an_account_that_cannot_be_read_is_an_error() {
    let stub = Stub::always(Answer::Error(403, "AccessDeniedException", "no")).await;
    assert!(mailer(&stub).account().await.is_err());
}
