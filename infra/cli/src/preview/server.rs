//! A page on this machine that follows the files: made anew for every request, and asked twice a second whether it changed.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use super::{Args, Preview, page};

/// How long a browser may take to ask.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Most bytes of a request that are read.
const REQUEST_BYTES_MAX: u64 = 16 * 1024;

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) locale: Option<String>,
    pub(super) variant: Option<String>,
}

/// Serves until somebody ends it.
pub(super) fn serve(args: &Args) -> anyhow::Result<ExitCode> {
    // Before anything is promised: is there such a project and template?
    Preview::new(args, args.locale.as_deref(), args.variant.as_deref())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).with_context(|| {
        format!(
            "cannot listen on port {}; name another with --port",
            args.port
        )
    })?;
    println!(
        "preview of {} · http://{}/",
        args.template,
        listener.local_addr()?
    );
    loop {
        let (stream, _) = listener.accept().context("cannot listen any more")?;
        // A browser that goes away, or asks for nothing, is no reason to stop.
        if let Err(error) = answer(args, stream) {
            eprintln!("a request was not answered: {error}");
        }
    }
}

pub(super) fn answer(args: &Args, mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut lines = BufReader::new((&stream).take(REQUEST_BYTES_MAX)).lines();
    let Some(first) = lines.next().transpose()? else {
        return Ok(());
    };
    // The headers are read, so that closing does not cut the answer off.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let (status, kind, body) = response(args, &asked(&first));
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// The status, the type and the body of the answer.
pub(super) fn response(args: &Args, asked: &Asked) -> (&'static str, &'static str, String) {
    let locale = asked.locale.as_deref().or(args.locale.as_deref());
    let variant = asked.variant.as_deref().or(args.variant.as_deref());
    let page = match Preview::new(args, locale, variant) {
        Ok(preview) => page::page(&args.template, &preview, locale, variant),
        Err(error) => page::failed(&args.template, &format!("{error:#}")),
    };
    match asked.path.as_str() {
        "/" => ("200 OK", "text/html", page),
        "/version" => {
            let mut hasher = DefaultHasher::new();
            page.hash(&mut hasher);
            ("200 OK", "text/plain", hasher.finish().to_string())
        }
        _ => (
            "404 Not Found",
            "text/plain",
            "there is nothing here".to_owned(),
        ),
    }
}

/// What the first line of a request asks for: `GET /?locale=de HTTP/1.1`.
pub(super) fn asked(line: &str) -> Asked {
    let mut words = line.split_whitespace();
    let (Some("GET"), Some(target)) = (words.next(), words.next()) else {
        return Asked::default();
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    // Languages and names of variants have no letters that a query would write otherwise.
    let of = |wanted: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let found = pairs.find(|(name, _)| *name == wanted);
        found
            .map(|(_, value)| value.to_owned())
            .filter(|value| !value.is_empty())
    };
    Asked {
        path: path.to_owned(),
        locale: of("locale"),
        variant: of("variant"),
    }
}
