//! Channels in which colleagues talk. What a contact has typed stays text: no link, no mention comes of it.

use serde_json::{Value, json};

use super::About;

/// The longest text of one message: both systems take more, and nobody reads more.
const TEXT_BYTES_MAX: usize = 3_000;

/// What a `message` preset says: `data.text`, or who it is about, and each other value of the step on a line of its own.
pub(super) fn text(about: About<'_>) -> String {
    let mut given = about.given();
    let text = given.remove("text");
    let text = text.as_ref().and_then(Value::as_str).map(str::to_owned);
    let first = text.unwrap_or_else(|| {
        let name = about.full_name();
        let who: Vec<&str> = [name.as_deref(), about.email(), about.phone()]
            .into_iter()
            .flatten()
            .collect();
        let who = if who.is_empty() {
            "somebody".to_owned()
        } else {
            who.join(", ")
        };
        format!("{}: {who}", about.journey)
    });
    let lines = given.iter().map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name}: {text}"),
        None => format!("{name}: {value}"),
    });
    std::iter::once(first)
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The body of a message to a Slack channel. Slack reads `<…>` as links and mentions; `&`, `<` and `>` are written as it asks.
pub fn tell_slack(title: &str, text: &str) -> Value {
    let plain = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    let text = plain(cut(text));
    if title.is_empty() {
        return json!({ "text": text });
    }
    // Bold ends where a line ends.
    let title = plain(cut(title)).replace(['\n', '*'], " ");
    json!({ "text": format!("*{title}*\n{text}") })
}

/// The body of a message to a Teams channel: an Adaptive Card. Its rich text is not read as Markdown, unlike a `TextBlock`.
pub fn tell_teams(title: &str, text: &str) -> Value {
    let block = |text: &str, weight: &str| {
        json!({
            "type": "RichTextBlock",
            "inlines": [{ "type": "TextRun", "text": text, "weight": weight }],
        })
    };
    let title = Some(cut(title)).filter(|title| !title.is_empty());
    let title = title.map(|title| block(title, "bolder"));
    let lines = cut(text).lines().filter(|line| !line.trim().is_empty());
    let body: Vec<Value> = title
        .into_iter()
        .chain(lines.map(|line| block(line, "default")))
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
            },
        }],
    })
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
