//! Header values that hold what they should and nothing more.

use data_encoding::BASE64;

use crate::layout::Footer;

/// `text` on one line: control characters, line breaks among them, become blanks, so that no value can start a header.
pub(crate) fn one_line(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.collect::<String>().trim().to_owned()
}

/// `name <address>` as a header wants it: an ASCII name quoted (RFC 5322, 3.2.4), any other as an encoded word (RFC 2047).
pub(crate) fn mailbox(name: &str, address: &str) -> String {
    let name = one_line(name);
    if name.is_empty() {
        return address.to_owned();
    }
    if name.is_ascii() {
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        return format!("\"{escaped}\" <{address}>");
    }
    format!("{} <{address}>", encoded_words(&name))
}

/// An encoded word is at most 75 characters long (RFC 2047, 2): 45 bytes make 60 of Base64.
fn encoded_words(text: &str) -> String {
    const BYTES: usize = 45;
    let mut chunks = vec![String::new()];
    for c in text.chars() {
        match chunks.last_mut() {
            Some(chunk) if chunk.len() + c.len_utf8() <= BYTES => chunk.push(c),
            _ => chunks.push(c.to_string()),
        }
    }
    let words = chunks
        .iter()
        .map(|chunk| format!("=?UTF-8?B?{}?=", BASE64.encode(chunk.as_bytes())));
    words.collect::<Vec<_>>().join(" ")
}

/// One-click unsubscribe (RFC 8058), which Google and Yahoo ask of bulk senders.
pub(crate) fn list_unsubscribe(footer: &Footer<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("List-Unsubscribe", format!("<{}>", footer.unsubscribe_url)),
        (
            "List-Unsubscribe-Post",
            "List-Unsubscribe=One-Click".to_owned(),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_header() {
        assert_eq!(mailbox("Acme", "a@b.example"), "\"Acme\" <a@b.example>");
        assert_eq!(
            mailbox("A \"B\"\r\nBcc: x", "a@b.example"),
            "\"A \\\"B\\\"  Bcc: x\" <a@b.example>"
        );
        assert_eq!(
            mailbox("Zoë", "a@b.example"),
            "=?UTF-8?B?Wm/Dqw==?= <a@b.example>"
        );
        assert_eq!(mailbox("", "a@b.example"), "a@b.example");
        let long = mailbox(&"ö".repeat(60), "a@b.example");
        assert!(long.split(' ').all(|word| word.len() <= 75), "{long}");
    }
}
