//! Which column is which attribute: as it is said, else by the headers that other tools write.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use serde::Deserialize;
use wend_core::definitions::nearest;

/// What rows may hold, as the deployment says.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Shape {
    /// Attributes with their types; none: any.
    pub attributes: Option<BTreeMap<String, String>>,
    /// Topics with how one opts in.
    pub topics: BTreeMap<String, String>,
}

/// The names of a contact, and their headers in other tools, the surest first. Headers are compared in lower case, with `_` for all that
/// is neither letter nor digit.
const NAMES: [(&str, &[&str]); 4] = [
    (
        "user_id",
        &[
            "user_id",
            "userid",
            "user_userid",
            "user_user_id",
            "external_id",
            "customer_id",
            "id",
        ],
    ),
    ("anonymous_id", &["anonymous_id", "anonymousid"]),
    (
        "email",
        &[
            "email",
            "e_mail",
            "email_address",
            "e_mail_address",
            "emailaddress",
            "mail",
        ],
    ),
    (
        "phone",
        &[
            "phone",
            "phone_number",
            "mobile_phone_number",
            "mobile_phone",
            "mobile",
            "sms",
        ],
    ),
];
/// Other headers of attributes that most projects have.
const OTHERS: [(&str, &[&str]); 5] = [
    (
        "first_name",
        &["firstname", "fname", "given_name", "vorname"],
    ),
    (
        "last_name",
        &["lastname", "lname", "surname", "family_name", "nachname"],
    ),
    ("timezone", &["time_zone", "ip_timezone"]),
    ("locale", &["language", "preferred_language"]),
    (
        "country",
        &["country_code", "ip_country_code", "location_country"],
    ),
];
/// Lists of topics: opt-ins are stated with their wording.
const LISTS: [&str; 2] = ["subscribed", "unsubscribed"];

/// The attributes' columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// By column: the attribute or name that it is.
    pub mapped: BTreeMap<String, String>,
    /// Columns that are left out.
    pub left_out: Vec<String>,
}

impl Columns {
    /// Maps `columns`. What is `said` (column, name; no name: left out) comes first.
    pub fn map(
        columns: &[String],
        said: &[(String, String)],
        shape: &Shape,
    ) -> anyhow::Result<Self> {
        let mut mapped: BTreeMap<String, String> = BTreeMap::new();
        let mut closed = BTreeSet::new();
        for (column, name) in said {
            check_column(columns, column)?;
            check_name(name, shape)?;
            closed.insert(column.as_str());
            if !name.is_empty() && mapped.values().any(|known| known == name) {
                bail!("two columns are mapped to `{name}`");
            }
            if !name.is_empty() {
                mapped.insert(column.clone(), name.clone());
            }
        }
        for (name, headers) in candidates(shape) {
            if mapped.values().any(|known| *known == name) {
                continue;
            }
            let free = || {
                columns
                    .iter()
                    .filter(|column| !closed.contains(column.as_str()))
            };
            let found = headers
                .iter()
                .find_map(|header| free().find(|column| plain(column) == *header));
            if let Some(column) = found {
                closed.insert(column.as_str());
                mapped.insert(column.clone(), name);
            }
        }
        if shape.attributes.is_none() {
            // A project without declarations takes all under their own names.
            for column in columns
                .iter()
                .filter(|column| !closed.contains(column.as_str()))
            {
                let name = plain(column);
                let is_new = !mapped.values().any(|known| *known == name);
                if is_new && !LISTS.contains(&name.as_str()) && !name.is_empty() {
                    mapped.insert(column.clone(), name);
                }
            }
        }
        let left_out = columns
            .iter()
            .filter(|column| !mapped.contains_key(*column));
        let left_out = left_out.cloned().collect();
        Ok(Self { mapped, left_out })
    }

    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&str> {
        let mut all = self.mapped.iter();
        all.find_map(|(column, known)| (known == name).then_some(column.as_str()))
    }
}

/// Names with the headers that can mean them: those of contacts, then the attributes under their own names.
fn candidates(shape: &Shape) -> Vec<(String, Vec<String>)> {
    let owned = |headers: &[&str]| headers.iter().map(|header| (*header).to_owned()).collect();
    let names = NAMES
        .iter()
        .map(|(name, headers)| ((*name).to_owned(), owned(headers)));
    let attributes = shape.attributes.iter().flatten();
    let attributes = attributes.map(|(name, _)| (name.clone(), vec![plain(name)]));
    let known = |name: &str| {
        let attributes = shape.attributes.as_ref();
        attributes.is_none_or(|all| all.contains_key(name))
    };
    let others = OTHERS.iter().filter(|(name, _)| known(name));
    let others = others.map(|(name, headers)| ((*name).to_owned(), owned(headers)));
    names.chain(attributes).chain(others).collect()
}

/// `E-mail Address` as `e_mail_address`.
fn plain(header: &str) -> String {
    let words = header.split(|c: char| !c.is_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("_")
}

/// Fails unless there is a column `column`.
pub fn check_column(columns: &[String], column: &str) -> anyhow::Result<()> {
    if columns.iter().any(|known| known == column) {
        return Ok(());
    }
    let known = columns.iter().map(String::as_str);
    let meant = nearest(column, known).map(|near| format!("; did you mean `{near}`?"));
    bail!("there is no column `{column}`{}", meant.unwrap_or_default())
}

fn check_name(name: &str, shape: &Shape) -> anyhow::Result<()> {
    let is_name = NAMES.iter().any(|(known, _)| *known == name);
    if LISTS.contains(&name) {
        bail!(
            "no column is `{name}`: opt-ins are stated with --consent, opt-outs with `wend import suppressions`"
        );
    }
    match &shape.attributes {
        Some(all) if !name.is_empty() && !is_name && !all.contains_key(name) => {
            let known = all.keys().map(String::as_str);
            let meant = nearest(name, known).map(|near| format!(": did you mean `{near}`?"));
            let help = || ": declare it in wend.yaml and publish".to_owned();
            Err(anyhow::anyhow!("{}", meant.unwrap_or_else(help)))
                .with_context(|| format!("the published project has no attribute `{name}`"))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(attributes: Option<&[&str]>) -> Shape {
        let all = attributes.map(|all| {
            let all = all
                .iter()
                .map(|name| ((*name).to_owned(), "text".to_owned()));
            all.collect()
        });
        Shape {
            attributes: all,
            topics: BTreeMap::new(),
        }
    }

    fn map(columns: &[&str], said: &[(&str, &str)], shape: &Shape) -> anyhow::Result<Vec<String>> {
        let columns: Vec<String> = columns.iter().map(|one| (*one).to_owned()).collect();
        let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        let said: Vec<_> = said.iter().map(owned).collect();
        let mapped = Columns::map(&columns, &said, shape)?.mapped;
        Ok(mapped
            .iter()
            .map(|(column, name)| format!("{column}={name}"))
            .collect())
    }

    #[test]
    fn usual_headers_are_known() {
        let shape = shape(Some(&["first_name", "tier", "phone", "email"]));
        let columns = [
            "Email Address",
            "First Name",
            "FNAME",
            "Phone Number",
            "Tier",
            "LEID",
        ];
        let expected = [
            "Email Address=email",
            "First Name=first_name",
            "Phone Number=phone",
            "Tier=tier",
        ];
        assert_eq!(map(&columns, &[], &shape).unwrap(), expected);
        let pinpoint = ["Id", "User.UserId", "Address"];
        let said = [("Address", "email")];
        let expected = ["Address=email", "User.UserId=user_id"];
        assert_eq!(map(&pinpoint, &said, &shape).unwrap(), expected);
    }

    #[test]
    fn what_is_said_comes_first_and_must_be_there() {
        let project = shape(Some(&["tier"]));
        let said = [("Level", "tier"), ("Email", "")];
        assert_eq!(
            map(&["Email", "Level", "Tier"], &said, &project).unwrap(),
            ["Level=tier"]
        );
        let fails = |said: &[(&str, &str)], words: &str| {
            let error = map(&["Email", "Level"], said, &project).unwrap_err();
            assert!(format!("{error:#}").contains(words), "{error:#}");
        };
        fails(&[("Levle", "tier")], "did you mean `Level`?");
        fails(&[("Level", "teir")], "did you mean `tier`?");
        fails(&[("Level", "subscribed")], "--consent");
        fails(&[("Level", "tier"), ("Email", "tier")], "two columns");
    }

    #[test]
    fn a_project_without_declarations_takes_all() {
        let columns = ["E-Mail", "Shoe Size", "subscribed"];
        let mapped = map(&columns, &[], &shape(None)).unwrap();
        assert_eq!(mapped, ["E-Mail=email", "Shoe Size=shoe_size"]);
    }
}
