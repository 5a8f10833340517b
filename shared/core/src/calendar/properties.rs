//! A result is never too early, there is no earlier one, and there always is one.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::phrase::ClockTime;

const MINUTE: i64 = 60_000;
/// 1970 to 2200.
const INSTANTS: std::ops::Range<i64> = 0..7_258_118_400_000;

fn a_zone() -> impl Strategy<Value = Zone> {
    let names = vec![
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "America/Havana",
        "America/Sao_Paulo",
        "Africa/Casablanca",
        "UTC",
    ];
    select(names).prop_map(|name| Zone::parse(name).unwrap())
}

/// A zone and an instant, half of them within three days of a change of clocks.
fn a_place() -> impl Strategy<Value = (Zone, Timestamp)> {
    let near = any::<Option<bool>>();
    (a_zone(), INSTANTS, near, -4320..4320_i64).prop_map(|(zone, at, near, minutes)| {
        let at = Timestamp::from_millis(at);
        let change = near.and_then(|_| zone.next_change(at));
        let near = change.map(|at| at.as_millis() + minutes * MINUTE);
        (
            zone,
            near.map_or(at, |at| Timestamp::from_millis(at.max(0))),
        )
    })
}

fn a_time() -> impl Strategy<Value = ClockTime> {
    // The hours in which clocks are changed come often.
    let hour = prop_oneof![0_u8..4, 0_u8..24];
    (hour, 0_u8..60)
        .prop_map(|(hour, minute)| ClockTime::parse(&format!("{hour:02}:{minute:02}")).unwrap())
}

fn some_days() -> impl Strategy<Value = &'static str> {
    select(vec![
        "mon-sun", "mon-fri", "sun", "sat,sun", "mon,thu", "fri-mon",
    ])
}

fn hours() -> impl Strategy<Value = String> {
    (a_time(), a_time())
        .prop_filter("they differ", |(from, to)| from != to)
        .prop_map(|(from, to)| format!("{from}-{to}"))
}

/// All whole minutes at or after `from` and before `to`.
fn minutes(from: Timestamp, to: Timestamp) -> impl Iterator<Item = Timestamp> {
    let (from, to) = (from.as_millis(), to.as_millis());
    let first = from + (-from).rem_euclid(MINUTE);
    (first..to).step_by(60_000).map(Timestamp::from_millis)
}

/// Whether clocks show `time` at `at` for the first time of the day.
fn shows(zone: &Zone, at: Timestamp, time: ClockTime, days: &str) -> bool {
    let local = zone.local(at);
    let wait = Wait::parse(&format!("until {days} {time}")).unwrap();
    let Wait::Clock { days, .. } = wait else {
        unreachable!("a clock wait")
    };
    local.time() == time.time() && days.has(local.weekday()) && zone.instant(local) == at
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_clock_wait_ends_at_the_first_such_time(
        (zone, base) in a_place(), time in a_time(), days in some_days()
    ) {
        let place = Place { zone: &zone, closed: &ClosedDays::NONE };
        let wait = Wait::parse(&format!("until {days} {time}")).unwrap();
        let Resolved::At(end) = resolve(&wait, base, base, place, |_| None) else {
            return Err(TestCaseError::fail("it has an end"));
        };
        prop_assert!(end >= base);
        prop_assert!(shows(&zone, end, time, days) || zone.instant(zone.local(end)) == end);
        for earlier in minutes(base, end) {
            prop_assert!(!shows(&zone, earlier, time, days), "{zone}: {earlier} is before {end}");
        }
    }

    #[test]
    fn a_schedule_comes_at_the_first_such_time_after(
        (zone, after) in a_place(), time in a_time(), days in some_days()
    ) {
        let schedule = Schedule::parse(&format!("every {days} at {time}")).unwrap();
        let next = schedule.next_after(after, &zone).unwrap();
        prop_assert!(next > after);
        for earlier in minutes(Timestamp::from_millis(after.as_millis() + 1), next) {
            prop_assert!(!shows(&zone, earlier, time, days), "{zone}: {earlier} is before {next}");
        }
    }

    #[test]
    fn a_calendar_wait_ends_on_its_day_and_not_before_its_time(
        (zone, base) in a_place(), count in 1_u16..60,
        unit in select(vec!["days", "business days", "weeks", "months"]),
        time in proptest::option::of(a_time())
    ) {
        let place = Place { zone: &zone, closed: &ClosedDays::NONE };
        let at = time.map_or_else(String::new, |time| format!(" at {time}"));
        let wait = Wait::parse(&format!("{count} {unit}{at}")).unwrap();
        let (Wait::Calendar { days, .. }, Resolved::At(end)) =
            (&wait, resolve(&wait, base, base, place, |_| None)) else {
            return Err(TestCaseError::fail("it has an end"));
        };
        let local = zone.local(base);
        let date = shift(local.date(), *days, Side::After, place.closed);
        let target = date.to_datetime(time.map_or(local.time(), ClockTime::time));
        prop_assert!(end > base && zone.local(end) >= target);
        let recently = Timestamp::from_millis(end.as_millis() - 180 * MINUTE);
        for earlier in minutes(recently.max(base), end) {
            prop_assert!(zone.local(earlier) < target, "{zone}: {earlier} is before {end}");
        }
    }

    #[test]
    fn a_window_opens_and_quiet_hours_end_at_the_first_instant_that_is_so(
        (zone, from) in a_place(), days in some_days(), hours in hours()
    ) {
        let window = Window::parse(&format!("{days} {hours}")).unwrap();
        let opens = window.next_open(from, &zone).unwrap();
        prop_assert!(opens >= from && window.contains(opens, &zone));
        for earlier in minutes(from, opens) {
            prop_assert!(!window.contains(earlier, &zone), "{zone}: {earlier} is before {opens}");
        }
        let quiet = QuietHours::parse(&hours).unwrap();
        let loud = quiet.next_loud(from, &zone).unwrap();
        prop_assert!(loud >= from && !quiet.is_quiet(loud, &zone));
        for earlier in minutes(from, loud) {
            prop_assert!(quiet.is_quiet(earlier, &zone), "{zone}: {earlier} is before {loud}");
        }
    }

    #[test]
    fn a_yearly_date_comes_once_in_each_year(
        (zone, after) in a_place(), birth in (1900_i16..1970, 1_i8..13, 1_i8..32), time in a_time()
    ) {
        let Ok(birth) = Date::new(birth.0, birth.1, birth.2) else { return Ok(()) };
        let place = Place { zone: &zone, closed: &ClosedDays::NONE };
        let phrase = DatePhrase::parse(&format!("contact.birthday at {time}")).unwrap();
        let value = DateValue::Local(birth.to_datetime(Time::midnight()));
        let first = next_yearly(&phrase, &value, after, place).unwrap();
        let second = next_yearly(&phrase, &value, first, place).unwrap();
        prop_assert!(first > after && second > first);
        let (one, two) = (zone.local(first).date(), zone.local(second).date());
        // A day that a zone skipped may push one over the end of a year.
        if birth.month() != 12 || birth.day() < 30 {
            prop_assert_eq!(two.year() - one.year(), 1);
            prop_assert!(one.year() - zone.local(after).year() <= 1);
        }
    }

    #[test]
    fn elapsed_and_calendar_spans_are_never_too_early((zone, base) in a_place(), count in 1_u16..400) {
        let place = Place { zone: &zone, closed: &ClosedDays::NONE };
        for unit in ["s", "h", "days", "business days"] {
            let span = Span::parse(&format!("{count} {unit}")).unwrap();
            prop_assert!(after(span, base, place) > base);
            prop_assert!(before(span, base, place) < base);
        }
    }

    #[test]
    fn every_instant_has_an_answer(
        zone in a_zone(), at in prop_oneof![any::<i64>(), INSTANTS], other in any::<i64>(),
        time in a_time(), days in some_days(), hours in hours(), year in -9999_i16..=9999
    ) {
        let (at, other) = (Timestamp::from_millis(at), Timestamp::from_millis(other));
        let place = Place { zone: &zone, closed: &ClosedDays::NONE };
        let date = Date::new(year, 2, 28).unwrap().tomorrow().unwrap();
        let local = DateValue::Local(date.to_datetime(time.time()));
        for text in [
            "10 years".to_owned(), "120 months at 23:59".to_owned(), "2600 business days".to_owned(),
            "87840h".to_owned(), format!("until {days} {time}"), format!("until 9999-12-31 {time}"),
            "until 10 years after contact.x".to_owned(), "until 10 years before contact.x".to_owned(),
            "until 9h before contact.x".to_owned(), format!("until contact.x at {time}"),
        ] {
            let wait = Wait::parse(&text).unwrap();
            for value in [DateValue::Instant(other), local] {
                let _ = resolve(&wait, at, other, place, |_| Some(value));
                if let Wait::Date(phrase) = &wait {
                    let _ = next_yearly(phrase, &value, at, place);
                }
            }
        }
        let _ = Schedule::parse(&format!("every {days} at {time}")).unwrap().next_after(at, &zone);
        let _ = Schedule::parse("every month on the last day at 23:59").unwrap().next_after(at, &zone);
        let _ = Window::parse(&format!("{days} {hours}")).unwrap().next_open(at, &zone);
        let _ = QuietHours::parse(&hours).unwrap().next_loud(at, &zone);
    }

    #[test]
    fn any_text_is_a_date_or_none(text in ".{0,40}") {
        let _ = (DateValue::parse(&text), Zone::parse(&text));
    }
}
