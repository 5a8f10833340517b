//! What an SMS answers: words that everybody knows without reading the small print.
//!
//! Sources: the CTIA's messaging principles and the list of opt-out words that AWS End User Messaging and SNS know; the German ones are
//! what people write here.

use serde::{Deserialize, Serialize};

/// Words that stop every SMS.
const STOP: [&str; 15] = [
    "STOP",
    "STOPALL",
    "UNSUBSCRIBE",
    "CANCEL",
    "END",
    "QUIT",
    "OPTOUT",
    "OPT-OUT",
    "REMOVE",
    "REVOKE",
    "ARRET",
    "ARRÊT",
    "TD",
    "STOPP",
    "ABMELDEN",
];
/// Words that take a stop back.
const START: [&str; 3] = ["START", "UNSTOP", "YES"];
/// Words that ask who this is.
const HELP: [&str; 3] = ["HELP", "INFO", "HILFE"];

/// What an answer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// No SMS any more.
    Stop,
    /// What there was before it said stop. Where it never did, the word is an answer like any other.
    Start,
    /// To know who this is.
    Help,
    /// Something else.
    Other,
}

/// Words that a project understands beside the ones that everybody knows, which cannot be taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsWords {
    /// Stop every SMS.
    #[serde(default)]
    pub stop: Vec<String>,
    /// Take a stop back.
    #[serde(default)]
    pub start: Vec<String>,
    /// Ask who this is.
    #[serde(default)]
    pub help: Vec<String>,
}

impl SmsWords {
    /// What `text` wants. The word must be all of it, but for case, blanks and punctuation: "Please cancel my order" stops nothing.
    pub fn read(&self, text: &str) -> Answer {
        let word = plain(text);
        let has = |known: &[&str], own: &[String]| {
            known.contains(&word.as_str()) || own.iter().any(|own| plain(own) == word)
        };
        if has(&STOP, &self.stop) {
            Answer::Stop
        } else if has(&START, &self.start) {
            Answer::Start
        } else if has(&HELP, &self.help) {
            Answer::Help
        } else {
            Answer::Other
        }
    }
}

/// Upper case, without what stands around the words, one blank between two.
fn plain(text: &str) -> String {
    let is_around = |c: char| !c.is_alphanumeric();
    let text = text.trim_matches(is_around).to_uppercase();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_word_alone_is_a_word_for_us() {
        let words = SmsWords {
            stop: vec!["keine sms".into()],
            start: vec!["Ja".into()],
            help: vec!["wer?".into()],
        };
        for (text, expected) in [
            ("STOP", Answer::Stop),
            (" stop.\n", Answer::Stop),
            ("\"Stop!\"", Answer::Stop),
            ("arrêt", Answer::Stop),
            ("Stopp", Answer::Stop),
            ("Keine  SMS!", Answer::Stop),
            ("start", Answer::Start),
            ("ja", Answer::Start),
            ("Info", Answer::Help),
            ("wer", Answer::Help),
            ("Please cancel my order", Answer::Other),
            ("stop it", Answer::Other),
            ("", Answer::Other),
            ("?", Answer::Other),
        ] {
            assert_eq!(words.read(text), expected, "{text:?}");
        }
        assert_eq!(SmsWords::default().read("ja"), Answer::Other);
    }
}
