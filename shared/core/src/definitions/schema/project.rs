//! `wend.yaml`.

use serde_json::{Value, json};

use super::parts::{
    is, list, map, named, one_of_keys, one_or_list, some_of_keys, text, whole, words,
};
use crate::definitions::project::values::{VALUE_TYPES, type_name};
use crate::definitions::project::{FIRST_MESSAGES_MAX, FORM_TYPES};
use crate::webhook::Preset;

pub(super) fn schema() -> Value {
    map(
        "a project",
        [
            ("wend!", json!({ "const": 1 }), "the format's version"),
            ("project!", is("id"), "the project's name"),
            (
                "zone",
                is("zone"),
                "the zone of contacts whose own is unknown; UTC",
            ),
            (
                "locales",
                list(&is("locale")),
                "its languages; the first is the fallback",
            ),
            (
                "sites",
                list(&text("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", "example.com")),
                "hosts that what a browser says may link to, with all below them",
            ),
            ("postal_address", is("text"), "what marketing mail carries"),
            (
                "managed_by",
                words(&["git", "console"]),
                "who owns the definitions; git",
            ),
            ("senders", named("id", &sender()), "who messages come from"),
            (
                "topics",
                named("id", &topic()),
                "what contacts can opt in to",
            ),
            (
                "sms_words",
                sms_words(),
                "what answers by SMS mean, beside STOP, START, HELP and the like",
            ),
            ("sending", sending(), "how messages go"),
            (
                "attributes",
                named("data_name", &attribute()),
                "the attributes of contacts",
            ),
            (
                "computed",
                named("data_name", &computed()),
                "attributes that are computed from events",
            ),
            (
                "unknown_events",
                words(&["accept", "warn", "refuse"]),
                "what becomes of events not in `events`; warn",
            ),
            ("events", named("event", &event()), "the tracking plan"),
            (
                "aliases",
                named("name", &is("event")),
                "other names of events, as sources spell them",
            ),
            ("teams", named("id", &team()), "who is alerted"),
            (
                "webhooks",
                named("id", &webhook()),
                "connections to other systems",
            ),
            ("coupons", named("id", &coupon()), "pools of codes"),
            ("calendars", calendars(), "days that are no business days"),
            ("environments", named("id", &environment()), "where it runs"),
            (
                "forms",
                named("id", &form()),
                "forms of websites; each posts to /v1/forms/<name>",
            ),
        ],
    )
}

fn sender() -> Value {
    let sms = text("^([A-Za-z0-9]{1,11}|\\+[1-9][0-9]{6,14})$", "ACME");
    let keys = [
        (
            "email",
            text("@", "Acme <hello@mail.example.com>"),
            "name and address",
        ),
        (
            "reply_to",
            text("@", "care@example.com"),
            "where answers go",
        ),
        (
            "sms",
            sms,
            "the sender id: at most 11 letters and digits, or a number",
        ),
        ("ramp", ramp(), "warms up a new domain"),
    ];
    some_of_keys(map("a sender", keys), &["email", "sms"])
}

fn ramp() -> Value {
    map(
        "a ramp",
        [
            ("from!", is("day"), "the first day"),
            (
                "start!",
                whole(10, 100_000),
                "most marketing mails of that day",
            ),
            (
                "double_every!",
                is("days"),
                "after which it is twice as many",
            ),
        ],
    )
}

fn topic() -> Value {
    map(
        "a topic",
        [
            ("title", is("text"), "its name for people"),
            (
                "opt_in",
                words(&["single", "double"]),
                "how one opts in; single",
            ),
            (
                "confirm_within",
                is("span"),
                "how long a double opt-in can be confirmed; 7 days",
            ),
            (
                "verified",
                json!({ "type": "boolean" }),
                "whether only a server may say yes to it; false",
            ),
        ],
    )
}

fn sms_words() -> Value {
    let keys = [
        ("stop", list(&is("text")), "stop every SMS"),
        ("start", list(&is("text")), "take a stop back"),
        ("help", list(&is("text")), "ask who this is"),
    ];
    map("`sms_words`", keys)
}

fn sending() -> Value {
    let by_channel = |title: &str, value: Value| {
        let keys = [
            ("email", value.clone(), "of email"),
            ("sms", value, "of SMS"),
        ];
        map(title, keys)
    };
    map(
        "`sending` of a project",
        [
            (
                "quiet_hours",
                by_channel("`quiet_hours`", is("quiet_hours")),
                "when marketing does not go",
            ),
            (
                "expires",
                by_channel("`expires`", is("span")),
                "from when a held message is not worth sending",
            ),
            (
                "caps",
                list(&cap()),
                "how many marketing messages one address gets",
            ),
            (
                "utm",
                named("data_name", &is("text")),
                "what links carry: wend, channel, journey, step or a text",
            ),
            (
                "brake",
                brake(),
                "from which shares on marketing stops by itself",
            ),
            (
                "entry_alarm",
                text("^[0-9]{1,4} *x$", "5x"),
                "holds a journey that enrolls so many times its usual rate",
            ),
            (
                "first_messages_per_hour",
                whole(1, i64::from(FIRST_MESSAGES_MAX)),
                "first messages to addresses that only a browser has named, for each key and form; 200",
            ),
        ],
    )
}

fn brake() -> Value {
    let keys = [
        (
            "bounces",
            is("share"),
            "of mails that come back for good; 5%",
        ),
        ("complaints", is("share"), "of complaints; 0.1%"),
    ];
    map("`brake`", keys)
}

fn cap() -> Value {
    let keys = [
        ("channel", is("channel"), "on this channel; all"),
        ("topic", is("id"), "of this topic; all"),
        ("max!", whole(1, 1000), "most messages"),
        (
            "per",
            words(&["day", "week", "month"]),
            "of the contact's calendar",
        ),
        ("within", is("span"), "before each message, rolling"),
    ];
    one_of_keys(map("a cap", keys), &["per", "within"])
}

fn types() -> Vec<&'static str> {
    VALUE_TYPES.iter().map(|(name, _)| *name).collect()
}

fn attribute() -> Value {
    map(
        "an attribute",
        [
            ("type!", words(&types()), "its type"),
            (
                "one_of",
                list(&is("text")),
                "the values that it can have; any",
            ),
            (
                "personal",
                json!({ "type": "boolean" }),
                "whether it tells who somebody is; false",
            ),
        ],
    )
}

fn computed() -> Value {
    let keys = [
        ("count", is("event"), "how often it happened"),
        (
            "sum",
            text("^[A-Za-z][^.]*\\..+$", "order_completed.total"),
            "what a property adds up to",
        ),
        ("last", is("event"), "the properties of the last one"),
        ("first_at", is("event"), "when it happened first"),
        ("last_at", is("event"), "when it happened last"),
        ("where", is("where"), "which of them; beside count and sum"),
        (
            "keep",
            list(&is("data_name")),
            "which properties; beside last",
        ),
    ];
    let either = ["count", "sum", "last", "first_at", "last_at"];
    one_of_keys(map("a computed attribute", keys), &either)
}

fn event() -> Value {
    let kinds = types().join("|");
    json!({
        "title": "an event",
        "description": "its properties with their types; `!`: always there. `from: browser` or `server` says who may send it",
        "type": "object",
        "propertyNames": is("data_name"),
        "properties": { "from": text(&format!("^(({kinds})!?|browser|server)$"), "server") },
        "additionalProperties": text(&format!("^({kinds})!?$"), "text!"),
    })
}

fn team() -> Value {
    let keys = [
        ("email", text("@", "sales@example.com"), "by mail"),
        (
            "slack",
            is("secret"),
            "by Slack: the secret with the webhook's address",
        ),
        (
            "teams",
            is("secret"),
            "by Microsoft Teams: the secret with the workflow's address",
        ),
        (
            "people",
            named("id", &text("@", "anna@example.com")),
            "who belongs to it: name and address",
        ),
        (
            "assign",
            text("^(contact\\.|evenly$)", "contact.owner"),
            "who of `people` gets the mail: whom the attribute names, or `evenly`",
        ),
    ];
    let ways = ["email", "slack", "teams", "people"];
    some_of_keys(map("a team", keys), &ways)
}

fn webhook() -> Value {
    let presets = Preset::ALL.map(Preset::name);
    let keys = [
        ("preset", words(&presets), "a ready-made connection"),
        (
            "url",
            text("^https?://", "https://api.example.com/leads"),
            "where it calls; with a preset, your own server there",
        ),
        (
            "token",
            is("secret"),
            "the secret with the token, or whatever a preset calls by",
        ),
        (
            "signing",
            is("secret"),
            "the secret with which calls are signed",
        ),
    ];
    some_of_keys(map("a webhook", keys), &["preset", "url"])
}

fn coupon() -> Value {
    map(
        "a coupon pool",
        [
            (
                "file!",
                text("^coupons/[^/]+\\.csv$", "coupons/spring.csv"),
                "the codes, one a line below the line `code`",
            ),
            (
                "warn_below",
                whole(1, i64::from(u32::MAX)),
                "the team is told when fewer are left",
            ),
        ],
    )
}

fn form() -> Value {
    let kinds: Vec<&str> = FORM_TYPES.iter().map(|kind| type_name(*kind)).collect();
    let fields = json!({
        "title": "fields",
        "type": "object",
        "propertyNames": is("data_name"),
        "additionalProperties": text(&format!("^({})!?$", kinds.join("|")), "email!"),
        "required": ["email"],
    });
    let consent = [
        ("topics!", one_or_list(&is("topic")), "what is agreed to"),
        (
            "wording!",
            is("text"),
            "what the form says about it, word by word: kept as proof",
        ),
        (
            "checkbox",
            is("data_name"),
            "the field that must be ticked; none: to send is to agree",
        ),
    ];
    let keys = [
        (
            "fields!",
            fields,
            "its inputs with their types; `!`: must be filled in",
        ),
        (
            "consent",
            map("`consent` of a form", consent),
            "what who sends it agrees to",
        ),
        (
            "redirect",
            text("^https?://", "https://www.example.com/thanks"),
            "the page that follows; a short one of Wend's own",
        ),
        (
            "honeypot",
            is("data_name"),
            "an input that people do not see: who fills it is dropped",
        ),
    ];
    map("a form", keys)
}

fn calendars() -> Value {
    map(
        "`calendars`",
        [(
            "closed!",
            list(&is("day")),
            "days on which nobody works, beside weekends",
        )],
    )
}

fn environment() -> Value {
    map(
        "an environment",
        [
            (
                "only_to",
                list(&text("@", "*@example.com")),
                "the addresses that messages may go to; all",
            ),
            (
                "time_scale",
                text("^[^=]+=[^=]+$", "1 day = 1 min"),
                "how fast waits go by",
            ),
        ],
    )
}
