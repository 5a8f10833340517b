//! What the exports of other tools say of addresses that must not be written to.
//!
//! Columns are those of the tools' own files: Klaviyo's profiles and suppressed profiles, Mailchimp's unsubscribed and cleaned members,
//! HubSpot's export of unsubscribes and bounces or of contacts, Pinpoint's endpoints.

use serde_json::{Map, Value};
use wend_core::identity::{EmailAddress, PhoneNumber};
use wend_core::time::Timestamp;

use super::suppressions::{Address, Entry, Why};
use crate::simulate::moment as time;

/// Which tool wrote the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Preset {
    /// Profiles, or suppressed profiles: consent `UNSUBSCRIBED`, suppressions with their reasons.
    Klaviyo,
    /// `unsubscribed_…csv` and `cleaned_…csv` of an audience's export.
    Mailchimp,
    /// "Export unsubscribes and bounces", contacts with their email properties, or an opt-out list.
    Hubspot,
    /// Endpoints: `OptOut` is `ALL`, or `EndpointStatus` is `INACTIVE`.
    Pinpoint,
    /// The account's own list in SES, without a file.
    Ses,
    /// A list of addresses, each for the same reason (`--reason`).
    List,
}

/// The column and what is wrong with it.
type Wrong = (String, String);

/// Cells by their headers, compared in lower case without blanks, `_` and `-`.
struct Cells<'c>(&'c Map<String, Value>);

fn plain(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

impl Cells<'_> {
    /// The first of these columns that has a value, with its name as it is written.
    fn first(&self, headers: &[&str]) -> Option<(&str, String)> {
        headers.iter().find_map(|header| {
            let mut cells = self.0.iter();
            let (name, value) = cells.find(|(name, _)| plain(name) == *header)?;
            let text = value.as_str();
            let text = text.map_or_else(|| value.to_string(), str::to_owned);
            Some((name.as_str(), text))
        })
    }

    fn text(&self, headers: &[&str]) -> Option<String> {
        self.first(headers).map(|(_, text)| text)
    }

    fn email(&self, headers: &[&str]) -> Result<Address, Wrong> {
        let (name, text) = self
            .first(headers)
            .ok_or_else(|| (String::new(), "it has no address".to_owned()))?;
        let email = EmailAddress::parse(&text).map(Address::Email);
        email.ok_or_else(|| (name.to_owned(), format!("`{text}` is no email address")))
    }

    /// A time that is said; an unreadable one is no reason to write to somebody.
    fn at(&self, headers: &[&str], otherwise: Timestamp) -> Timestamp {
        let said = self.text(headers).and_then(|text| time(&text));
        said.map_or(otherwise, |at| at.min(otherwise))
    }
}

/// The columns that a file needs for `preset`, one of each line; what is wrong with `columns` otherwise.
pub fn check(preset: Preset, columns: &[String]) -> Result<(), String> {
    let has = |wanted: &[&str]| {
        let mut columns = columns.iter().map(|name| plain(name));
        columns.any(|name| wanted.contains(&name.as_str()))
    };
    match preset {
        Preset::Mailchimp if !has(&["unsubtime", "cleantime"]) => Err(
            "neither UNSUB_TIME nor CLEAN_TIME is there: give the files `unsubscribed_…` and `cleaned_…` of the export, one after the other"
                .to_owned(),
        ),
        Preset::Pinpoint if !has(&["optout", "endpointstatus"]) => {
            Err("neither OptOut nor EndpointStatus is there: export the endpoints themselves".to_owned())
        }
        Preset::Pinpoint if !has(&["address"]) => Err("there is no column Address".to_owned()),
        Preset::Klaviyo | Preset::Mailchimp | Preset::Hubspot if !has(&EMAIL) => {
            Err("there is no column with email addresses".to_owned())
        }
        Preset::Klaviyo
        | Preset::Mailchimp
        | Preset::Hubspot
        | Preset::Pinpoint
        | Preset::Ses
        | Preset::List => Ok(()),
    }
}

const EMAIL: [&str; 4] = ["email", "emailaddress", "address", "mail"];
const KLAVIYO_REASON: [&str; 6] = [
    "suppressionreason",
    "emailsuppressionreason",
    "emailsuppressions",
    "emailsuppression",
    "suppressedreason",
    "reason",
];
const KLAVIYO_CONSENT: [&str; 2] = ["emailmarketingconsent", "emailconsent"];
const KLAVIYO_AT: [&str; 6] = [
    "suppressiontimestamp",
    "emailsuppressionstimestamp",
    "suppressedat",
    "timestamp",
    "emailmarketingconsenttimestamp",
    "date",
];

/// What a row says; nothing: it may be written to. `reason` is that of a plain list, `now` the time of what says none.
pub fn read(
    preset: Preset,
    cells: &Map<String, Value>,
    columns: &[String],
    (reason, now): (Why, Timestamp),
) -> Result<Vec<Entry>, Wrong> {
    let cells = Cells(cells);
    match preset {
        Preset::Klaviyo => klaviyo(&cells, columns, now),
        Preset::Mailchimp => mailchimp(&cells, now),
        Preset::Hubspot => hubspot(&cells, columns, now),
        Preset::Pinpoint => pinpoint(&cells, now),
        Preset::Ses | Preset::List => list(&cells, reason, now),
    }
}

fn has_column(columns: &[String], wanted: &[&str]) -> bool {
    let mut columns = columns.iter().map(|name| plain(name));
    columns.any(|name| wanted.contains(&name.as_str()))
}

/// The reason in the words of a tool.
fn why(text: &str) -> Why {
    let text = plain(text);
    let has = |word: &str| text.contains(word);
    if has("spam") || has("complain") || has("abuse") {
        Why::Complained
    } else if has("bounce") || has("invalid") || has("cleaned") {
        Why::Bounced
    } else if has("unsub") || has("optout") || has("optedout") {
        Why::Unsubscribed
    } else {
        Why::Imported
    }
}

fn klaviyo(cells: &Cells<'_>, columns: &[String], now: Timestamp) -> Result<Vec<Entry>, Wrong> {
    let consent = cells.text(&KLAVIYO_CONSENT).map(|text| plain(&text));
    let reason = cells.text(&KLAVIYO_REASON);
    let is_empty = |text: &String| ["", "false", "none", "null", "[]"].contains(&text.trim());
    let said = reason.filter(|text| !is_empty(text)).map(|text| why(&text));
    let is_list = !has_column(columns, &KLAVIYO_REASON) && !has_column(columns, &KLAVIYO_CONSENT);
    let why = match (said, consent.as_deref()) {
        (Some(why), _) => why,
        (None, Some("unsubscribed")) => Why::Unsubscribed,
        (None, _) if is_list => Why::Imported,
        (None, _) => return Ok(Vec::new()),
    };
    let address = cells.email(&EMAIL)?;
    let at = cells.at(&KLAVIYO_AT, now);
    Ok(vec![Entry { address, why, at }])
}

fn mailchimp(cells: &Cells<'_>, now: Timestamp) -> Result<Vec<Entry>, Wrong> {
    let address = cells.email(&EMAIL)?;
    let reported = cells.text(&["unsubreason"]).map(|text| why(&text));
    let complaint = Why::Complained;
    let why = if cells.text(&["cleantime"]).is_some() {
        Why::Bounced
    } else if reported == Some(complaint) {
        complaint
    } else {
        Why::Unsubscribed
    };
    let at = cells.at(&["cleantime", "unsubtime", "lastchanged"], now);
    Ok(vec![Entry { address, why, at }])
}

/// Columns of HubSpot with what a value in them means, the gravest first. Some say TRUE, some the reason.
const HUBSPOT: [(&[&str], Why); 3] = [
    (
        &["portalspamreport", "markedemailasspam", "hsemailspamreport"],
        Why::Complained,
    ),
    (
        &[
            "portalbounce",
            "globalbounce",
            "emailhardbouncereason",
            "hsemailhardbouncereason",
            "hsemailhardbouncereasonenum",
            "invalidemailaddress",
            "hsemailbadaddress",
            "emailaddressquarantined",
            "hsemailquarantined",
        ],
        Why::Bounced,
    ),
    (
        &[
            "portalunsubscribe",
            "unsubscribedfromallemail",
            "hsemailoptout",
        ],
        Why::Unsubscribed,
    ),
];

fn hubspot(cells: &Cells<'_>, columns: &[String], now: Timestamp) -> Result<Vec<Entry>, Wrong> {
    let is_said = |column: &&str| {
        let text = cells.text(&[column]).unwrap_or_default();
        !["", "false", "no", "0"].contains(&text.trim().to_lowercase().as_str())
    };
    let knows_any = HUBSPOT
        .iter()
        .any(|(wanted, _)| has_column(columns, wanted));
    let said = HUBSPOT
        .iter()
        .filter(|(wanted, _)| wanted.iter().any(&is_said));
    let mut all: Vec<Why> = said.map(|(_, why)| *why).collect();
    if !knows_any {
        // A bare list of addresses is an opt-out list.
        all.push(Why::Unsubscribed);
    }
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let address = cells.email(&EMAIL)?;
    Ok(entries(&address, &all, now))
}

fn pinpoint(cells: &Cells<'_>, now: Timestamp) -> Result<Vec<Entry>, Wrong> {
    let is = |column: &str, value: &str| {
        let text = cells.text(&[column]).unwrap_or_default();
        text.eq_ignore_ascii_case(value)
    };
    let mut all = Vec::new();
    if is("endpointstatus", "INACTIVE") {
        all.push(Why::Imported);
    }
    if is("optout", "ALL") {
        all.push(Why::Unsubscribed);
    }
    let channel = cells.text(&["channeltype"]).unwrap_or_default();
    let is_phone = ["SMS", "VOICE"]
        .iter()
        .any(|name| channel.eq_ignore_ascii_case(name));
    let is_email = channel.is_empty() || channel.eq_ignore_ascii_case("EMAIL");
    if all.is_empty() || !(is_email || is_phone) {
        return Ok(Vec::new());
    }
    let address = if is_phone {
        let text = cells.text(&["address"]).unwrap_or_default();
        let number = PhoneNumber::parse(&text).map(Address::Phone);
        let wrong = || format!("`{text}` is no number with its country");
        number.ok_or_else(|| ("Address".to_owned(), wrong()))?
    } else {
        cells.email(&["address"])?
    };
    Ok(entries(&address, &all, cells.at(&["effectivedate"], now)))
}

fn entries(address: &Address, all: &[Why], at: Timestamp) -> Vec<Entry> {
    let entry = |why: &Why| Entry {
        address: address.clone(),
        why: *why,
        at,
    };
    all.iter().map(entry).collect()
}

/// The first cell that is an address.
fn list(cells: &Cells<'_>, why: Why, at: Timestamp) -> Result<Vec<Entry>, Wrong> {
    let texts = cells.0.iter().filter_map(|(_, value)| value.as_str());
    let mut addresses = texts.filter_map(Address::parse);
    let address = addresses.next();
    let none = || "there is neither an email address nor a number with its country".to_owned();
    let address = address.ok_or_else(|| (String::new(), none()))?;
    Ok(vec![Entry { address, why, at }])
}

#[cfg(test)]
mod tests;
