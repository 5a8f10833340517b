//! What our pages say, in the reader's language.

use http::{HeaderMap, header};

use super::text;

/// The languages of our pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Words {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

/// A sentence in both.
pub(crate) type Said = (&'static str, &'static str);

const UNSUBSCRIBE: Said = ("Unsubscribe", "Abmelden");
const ASK: Said = (
    "You will get no more of our news and offers at this address.",
    "Sie erhalten an diese Adresse keine Neuigkeiten und Angebote mehr von uns.",
);
const DONE: Said = ("You are unsubscribed", "Sie sind abgemeldet");
const AT_ONCE: Said = (
    "We write down your wish at once. A message that has left already may still reach you.",
    "Wir vermerken Ihren Wunsch sofort. Eine Nachricht, die schon unterwegs ist, kann Sie noch erreichen.",
);
const BROKEN: Said = (
    "This link is not complete",
    "Dieser Link ist nicht vollständig",
);
const COPY: Said = (
    "Please copy the whole link from the message, or answer the message and tell us what you want.",
    "Bitte kopieren Sie den ganzen Link aus der Nachricht, oder antworten Sie auf die Nachricht und schreiben Sie uns Ihren Wunsch.",
);
const TEST: Said = ("This was a test", "Das war ein Test");
const TEST_DOES_NOTHING: Said = (
    "The links of a test message do nothing. In the message that people get, this one works.",
    "Die Links einer Testnachricht bewirken nichts. In der Nachricht, die verschickt wird, funktioniert dieser.",
);
const FAILED: Said = ("That did not work", "Das hat nicht geklappt");
const AGAIN: Said = (
    "Please try again in a minute.",
    "Bitte versuchen Sie es in einer Minute noch einmal.",
);

const CONFIRM: Said = (
    "Please confirm your subscription",
    "Bitte bestätigen Sie Ihre Anmeldung",
);
const CONFIRM_BUTTON: Said = ("Yes, send it to me", "Ja, schicken Sie mir das");
const CONFIRM_ASK: Said = (
    "You have asked for this at this address:",
    "An diese Adresse wurde angefordert:",
);
const NOT_YOU: Said = (
    "If that was not you, there is nothing to do: without the button you get nothing.",
    "Falls Sie das nicht waren, brauchen Sie nichts zu tun: Ohne den Knopf erhalten Sie nichts.",
);
const CONFIRMED: Said = (
    "Your subscription is confirmed",
    "Ihre Anmeldung ist bestätigt",
);
const EVERY_MESSAGE: Said = (
    "Each message has a link by which you can unsubscribe.",
    "In jeder Nachricht steht ein Link, mit dem Sie sich abmelden können.",
);
const EXPIRED: Said = ("This link is too old", "Dieser Link ist nicht mehr gültig");
const SIGN_UP_AGAIN: Said = (
    "Please sign up again; we then send you a new link.",
    "Bitte melden Sie sich noch einmal an; wir schicken Ihnen dann einen neuen Link.",
);
const REFUSED: Said = (
    "You have unsubscribed since",
    "Sie haben sich inzwischen abgemeldet",
);
const REFUSED_COUNTS: Said = (
    "We keep to that. If you want our messages again, please sign up again.",
    "Dabei bleibt es. Wenn Sie unsere Nachrichten wieder möchten, melden Sie sich bitte noch einmal an.",
);

/// What the page of preferences says.
pub(super) const TITLE: Said = ("Your messages from us", "Ihre Nachrichten von uns");
pub(super) const BY_EMAIL: Said = ("By email", "Per E-Mail");
pub(super) const BY_SMS: Said = ("By SMS", "Per SMS");
pub(super) const LANGUAGE: Said = ("Language of our messages", "Sprache unserer Nachrichten");
pub(super) const UNCHANGED: Said = ("as it is", "wie bisher");
pub(super) const OFTEN: Said = ("How often at most", "Wie oft höchstens");
pub(super) const ALWAYS: Said = ("whenever there is news", "so oft es etwas gibt");
pub(super) const WEEKLY: Said = ("once a week", "einmal in der Woche");
pub(super) const MONTHLY: Said = ("once a month", "einmal im Monat");
pub(super) const SAVE: Said = ("Save", "Speichern");
pub(super) const STOP: Said = ("Unsubscribe from everything", "Von allem abmelden");
pub(super) const PAUSE: Said = ("Pause for 30 days", "30 Tage Pause");
pub(super) const RESUME: Said = ("End the pause", "Pause beenden");
pub(super) const SAVED: Said = ("Saved.", "Gespeichert.");
pub(super) const PAUSED_UNTIL: Said = (
    "You get no news and offers until",
    "Sie erhalten keine Neuigkeiten und Angebote bis",
);

impl Words {
    /// The language that a reader prefers among ours (`Accept-Language`); English if none of them.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let accepted = text(headers, header::ACCEPT_LANGUAGE.as_str()).unwrap_or_default();
        let ranked = accepted.split(',').filter_map(|entry| {
            let (tag, rest) = entry.split_once(';').unwrap_or((entry, ""));
            let quality = rest.trim().strip_prefix("q=").unwrap_or("1");
            let quality: f32 = quality.parse().ok()?;
            let language = tag.trim().split('-').next().unwrap_or_default();
            let words = match language.to_ascii_lowercase().as_str() {
                "en" => Self::English,
                "de" => Self::German,
                _ => return None,
            };
            Some((quality, words))
        });
        // Of two alike the first.
        let best = ranked.fold(None::<(f32, Self)>, |best, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        });
        best.map(|(_, words)| words).unwrap_or_default()
    }

    /// The language's code.
    pub(crate) const fn lang(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// A sentence in this language.
    pub(crate) const fn say(self, (english, german): Said) -> &'static str {
        match self {
            Self::English => english,
            Self::German => german,
        }
    }

    fn titled(self, title: Said, text: Said) -> String {
        format!("<h1>{}</h1><p>{}</p>", self.say(title), self.say(text))
    }

    fn button(self, label: Said) -> String {
        format!(
            "<form method=\"post\"><button>{}</button></form>",
            self.say(label)
        )
    }

    /// Asks for the confirmation of opt-ins; `titles` is HTML.
    pub(super) fn ask_to_confirm(self, titles: &[String]) -> String {
        let items = titles.iter().map(|title| format!("<li>{title}</li>"));
        let items: String = items.collect();
        let (ask, not_you) = (self.say(CONFIRM_ASK), self.say(NOT_YOU));
        let title = self.say(CONFIRM);
        format!("<h1>{title}</h1><p>{ask}</p><ul>{items}</ul>")
            + &self.button(CONFIRM_BUTTON)
            + &format!("<p>{not_you}</p>")
    }

    /// Says that opt-ins are confirmed.
    pub(super) fn confirmed(self) -> String {
        self.titled(CONFIRMED, EVERY_MESSAGE)
    }

    /// Says that an opt-in can be confirmed no more.
    pub(super) fn expired(self) -> String {
        self.titled(EXPIRED, SIGN_UP_AGAIN)
    }

    /// Says that a no has come since.
    pub(super) fn refused_since(self) -> String {
        self.titled(REFUSED, REFUSED_COUNTS)
    }

    /// Asks before an unsubscribe.
    pub(super) fn ask(self) -> String {
        self.titled(UNSUBSCRIBE, ASK) + &self.button(UNSUBSCRIBE)
    }

    /// Says that it is done.
    pub(super) fn done(self) -> String {
        self.titled(DONE, AT_ONCE)
    }

    /// Says that a link is not one of ours.
    pub(super) fn broken(self) -> String {
        self.titled(BROKEN, COPY)
    }

    /// Says that a link is of a test.
    pub(super) fn test(self) -> String {
        self.titled(TEST, TEST_DOES_NOTHING)
    }

    /// Says that an unsubscribe did not work.
    pub(super) fn not_done(self) -> String {
        self.titled(FAILED, AGAIN) + &self.button(UNSUBSCRIBE)
    }

    /// Says that something did not work.
    pub(super) fn failed(self) -> String {
        self.titled(FAILED, AGAIN)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_reader_chooses_among_our_languages() {
        for (accepted, expected) in [
            ("", Words::English),
            ("de-DE,de;q=0.9,en;q=0.8", Words::German),
            ("en;q=0.4, de;q=0.7", Words::German),
            ("fr-FR, en", Words::English),
            ("fr, DE-at;q=0.1", Words::German),
            ("de;q=x, en", Words::English),
            ("*", Words::English),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::ACCEPT_LANGUAGE,
                HeaderValue::from_str(accepted).unwrap(),
            );
            assert_eq!(Words::of(&headers), expected, "{accepted}");
        }
    }
}
