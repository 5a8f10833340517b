//! An HTTP server on the loopback interface that answers as told and remembers what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method and path.
    pub line: String,
    /// Headers; names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, JSON.
    pub body: Value,
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Answers with this status and body.
    Json(u16, Value),
    /// Answers with this status, error code and message.
    Error(u16, &'static str, &'static str),
    /// Closes the connection without an answer.
    Close,
    /// Never answers.
    Hang,
}

/// A running server. It ends with the test's runtime.
#[derive(Clone, Debug)]
pub struct Stub {
    /// Where it listens.
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    was_asked: Arc<Notify>,
}

impl Stub {
    /// A server that answers each request with what `answer` says.
    pub async fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stub = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            asked: Arc::default(),
            was_asked: Arc::default(),
        };
        let (server, answer) = (stub.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (server, answer) = (server.clone(), answer.clone());
                tokio::spawn(async move { server.serve(stream, &*answer).await });
            }
        });
        stub
    }

    /// A server that always answers the same.
    pub async fn always(answer: Answer) -> Self {
        Self::start(move |_| answer.clone()).await
    }

    /// Everything that was asked.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Comes back when a request was read.
    pub async fn was_asked(&self) {
        self.was_asked.notified().await;
    }

    async fn serve(&self, stream: TcpStream, answer: &(dyn Fn(&Asked) -> Answer + Send + Sync)) {
        let mut stream = BufReader::new(stream);
        while let Some(asked) = read(&mut stream).await {
            let answer = answer(&asked);
            self.asked.lock().unwrap().push(asked);
            self.was_asked.notify_one();
            let text = match answer {
                Answer::Json(status, body) => reply(status, "", &body.to_string()),
                Answer::Error(status, code, message) => {
                    let header = format!("x-amzn-errortype: {code}\r\n");
                    let body = serde_json::json!({ "__type": code, "message": message });
                    reply(status, &header, &body.to_string())
                }
                Answer::Close => return,
                Answer::Hang => std::future::pending().await,
            };
            stream.write_all(text.as_bytes()).await.unwrap();
        }
    }
}

fn reply(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}

/// The next request of a connection; none when the client closed it.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Asked> {
    let line = header_line(stream).await?;
    let mut headers = BTreeMap::new();
    loop {
        let header = header_line(stream).await?;
        let Some((name, value)) = header.split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length");
    let length = length.map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Asked {
        line: line.trim_end_matches(" HTTP/1.1").to_owned(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}

async fn header_line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await {
        Ok(bytes) if bytes > 0 => Some(line.trim_end().to_owned()),
        _ => None,
    }
}
