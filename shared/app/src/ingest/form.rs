//! `POST /v1/forms/<name>`: a plain HTML form, for people who have no script.
//!
//! The form's name is its key: whatever else stood in a page would be as public. What it asks for is read from the newest release,
//! and nothing of the request decides where a browser is sent. Everything is answered with a page, because a person reads it.
//! Neither the sender's network address nor its browser is kept.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use wend_core::form::{FieldFault, Submission};
use wend_core::input::{Envelope, Input};
use wend_core::release::{OptIn, Release, ValueType, WebForm};
use wend_core::tracking::EVENT_BYTES_MAX;

use super::Ingest;
use crate::ports::{Clock, Ids, KeyStore, Queue, ReleaseStore};
use crate::track::page::{escaped, page};
use crate::track::words::{Said, Words};

/// What a browser calls a form's body, unless `enctype` says otherwise.
const URLENCODED: &str = "application/x-www-form-urlencoded";

const THANKS: Said = ("Thank you", "Vielen Dank");
const RECEIVED: Said = (
    "We have received what you sent.",
    "Wir haben Ihre Angaben erhalten.",
);
const CONFIRM: Said = (
    "You get a message from us: please follow the link in it, so that we know that the address is yours.",
    "Sie erhalten eine Nachricht von uns: Bitte folgen Sie dem Link darin, damit wir wissen, dass die Adresse Ihre ist.",
);
const CHECK: Said = (
    "Please look at these fields again",
    "Bitte prüfen Sie diese Angaben",
);
const BACK: Said = (
    "Go back with the back button of your browser: what you typed in is still there.",
    "Gehen Sie mit der Zurück-Taste Ihres Browsers zurück: Ihre Eingaben sind noch da.",
);
const LEAVE: Said = ("Back to the website", "Zurück zur Website");
const UNKNOWN: Said = ("There is no such form", "Dieses Formular gibt es nicht");
const TELL: Said = (
    "Nothing was stored. Please tell the people whose website it is.",
    "Es wurde nichts gespeichert. Bitte sagen Sie es den Betreibern der Website.",
);
const UNREADABLE: Said = (
    "This form cannot be read",
    "Dieses Formular kann nicht gelesen werden",
);
const ENCODING: Said = (
    "Nothing was stored. For the makers of the website: send it as application/x-www-form-urlencoded, \
     so without `enctype`, and from a script as URLSearchParams instead of FormData. Files are not taken.",
    "Es wurde nichts gespeichert. Für die Macher der Website: bitte als application/x-www-form-urlencoded senden, \
     also ohne `enctype`, aus einem Skript als URLSearchParams statt als FormData. Dateien werden nicht angenommen.",
);
const TOO_LONG: Said = ("That is too much text", "Das ist zu viel Text");
const SHORTEN: Said = (
    "Nothing was stored. Please shorten it.",
    "Es wurde nichts gespeichert. Bitte kürzen Sie es.",
);
const FAILED: Said = ("That did not work", "Das hat nicht geklappt");
const AGAIN: Said = (
    "Nothing was stored. Please go back and send it once more in a minute.",
    "Es wurde nichts gespeichert. Bitte gehen Sie zurück und senden Sie es in einer Minute noch einmal.",
);

impl<Q: Queue, K: KeyStore + ReleaseStore, C: Clock, I: Ids> Ingest<Q, K, C, I> {
    /// Takes a form, and leads on.
    pub(super) async fn submit(&self, name: &str, request: &Request<Bytes>) -> Response<Bytes> {
        let words = Words::of(request.headers());
        let refused = |status, title, text| {
            let back = back(request.headers(), words);
            let (title, text) = (words.say(title), words.say(text));
            page(
                status,
                words,
                &format!("<h1>{title}</h1><p>{text}</p>{back}"),
            )
        };
        if *request.method() != Method::POST {
            return refused(StatusCode::METHOD_NOT_ALLOWED, UNREADABLE, TELL);
        }
        if !is_urlencoded(request.headers()) {
            return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, UNREADABLE, ENCODING);
        }
        if request.body().len() > EVENT_BYTES_MAX {
            return refused(StatusCode::PAYLOAD_TOO_LARGE, TOO_LONG, SHORTEN);
        }
        let release = match self.releases.current().await {
            Ok(release) => release,
            Err(error) => {
                tracing::error!(%error, form = name, "the forms are out of reach");
                return refused(StatusCode::SERVICE_UNAVAILABLE, FAILED, AGAIN);
            }
        };
        let Some(form) = release.project.forms.get(name) else {
            return refused(StatusCode::NOT_FOUND, UNKNOWN, TELL);
        };
        let inputs: Vec<(String, String)> = form_urlencoded::parse(request.body())
            .into_owned()
            .collect();
        let submission = Submission {
            name,
            form,
            project: &release.project,
            inputs: &inputs,
        };
        if submission.is_of_machine() {
            tracing::info!(form = name, "honeypot: dropped");
            return lead_on(form, &release, words);
        }
        let at = self.clock.now();
        let event = match submission.read(self.ids.draw(), at) {
            Ok(event) => event,
            Err(faults) => return correct(&faults, request.headers(), words),
        };
        let envelope = Envelope {
            accepted_at: at,
            input: Input::Event(Box::new(event)),
        };
        let envelopes = [envelope];
        if self.stem(&envelopes, at).is_err() {
            return refused(StatusCode::TOO_MANY_REQUESTS, FAILED, AGAIN);
        }
        match self.enqueue(&self.inputs, &envelopes).await {
            Ok(()) => lead_on(form, &release, words),
            Err(_) => refused(StatusCode::SERVICE_UNAVAILABLE, FAILED, AGAIN),
        }
    }
}

fn is_urlencoded(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(URLENCODED)
}

/// On to the page that the form declares, or to ours. A form that a machine has filled in is answered alike.
fn lead_on(form: &WebForm, release: &Release, words: Words) -> Response<Bytes> {
    let redirect = form.redirect.as_deref();
    if let Some(target) = redirect.and_then(|target| HeaderValue::from_str(target).ok()) {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::SEE_OTHER;
        let headers = response.headers_mut();
        headers.insert(header::LOCATION, target);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return response;
    }
    let topics = form.consent.iter().flat_map(|consent| &consent.topics);
    let rules = topics.filter_map(|topic| release.project.topics.get(&topic.topic));
    let is_confirmed = rules.into_iter().any(|rule| rule.opt_in == OptIn::Double);
    // Also for who did not tick the box: what becomes of it is said in general.
    let confirm = if is_confirmed {
        format!("<p>{}</p>", words.say(CONFIRM))
    } else {
        String::new()
    };
    let (title, text) = (words.say(THANKS), words.say(RECEIVED));
    page(
        StatusCode::OK,
        words,
        &format!("<h1>{title}</h1><p>{text}</p>{confirm}"),
    )
}

/// What must be typed in otherwise.
fn correct(faults: &[(String, FieldFault)], headers: &HeaderMap, words: Words) -> Response<Bytes> {
    let mut html = format!("<h1>{}</h1><ul>", words.say(CHECK));
    for (name, fault) in faults {
        let (name, help) = (escaped(name), words.say(help(*fault)));
        // Writing to a text cannot fail.
        let _ = write!(html, "<li><strong>{name}</strong>: {help}</li>");
    }
    let _ = write!(
        html,
        "</ul><p>{}</p>{}",
        words.say(BACK),
        back(headers, words)
    );
    page(StatusCode::UNPROCESSABLE_ENTITY, words, &html)
}

const fn help(fault: FieldFault) -> Said {
    match fault {
        FieldFault::Missing => ("please fill it in", "bitte ausfüllen"),
        FieldFault::NotOffered => (
            "please choose one of the values",
            "bitte einen der Werte auswählen",
        ),
        FieldFault::NotA(ValueType::Email) => (
            "an address such as ana@example.com",
            "eine Adresse wie ana@example.com",
        ),
        FieldFault::NotA(ValueType::Phone) => (
            "a number with its country, such as +49 155 50001111",
            "eine Nummer mit Ländervorwahl, wie +49 155 50001111",
        ),
        FieldFault::NotA(ValueType::Name) => ("a name, without links", "ein Name, ohne Links"),
        FieldFault::NotA(ValueType::Number | ValueType::Money) => ("a number", "eine Zahl"),
        FieldFault::NotA(ValueType::Integer) => ("a whole number", "eine ganze Zahl"),
        FieldFault::NotA(ValueType::Date) => ("a day such as 2027-01-31", "ein Tag wie 2027-01-31"),
        FieldFault::NotA(ValueType::Time) => (
            "a moment such as 2027-01-31T08:00:00Z",
            "ein Zeitpunkt wie 2027-01-31T08:00:00Z",
        ),
        FieldFault::NotA(ValueType::Url) => (
            "an address such as https://www.example.com",
            "eine Adresse wie https://www.example.com",
        ),
        FieldFault::NotA(
            ValueType::Text
            | ValueType::Boolean
            | ValueType::Set
            | ValueType::List
            | ValueType::Map,
        ) => ("please correct it", "bitte korrigieren"),
    }
}

/// A link to the page that the browser says it comes from.
fn back(headers: &HeaderMap, words: Words) -> String {
    let from = headers.get(header::REFERER);
    let from = from.and_then(|from| from.to_str().ok()).unwrap_or_default();
    if !from.starts_with("https://") && !from.starts_with("http://") {
        return String::new();
    }
    let (from, label) = (escaped(from), words.say(LEAVE));
    format!("<p><a href=\"{from}\">{label}</a></p>")
}

#[cfg(test)]
mod tests;
