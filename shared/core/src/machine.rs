//! Whether a machine followed a link or loaded a picture.
//!
//! Mail is looked at by programs before and beside people: security gateways follow every link, mail providers load every picture
//! through a proxy, chats draw previews. What a machine does is noted and moves nobody. The rules are certain or they are not here:
//! what looks like a person counts as one, also where a gateway pretends to be a browser. Opens through the proxies of Apple, Google and Yahoo
//! count as a machine's, because nobody can tell whether somebody looked.

use std::time::Duration;

/// What is known of a request for a link or a picture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fetch<'a> {
    /// Whether only the head was asked for, which no mail program and no browser does.
    pub is_head: bool,
    /// `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// `Sec-Purpose`, or `Purpose`, as browsers say that nobody has clicked yet.
    pub purpose: Option<&'a str>,
    /// How long after the message was written, where that is known.
    pub after: Option<Duration>,
}

/// Nobody has a mail, reads it and clicks this soon after it was written.
pub const TOO_SOON: Duration = Duration::from_secs(2);

/// The whole user agent of Apple's Mail Privacy Protection.
const APPLE_PROXY: &str = "mozilla/5.0";

/// Parts of user agents that no browser and no mail program of a person has, in lower case.
const MACHINES: [&str; 33] = [
    // Proxies of pictures.
    "googleimageproxy",
    "yahoomailproxy",
    // Gateways that scan mail.
    "barracuda",
    "proofpoint",
    "mimecast",
    "forcepoint",
    "trendmicro",
    "symantec",
    "zscaler",
    "ironport",
    // Previews and crawlers. One that names a page about itself (`+https://…`) says what it is.
    "+http",
    "googlebot",
    "bingbot",
    "bingpreview",
    "applebot",
    "yandexbot",
    "slackbot",
    "twitterbot",
    "linkedinbot",
    "discordbot",
    "telegrambot",
    "facebookexternalhit",
    "skypeuripreview",
    "whatsapp/",
    // Libraries and browsers without a window.
    "curl/",
    "wget/",
    "python-requests",
    "python-urllib",
    "go-http-client",
    "libwww-perl",
    "apache-httpclient",
    "headlesschrome",
    "phantomjs",
];

/// Whether a machine did it. A request without a user agent is one.
pub fn is_machine(fetch: Fetch<'_>) -> bool {
    let is_ahead = fetch.purpose.is_some_and(|purpose| {
        let purpose = purpose.to_ascii_lowercase();
        ["prefetch", "prerender", "preview"]
            .iter()
            .any(|word| purpose.contains(word))
    });
    let agent = fetch.user_agent.unwrap_or_default().trim();
    let agent = agent.to_ascii_lowercase();
    let is_known = agent.is_empty()
        || agent == APPLE_PROXY
        || MACHINES.iter().any(|name| agent.contains(name));
    let is_too_soon = fetch.after.is_some_and(|after| after < TOO_SOON);
    fetch.is_head || is_ahead || is_known || is_too_soon
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

    #[test]
    fn people_are_people() {
        for agent in [
            FIREFOX,
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
            "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36",
            "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; ms-office; MSOffice 16)",
        ] {
            for after in [None, Some(TOO_SOON), Some(Duration::from_hours(1))] {
                let fetch = Fetch {
                    user_agent: Some(agent),
                    after,
                    ..Fetch::default()
                };
                assert!(!is_machine(fetch), "{agent} {after:?}");
            }
        }
    }

    /// Machines by what they call themselves.
    const AGENTS: [(&str, Option<&str>); 9] = [
        ("no agent", None),
        ("a blank agent", Some("  ")),
        ("Apple's proxy", Some("Mozilla/5.0")),
        (
            "Google's proxy",
            Some(
                "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            ),
        ),
        (
            "Yahoo's proxy",
            Some("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"),
        ),
        (
            "a gateway",
            Some("Mozilla/5.0 (compatible; Barracuda Sentinel)"),
        ),
        (
            "a crawler",
            Some("Mozilla/5.0 (compatible; SomeBot/1.0; +https://some.example/bot)"),
        ),
        (
            "a preview",
            Some("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"),
        ),
        ("a library", Some("python-requests/2.32.3")),
    ];

    #[test]
    fn machines_are_known_by_their_names() {
        for (what, user_agent) in AGENTS {
            let fetch = Fetch {
                user_agent,
                ..Fetch::default()
            };
            assert!(is_machine(fetch), "{what}");
        }
    }

    #[test]
    fn machines_are_known_by_what_they_do() {
        let person = Fetch {
            user_agent: Some(FIREFOX),
            ..Fetch::default()
        };
        let purpose = |purpose| Fetch {
            purpose: Some(purpose),
            ..person
        };
        let after = |millis| Fetch {
            after: Some(Duration::from_millis(millis)),
            ..person
        };
        let head = Fetch {
            is_head: true,
            ..person
        };
        for (what, fetch) in [
            ("HEAD", head),
            ("a prefetch", purpose("prefetch")),
            ("a prerender", purpose("prefetch;prerender")),
            ("a preview of a page", purpose("Preview")),
            ("at once", after(0)),
            ("too soon", after(1999)),
        ] {
            assert!(is_machine(fetch), "{what}");
        }
    }
}
