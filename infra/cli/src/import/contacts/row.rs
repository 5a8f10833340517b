//! A row of a file as the API takes it.

use std::fmt;

use anyhow::bail;
use serde_json::{Map, Value, json};
use wend_core::time::Timestamp;

use crate::import::columns::{Columns, check_column};
use crate::simulate::moment as time;

/// A column and what is wrong with it.
pub type Wrong = (String, String);

/// A time that is said once, or in each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// This one.
    At(Timestamp),
    /// What stands in this column.
    Column(String),
}

impl When {
    /// Reads a time, or else the name of a column.
    pub fn parse(text: &str, columns: &[String]) -> anyhow::Result<Self> {
        if let Some(at) = time(text) {
            return Ok(Self::At(at));
        }
        if check_column(columns, text).is_err() {
            bail!("`{text}` is neither a time such as 2026-03-01 nor a column");
        }
        Ok(Self::Column(text.to_owned()))
    }

    /// The time of a row.
    fn of(&self, cells: &Map<String, Value>) -> Result<Timestamp, Wrong> {
        match self {
            Self::At(at) => Ok(*at),
            Self::Column(column) => {
                let text = cells
                    .get(column)
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let wrong = || format!("`{text}` is no time such as 2026-03-01T08:00:00Z");
                time(text).ok_or_else(|| (column.clone(), wrong()))
            }
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => write!(f, "{at}"),
            Self::Column(column) => write!(f, "the time in `{column}`"),
        }
    }
}

/// Opt-ins that the importer states.
#[derive(Clone, Debug)]
pub struct Consent {
    /// To what, and by which words.
    pub topics: Vec<(String, String)>,
    /// When.
    pub at: When,
    /// When they were confirmed.
    pub confirmed_at: Option<When>,
    /// The column and the value of those who have.
    pub only: Option<(String, String)>,
    /// Where.
    pub source: String,
}

impl Consent {
    /// The opt-ins of a row.
    fn of(&self, cells: &Map<String, Value>) -> Result<Option<Value>, Wrong> {
        let has = |(column, wanted): &(String, String)| {
            let cell = cells.get(column).map(text).unwrap_or_default();
            cell.eq_ignore_ascii_case(wanted)
        };
        if !self.only.as_ref().is_none_or(has) {
            return Ok(None);
        }
        let at = self.at.of(cells)?;
        let confirmed_at = self.confirmed_at.as_ref().map(|when| when.of(cells));
        let confirmed_at = confirmed_at.transpose()?;
        let topics = self.topics.iter().map(|(topic, wording)| {
            let mut said = json!({
                "topic": topic, "wording": wording, "source": self.source, "at": at.to_string(),
            });
            if let Some(at) = confirmed_at {
                said["confirmed_at"] = json!(at.to_string());
            }
            said
        });
        Ok(Some(topics.collect()))
    }
}

impl fmt::Display for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topics: Vec<&str> = self
            .topics
            .iter()
            .map(|(topic, _)| topic.as_str())
            .collect();
        write!(f, "Opted in to {} at {}", topics.join(", "), self.at)?;
        if let Some(at) = &self.confirmed_at {
            write!(f, ", confirmed at {at}")?;
        }
        match &self.only {
            Some((column, value)) => write!(f, ": rows whose `{column}` is `{value}`."),
            None => write!(f, ": all rows."),
        }
    }
}

/// Makes items of rows.
#[derive(Clone, Debug)]
pub struct Reader {
    /// What each column is.
    pub columns: Columns,
    /// When rows were true.
    pub as_of: When,
    /// What is stated of them.
    pub consent: Option<Consent>,
}

impl Reader {
    /// The item of a row, with what is left out of it; or why there is none.
    pub fn item(&self, cells: &Map<String, Value>) -> Result<(Value, Vec<Wrong>), Wrong> {
        let at = self.as_of.of(cells)?;
        let mut item = json!({ "timestamp": at.to_string() });
        let mut traits = Map::new();
        for (column, name) in &self.columns.mapped {
            let Some(value) = cells.get(column) else {
                continue;
            };
            match name.as_str() {
                "user_id" => item["userId"] = json!(text(value)),
                "anonymous_id" => item["anonymousId"] = json!(text(value)),
                _ => {
                    traits.insert(name.clone(), value.clone());
                }
            }
        }
        let mut left_out = Vec::new();
        match self.consent.as_ref().map(|consent| consent.of(cells)) {
            Some(Ok(Some(subscribed))) => {
                traits.insert("subscribed".to_owned(), subscribed);
            }
            Some(Err(wrong)) => left_out.push(wrong),
            Some(Ok(None)) | None => {}
        }
        item["traits"] = Value::Object(traits);
        Ok((item, left_out))
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn reader() -> Reader {
        let mapped = [("Mail", "email"), ("No", "user_id"), ("Tier", "tier")];
        let mapped = mapped.map(|(column, name)| (column.to_owned(), name.to_owned()));
        Reader {
            columns: Columns {
                mapped: mapped.into(),
                left_out: Vec::new(),
            },
            as_of: When::At(time("2026-03-01").unwrap()),
            consent: Some(Consent {
                topics: vec![("news".to_owned(), "Yes".to_owned())],
                at: When::Column("Since".to_owned()),
                confirmed_at: None,
                only: Some(("Status".to_owned(), "subscribed".to_owned())),
                source: "old tool".to_owned(),
            }),
        }
    }

    #[test]
    fn a_row_says_who_it_is_when_it_was_true_and_what_was_agreed_to() {
        let row = json!({ "Mail": "ana@example.com", "No": 7, "Tier": "gold", "Status": "Subscribed", "Since": "2025-02-03 10:00" });
        let (item, left_out) = reader().item(&cells(&row)).unwrap();
        let news = json!([{ "topic": "news", "wording": "Yes", "source": "old tool", "at": "2025-02-03T10:00:00Z" }]);
        let expected = json!({ "userId": "7", "timestamp": "2026-03-01T00:00:00Z",
            "traits": { "email": "ana@example.com", "tier": "gold", "subscribed": news } });
        assert_eq!((item, left_out), (expected, Vec::new()));
    }

    #[test]
    fn who_has_not_said_yes_or_does_not_say_when_is_not_subscribed() {
        for (row, faults) in [
            (
                json!({ "Mail": "a@x.example", "Status": "cleaned", "Since": "2025-02-03" }),
                0,
            ),
            (json!({ "Mail": "a@x.example", "Since": "2025-02-03" }), 0),
            (json!({ "Mail": "a@x.example", "Status": "subscribed" }), 1),
            (
                json!({ "Mail": "a@x.example", "Status": "subscribed", "Since": "02/03/2025" }),
                1,
            ),
        ] {
            let (item, left_out) = reader().item(&cells(&row)).unwrap();
            assert!(item["traits"].get("subscribed").is_none(), "{row}");
            assert_eq!(left_out.len(), faults, "{row}");
        }
    }
}
