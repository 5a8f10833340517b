//! The web, behind a guard: nothing is called that only a machine inside can reach.
//!
//! The guard is the client's resolver. It looks a name up once, lets only addresses of the public internet pass, and the client
//! connects to what it was given: there is no second look-up that could say something else. An address that is written out is not
//! looked up, so it is checked before. Redirects are not followed, no proxy is asked, and no connection is kept: a sandbox sleeps for
//! minutes between two calls.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use http::Uri;
use wend_app::ports::{Web, WebAnswer, WebRequest};
use wend_core::webhook::{BODY_BYTES_MAX, refused, refused_host};

/// Whom somebody is told that calls.
const USER_AGENT: &str = "Wend-Webhooks/1";

/// The web over TLS.
#[derive(Debug)]
pub struct GuardedWeb {
    connector: Connector,
    also_loopback: bool,
}

impl GuardedWeb {
    /// The public internet. With `also_loopback` this machine, too, also without TLS: for stacks that run on one machine, and for no
    /// other.
    pub fn new(also_loopback: bool) -> Self {
        Self::with_names(also_loopback, SystemNames)
    }

    /// The same, with names looked up by `names`.
    pub fn with_names(also_loopback: bool, names: impl ResolveDns + Clone + 'static) -> Self {
        let guard = Guard {
            names,
            also_loopback,
        };
        let connector = Connector::builder()
            .pool_max_idle_per_host(0)
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .build_with_resolver(guard);
        Self {
            connector,
            also_loopback,
        }
    }

    /// Why `url` is not called at all.
    fn refuses(&self, url: &str) -> Option<String> {
        let Ok(uri) = url.parse::<Uri>() else {
            return Some("it is no address".to_owned());
        };
        let authority = uri.authority().map(http::uri::Authority::as_str);
        let (Some(authority), Some(host)) = (authority, uri.host()) else {
            return Some("it is no whole address".to_owned());
        };
        if authority.contains('@') {
            return Some("it has a name or password in it".to_owned());
        }
        if let Some(why) = refused_host(host, self.also_loopback) {
            return Some(format!("its host is {why}"));
        }
        let is_here = refused_host(host, false).is_some();
        match uri.scheme_str() {
            Some("https") => None,
            Some("http") if is_here => None,
            _ => Some("it does not begin with https://".to_owned()),
        }
    }

    async fn made(&self, request: WebRequest) -> WebAnswer {
        let unreachable = |reason: &str| WebAnswer::Unreachable {
            reason: reason.to_owned(),
        };
        let Some(request) = wire(request) else {
            let reason = "a header, its method or its address cannot be written".to_owned();
            return WebAnswer::Refused { reason };
        };
        let response = match self.connector.call(request).await {
            Ok(response) => response,
            Err(error) => {
                return match refusal(&error) {
                    Some(refused) => WebAnswer::Refused {
                        reason: refused.to_string(),
                    },
                    None if error.is_timeout() => unreachable("no answer in time"),
                    None => unreachable("no connection, or it broke off"),
                };
            }
        };
        let answer = read(response).await;
        answer.unwrap_or_else(|| unreachable("the answer broke off"))
    }
}

impl Web for GuardedWeb {
    async fn ask(&self, request: WebRequest, limit: Duration) -> WebAnswer {
        if let Some(reason) = self.refuses(&request.url) {
            return WebAnswer::Refused { reason };
        }
        let made = tokio::time::timeout(limit, self.made(request)).await;
        made.unwrap_or_else(|_| WebAnswer::Unreachable {
            reason: format!("no whole answer within {} ms", limit.as_millis()),
        })
    }
}

fn wire(request: WebRequest) -> Option<HttpRequest> {
    let mut wire = HttpRequest::new(SdkBody::from(request.body));
    wire.set_method(request.method.name()).ok()?;
    wire.set_uri(request.url).ok()?;
    let headers = wire.headers_mut();
    headers.try_insert("user-agent", USER_AGENT).ok()?;
    for (name, value) in request.headers {
        headers.try_insert(name, value).ok()?;
    }
    Some(wire)
}

/// Status and body, as far as it is read; none if it breaks off before.
async fn read(response: HttpResponse) -> Option<WebAnswer> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").map(str::to_owned);
    let mut stream = ByteStream::new(response.into_body());
    let mut body = Vec::new();
    while let Some(bytes) = stream.next().await {
        let room = BODY_BYTES_MAX - body.len();
        let bytes = bytes.ok()?;
        body.extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
        if body.len() >= BODY_BYTES_MAX {
            break;
        }
    }
    Some(WebAnswer::Answered {
        status,
        retry_after,
        body: body.into(),
    })
}

/// A name leads nowhere that may be called.
#[derive(Clone, Copy, Debug)]
struct Refusal(&'static str);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its name leads to an address that is {}", self.0)
    }
}

impl Error for Refusal {}

/// The guard's word in an error of the client.
fn refusal(error: &(dyn Error + 'static)) -> Option<Refusal> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return Some(*refusal);
        }
        next = error.source();
    }
    None
}

/// A resolver that lets pass what may be called.
#[derive(Clone, Debug)]
struct Guard<N> {
    names: N,
    also_loopback: bool,
}

impl<N: ResolveDns> ResolveDns for Guard<N> {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = self.names.resolve_dns(name).await?;
            let (mut open, mut closed): (Vec<IpAddr>, _) = (Vec::new(), None);
            for address in found {
                match refused(address, self.also_loopback) {
                    Some(why) => closed = Some(Refusal(why)),
                    None => open.push(address),
                }
            }
            match closed {
                // One address inside is enough to distrust the name.
                Some(refusal) => Err(ResolveDnsError::new(refusal)),
                None => Ok(open),
            }
        })
    }
}

/// The system's resolver.
#[derive(Clone, Copy, Debug)]
struct SystemNames;

impl ResolveDns for SystemNames {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = tokio::net::lookup_host((name, 0)).await;
            let found = found.map_err(ResolveDnsError::new)?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}
