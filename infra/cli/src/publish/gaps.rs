//! What a project asks of a deployment that it does not do. Said when it is published: a step that fails must not be a surprise.

use std::collections::BTreeSet;

use wend_content::read_all;
use wend_core::definitions::SourceFile;
use wend_core::release::{Definition, Journey, Step, Verb};
use wend_core::webhook::refused_host;

/// One line for each thing, with what asks for it.
pub fn gaps(files: &[SourceFile]) -> Vec<String> {
    let definitions = read_all(files).unwrap_or_default();
    let mut asked: BTreeSet<(&str, String)> = BTreeSet::new();
    for (_, definition) in &definitions {
        match definition {
            Definition::Project(project) => {
                let here = project.webhooks.iter();
                let here = here.filter(|(_, webhook)| webhook.url.as_deref().is_some_and(is_here));
                asked.extend(here.map(|(name, _)| (LOOPBACK, format!("webhook {name}"))));
            }
            Definition::Journey(journey) if chooses_a_winner(journey) => {
                asked.insert((WINNER, journey.id.clone()));
            }
            Definition::Journey(_)
            | Definition::Template(_)
            | Definition::Segment(_)
            | Definition::Score(_) => {}
        }
    }
    let whats: BTreeSet<&str> = asked.iter().map(|(what, _)| *what).collect();
    let line = |what: &str| {
        let who = asked
            .iter()
            .filter(|(asked, _)| *asked == what)
            .map(|(_, who)| who.as_str());
        format!("{what} ({})", who.collect::<Vec<_>>().join(", "))
    };
    whats.into_iter().map(line).collect()
}

const WINNER: &str = "the `winner` of a split is never chosen: its paths keep their weights";
const LOOPBACK: &str = "a deployment does not call its own machine: the step fails, and its `on_error` says what follows";

/// Whether a split of the journey is to give all to its better path some day.
fn chooses_a_winner(journey: &Journey) -> bool {
    let is_chosen = |step: &Step| {
        matches!(
            step.verb,
            Verb::Split {
                winner: Some(_),
                ..
            }
        )
    };
    journey.steps.iter().any(is_chosen)
}

/// Whether an address is of the machine that calls it: for `wend dev`.
fn is_here(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host,
    };
    refused_host(host, false).is_some() && refused_host(host, true).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;

    #[test]
    fn what_is_not_done_yet_is_said_and_nothing_else() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../starter");
        let files = project::load(&folder).unwrap();
        assert_eq!(gaps(&files), [] as [&str; 0]);
        let demo = project::load(&folder.join("../demo")).unwrap();
        assert_eq!(gaps(&demo), [] as [&str; 0]);
    }

    #[test]
    fn a_winner_is_promised_to_nobody() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../starter");
        let mut files = project::load(&folder).unwrap();
        let cart = files
            .iter_mut()
            .find(|file| file.path == "journeys/abandoned-cart.yaml");
        let text = &mut cart.unwrap().text;
        *text = text.replace(
            "    split:\n",
            "    winner: { by: goal, after: 7 days }\n    split:\n",
        );
        assert_eq!(gaps(&files), [format!("{WINNER} (abandoned-cart)")]);
    }

    #[test]
    fn addresses_of_this_machine_are_for_this_machine() {
        for url in [
            "http://localhost:9000/x",
            "http://127.0.0.1",
            "https://[::1]:8443/",
        ] {
            assert!(is_here(url), "{url}");
        }
        for url in [
            "https://crm.example.com/localhost",
            "https://localhost.example.com",
        ] {
            assert!(!is_here(url), "{url}");
        }
    }
}
