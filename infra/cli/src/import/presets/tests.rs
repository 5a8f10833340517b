use super::*;
use crate::folder::Folder;
use crate::import::source::Source;

const NOW: &str = "2026-11-01T00:00:00Z";

/// What a file says, a line for each address.
fn said(preset: Preset, name: &str, text: &str) -> Vec<String> {
    let folder = Folder::new(&format!("preset-{}", plain(name)));
    folder.write(name, text);
    let source = Source::open(&folder.path().join(name)).unwrap();
    let columns = source.survey().unwrap().columns;
    check(preset, &columns).unwrap();
    let otherwise = (Why::Imported, time(NOW).unwrap());
    let rows = source.rows(None).unwrap().map(|row| {
        let row = row.unwrap();
        match read(preset, &row.cells.unwrap(), &columns, otherwise) {
            Ok(entries) => entries.iter().map(line).collect::<Vec<_>>(),
            Err((column, what)) => vec![format!("row {} {column}: {what}", row.number)],
        }
    });
    rows.collect::<Vec<_>>().concat()
}

fn line(entry: &Entry) -> String {
    let address = match &entry.address {
        Address::Email(email) => email.expose(),
        Address::Phone(number) => number.expose(),
    };
    format!("{address} {:?} {}", entry.why, entry.at)
}

#[test]
fn klaviyo() {
    let profiles = "Email,Klaviyo ID,First Name,Email Marketing Consent,Email Marketing Consent Timestamp,Email Suppressions,Email Suppressions Timestamp\n\
        ana@example.com,01A,Ana,SUBSCRIBED,2025-01-01 10:00:00,,\n\
        bob@example.com,01B,Bob,UNSUBSCRIBED,2025-02-01 10:00:00,,\n\
        eve@example.com,01C,Eve,SUBSCRIBED,2025-01-01 10:00:00,HARD_BOUNCE,2025-03-01 10:00:00\n\
        dan@example.com,01D,Dan,NEVER_SUBSCRIBED,,USER_SUPPRESSED,\n\
        fay@example.com,01E,Fay,UNSUBSCRIBED,2025-04-01T10:00:00+00:00,SPAM_COMPLAINT,\n";
    assert_eq!(
        said(Preset::Klaviyo, "profiles.csv", profiles),
        [
            "bob@example.com Unsubscribed 2025-02-01T10:00:00Z",
            "eve@example.com Bounced 2025-03-01T10:00:00Z",
            "dan@example.com Imported 2026-11-01T00:00:00Z",
            "fay@example.com Complained 2025-04-01T10:00:00Z",
        ]
    );
    let suppressed = "Email,Reason,Timestamp\nbob@example.com,UNSUBSCRIBE,2023-02-21T20:07:38+00:00\neve@example.com,INVALID_EMAIL,\n";
    assert_eq!(
        said(Preset::Klaviyo, "suppressed.csv", suppressed),
        [
            "bob@example.com Unsubscribed 2023-02-21T20:07:38Z",
            "eve@example.com Bounced 2026-11-01T00:00:00Z",
        ]
    );
    let bare = "Email\neve@example.com\n";
    assert_eq!(
        said(Preset::Klaviyo, "bare.csv", bare),
        ["eve@example.com Imported 2026-11-01T00:00:00Z"]
    );
}

#[test]
fn mailchimp() {
    let unsubscribed = "Email Address,First Name,MEMBER_RATING,OPTIN_TIME,LAST_CHANGED,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON,UNSUB_REASON_OTHER\n\
        bob@example.com,Bob,2,2020-01-01 10:00:00,2024-05-01 10:00:00,2024-05-01 09:59:59,March,NORMAL,\n\
        eve@example.com,Eve,2,2020-01-01 10:00:00,2024-05-01 10:00:00,2024-05-02 10:00:00,March,ABUSE,\n\
        no address,Dan,2,,,2024-05-02 10:00:00,,,\n";
    assert_eq!(
        said(Preset::Mailchimp, "unsubscribed.csv", unsubscribed),
        [
            "bob@example.com Unsubscribed 2024-05-01T09:59:59Z",
            "eve@example.com Complained 2024-05-02T10:00:00Z",
            "row 4 Email Address: `no address` is no email address",
        ]
    );
    let cleaned = "Email Address,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE\nfay@example.com,2024-06-01 10:00:00,March\n";
    assert_eq!(
        said(Preset::Mailchimp, "cleaned.csv", cleaned),
        ["fay@example.com Bounced 2024-06-01T10:00:00Z"]
    );
    let subscribed = ["Email Address".to_owned(), "OPTIN_TIME".to_owned()];
    assert!(
        check(Preset::Mailchimp, &subscribed)
            .unwrap_err()
            .contains("UNSUB_TIME")
    );
}

#[test]
fn hubspot() {
    let bounces = "Email,Portal Bounce,Portal Unsubscribe,Portal Spam Report,Global Bounce,Marketing Information\n\
        ana@example.com,FALSE,FALSE,FALSE,FALSE,TRUE\n\
        bob@example.com,,TRUE,,,\n\
        eve@example.com,UNKNOWN_USER,TRUE,FALSE,FALSE,\n\
        fay@example.com,FALSE,FALSE,TRUE,FALSE,\n";
    let now = "2026-11-01T00:00:00Z";
    assert_eq!(
        said(Preset::Hubspot, "bounces.csv", bounces),
        [
            format!("bob@example.com Unsubscribed {now}"),
            format!("eve@example.com Bounced {now}"),
            format!("eve@example.com Unsubscribed {now}"),
            format!("fay@example.com Complained {now}"),
        ]
    );
    let contacts = "Record ID,Email,Unsubscribed from all email,Email hard bounce reason\n1,ana@example.com,false,\n2,bob@example.com,true,\n3,,true,\n";
    assert_eq!(
        said(Preset::Hubspot, "contacts.csv", contacts),
        [
            format!("bob@example.com Unsubscribed {now}"),
            "row 4 : it has no address".to_owned()
        ]
    );
    let opted_out = "Email\nbob@example.com\n";
    assert_eq!(
        said(Preset::Hubspot, "optout.csv", opted_out),
        [format!("bob@example.com Unsubscribed {now}")]
    );
}

#[test]
fn pinpoint() {
    let endpoints = "ChannelType,Address,EndpointStatus,OptOut,Id,EffectiveDate,User.UserId\n\
        EMAIL,ana@example.com,ACTIVE,NONE,e1,2025-01-01T10:00:00.000Z,u1\n\
        EMAIL,bob@example.com,ACTIVE,ALL,e2,2025-02-01T10:00:00.000Z,u2\n\
        EMAIL,eve@example.com,INACTIVE,ALL,e3,2025-03-01T10:00:00.000Z,u3\n\
        SMS,+4915550001111,ACTIVE,ALL,e4,2025-04-01T10:00:00.000Z,u4\n\
        GCM,token,INACTIVE,ALL,e5,2025-04-01T10:00:00.000Z,u5\n";
    let expected = [
        "bob@example.com Unsubscribed 2025-02-01T10:00:00Z",
        "eve@example.com Imported 2025-03-01T10:00:00Z",
        "eve@example.com Unsubscribed 2025-03-01T10:00:00Z",
        "+4915550001111 Unsubscribed 2025-04-01T10:00:00Z",
    ];
    assert_eq!(said(Preset::Pinpoint, "endpoints.csv", endpoints), expected);
    let lines = "{\"ChannelType\":\"EMAIL\",\"Address\":\"bob@example.com\",\"EndpointStatus\":\"ACTIVE\",\"OptOut\":\"ALL\",\
        \"EffectiveDate\":\"2025-02-01T10:00:00.000Z\",\"User\":{\"UserId\":\"u2\"}}\n";
    assert_eq!(
        said(Preset::Pinpoint, "endpoints.jsonl", lines),
        expected[..1]
    );
    let other = ["Address".to_owned()];
    assert!(
        check(Preset::Pinpoint, &other)
            .unwrap_err()
            .contains("OptOut")
    );
}

#[test]
fn a_plain_list() {
    let list = "name,who\nBob,bob@example.com\nEve,+49 155 5000 1111\nDan,\n";
    assert_eq!(
        said(Preset::List, "list.csv", list),
        [
            "bob@example.com Imported 2026-11-01T00:00:00Z",
            "+4915550001111 Imported 2026-11-01T00:00:00Z",
            "row 4 : there is neither an email address nor a number with its country",
        ]
    );
}
