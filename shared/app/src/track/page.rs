//! Answers: a page, a way on, a picture.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use super::words::Words;

/// Asks search engines to leave a page alone.
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// No script, no picture, nothing of anybody else; forms only to ourselves.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = "body{font:18px/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem}\
    button,select{font:inherit;padding:.5rem 1rem;margin:.25rem .25rem .25rem 0}\
    fieldset{border:1px solid #767676;border-radius:.25rem;margin:1rem 0}label{display:block;padding:.25rem 0}\
    input{width:1.2em;height:1.2em}[role=status]{border-left:.25rem solid #1a7f37;padding-left:.75rem}";

/// What a mail may have: its pictures, its styles, links that its reader follows. No script, no form, no frame.
const MAIL_POLICY: &str = "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; font-src https:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation";

/// A GIF of one transparent pixel.
const PIXEL: [u8; 43] = *b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// A page of ours; `content` is HTML, its first heading the title.
pub(crate) fn page(status: StatusCode, words: Words, content: &str) -> Response<Bytes> {
    let title = content
        .split_once("<h1>")
        .and_then(|(_, rest)| rest.split_once("</h1>"));
    let title = title.map_or("", |(title, _)| title);
    let html = format!(
        "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main>{content}</main></body></html>",
        lang = words.lang(),
    );
    let mut response = Response::new(Bytes::from(html));
    *response.status_mut() = status;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::VARY, "accept-language"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    set(&mut response, headers);
    response
}

/// A mail's own page, every byte as it went out.
pub(super) fn mail_page(html: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(html));
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, MAIL_POLICY),
        (ROBOTS, "noindex, nofollow, noarchive"),
    ];
    set(&mut response, headers);
    response
}

/// The way on to exactly `target`; none if it cannot stand in a header.
pub(super) fn lead_on(target: &str) -> Option<Response<Bytes>> {
    let location = HeaderValue::from_str(target).ok()?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(header::LOCATION, location);
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    set(&mut response, headers);
    Some(response)
}

/// The picture that tells of an open.
pub(super) fn pixel() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(&PIXEL));
    let headers = [
        (header::CONTENT_TYPE, "image/gif"),
        (header::CACHE_CONTROL, "no-store, max-age=0"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    set(&mut response, headers);
    response
}

fn set<const N: usize>(response: &mut Response<Bytes>, headers: [(HeaderName, &'static str); N]) {
    for (name, value) in headers {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
}

/// `text` as it can stand in HTML, between tags and in quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}
