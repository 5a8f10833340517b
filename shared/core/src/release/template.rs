//! Messages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::definitions::SourceFile;
use crate::identity::Channel;
use crate::path::Path;

/// A message's definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// Its id, the file's name.
    pub id: String,
    /// How it is sent.
    pub channel: Channel,
    /// Which rules it is under.
    pub class: MessageClass,
    /// What is done about one whose outcome nobody knows.
    pub on_unknown: OnUnknown,
    /// The topic that its readers must have opted in to; none: the journey's.
    pub topic: Option<String>,
    /// The sender, by its name in `wend.yaml`.
    pub from: String,
    /// Where answers go; none: the sender's.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// The subject, a Jinja template; only of email.
    pub subject: Option<String>,
    /// What a mail program shows beside the subject, a Jinja template.
    pub preheader: Option<String>,
    /// The layout that the text is put into; none: the built-in one.
    pub layout: Option<String>,
    /// Values without which it is not sent.
    pub needs: Vec<Path>,
    /// Other subjects and preheaders, by name; one is drawn for each contact.
    pub variants: BTreeMap<String, Variant>,
    /// Values to look at it with.
    pub sample: Value,
    /// The text.
    pub body: Body,
    /// What it says in other languages, by locale. What one does not say is said as above.
    #[serde(default)]
    pub locales: BTreeMap<String, Locale>,
    /// Texts that other files go into, put together: by locale, under no name the one for everybody else. A text that is not here is
    /// rendered as it is written.
    #[serde(default)]
    pub made: BTreeMap<String, Made>,
    /// The files of which it is put together, beside the one that defines it.
    #[serde(default)]
    pub files: Vec<SourceFile>,
}

/// A text as it stands in a file, a Jinja template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file, below the project's folder.
    pub path: String,
    /// The line of the file on which it begins.
    pub line: usize,
    /// The text.
    pub text: String,
}

/// What a message says in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// How it is written.
    pub form: Form,
    /// The text.
    pub source: Source,
    /// The text part of an email, where it is not made of the text.
    pub text: Option<Source>,
}

/// How a text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Markdown.
    #[default]
    Markdown,
    /// HTML.
    Html,
    /// MJML, of which HTML is made when it is published.
    Mjml,
    /// Plain text, of an SMS.
    Text,
}

/// What a template says in one other language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locale {
    /// The subject.
    pub subject: Option<String>,
    /// The preheader.
    pub preheader: Option<String>,
    /// The text.
    pub body: Option<Body>,
}

/// A text put together: partials and the layout are in it, MJML is HTML. Jinja is still to be rendered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Made {
    /// Markdown, and the HTML around it.
    Markdown {
        /// The text.
        body: String,
        /// The layout, with `{{ content }}` where the text goes; none: the built-in one.
        frame: Option<String>,
        /// The text part; none: the text itself.
        text: Option<String>,
    },
    /// A whole page.
    Html {
        /// The page.
        html: String,
        /// The text part.
        text: String,
    },
    /// The text of an SMS.
    Text(String),
}

impl Template {
    /// Whether it may say something of the event that began the run.
    pub fn reads_trigger(&self) -> bool {
        let variants = self.variants.values().flat_map(Variant::texts);
        let locales = self.locales.values();
        let locales = locales.flat_map(|locale| [&locale.subject, &locale.preheader]);
        let heads = [&self.subject, &self.preheader].into_iter();
        let heads = heads.chain(variants).chain(locales).flatten();
        let mut texts = heads
            .map(String::as_str)
            .chain(self.sources().map(|source| source.text.as_str()))
            .chain(self.files.iter().map(|file| file.text.as_str()));
        texts.any(|text| text.contains("trigger"))
            || self
                .needs
                .iter()
                .any(|path| path.root() == crate::path::Root::Trigger)
    }

    /// Its texts, each with its text part behind it.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        let locales = self.locales.values();
        let locales = locales.filter_map(|locale| locale.body.as_ref());
        let bodies = std::iter::once(&self.body).chain(locales);
        bodies.flat_map(|body| std::iter::once(&body.source).chain(&body.text))
    }
}

/// The entry for a language by the nearest name: that of `de-AT` is `de-AT`, else `de`. Case and `_` do not matter.
pub fn nearest_locale<'t, T>(
    by_name: &'t BTreeMap<String, T>,
    locale: &str,
) -> Option<(&'t str, &'t T)> {
    let mut wanted = locale.trim().replace('_', "-");
    loop {
        let found = by_name.iter();
        let mut found = found.filter(|(name, _)| name.eq_ignore_ascii_case(&wanted));
        if let Some((name, value)) = found.next() {
            return Some((name, value));
        }
        wanted.truncate(wanted.rfind('-')?);
    }
}

/// What a variant of a template says differently.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// The subject.
    pub subject: Option<String>,
    /// The preheader.
    pub preheader: Option<String>,
    /// The same in other languages, by locale.
    #[serde(default)]
    pub locales: BTreeMap<String, Self>,
}

impl Variant {
    fn texts(&self) -> Vec<&Option<String>> {
        let mut texts = vec![&self.subject, &self.preheader];
        texts.extend(self.locales.values().flat_map(Self::texts));
        texts
    }
}

/// What is done about a message that was submitted, and nobody can say whether the provider took it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// It is taken for sent, and listed: nobody gets it twice.
    #[default]
    AssumeSent,
    /// It is submitted once more: everybody gets it, somebody perhaps twice.
    RetryOnce,
}

/// Which rules a message is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageClass {
    /// All rules: opt-in, unsubscribe, suppression, caps, quiet hours.
    Marketing,
    /// Suppression only.
    Transactional,
    /// Suppression only; may go before an opt-in is confirmed.
    System,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_falls_back_to_the_wider_one() {
        let names = ["de", "pt-BR", "zh-Hant"];
        let by_name: BTreeMap<String, &str> = names.map(|name| (name.to_owned(), name)).into();
        for (locale, expected) in [
            ("de", Some("de")),
            ("de_AT", Some("de")),
            ("PT-br", Some("pt-BR")),
            ("pt", None),
            ("zh-Hant-TW", Some("zh-Hant")),
            ("", None),
        ] {
            let found = nearest_locale(&by_name, locale).map(|(name, _)| name);
            assert_eq!(found, expected, "{locale}");
        }
    }
}
