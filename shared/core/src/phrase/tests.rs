use std::fmt::{Debug, Display};

use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use super::*;

/// Reads each text, prints it as the second, and survives both.
fn prints<T: Display + Debug + PartialEq + Serialize + DeserializeOwned>(
    parse: impl Fn(&str) -> Result<T, PhraseError>,
    table: &[(&str, &str)],
) {
    for (text, canonical) in table {
        let phrase = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(phrase.to_string(), *canonical, "{text}");
        assert_eq!(parse(canonical).as_ref(), Ok(&phrase), "{text}");
        let json = serde_json::to_string(&phrase).unwrap();
        assert_eq!(json, format!("\"{canonical}\""));
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), phrase);
        let packed = rmp_serde::to_vec_named(&phrase).unwrap();
        assert_eq!(rmp_serde::from_slice::<T>(&packed).unwrap(), phrase);
    }
}

/// Each text has a fault of that kind and these rewrites.
fn fails<T: Debug>(
    parse: impl Fn(&str) -> Result<T, PhraseError>,
    table: &[(&str, PhraseFault, &[&str])],
) {
    for (text, fault, rewrites) in table {
        let error = parse(text).unwrap_err();
        assert_eq!(
            (error.fault(), error.rewrites()),
            (*fault, &strings(rewrites)[..]),
            "{text}: {error}"
        );
        assert!(
            !error.help().is_empty() && !error.to_string().is_empty(),
            "{text}"
        );
        for rewrite in error.rewrites() {
            assert!(parse(rewrite).is_ok(), "{text}: {rewrite}");
        }
    }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

use PhraseFault::{Ambiguous, Impossible, UnknownZone, Unreadable};

#[test]
fn spans_read_as_written_and_print_one_way() {
    prints(
        Span::parse,
        &[
            ("90 s", "90 s"),
            ("20s", "20 s"),
            ("30 min", "30 min"),
            ("30min", "30 min"),
            ("1h", "1h"),
            (" 1 h  30 min ", "1h 30min"),
            ("1h30min", "1h 30min"),
            ("90 min", "1h 30min"),
            ("150 s", "2min 30s"),
            ("1h 5 s", "1h 5s"),
            ("720h", "720h"),
            ("1 day", "1 day"),
            ("1 days", "1 day"),
            ("3 business days", "3 business days"),
            ("1 business day", "1 business day"),
            ("2 weeks", "2 weeks"),
            ("1 month", "1 month"),
            ("10 years", "10 years"),
        ],
    );
}

#[test]
fn a_span_with_two_meanings_is_refused_with_both() {
    fails(
        Span::parse,
        &[
            ("1d", Ambiguous, &["24h", "1 day"]),
            ("3 d", Ambiguous, &["72h", "3 days"]),
            ("5m", Ambiguous, &["5 min", "5 months"]),
            ("2w", Ambiguous, &["336h", "2 weeks"]),
            ("1 day 3 hours", Ambiguous, &["27h"]),
            ("1 week 2 days", Ambiguous, &["9 days"]),
            ("1 month 3h", Ambiguous, &[]),
            ("1d 3h", Ambiguous, &["27h"]),
            ("3 hours", Unreadable, &["3h"]),
            ("1 hour 30 minutes", Unreadable, &["1h 30min"]),
            ("0 s", Impossible, &[]),
            ("0 days", Impossible, &[]),
            ("11 years", Impossible, &[]),
            ("99999999999999999999 s", Impossible, &[]),
            ("", Unreadable, &[]),
            ("h", Unreadable, &[]),
            ("m", Unreadable, &[]),
            ("12", Unreadable, &[]),
            ("3 parsecs", Unreadable, &[]),
            ("3 business hours", Unreadable, &[]),
            ("-1 s", Unreadable, &[]),
            ("1.5h", Unreadable, &[]),
            ("1 Day", Unreadable, &[]),
        ],
    );
    let error = Span::parse("1d").unwrap_err();
    assert_eq!(error.to_string(), "`1d` could mean two things");
    assert_eq!(
        error.help(),
        "`24h` is exact time; `1 day` is the same clock time 1 day later where the contact lives"
    );
    let error = Span::parse("1 day 3 hours").unwrap_err();
    assert_eq!(
        error.help(),
        "`27h` is exact time; with days on a calendar, two waits in a row: `1 day`, then `3h`"
    );
}

#[test]
fn exact_and_calendar_stand_apart_where_one_is_wanted() {
    fails(
        Exact::parse,
        &[
            ("2 days", Unreadable, &["48h"]),
            ("1 month", Unreadable, &[]),
        ],
    );
    fails(
        Calendar::parse,
        &[("48h", Unreadable, &["2 days"]), ("1h", Unreadable, &[])],
    );
}

#[test]
fn waits_read_as_written_and_print_one_way() {
    prints(
        Wait::parse,
        &[
            ("20 s", "20 s"),
            ("2 days", "2 days"),
            ("3 business days  at 09:30", "3 business days at 09:30"),
            ("until 09:00", "until 09:00"),
            ("until mon-fri 09:00", "until mon-fri 09:00"),
            ("until Monday 09:00", "until mon 09:00"),
            ("until mon,tue,thu 23:59", "until mon,tue,thu 23:59"),
            ("until fri-mon 00:00", "until mon,fri-sun 00:00"),
            ("until mon-sun 09:00", "until 09:00"),
            ("until 2027-12-24", "until 2027-12-24"),
            ("until 2028-02-29 10:00", "until 2028-02-29 10:00"),
            (
                "until 2027-12-24 10:00 europe/berlin",
                "until 2027-12-24 10:00 Europe/Berlin",
            ),
            ("until contact.birthday", "until contact.birthday"),
            (
                "until 1 day before vars.webinar_at",
                "until 1 day before vars.webinar_at",
            ),
            (
                "until 1h before vars.webinar_at",
                "until 1h before vars.webinar_at",
            ),
            (
                "until 1 day after vars.webinar_at at 10:00",
                "until 1 day after vars.webinar_at at 10:00",
            ),
            (
                "until data.coupon.expires_at at 08:00",
                "until data.coupon.expires_at at 08:00",
            ),
            ("until trigger.startsAt", "until trigger.startsAt"),
        ],
    );
}

#[test]
fn what_cannot_be_waited_for_is_refused_with_what_can() {
    fails(
        Wait::parse,
        &[
            ("1d", Ambiguous, &["24h", "1 day"]),
            ("1d at 09:00", Ambiguous, &["1 day at 09:00"]),
            ("24h at 09:00", Ambiguous, &["1 day at 09:00"]),
            ("1h at 09:00", Ambiguous, &[]),
            ("1 day 3h", Ambiguous, &["27h"]),
            ("1 day at 25:00", Impossible, &[]),
            ("1 day at 24:00", Impossible, &["1 day at 00:00"]),
            ("1 day at 9:00", Unreadable, &["1 day at 09:00"]),
            ("1 day at 9am", Unreadable, &[]),
            ("1 day at", Unreadable, &[]),
            ("until", Unreadable, &[]),
            ("until 9:30", Unreadable, &["until 09:30"]),
            ("until monday at 09:00", Unreadable, &["until monday 09:00"]),
            ("mon 09:00", Unreadable, &["until mon 09:00"]),
            ("tomorrow", Unreadable, &[]),
            ("until 09:60", Impossible, &[]),
            ("until 2027-02-29", Impossible, &[]),
            (
                "until 2027-12-24 at 10:00",
                Unreadable,
                &["until 2027-12-24 10:00"],
            ),
            (
                "until 2027-12-24 10:00 Berlin",
                UnknownZone,
                &["until 2027-12-24 10:00 Europe/Berlin"],
            ),
            ("until 27-12-24", Unreadable, &[]),
            (
                "until 1d before contact.x",
                Ambiguous,
                &["until 24h before contact.x", "until 1 day before contact.x"],
            ),
            (
                "until 1d before contact.x at 09:00",
                Ambiguous,
                &["until 1 day before contact.x at 09:00"],
            ),
            (
                "until 48h before contact.x at 09:00",
                Ambiguous,
                &["until 2 days before contact.x at 09:00"],
            ),
            ("until birthday", Unreadable, &[]),
            ("until user.birthday", Unreadable, &[]),
            ("until 3 days before birthday", Unreadable, &[]),
            ("until 3 days before", Unreadable, &[]),
        ],
    );
}

#[test]
fn date_phrases_of_triggers_read_without_until() {
    prints(
        DatePhrase::parse,
        &[
            (
                "3 days before contact.birthday at 09:00",
                "3 days before contact.birthday at 09:00",
            ),
            ("contact.renewal", "contact.renewal"),
        ],
    );
    fails(
        DatePhrase::parse,
        &[(
            "3d before contact.birthday at 09:00",
            Ambiguous,
            &["3 days before contact.birthday at 09:00"],
        )],
    );
    prints(
        FixedDate::parse,
        &[(
            "2027-03-18 16:00 Europe/Berlin",
            "2027-03-18 16:00 Europe/Berlin",
        )],
    );
}

#[test]
fn schedules_read_as_written_and_print_one_way() {
    prints(
        Schedule::parse,
        &[
            ("every day at 09:00", "every day at 09:00"),
            ("every weekday at 09:00", "every weekday at 09:00"),
            ("every mon-fri at 09:00", "every weekday at 09:00"),
            ("every monday at 10:00", "every monday at 10:00"),
            ("every Mon at 10:00", "every monday at 10:00"),
            ("every mon, thu at 10:00", "every mon,thu at 10:00"),
            (
                "every month on the 1st at 08:00",
                "every month on the 1st at 08:00",
            ),
            (
                "every month on the last day at 08:00",
                "every month on the last day at 08:00",
            ),
            ("cron 0 10 * * MON", "cron 0 10 * * mon"),
            ("cron */15 9-17 1,15 * *", "cron 0,15,30,45 9-17 1,15 * *"),
            (
                "cron 5/20 0 * jan-mar 7,1-5",
                "cron 5,25,45 0 * 1-3 sun,mon,tue,wed,thu,fri",
            ),
            ("cron 0 8 * * 0-6", "cron 0 8 * * *"),
            ("cron 0 8 29 2 *", "cron 0 8 29 2 *"),
            ("2027-03-01 10:00", "2027-03-01 10:00"),
        ],
    );
    fails(
        Schedule::parse,
        &[
            ("every monday", Unreadable, &[]),
            (
                "every monday at 9:00",
                Unreadable,
                &["every monday at 09:00"],
            ),
            (
                "every monday at 24:00",
                Impossible,
                &["every monday at 00:00"],
            ),
            ("every moonday at 09:00", Unreadable, &[]),
            ("every month on the 31st at 09:00", Unreadable, &[]),
            ("every at 09:00", Unreadable, &[]),
            ("monday at 09:00", Unreadable, &[]),
            ("cron 0 10 * *", Unreadable, &[]),
            ("cron 60 10 * * *", Unreadable, &[]),
            ("cron 0 17-9 * * *", Unreadable, &[]),
            ("cron 0 */0 * * *", Unreadable, &[]),
            ("cron 0 10 1 * MON", Impossible, &[]),
            ("cron 0 10 31 2,4 *", Impossible, &[]),
            ("2027-03-01", Unreadable, &[]),
            ("2027-02-30 10:00", Impossible, &[]),
            ("2027-03-01 10:00 Europe/Berlin", Unreadable, &[]),
        ],
    );
}

#[test]
fn windows_and_quiet_hours_read_as_written_and_print_one_way() {
    prints(
        Window::parse,
        &[
            ("09:00-17:00", "09:00-17:00"),
            ("mon-fri 09:00-17:00", "mon-fri 09:00-17:00"),
            ("sat,sun 22:00-02:00", "sat,sun 22:00-02:00"),
            ("mon-sun 22:00-00:00", "22:00-00:00"),
        ],
    );
    fails(
        Window::parse,
        &[
            ("09:00-9:30", Unreadable, &["09:00-09:30"]),
            ("18:00-24:00", Impossible, &["18:00-00:00"]),
            ("mon-fri 09:00-25:00", Impossible, &[]),
            ("09:00-09:00", Impossible, &[]),
            ("mon-fri", Unreadable, &[]),
            ("09:00", Unreadable, &[]),
            ("mon-fir 09:00-17:00", Unreadable, &[]),
        ],
    );
    prints(QuietHours::parse, &[("21:00-08:00", "21:00-08:00")]);
    fails(
        QuietHours::parse,
        &[("mon-fri 21:00-08:00", Unreadable, &["21:00-08:00"])],
    );
}

/// Texts made of the grammar's own words, in any order, with any blanks.
fn nearly_a_phrase() -> impl Strategy<Value = String> {
    let words = proptest::sample::select(vec![
        "1",
        "2",
        "3",
        "0",
        "14",
        "90",
        "9999",
        "s",
        "min",
        "h",
        "d",
        "m",
        "w",
        "hours",
        "day",
        "days",
        "business",
        "weeks",
        "month",
        "year",
        "at",
        "09:00",
        "9:00",
        "24:00",
        "00:00",
        "until",
        "every",
        "mon",
        "mon-fri",
        "mon,thu",
        "monday",
        "weekday",
        "on",
        "the",
        "1st",
        "last",
        "2027-12-24",
        "2027-02-30",
        "Europe/Berlin",
        "Berlin",
        "before",
        "after",
        "contact.x",
        "vars.a.b",
        "x",
        "09:00-17:00",
        "22:00-02:00",
        "-",
        ",",
        "ü",
        "1d",
        "24h",
    ]);
    proptest::collection::vec((words, proptest::sample::select(vec!["", " ", "  "])), 0..8)
        .prop_map(|words| words.into_iter().flat_map(<[&str; 2]>::from).collect())
}

fn a_wait() -> impl Strategy<Value = String> {
    let span = (
        1_u32..100,
        proptest::sample::select(vec![
            " s",
            "min",
            "h",
            " days",
            " business days",
            " weeks",
            " months",
        ]),
    )
        .prop_map(|(count, unit)| format!("{count}{unit}"));
    let clock = (0_u8..24, 0_u8..60).prop_map(|(hour, minute)| format!("{hour:02}:{minute:02}"));
    let side = proptest::sample::select(vec!["before", "after"]);
    prop_oneof![
        span.clone(),
        (span.clone(), clock.clone()).prop_map(|(span, clock)| format!("{span} at {clock}")),
        ("(mon|tue|sat)(-(wed|fri|sun))?", clock.clone())
            .prop_map(|(days, clock)| format!("until {days} {clock}")),
        (2000_u16..2100, 1_u8..13, 1_u8..32, clock.clone())
            .prop_map(|(y, m, d, clock)| format!("until {y}-{m:02}-{d:02} {clock}")),
        (span, side, clock)
            .prop_map(|(span, side, clock)| format!("until {span} {side} contact.x at {clock}")),
    ]
}

/// Stable where it reads, and every rewrite reads where it does not.
fn holds<T: Display + PartialEq + Debug>(
    parse: impl Fn(&str) -> Result<T, PhraseError>,
    text: &str,
) -> Result<(), TestCaseError> {
    match parse(text) {
        Ok(phrase) => {
            let printed = phrase.to_string();
            let again = parse(&printed);
            prop_assert_eq!(again.as_ref(), Ok(&phrase), "{} → {}", text, printed);
            prop_assert_eq!(again.map(|phrase| phrase.to_string()), Ok(printed));
        }
        Err(error) => {
            prop_assert!(!error.help().is_empty());
            for rewrite in error.rewrites() {
                prop_assert!(parse(rewrite).is_ok(), "{} → {}", text, rewrite);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_text_is_a_stable_phrase_or_an_error_with_readable_rewrites(
        text in prop_oneof![nearly_a_phrase(), a_wait(), ".{0,30}"]
    ) {
        holds(Span::parse, &text)?;
        holds(Exact::parse, &text)?;
        holds(Calendar::parse, &text)?;
        holds(Wait::parse, &text)?;
        holds(DatePhrase::parse, &text)?;
        holds(FixedDate::parse, &text)?;
        holds(Schedule::parse, &text)?;
        holds(Window::parse, &text)?;
        holds(QuietHours::parse, &text)?;
        holds(ClockTime::parse, &text)?;
        holds(Hours::parse, &text)?;
    }
}
