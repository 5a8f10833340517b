//! What a stranger's text may not hold where it stands in a message: links and line breaks.
//!
//! A public key plus a template would be an open mail relay if the text could be chosen by whoever has the key. Mail programs
//! make links of more than `https://…`: of `www.…`, of a bare `evil.example`, of an address. All of these count as links here,
//! and rather too much does: a name with a dot inside is greeted without its name.

use serde_json::Value;

/// Longest name of a person, in characters.
pub const NAME_CHARS_MAX: usize = 100;

/// Dots that browsers take for one in a host (UTS 46).
const DOTS: [char; 4] = ['.', '。', '．', '｡'];

/// Whether `text` is one line without anything that a mail program makes a link of.
///
/// ```
/// use wend_core::plain::is_plain;
/// assert!(is_plain("Ana-María O’Neill, Ph. D."));
/// assert!(!is_plain("http://evil.example"));
/// assert!(!is_plain("win at evil.example"));
/// assert!(!is_plain("Ana\nBcc: all"));
/// ```
pub fn is_plain(text: &str) -> bool {
    is_one_line(text) && !has_link(text)
}

/// Whether `text` can be somebody's name: plain, and not a letter's length.
pub fn is_name(text: &str) -> bool {
    is_plain(text) && text.chars().count() <= NAME_CHARS_MAX
}

/// Whether `value` holds nothing but plain texts, numbers, and links to `sites`.
pub fn is_plain_value(value: &Value, sites: &[String]) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => is_plain(text) || leads_home(text, sites),
        Value::Array(items) => items.iter().all(|item| is_plain_value(item, sites)),
        Value::Object(map) => map
            .iter()
            .all(|(key, item)| is_plain(key) && is_plain_value(item, sites)),
    }
}

/// `value` as it can stand in a message: without texts that are not plain. Links to `sites` stay. None: nothing is left of it.
pub fn harmless(value: &Value, sites: &[String]) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(value.clone()),
        Value::String(text) => (is_plain(text) || leads_home(text, sites)).then(|| value.clone()),
        Value::Array(items) => {
            let items = items.iter().filter_map(|item| harmless(item, sites));
            Some(items.collect())
        }
        Value::Object(map) => {
            let named = map.iter().filter(|(key, _)| is_plain(key));
            let kept = named.filter_map(|(key, item)| Some((key.clone(), harmless(item, sites)?)));
            Some(Value::Object(kept.collect()))
        }
    }
}

/// Whether all of `text` is one link to a host of `sites`, or below one.
fn leads_home(text: &str, sites: &[String]) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#', ':']).next());
    let host = host.unwrap_or_default().to_ascii_lowercase();
    let is_link = text.bytes().all(|byte| byte.is_ascii_graphic())
        && !text.contains(['\\', '<', '>', '"', '@']);
    let is_of = |site: &String| {
        let below = host.strip_suffix(site.as_str());
        below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
    };
    is_link && sites.iter().any(is_of)
}

/// Without line breaks, other control characters, and characters that turn the direction of writing or have no width: with those a
/// text can look like another one.
pub(crate) fn is_one_line(text: &str) -> bool {
    !text.contains(|c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    })
}

fn has_link(text: &str) -> bool {
    text.contains("//") || text.contains('@') || has_scheme(text) || has_host(text)
}

/// `mailto:x`, `tel:1`, `javascript:x`: letters, a colon, and at once something behind it.
fn has_scheme(text: &str) -> bool {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(':') {
        let is_word = before.ends_with(|c: char| c.is_ascii_alphabetic());
        let goes_on = after.starts_with(|c: char| !c.is_whitespace());
        if is_word && goes_on {
            return true;
        }
        rest = after;
    }
    false
}

/// Two letters or more behind a dot, and something before it: `evil.example`, `1.2.3.example`.
fn has_host(text: &str) -> bool {
    let mut labels = text.split(DOTS);
    let mut before = labels.next().unwrap_or_default();
    for label in labels {
        let letters = label
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '-');
        let is_domain = letters.clone().count() >= 2 && letters.clone().any(char::is_alphabetic);
        if is_domain && before.ends_with(char::is_alphanumeric) {
            return true;
        }
        before = label;
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_of_people_are_plain() {
        for name in [
            "Ana",
            "J. R. R. Tolkien",
            "J.R. Tolkien",
            "Ana-María O’Neill, Ph. D.",
            "李小龙",
            "Müller (Einkauf)",
            "محمد",
            "Team: Einkauf",
            "5. Klasse",
            "v. d. Berg...",
        ] {
            assert!(is_name(name), "{name}");
        }
    }

    #[test]
    fn whatever_becomes_a_link_or_a_line_is_not_plain() {
        for text in [
            "http://evil.example",
            "hxxp//x",
            "https://evil",
            "//evil",
            "www.evil.example",
            "evil.example",
            "Hi, see evil.example/x now",
            "EVIL.EXAMPLE",
            "evil。example",
            "xn--bcher-kva.example",
            "a@b",
            "mailto:x",
            "tel:0900123",
            "javascript:alert(1)",
            "[free](http://evil.example)",
            "Ana\nBcc: all",
            "Ana\r",
            "Ana\u{2028}x",
            "Ana\u{202e}x",
            "ev\u{200b}il",
            "a\tb",
            "1.2.3.example",
        ] {
            assert!(!is_plain(text), "{text}");
        }
        assert!(!is_name(&"a".repeat(NAME_CHARS_MAX + 1)));
    }

    fn sites() -> Vec<String> {
        vec!["example.com".to_owned()]
    }

    #[test]
    fn links_lead_home_or_are_not_shown() {
        for text in [
            "https://example.com",
            "https://shop.Example.com/c/1?a=b&c=http://x",
            "http://www.example.com:8080/#a",
        ] {
            assert!(is_plain_value(&json!(text), &sites()), "{text}");
            assert_eq!(harmless(&json!(text), &sites()), Some(json!(text)));
        }
        for text in [
            "https://evil.example/?https://example.com",
            "https://example.com.evil.example",
            "https://notexample.com",
            "https://example.com@evil.example",
            "https://evil.example\\@example.com",
            "https://example.com/ http://evil.example",
            "https://example.com/\nhttp://evil.example",
            "https:example.com",
            "//example.com",
        ] {
            assert!(!is_plain_value(&json!(text), &sites()), "{text}");
            assert_eq!(harmless(&json!(text), &sites()), None, "{text}");
        }
        assert!(!is_plain_value(&json!({ "http://x": 1 }), &sites()));
    }

    #[test]
    fn of_lists_and_maps_the_plain_part_stays() {
        let value = json!({ "note": "Hello,\nall", "n": [1, "a@b.example", { "x": "www.x.example", "y": "Shoe" }], "www.x.example": 1 });
        let left = json!({ "n": [1, { "y": "Shoe" }] });
        assert_eq!(harmless(&value, &sites()), Some(left));
    }
}
