//! Messages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// The text, Markdown with Jinja in it.
    pub body: String,
}

impl Template {
    /// Whether it may say something of the event that began the run.
    pub fn reads_trigger(&self) -> bool {
        let variants = self.variants.values();
        let variants = variants.flat_map(|variant| [&variant.subject, &variant.preheader]);
        let heads = [&self.subject, &self.preheader].into_iter().chain(variants);
        let mut texts = heads.flatten().chain(std::iter::once(&self.body));
        texts.any(|text| text.contains("trigger"))
            || self
                .needs
                .iter()
                .any(|path| path.root() == crate::path::Root::Trigger)
    }
}

/// What a variant of a template says differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// The subject.
    pub subject: Option<String>,
    /// The preheader.
    pub preheader: Option<String>,
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
