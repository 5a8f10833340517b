//! Changes where the links of a page lead, and nothing else.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::escape;
use crate::html::{Token, edited, tokens};

/// What a value in a query is written with: all but the unreserved characters of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// One link of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// Its place among the links of the page that can be followed, from 0. Links with the same target are different links.
    pub index: usize,
    /// Where it leads, with character references resolved and UTM parameters in it.
    pub target: &'a str,
}

/// Parameters by which the analytics of a website tell where a visitor comes from. One that a target has already is left as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Utm<'a> {
    /// `utm_source`.
    pub source: Option<&'a str>,
    /// `utm_medium`.
    pub medium: Option<&'a str>,
    /// `utm_campaign`.
    pub campaign: Option<&'a str>,
    /// `utm_content`.
    pub content: Option<&'a str>,
}

/// Lets the links of a page lead to what `to` answers; none leaves a link as it is.
///
/// Only `href` of `a` and `area` that leads to the web (`http`, `https`) is a link here: no anchor, mail or phone, and none of `keep`,
/// the addresses for unsubscribing and the like, which must work as they are. Every other byte of `html` stays. Links in comments,
/// Outlook's conditional ones among them, are not seen. The text part of a mail has no links to change: it is left alone.
///
/// `utm` is added to each target before `to` sees it. With `pixel`, an image of one pixel is put before `</body>`, or at the end.
pub fn rewrite(
    html: &str,
    keep: &[&str],
    utm: Option<Utm<'_>>,
    pixel: Option<&str>,
    mut to: impl FnMut(Link<'_>) -> Option<String>,
) -> String {
    let mut edits = Vec::new();
    let mut index = 0;
    for token in tokens(html) {
        let Token::Start {
            name, attributes, ..
        } = token
        else {
            continue;
        };
        if !matches!(name.as_str(), "a" | "area") {
            continue;
        }
        let href = attributes
            .into_iter()
            .find(|attribute| attribute.name == "href");
        let Some(href) = href.filter(|href| is_followed(&href.value, keep)) else {
            continue;
        };
        let target = href.value.trim();
        let tagged = utm.map_or_else(|| target.to_owned(), |utm| utm.added_to(target));
        let changed = to(Link {
            index,
            target: &tagged,
        });
        index += 1;
        let new = changed.or_else(|| (tagged != target).then_some(tagged));
        if let Some(new) = new.filter(|new| *new != href.value) {
            edits.push((href.range, attribute_value(&new)));
        }
    }
    let mut page = edited(html, &edits);
    if let Some(pixel) = pixel {
        let image = format!(
            "<img src=\"{}\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block\">",
            escape::html(pixel)
        );
        let end = page.rfind("</body>").unwrap_or(page.len());
        page.insert_str(end, &image);
    }
    page
}

/// A value as it can stand in quotes of either kind, or in none.
fn attribute_value(value: &str) -> String {
    let mut text = escape::html(value);
    // An address has no blanks; one that has would end a value without quotes.
    if text.contains(char::is_whitespace) {
        text = text.split_whitespace().collect::<Vec<_>>().join("%20");
    }
    text
}

fn is_followed(value: &str, keep: &[&str]) -> bool {
    let target = value.trim();
    let scheme = target
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https")) && !keep.contains(&target)
}

impl Utm<'_> {
    /// `target` with these parameters behind its own, before its fragment.
    fn added_to(self, target: &str) -> String {
        let (address, fragment) = match target.split_once('#') {
            Some((address, fragment)) => (address, Some(fragment)),
            None => (target, None),
        };
        let query = address.split_once('?').map(|(_, query)| query);
        let has = |name: &str| {
            let mut parameters = query.unwrap_or_default().split('&');
            parameters.any(|parameter| parameter.split('=').next() == Some(name))
        };
        let all = [
            ("utm_source", self.source),
            ("utm_medium", self.medium),
            ("utm_campaign", self.campaign),
            ("utm_content", self.content),
        ];
        let mut tagged = address.to_owned();
        let mut before = match query {
            None => "?",
            Some(query) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        for (name, value) in all {
            if let Some(value) = value.filter(|_| !has(name)) {
                let value = utf8_percent_encode(value, ESCAPED);
                // Writing to a text cannot fail.
                let _ = write!(tagged, "{before}{name}={value}");
                before = "&";
            }
        }
        if let Some(fragment) = fragment {
            tagged.extend(["#", fragment]);
        }
        tagged
    }
}

#[cfg(test)]
mod tests;
