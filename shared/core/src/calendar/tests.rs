use jiff::civil::date;

use super::*;

const BERLIN: &str = "Europe/Berlin";
const NEW_YORK: &str = "America/New_York";
const LORD_HOWE: &str = "Australia/Lord_Howe";
const KATHMANDU: &str = "Asia/Kathmandu";
const APIA: &str = "Pacific/Apia";

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap_or_else(|| panic!("{text}"))
}

fn closed() -> ClosedDays {
    // Easter 2026.
    [date(2026, 4, 3), date(2026, 4, 6)].into_iter().collect()
}

/// What `wait` that begins at `base` comes to, with one date in data.
fn resolved(zone_name: &str, wait: &str, base: &str, now: &str, value: Option<&str>) -> Resolved {
    let (zone, closed) = (zone(zone_name), closed());
    let place = Place {
        zone: &zone,
        closed: &closed,
    };
    let wait = Wait::parse(wait).unwrap();
    resolve(&wait, at(base), at(now), place, |_| {
        value.and_then(DateValue::parse)
    })
}

/// The columns of each line of a table, between bars; lines with `#` are comments.
fn rows<const N: usize>(table: &str) -> impl Iterator<Item = [&str; N]> {
    let lines = table.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        let columns: Vec<&str> = line.split(" | ").collect();
        columns
            .try_into()
            .unwrap_or_else(|_| panic!("{N} columns: {line}"))
    })
}

/// Rows of: wait, its beginning, its end.
fn ends(zone: &str, table: &str) {
    for [wait, base, end] in rows(table) {
        let found = resolved(zone, wait, base, base, None);
        assert_eq!(found, Resolved::At(at(end)), "{zone}: {wait} from {base}");
    }
}

#[test]
fn waits_over_both_changes_of_clocks_in_berlin() {
    ends(
        BERLIN,
        "
         # 29 March 2026, 02:00 → 03:00.
         1 day | 2026-03-28T09:00:00+01:00 | 2026-03-29T09:00:00+02:00
         24h | 2026-03-28T09:00:00+01:00 | 2026-03-29T10:00:00+02:00
         1 day | 2026-03-28T02:30:00+01:00 | 2026-03-29T03:00:00+02:00
         1 day at 02:00 | 2026-03-28T18:00:00+01:00 | 2026-03-29T03:00:00+02:00
         1 day at 02:59 | 2026-03-28T18:00:00+01:00 | 2026-03-29T03:00:00+02:00
         1 day at 03:00 | 2026-03-28T18:00:00+01:00 | 2026-03-29T03:00:00+02:00
         until 02:30 | 2026-03-29T01:59:00+01:00 | 2026-03-29T03:00:00+02:00
         until 02:30 | 2026-03-29T03:00:00.001+02:00 | 2026-03-30T02:30:00+02:00
         1 week at 02:30 | 2026-03-22T12:00:00+01:00 | 2026-03-29T03:00:00+02:00
         # 25 October 2026, 03:00 → 02:00.
         1 day | 2026-10-24T09:00:00+02:00 | 2026-10-25T09:00:00+01:00
         24h | 2026-10-24T09:00:00+02:00 | 2026-10-25T08:00:00+01:00
         1 day at 02:30 | 2026-10-24T18:00:00+02:00 | 2026-10-25T02:30:00+02:00
         until 02:30 | 2026-10-25T02:30:00+02:00 | 2026-10-25T02:30:00+02:00
         until 02:30 | 2026-10-25T02:10:00+01:00 | 2026-10-26T02:30:00+01:00
         1 day | 2026-10-25T02:30:00+01:00 | 2026-10-26T02:30:00+01:00",
    );
}

#[test]
fn waits_over_both_changes_of_clocks_in_new_york() {
    ends(
        NEW_YORK,
        "
         # 8 March 2026, 02:00 → 03:00.
         1 day at 02:30 | 2026-03-07T12:00:00-05:00 | 2026-03-08T03:00:00-04:00
         1 week | 2026-03-02T08:00:00-05:00 | 2026-03-09T08:00:00-04:00
         until sun 02:15 | 2026-03-07T12:00:00-05:00 | 2026-03-08T03:00:00-04:00
         # 1 November 2026, 02:00 → 01:00.
         1 day at 01:30 | 2026-10-31T12:00:00-04:00 | 2026-11-01T01:30:00-04:00
         until 01:30 | 2026-11-01T01:29:00-05:00 | 2026-11-02T01:30:00-05:00
         25h | 2026-10-31T12:00:00-04:00 | 2026-11-01T12:00:00-05:00
         # The same rules hold in years that the database does not list.
         1 day at 02:30 | 2099-03-07T12:00:00-05:00 | 2099-03-08T03:00:00-04:00",
    );
}

#[test]
fn waits_over_half_hour_changes_on_lord_howe() {
    ends(
        LORD_HOWE,
        "
         # 4 October 2026, 02:00 → 02:30.
         1 day at 02:15 | 2026-10-03T12:00:00+10:30 | 2026-10-04T02:30:00+11:00
         1 day at 02:30 | 2026-10-03T12:00:00+10:30 | 2026-10-04T02:30:00+11:00
         1 day | 2026-10-03T12:00:00+10:30 | 2026-10-04T12:00:00+11:00
         # 5 April 2026, 02:00 → 01:30.
         1 day at 01:45 | 2026-04-04T12:00:00+11:00 | 2026-04-05T01:45:00+11:00
         until 01:45 | 2026-04-05T01:40:00+10:30 | 2026-04-06T01:45:00+10:30
         24h | 2026-04-04T12:00:00+11:00 | 2026-04-05T11:30:00+10:30",
    );
}

#[test]
fn waits_in_a_zone_of_quarter_hours() {
    ends(
        KATHMANDU,
        "
         1 day at 09:00 | 2026-06-01T23:50:00+05:45 | 2026-06-02T09:00:00+05:45
         until mon 00:00 | 2026-06-06T12:00:00+05:45 | 2026-06-08T00:00:00+05:45
         1 month | 2026-05-31T00:10:00+05:45 | 2026-06-30T00:10:00+05:45",
    );
}

#[test]
fn waits_over_a_day_that_apia_did_not_have() {
    ends(
        APIA,
        "
         1 day | 2011-12-29T09:00:00-10:00 | 2011-12-31T00:00:00+14:00
         1 day at 09:00 | 2011-12-29T09:00:00-10:00 | 2011-12-31T00:00:00+14:00
         2 days | 2011-12-29T09:00:00-10:00 | 2011-12-31T09:00:00+14:00
         24h | 2011-12-29T23:00:00-10:00 | 2011-12-31T23:00:00+14:00
         until 09:00 | 2011-12-29T10:00:00-10:00 | 2011-12-31T09:00:00+14:00
         until fri 09:00 | 2011-12-29T10:00:00-10:00 | 2012-01-06T09:00:00+14:00",
    );
}

#[test]
fn waits_over_leap_days_and_short_months() {
    ends(
        "UTC",
        "
         1 day | 2028-02-28T10:00:00Z | 2028-02-29T10:00:00Z
         1 day | 2027-02-28T10:00:00Z | 2027-03-01T10:00:00Z
         1 year | 2028-02-29T10:00:00Z | 2029-02-28T10:00:00Z
         4 years | 2028-02-29T10:00:00Z | 2032-02-29T10:00:00Z
         1 month | 2027-01-31T10:00:00Z | 2027-02-28T10:00:00Z
         1 month | 2028-01-31T10:00:00Z | 2028-02-29T10:00:00Z
         1 year | 2099-02-28T10:00:00Z | 2100-02-28T10:00:00Z
         1 day | 2100-02-28T10:00:00Z | 2100-03-01T10:00:00Z",
    );
}

#[test]
fn business_days_are_neither_weekends_nor_closed() {
    ends(
        BERLIN,
        "
         1 business day | 2026-05-04T08:00:00+02:00 | 2026-05-05T08:00:00+02:00
         1 business day at 09:00 | 2026-05-01T08:00:00+02:00 | 2026-05-04T09:00:00+02:00
         1 business day | 2026-05-02T08:00:00+02:00 | 2026-05-04T08:00:00+02:00
         5 business days | 2026-05-04T08:00:00+02:00 | 2026-05-11T08:00:00+02:00
         # Good Friday and Easter Monday are closed.
         3 business days at 09:30 | 2026-04-01T12:00:00+02:00 | 2026-04-08T09:30:00+02:00",
    );
}

#[test]
fn a_clock_wait_takes_the_next_time_and_this_one_if_it_is_now() {
    ends(
        BERLIN,
        "
         until 10:00 | 2026-05-04T10:00:00+02:00 | 2026-05-04T10:00:00+02:00
         until 10:00 | 2026-05-04T10:00:00.001+02:00 | 2026-05-05T10:00:00+02:00
         until mon-fri 09:00 | 2026-05-01T09:30:00+02:00 | 2026-05-04T09:00:00+02:00
         until mon 09:00 | 2026-05-04T09:30:00+02:00 | 2026-05-11T09:00:00+02:00",
    );
}

/// Waits for a date, the value of `contact.x`, and when they end in New York.
const DATES: [(&str, Option<&str>, &str); 12] = [
    ("until 2026-12-24", None, "2026-12-24T00:00:00-05:00"),
    ("until 2026-12-24 10:00", None, "2026-12-24T10:00:00-05:00"),
    (
        "until 2026-12-24 10:00 Europe/Berlin",
        None,
        "2026-12-24T10:00:00+01:00",
    ),
    (
        "until contact.x",
        Some("2026-06-01"),
        "2026-06-01T00:00:00-04:00",
    ),
    (
        "until contact.x at 09:00",
        Some("2026-06-01"),
        "2026-06-01T09:00:00-04:00",
    ),
    (
        "until contact.x",
        Some("2026-06-01T12:00:00Z"),
        "2026-06-01T12:00:00Z",
    ),
    (
        "until contact.x",
        Some("2026-06-01T12:00:00"),
        "2026-06-01T12:00:00-04:00",
    ),
    (
        "until contact.x",
        Some("2026-06-01 12:00 Europe/Berlin"),
        "2026-06-01T12:00:00+02:00",
    ),
    (
        "until 1h before contact.x",
        Some("2026-06-01T12:00:00Z"),
        "2026-06-01T11:00:00Z",
    ),
    (
        "until 3 days before contact.x at 09:00",
        Some("2026-06-01"),
        "2026-05-29T09:00:00-04:00",
    ),
    (
        "until 1 day after contact.x at 10:00",
        Some("2026-06-01T02:00:00Z"),
        "2026-06-01T10:00:00-04:00",
    ),
    (
        "until 2 business days before contact.x",
        Some("2026-06-01"),
        "2026-05-28T00:00:00-04:00",
    ),
];

#[test]
fn a_date_is_reached_past_or_unknown() {
    let before = "2026-05-01T00:00:00Z";
    for (wait, value, end) in DATES {
        let found = resolved(NEW_YORK, wait, before, before, value);
        assert_eq!(found, Resolved::At(at(end)), "{wait} of {value:?}");
        assert_eq!(
            resolved(NEW_YORK, wait, before, end, value),
            Resolved::At(at(end)),
            "{wait}"
        );
        let late = "2026-12-25T00:00:00Z";
        assert_eq!(
            resolved(NEW_YORK, wait, before, late, value),
            Resolved::Past(at(end)),
            "{wait}"
        );
    }
    for value in [
        None,
        Some("soon"),
        Some("2026-02-30"),
        Some("1780000000"),
        Some("2026-06-01T12:00[Europe/Berlin]"),
    ] {
        assert_eq!(
            resolved(NEW_YORK, "until contact.x", before, before, value),
            Resolved::NoValue,
            "{value:?}"
        );
    }
}

#[test]
fn schedules_come_again_strictly_later() {
    for [zone_name, schedule, after, next] in rows(
        "
         Europe/Berlin | every day at 09:00 | 2026-05-04T08:00:00+02:00 | 2026-05-04T09:00:00+02:00
         Europe/Berlin | every day at 09:00 | 2026-05-04T09:00:00+02:00 | 2026-05-05T09:00:00+02:00
         Europe/Berlin | every weekday at 09:00 | 2026-05-01T09:00:00+02:00 | 2026-05-04T09:00:00+02:00
         Europe/Berlin | every mon,thu at 09:00 | 2026-05-04T09:00:00+02:00 | 2026-05-07T09:00:00+02:00
         Europe/Berlin | every day at 02:30 | 2026-03-28T12:00:00+01:00 | 2026-03-29T03:00:00+02:00
         Europe/Berlin | every day at 02:30 | 2026-10-25T02:30:00+02:00 | 2026-10-26T02:30:00+01:00
         Australia/Lord_Howe | every day at 02:15 | 2026-10-03T12:00:00+10:30 | 2026-10-04T02:30:00+11:00
         Asia/Kathmandu | every month on the 1st at 00:00 | 2026-05-31T18:14:59Z | 2026-05-31T18:15:00Z
         America/New_York | every month on the last day at 08:00 | 2028-02-01T00:00:00Z | 2028-02-29T08:00:00-05:00
         America/New_York | every month on the last day at 08:00 | 2028-02-29T08:00:00-05:00 | 2028-03-31T08:00:00-04:00
         Pacific/Apia | every day at 09:00 | 2011-12-29T09:00:00-10:00 | 2011-12-31T09:00:00+14:00
         Europe/Berlin | cron */20 9,10 * * sat | 2026-05-09T09:40:00+02:00 | 2026-05-09T10:00:00+02:00
         Europe/Berlin | cron */20 9,10 * * sat | 2026-05-09T10:40:00+02:00 | 2026-05-16T09:00:00+02:00
         Europe/Berlin | cron 0 8 29 2 * | 2096-02-29T08:00:00+01:00 | 2104-02-29T08:00:00+01:00
         Europe/Berlin | 2027-03-01 10:00 | 2020-03-01T10:00:00+01:00 | 2027-03-01T10:00:00+01:00
         Pacific/Apia | every friday at 09:00 | 2011-12-23T09:00:00-10:00 | 2012-01-06T09:00:00+14:00",
    ) {
        let found = Schedule::parse(schedule)
            .unwrap()
            .next_after(at(after), &zone(zone_name));
        assert_eq!(
            found,
            Some(at(next)),
            "{zone_name}: {schedule} after {after}"
        );
    }
}

#[test]
fn the_last_moment_of_a_schedule_is_the_one_before_the_next() {
    for [schedule, until, last] in rows(
        "
         every monday at 10:00 | 2026-05-04T10:00:00+02:00 | 2026-05-04T10:00:00+02:00
         every monday at 10:00 | 2026-05-04T09:59:59+02:00 | 2026-04-27T10:00:00+02:00
         every month on the last day at 08:00 | 2026-05-04T00:00:00+02:00 | 2026-04-30T08:00:00+02:00
         cron */20 9,10 * * * | 2026-05-04T09:59:59+02:00 | 2026-05-04T09:40:00+02:00
         cron */20 9,10 * * * | 2026-05-04T08:00:00+02:00 | 2026-05-03T10:40:00+02:00
         2027-03-01 10:00 | 2027-03-01T10:00:00+01:00 | 2027-03-01T10:00:00+01:00",
    ) {
        let schedule = Schedule::parse(schedule).unwrap();
        let found = schedule.last_until(at(until), &zone(BERLIN));
        assert_eq!(found, Some(at(last)), "{schedule} until {until}");
        let next = schedule.next_after(at(last), &zone(BERLIN));
        assert!(next.is_none_or(|next| next > at(until)), "{schedule} until {until}");
    }
    let once = Schedule::parse("2027-03-01 10:00").unwrap();
    assert_eq!(
        once.last_until(at("2027-03-01T09:59:59+01:00"), &zone(BERLIN)),
        None
    );
    assert_eq!(
        once.next_after(at("2027-03-01T10:00:00+01:00"), &zone(BERLIN)),
        None
    );
}

#[test]
fn windows_open_when_the_clock_on_the_wall_says_so() {
    for [window, from, opens] in rows(
        "
         09:00-17:00 | 2026-05-04T08:59:59.999+02:00 | 2026-05-04T09:00:00+02:00
         09:00-17:00 | 2026-05-04T16:59:59.999+02:00 | 2026-05-04T16:59:59.999+02:00
         09:00-17:00 | 2026-05-04T17:00:00+02:00 | 2026-05-05T09:00:00+02:00
         mon-fri 09:00-17:00 | 2026-05-01T17:00:00+02:00 | 2026-05-04T09:00:00+02:00
         # Over midnight: it belongs to the day on which it opens.
         sat 22:00-02:00 | 2026-05-02T01:00:00+02:00 | 2026-05-02T22:00:00+02:00
         sat 22:00-02:00 | 2026-05-03T01:59:00+02:00 | 2026-05-03T01:59:00+02:00
         sat 22:00-02:00 | 2026-05-03T02:00:00+02:00 | 2026-05-09T22:00:00+02:00
         18:00-00:00 | 2026-05-04T23:59:00+02:00 | 2026-05-04T23:59:00+02:00
         18:00-00:00 | 2026-05-05T00:00:00+02:00 | 2026-05-05T18:00:00+02:00
         # Its beginning, or all of it, is jumped over.
         02:30-05:00 | 2026-03-29T01:00:00+01:00 | 2026-03-29T03:00:00+02:00
         sun 02:00-02:30 | 2026-03-28T12:00:00+01:00 | 2026-04-05T02:00:00+02:00
         # Both passes of the repeated hour.
         02:00-02:30 | 2026-10-25T02:40:00+02:00 | 2026-10-25T02:00:00+01:00",
    ) {
        let found = Window::parse(window)
            .unwrap()
            .next_open(at(from), &zone(BERLIN));
        assert_eq!(found, Some(at(opens)), "{window} from {from}");
    }
}

#[test]
fn quiet_hours_go_over_midnight_and_over_changes_of_clocks() {
    for [zone_name, quiet, from, loud] in rows(
        "
         Europe/Berlin | 21:00-08:00 | 2026-05-04T20:59:59+02:00 | 2026-05-04T20:59:59+02:00
         Europe/Berlin | 21:00-08:00 | 2026-05-04T21:00:00+02:00 | 2026-05-05T08:00:00+02:00
         Europe/Berlin | 21:00-08:00 | 2026-05-05T00:00:00+02:00 | 2026-05-05T08:00:00+02:00
         Europe/Berlin | 21:00-08:00 | 2026-05-05T08:00:00+02:00 | 2026-05-05T08:00:00+02:00
         Europe/Berlin | 21:00-08:00 | 2026-03-28T22:00:00+01:00 | 2026-03-29T08:00:00+02:00
         Europe/Berlin | 21:00-02:30 | 2026-03-29T01:00:00+01:00 | 2026-03-29T03:00:00+02:00
         Europe/Berlin | 21:00-02:30 | 2026-10-25T02:15:00+02:00 | 2026-10-25T02:30:00+02:00
         Europe/Berlin | 21:00-02:30 | 2026-10-25T02:15:00+01:00 | 2026-10-25T02:30:00+01:00
         Europe/Berlin | 12:00-14:00 | 2026-05-04T13:00:00+02:00 | 2026-05-04T14:00:00+02:00
         Asia/Kathmandu | 20:00-09:00 | 2026-05-04T15:00:00Z | 2026-05-05T03:15:00Z
         Pacific/Apia | 21:00-08:00 | 2011-12-29T22:00:00-10:00 | 2011-12-31T08:00:00+14:00
         Australia/Lord_Howe | 21:00-01:45 | 2026-04-05T01:40:00+11:00 | 2026-04-05T01:45:00+11:00",
    ) {
        let (quiet, zone) = (QuietHours::parse(quiet).unwrap(), zone(zone_name));
        assert_eq!(
            quiet.next_loud(at(from), &zone),
            Some(at(loud)),
            "{zone_name}: {quiet} from {from}"
        );
        assert_eq!(
            quiet.is_quiet(at(from), &zone),
            from != loud,
            "{zone_name}: {quiet} at {from}"
        );
    }
}

#[test]
fn a_yearly_date_comes_once_a_year() {
    for [phrase, value, after, next] in rows(
        "
         contact.x at 09:00 | 2000-02-29 | 2026-03-01T00:00:00Z | 2027-02-28T09:00:00+01:00
         contact.x at 09:00 | 2000-02-29 | 2027-02-28T09:00:00+01:00 | 2028-02-29T09:00:00+01:00
         contact.x at 09:00 | 2000-02-29 | 2028-02-29T09:00:00+01:00 | 2029-02-28T09:00:00+01:00
         3 days before contact.x at 09:00 | 1990-01-02 | 2026-06-01T00:00:00Z | 2026-12-30T09:00:00+01:00
         3 days before contact.x at 09:00 | 1990-01-02 | 2026-12-30T09:00:00+01:00 | 2027-12-30T09:00:00+01:00
         1 month after contact.x | 1990-12-31 | 2027-01-31T00:00:00+01:00 | 2028-01-31T00:00:00+01:00
         10 years before contact.x | 1990-05-01 | 2026-05-01T00:00:00+02:00 | 2027-05-01T00:00:00+02:00
         # Not before the date itself.
         contact.x at 09:00 | 2040-07-01 | 2026-03-01T00:00:00Z | 2040-07-01T09:00:00+02:00
         # 29 March 2026 has no 02:30.
         contact.x at 02:30 | 1990-03-29 | 2026-03-01T00:00:00Z | 2026-03-29T03:00:00+02:00",
    ) {
        let (zone, closed) = (zone(BERLIN), closed());
        let place = Place {
            zone: &zone,
            closed: &closed,
        };
        let value = DateValue::parse(value).unwrap();
        let found = next_yearly(
            &DatePhrase::parse(phrase).unwrap(),
            &value,
            at(after),
            place,
        );
        assert_eq!(found, Some(at(next)), "{phrase} of {value:?} after {after}");
    }
}

#[test]
fn a_zone_is_known_by_its_name_only() {
    assert_eq!(zone("america/new_york").name(), NEW_YORK);
    assert_eq!(zone("UTC"), Zone::utc());
    for name in [
        "",
        "Berlin",
        "Etc/Unknown",
        "+02:00",
        "Europe/Berlin;rm",
        "local",
    ] {
        assert_eq!(Zone::parse(name), None, "{name}");
    }
    assert_eq!(Zone::nearest("berlin").as_deref(), Some(BERLIN));
    assert_eq!(Zone::nearest("Europe/Berlim").as_deref(), Some(BERLIN));
    let json = serde_json::to_string(&zone(BERLIN)).unwrap();
    assert_eq!(json, "\"Europe/Berlin\"");
    assert_eq!(serde_json::from_str::<Zone>(&json).unwrap(), zone(BERLIN));
}
