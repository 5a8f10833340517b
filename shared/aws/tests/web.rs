//! The web behind its guard: what is never connected to, and what a hostile or slow system can do.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wend_app::ports::{Web, WebAnswer, WebRequest};
use wend_aws::web::GuardedWeb;
use wend_core::webhook::{BODY_BYTES_MAX, Method};

const LIMIT: Duration = Duration::from_secs(5);

fn get(url: impl Into<String>) -> WebRequest {
    WebRequest {
        method: Method::Post,
        url: url.into(),
        headers: vec![("webhook-id".to_owned(), "call-1".to_owned())],
        body: "{}".to_owned(),
    }
}

/// A system that sends these pieces with a pause between them, and counts who connects.
struct System {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl System {
    async fn start(pieces: Vec<Vec<u8>>, pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        let pieces = Arc::new(pieces);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let pieces = pieces.clone();
                tokio::spawn(async move {
                    let mut asked = [0; 4096];
                    let _ = stream.read(&mut asked).await;
                    for piece in pieces.iter() {
                        if stream.write_all(piece).await.is_err() {
                            return;
                        }
                        tokio::time::sleep(pause).await;
                    }
                });
            }
        });
        Self { port, connections }
    }

    async fn saying(text: &str) -> Self {
        Self::start(vec![text.as_bytes().to_vec()], Duration::ZERO).await
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/x", self.port)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// Every name leads to these addresses.
#[derive(Clone, Debug)]
struct Names(Vec<IpAddr>);

impl ResolveDns for Names {
    fn resolve_dns<'a>(&'a self, _: &'a str) -> DnsFuture<'a> {
        DnsFuture::ready(Ok(self.0.clone()))
    }
}

fn refused(answer: &WebAnswer) -> &str {
    match answer {
        WebAnswer::Refused { reason } => reason,
        other => panic!("{other:?}"),
    }
}

fn unreachable(answer: &WebAnswer) -> &str {
    match answer {
        WebAnswer::Unreachable { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_of_this_machine_or_its_network_is_connected_to() {
    let system = System::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let web = GuardedWeb::new(false);
    let port = system.port;
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "127.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
    ] {
        for scheme in ["http", "https"] {
            let answer = web
                .ask(get(format!("{scheme}://{host}:{port}/")), LIMIT)
                .await;
            assert!(!refused(&answer).is_empty(), "{scheme} {host}");
        }
    }
    for url in [
        "https://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/",
        "https://10.0.0.1/",
        "http://93.184.216.34/",
        "ftp://93.184.216.34/",
        "https://user:secret@example.com/",
        "example.com",
        "",
    ] {
        let answer = web.ask(get(url), LIMIT).await;
        assert!(!refused(&answer).is_empty(), "{url}");
    }
    assert_eq!(system.connections(), 0);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_after_it_was_looked_up() {
    let system = System::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let url = format!("https://crm.example.com:{}/", system.port);
    for addresses in [
        vec!["127.0.0.1"],
        vec!["10.0.0.5"],
        vec!["169.254.169.254"],
        vec!["::1"],
        vec!["::ffff:127.0.0.1"],
        vec!["fd00:ec2::254"],
        vec!["93.184.216.34", "127.0.0.1"],
    ] {
        let found = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let web = GuardedWeb::with_names(false, Names(found));
        let answer = web.ask(get(&url), LIMIT).await;
        let reason = refused(&answer);
        assert!(
            reason.starts_with("its name leads to"),
            "{addresses:?}: {reason}"
        );
    }
    assert_eq!(system.connections(), 0);
}

#[tokio::test]
async fn the_very_address_that_was_checked_is_connected_to() {
    let system = System::saying("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    // The name exists nowhere: who looked it up again would find nothing.
    let here = Names(vec!["127.0.0.1".parse().unwrap()]);
    let web = GuardedWeb::with_names(true, here);
    let url = format!("http://app.localhost:{}/", system.port);
    let answer = web.ask(get(url), LIMIT).await;
    assert!(
        matches!(answer, WebAnswer::Answered { status: 200, .. }),
        "{answer:?}"
    );
    assert_eq!(system.connections(), 1);
    // Without TLS, a name of the internet is not called, wherever it leads.
    let url = format!("http://crm.example.com:{}/", system.port);
    assert!(!refused(&web.ask(get(url), LIMIT).await).is_empty());
}

#[tokio::test]
async fn an_answer_is_read_with_its_status_and_what_it_asks_for() {
    let text = "HTTP/1.1 429 Too Many\r\nretry-after: 7\r\ncontent-length: 3\r\n\r\nno!";
    let system = System::saying(text).await;
    let answer = GuardedWeb::new(true).ask(get(system.url()), LIMIT).await;
    let expected = WebAnswer::Answered {
        status: 429,
        retry_after: Some("7".to_owned()),
        body: b"no!".to_vec().into(),
    };
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let other = System::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let to = other.url();
    let text = format!("HTTP/1.1 307 Go\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    let system = System::saying(&text).await;
    let answer = GuardedWeb::new(true).ask(get(system.url()), LIMIT).await;
    assert!(
        matches!(answer, WebAnswer::Answered { status: 307, .. }),
        "{answer:?}"
    );
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn a_large_answer_is_read_up_to_the_limit() {
    let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    let body = vec![b'x'; 16 * 1024];
    let pieces = std::iter::once(head).chain(std::iter::repeat_n(body, 64));
    let system = System::start(pieces.collect(), Duration::ZERO).await;
    let answer = GuardedWeb::new(true).ask(get(system.url()), LIMIT).await;
    let WebAnswer::Answered { status, body, .. } = answer else {
        panic!("{answer:?}")
    };
    assert_eq!((status, body.expose().len()), (200, BODY_BYTES_MAX));
}

#[tokio::test]
async fn who_drips_or_never_answers_is_left_after_the_limit() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec();
    let drops = std::iter::repeat_n(b"x".to_vec(), 1000);
    let drip = std::iter::once(head).chain(drops).collect();
    let dripping = System::start(drip, Duration::from_millis(20)).await;
    let silent = System::start(vec![Vec::new()], Duration::from_mins(1)).await;
    for system in [dripping, silent] {
        let began = Instant::now();
        let limit = Duration::from_millis(300);
        let answer = GuardedWeb::new(true).ask(get(system.url()), limit).await;
        assert_eq!(unreachable(&answer), "no whole answer within 300 ms");
        assert!(began.elapsed() < LIMIT);
    }
}

#[tokio::test]
async fn nobody_there_and_an_answer_that_breaks_off_are_out_of_reach() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", gone.local_addr().unwrap());
    drop(gone);
    let web = GuardedWeb::new(true);
    assert!(!unreachable(&web.ask(get(url), LIMIT).await).is_empty());
    let half = System::saying("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
    assert_eq!(
        unreachable(&web.ask(get(half.url()), LIMIT).await),
        "the answer broke off"
    );
}
