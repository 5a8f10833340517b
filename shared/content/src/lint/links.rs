//! Links that lead nowhere, or hide where they lead.

use super::Findings;
use crate::engine::is_web;
use crate::html::{Token, value};

/// Services that make links short, and whose names filters know.
const SHORTENERS: [&str; 16] = [
    "bit.ly",
    "bl.ink",
    "buff.ly",
    "cutt.ly",
    "goo.gl",
    "is.gd",
    "ow.ly",
    "rb.gy",
    "rebrand.ly",
    "shorturl.at",
    "t.co",
    "t.ly",
    "tiny.cc",
    "tinyurl.com",
    "v.gd",
    "x.gd",
];

pub(super) fn check(tokens: &[Token], findings: &mut Findings<'_>) {
    for token in tokens {
        let Token::Start {
            name, attributes, ..
        } = token
        else {
            continue;
        };
        let target = match name.as_str() {
            "a" | "area" => value(attributes, "href"),
            "img" => value(attributes, "src"),
            _ => None,
        };
        let Some(target) = target else { continue };
        let target = target.trim();
        if let Some(why) = broken(target, name != "img") {
            let quoted = format!("\"{target}\"");
            let replaced = if target == "#" {
                replaced(findings)
            } else {
                ""
            };
            let words = [
                replaced,
                quoted.as_str(),
                if target == "#" { "" } else { target },
            ];
            let message = format!("this link leads nowhere: `{target}` {why}");
            let help = "write the whole address: https://…";
            findings.warn("W0263", &words, &message, help);
        } else if host(target).is_some_and(|host| SHORTENERS.contains(&host.as_str())) {
            let message = format!("`{target}` hides where it leads");
            let help =
                "write the whole address: filters for spam know the services that make links short";
            findings.warn("W0267", &[target], &message, help);
        }
    }
}

/// A link of Markdown that leads nowhere else: what is no address of the web became `#`. One whose target is a value comes last.
fn replaced<'t>(findings: &Findings<'t>) -> &'t str {
    let targets = findings.texts.iter().flat_map(|text| {
        let parts = text.text.split("](").skip(1);
        parts.filter_map(|part| part.split(')').next())
    });
    let mut nowhere: Vec<&str> = targets
        .filter(|target| !is_web(target) && !target.starts_with('#'))
        .collect();
    nowhere.sort_by_key(|target| target.contains("{{"));
    nowhere.first().copied().unwrap_or_default()
}

/// Why nobody can follow `target`.
fn broken(target: &str, is_link: bool) -> Option<&'static str> {
    if target.is_empty() {
        return Some("is empty");
    }
    if target == "#" {
        return Some("is a placeholder, or what was there is no address of the web");
    }
    if is_link && target.starts_with('#') {
        return None;
    }
    if target.contains("{{") || target.contains("{%") || target.contains("}}") {
        return Some("is Jinja that was not rendered");
    }
    if target.contains(char::is_whitespace) {
        return Some("has a blank in it");
    }
    let scheme = target
        .split_once(':')
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("http" | "https") => {}
        Some("mailto" | "tel" | "sms" | "cid" | "data") => return None,
        _ => return Some("does not begin with https://"),
    }
    let host = host(target).unwrap_or_default();
    let is_private = ["localhost", "127.0.0.1", "0.0.0.0", "[::1]"].contains(&host.as_str())
        || [".localhost", ".local"]
            .iter()
            .any(|ending| host.ends_with(ending));
    if is_private {
        return Some("is on this machine");
    }
    (!host.contains('.')).then_some("has no host")
}

/// The host of an address of the web, in lower case, without port.
fn host(target: &str) -> Option<String> {
    let (_, rest) = target.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let host = host.rsplit('@').next()?;
    let end = host.rfind(':').filter(|_| !host.ends_with(']'));
    Some(host.get(..end.unwrap_or(host.len()))?.to_ascii_lowercase())
}
