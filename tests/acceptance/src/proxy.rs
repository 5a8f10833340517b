//! A proxy between the functions and AWS that fails on demand: it refuses, resets, hangs, answers 500, and loses answers.
//!
//! Each request has a connection of its own, so that a fault begins and ends with one request. Everything is on loopback.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Longer than any function of the stack waits for an answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long the port may be taken after a refusal.
const REBIND_MAX: Duration = Duration::from_secs(10);
const REBIND_PERIOD: Duration = Duration::from_millis(20);
/// A connection whose head is longer than that is no SDK's.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing listens.
    Refuse,
    /// Connections are closed before a byte.
    Reset,
    /// No answer while it lasts, and none afterwards.
    Hang(Service),
    /// The answer is 500, and nothing happens.
    Fail(Service),
    /// It takes effect, and the answer is lost.
    Lose(Service),
}

/// Whose requests a fault hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Any,
    DynamoDb,
    Sqs,
    Ses,
}

impl Service {
    /// The scope of a request's signature names the service.
    fn is_asked(self, head: &str) -> bool {
        let name = match self {
            Self::Any => return true,
            Self::DynamoDb => "dynamodb",
            Self::Sqs => "sqs",
            Self::Ses => "ses",
        };
        head.contains(&format!("/{name}/aws4_request"))
    }
}

/// A listening proxy; it ends with the process.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    upstream: Option<Upstream>,
    fault: Option<Fault>,
    /// Counts the faults: what hangs ends with its own.
    number: usize,
    hits: usize,
}

#[derive(Clone, Copy, Debug)]
struct Upstream {
    emulator: SocketAddr,
    /// Takes what is for SES.
    front: SocketAddr,
}

impl Proxy {
    /// Listens on any free port; drops every connection until [`Proxy::attach`].
    pub fn start() -> Result<Self> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot start a proxy")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            if let Err(error) = own.listen(listener, address) {
                eprintln!("the proxy has ended: {error}");
            }
        });
        Ok(Self { address, shared })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Says where requests go on.
    pub fn attach(&self, emulator: &str, front: &str) -> Result<()> {
        let address = |url: &str| -> Result<SocketAddr> {
            let address = url.strip_prefix("http://").map(str::parse);
            match address {
                Some(Ok(address)) => Ok(address),
                _ => bail!("not an address of this machine: {url}"),
            }
        };
        self.shared.lock().upstream = Some(Upstream {
            emulator: address(emulator)?,
            front: address(front)?,
        });
        Ok(())
    }

    /// Begins a fault, or ends the present one; what hangs is closed.
    pub fn set(&self, fault: Option<Fault>) {
        let mut state = self.shared.lock();
        let refused = state.fault == Some(Fault::Refuse);
        state.fault = fault;
        state.number += 1;
        state.hits = 0;
        drop(state);
        self.shared.changed.notify_all();
        if fault == Some(Fault::Refuse) && !refused {
            // Wakes the listener, which then ends; nobody minds what becomes of this connection.
            drop(TcpStream::connect(self.address));
        }
    }

    /// How many requests the present fault has hit; a refused one is seen by nobody.
    pub fn hits(&self) -> usize {
        self.shared.lock().hits
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(self: Arc<Self>, mut listener: TcpListener, address: SocketAddr) -> io::Result<()> {
        loop {
            let (client, _) = listener.accept()?;
            let fault = self.lock().fault;
            match fault {
                Some(Fault::Refuse) => {
                    drop((client, listener));
                    self.wait_while(|state| state.fault == Some(Fault::Refuse));
                    listener = rebind(address)?;
                }
                Some(Fault::Reset) => {
                    self.lock().hits += 1;
                    drop(client);
                }
                Some(Fault::Hang(_) | Fault::Fail(_) | Fault::Lose(_)) | None => {
                    let shared = Arc::clone(&self);
                    std::thread::spawn(move || {
                        // A killed function's connection breaks off; the other side of a lost answer is closed here.
                        let _ = shared.serve(client);
                    });
                }
            }
        }
    }

    fn wait_while(&self, is_so: impl Fn(&State) -> bool) {
        let state = self.changed.wait_while(self.lock(), |state| is_so(state));
        drop(state);
    }

    /// One request.
    fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        client.set_read_timeout(Some(PATIENCE))?;
        let (head, body) = read_request(&mut client)?;
        let (fault, number, upstream) = {
            let mut state = self.lock();
            let fault = state.fault.filter(|fault| fault.hits(&head));
            state.hits += usize::from(fault.is_some());
            (fault, state.number, state.upstream)
        };
        let Some(upstream) = upstream else {
            return Ok(());
        };
        match fault {
            // It began after this connection was accepted.
            Some(Fault::Refuse | Fault::Reset) => Ok(()),
            Some(Fault::Hang(_)) => {
                self.wait_while(|state| state.number == number);
                Ok(())
            }
            Some(Fault::Fail(_)) => client.write_all(FAILURE.as_bytes()),
            Some(Fault::Lose(_)) => upstream.ask(&head, &body).map(drop),
            None => client.write_all(&upstream.ask(&head, &body)?),
        }
    }
}

const FAILURE: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\ncontent-length: 34\r\n\
                       connection: close\r\n\r\n{\"__type\":\"InternalServerFailure\"}";

impl Fault {
    fn hits(self, head: &str) -> bool {
        match self {
            Self::Refuse | Self::Reset => true,
            Self::Hang(service) | Self::Fail(service) | Self::Lose(service) => {
                service.is_asked(head)
            }
        }
    }
}

impl Upstream {
    /// Passes a request on and returns the whole answer.
    fn ask(self, head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let is_ses = path.starts_with("/v2/email/");
        let mut server = TcpStream::connect(if is_ses { self.front } else { self.emulator })?;
        server.set_read_timeout(Some(PATIENCE))?;
        server.write_all(closing(head).as_bytes())?;
        server.write_all(body)?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        let end = find(&answer, b"\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        let (head, body) = answer.split_at(end + 4);
        let mut closed = closing(&String::from_utf8_lossy(head)).into_bytes();
        closed.extend_from_slice(body);
        Ok(closed)
    }
}

/// A head that says that its connection ends with it.
fn closing(head: &str) -> String {
    let mut closing = String::with_capacity(head.len() + 20);
    for line in head.split("\r\n").filter(|line| !line.is_empty()) {
        if value(line, "connection").is_none() {
            // Writing to a string cannot fail.
            let _ = write!(closing, "{line}\r\n");
        }
    }
    closing.push_str("connection: close\r\n\r\n");
    closing
}

fn read_request(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let mut part = [0; 16 * 1024];
    let end = loop {
        if let Some(end) = find(&read, b"\r\n\r\n") {
            break end + 4;
        }
        let count = client.read(&mut part)?;
        if count == 0 || read.len() > HEAD_BYTES_MAX {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read.extend(part.iter().take(count));
    };
    let mut body = read.split_off(end);
    let head = String::from_utf8_lossy(&read).into_owned();
    let length = head
        .split("\r\n")
        .find_map(|line| value(line, "content-length"));
    let length: usize = length.and_then(|text| text.parse().ok()).unwrap_or(0);
    let have = body.len();
    body.resize(length.max(have), 0);
    if let Some(rest) = body.get_mut(have..) {
        client.read_exact(rest)?;
    }
    Ok((head, body))
}

/// The value of a header's line, if it is the header called `name`.
fn value<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (key, value) = line.split_once(':')?;
    key.eq_ignore_ascii_case(name).then(|| value.trim())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// Listens on the port again; for a moment after its listener has gone, it may be another's.
fn rebind(address: SocketAddr) -> io::Result<TcpListener> {
    let deadline = std::time::Instant::now() + REBIND_MAX;
    loop {
        match TcpListener::bind(address) {
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse
                    && std::time::Instant::now() < deadline =>
            {
                std::thread::sleep(REBIND_PERIOD);
            }
            bound => return bound,
        }
    }
}
