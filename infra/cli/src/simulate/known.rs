//! What a project knows of the names that `simulate` is given: a slip would be played as if it were nothing.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use wend_app::simulate::{Person, Rate};
use wend_core::condition::Topic;
use wend_core::definitions::nearest;
use wend_core::release::{Journey, Release, Verb};

/// The names that contacts and options may hold.
#[derive(Debug, Default)]
pub struct Known<'r> {
    /// Attributes; none: any.
    attributes: Option<BTreeSet<&'r str>>,
    /// Topics; none: any.
    topics: Option<BTreeSet<&'r str>>,
}

impl<'r> Known<'r> {
    /// What `release` knows.
    pub fn of(release: &'r Release) -> Self {
        let topics = release.project.topics.keys().map(String::as_str);
        Self {
            attributes: release.attributes(),
            topics: Some(topics.collect()),
        }
    }

    /// Fails unless all of a contact's names are known.
    pub fn check(&self, person: &Person) -> anyhow::Result<()> {
        let is_known = |name: &&String| match &self.attributes {
            Some(known) => known.contains(name.as_str()),
            None => true,
        };
        if let Some(name) = person.attributes.keys().find(|name| !is_known(name)) {
            let known = self.attributes.iter().flatten().copied();
            let special = ["id", "subscribed", "created_at"];
            let help = match nearest(name, known.chain(special)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!(
                    "rename the column, or declare it in wend.yaml under `attributes`: {name}: {{ type: text }}"
                ),
            };
            bail!("nothing here knows an attribute `{name}`: {help}");
        }
        person
            .subscribed
            .iter()
            .try_for_each(|text| self.topic(text))
    }

    fn topic(&self, text: &str) -> anyhow::Result<()> {
        let help =
            "`subscribed` takes topics such as `news` or `offers/sms`, with `;` between them";
        let topic: Topic = text.parse().context(help)?;
        match &self.topics {
            Some(known) if !known.contains(topic.topic.as_str()) => {
                let help = one_of(known, "declare it in wend.yaml under `topics`");
                bail!("there is no topic `{}`: {help}", topic.topic)
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// Fails unless each rate of `option` is for all messages or for a step or template that sends some.
pub fn check_rates(
    option: &str,
    rates: &[(Option<String>, Rate)],
    (release, journey): (&Release, &Journey),
) -> anyhow::Result<()> {
    let all = release.current().flat_map(|(_, journey)| messages(journey));
    let all: BTreeSet<&str> = all.collect();
    let names = rates.iter().filter_map(|(name, _)| name.as_deref());
    for name in names {
        if !all.contains(name) {
            let own = messages(journey).collect();
            let help = one_of(&own, "it sends none");
            let id = &journey.id;
            bail!(
                "--{option}: no message comes from a step or template `{name}`; of `{id}`: {help}"
            );
        }
    }
    Ok(())
}

/// The steps and templates from which messages come.
fn messages(journey: &Journey) -> impl Iterator<Item = &str> {
    let steps = journey.steps.iter();
    let names = steps.filter_map(|step| {
        if let Verb::Message(message) = &step.verb {
            Some([step.id.as_str(), message.template.as_str()])
        } else {
            None
        }
    });
    names.flatten()
}

/// The names there are, or what to do if there are none.
fn one_of(known: &BTreeSet<&str>, none: &str) -> String {
    if known.is_empty() {
        return none.to_owned();
    }
    let names: Vec<&str> = known.iter().copied().collect();
    format!("one of {}", names.join(", "))
}
