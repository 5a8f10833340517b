//! The text part of a page: what it says without how it looks, a Jinja template like the page.

use super::slots::{Masked, expression, statement};
use crate::html::{Attribute, Token, is_void, tokens, value};

/// Elements of which nothing is read.
const UNREAD: [&str; 6] = ["head", "style", "script", "title", "template", "noscript"];
/// Elements that stand apart from what is around them, and how many lines.
const BLOCKS: [(&str, usize); 22] = [
    ("p", 2),
    ("div", 1),
    ("table", 2),
    ("tr", 1),
    ("h1", 2),
    ("h2", 2),
    ("h3", 2),
    ("h4", 2),
    ("h5", 2),
    ("h6", 2),
    ("ul", 2),
    ("ol", 2),
    ("li", 1),
    ("blockquote", 2),
    ("section", 1),
    ("header", 1),
    ("footer", 1),
    ("article", 1),
    ("pre", 2),
    ("hr", 2),
    ("center", 1),
    ("address", 1),
];

/// The text of `html`, a page in which Jinja is masked. Statements stay wherever they stand, so that none misses its end.
pub(super) fn text(html: &str, masked: &Masked) -> String {
    let mut writer = Writer {
        masked,
        out: String::new(),
        lines: 0,
        has_blank: false,
    };
    // Elements that are open and not read: their names, with how many of the same are open inside.
    let mut unread: Option<(String, usize)> = None;
    let mut links: Vec<(usize, String)> = Vec::new();
    for token in tokens(html) {
        match (&mut unread, token) {
            (
                Some((name, depth)),
                Token::Start {
                    name: opened,
                    attributes,
                    ..
                },
            ) => {
                *depth += usize::from(opened == *name);
                writer.attributes(&attributes, "");
            }
            (Some((name, depth)), Token::End { name: closed, .. }) if closed == *name => {
                *depth -= 1;
                if *depth == 0 {
                    unread = None;
                }
            }
            (Some(_), Token::End { .. }) => {}
            (Some(_), Token::Text(text)) | (_, Token::Comment(text)) => {
                writer.statements([text.as_str()]);
            }
            (
                None,
                Token::Start {
                    name, attributes, ..
                },
            ) => {
                writer.attributes(&attributes, if name == "a" { "href" } else { "" });
                if !is_void(&name) && (UNREAD.contains(&name.as_str()) || is_hidden(&attributes)) {
                    unread = Some((name, 1));
                    continue;
                }
                writer.open(&name, &attributes, &mut links);
            }
            (None, Token::End { name, .. }) => writer.close(&name, &mut links),
            (None, Token::Text(text)) => writer.words(&text),
        }
    }
    tidy(&writer.out)
}

/// Preheaders and tracking stand where nobody sees them.
fn is_hidden(attributes: &[Attribute]) -> bool {
    let style = value(attributes, "style").unwrap_or_default();
    let style: String = style.to_lowercase().split_whitespace().collect();
    style.contains("display:none")
        || style.contains("max-height:0;")
        || value(attributes, "hidden").is_some()
}

struct Writer<'m> {
    masked: &'m Masked,
    out: String,
    /// Line breaks before the next word.
    lines: usize,
    /// A blank before the next word.
    has_blank: bool,
}

impl Writer<'_> {
    fn open(&mut self, name: &str, attributes: &[Attribute], links: &mut Vec<(usize, String)>) {
        self.apart(name);
        match name {
            "br" => self.lines += 1,
            "li" => self.words("- "),
            "td" | "th" => self.has_blank = true,
            "img" => {
                if let Some(alt) = value(attributes, "alt").filter(|alt| !alt.trim().is_empty()) {
                    self.words(alt);
                }
            }
            "a" => {
                let target = value(attributes, "href").unwrap_or_default();
                links.push((self.out.len(), target.to_owned()));
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str, links: &mut Vec<(usize, String)>) {
        if name == "a"
            && let Some((start, target)) = links.pop()
        {
            let label = self.out.get(start..).unwrap_or_default().trim().to_owned();
            let is_said = label.contains(target.trim()) || target.trim_start().starts_with('#');
            if !target.trim().is_empty() && !is_said {
                if !label.is_empty() {
                    self.out.push(':');
                    self.has_blank = true;
                }
                self.words(target.trim());
            }
        }
        self.apart(name);
    }

    fn apart(&mut self, name: &str) {
        if let Some((_, lines)) = BLOCKS.iter().find(|(block, _)| *block == name) {
            self.lines = self.lines.max(*lines);
        }
    }

    /// Words, with one blank where there were some.
    fn words(&mut self, text: &str) {
        self.has_blank |= text.starts_with(char::is_whitespace);
        for word in text.split_whitespace() {
            self.word(word);
            self.has_blank = true;
        }
        if !text.trim().is_empty() {
            self.has_blank = text.ends_with(char::is_whitespace);
        }
    }

    /// One word. Statements in it take no room.
    fn word(&mut self, word: &str) {
        let mut done = 0;
        for (range, slot) in self.masked.find(word) {
            self.visible(word.get(done..range.start).unwrap_or_default());
            let tag = word.get(range.clone()).unwrap_or_default();
            let written = self.masked.slot(slot);
            let is_loop = statement(written).is_some_and(|(word, _)| word == "for");
            // What is apart before a loop is not apart in each of its turns.
            if expression(written).is_some() || (is_loop && self.lines > 0) {
                self.space();
            }
            self.out.push_str(tag);
            done = range.end;
        }
        self.visible(word.get(done..).unwrap_or_default());
    }

    fn visible(&mut self, text: &str) {
        if !text.is_empty() {
            self.space();
            self.literal(text);
        }
    }

    fn space(&mut self) {
        if self.lines > 0 {
            self.out.extend(std::iter::repeat_n('\n', self.lines));
        } else if self.has_blank {
            self.out.push(' ');
        }
        (self.lines, self.has_blank) = (0, false);
    }

    /// A brace that the page shows must not become a tag of Jinja.
    fn literal(&mut self, word: &str) {
        let mut chars = word.chars().peekable();
        while let Some(c) = chars.next() {
            if c == '{' && matches!(chars.peek(), Some('{' | '%' | '#')) {
                self.out.push_str("{{ '{' }}");
            } else {
                self.out.push(c);
            }
        }
    }

    /// Keeps the statements in a tag, but for those of the attribute `read`.
    fn attributes(&mut self, attributes: &[Attribute], read: &str) {
        for attribute in attributes {
            self.statements([attribute.name.as_str()]);
            if attribute.name != read {
                self.statements([attribute.value.as_str()]);
            }
        }
    }

    /// Keeps the statements among texts that are not read.
    fn statements<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) {
        for text in texts {
            for (range, slot) in self.masked.find(text) {
                if expression(self.masked.slot(slot)).is_none() {
                    self.out.push_str(text.get(range).unwrap_or_default());
                }
            }
        }
    }
}

/// Without blanks at the ends of lines, and at most one empty line.
pub(crate) fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines() {
        let line = line.trim_end();
        if line.is_empty() {
            empty += 1;
            continue;
        }
        if !tidied.is_empty() {
            tidied.push('\n');
            if empty > 0 {
                tidied.push('\n');
            }
        }
        empty = 0;
        tidied.push_str(line);
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(html: &str) -> String {
        let masked = Masked::new(html);
        masked.unmask(&text(&masked.text, &masked))
    }

    #[test]
    fn a_page_is_read_as_it_is_seen() {
        for (html, expected) in [
            (
                "<p>One\n  two</p><p>Three &amp; four</p>",
                "One two\n\nThree & four",
            ),
            ("<ul><li>a</li><li>b <b>c</b>.</li></ul>", "- a\n- b c."),
            ("Hi<br>there<br/>you", "Hi\nthere\nyou"),
            (
                "<a href='https://x.example/?a=1&amp;b=2'>Go</a>.",
                "Go: https://x.example/?a=1&b=2.",
            ),
            (
                "<a href='https://x.example'>https://x.example</a>",
                "https://x.example",
            ),
            (
                "<a href='https://x.example'><img src=x alt='Sale now'></a>",
                "Sale now: https://x.example",
            ),
            ("<a href='#top'>up</a>", "up"),
            (
                "<head><title>no</title><style>no</style></head><body>yes",
                "yes",
            ),
            ("<div style='display: none'>no<div>no</div></div>yes", "yes"),
            (
                "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
                "a b\nc",
            ),
            ("&#123;&#123; 7*7 }}", "{{ '{' }}{ 7*7 }}"),
        ] {
            assert_eq!(of(html), expected, "{html}");
        }
    }

    #[test]
    fn jinja_stays_where_it_stands() {
        for (html, expected) in [
            (
                "<p>{{ a }}</p>{% for x in y %}<li>{{ x }}</li>{% endfor %}",
                "{{ a }}\n\n{% for x in y %}\n- {{ x }}{% endfor %}",
            ),
            ("<a href=\"{{ u }}\">{{ t }}</a>", "{{ t }}: {{ u }}"),
            (
                "<style>{% if a %}x{{ b }}{% endif %}</style>c",
                "{% if a %}{% endif %}c",
            ),
            (
                "<!--[if mso]>{% if a %}<![endif]-->b{% endif %}",
                "{% if a %}b{% endif %}",
            ),
            (
                "<td {% if a %}class=x{% endif %}>b</td>",
                "{% if a %}{% endif %} b",
            ),
        ] {
            assert_eq!(of(html), expected, "{html}");
        }
    }
}
