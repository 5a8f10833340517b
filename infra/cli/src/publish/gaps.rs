//! What a project asks of a deployment that this version does not do yet. Said when it is published: a message that is skipped for
//! want of a page must not be a surprise.

use std::collections::BTreeSet;

use wend_content::read_all;
use wend_core::definitions::SourceFile;
use wend_core::release::{Definition, Template};
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
            Definition::Template(template) if asks_for_web_view(template) => {
                asked.insert((WEB_VIEW, template.id.clone()));
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

const LOOPBACK: &str = "a deployment does not call its own machine: the step fails, and its `on_error` says what follows";
const WEB_VIEW: &str = "there is no page for mails on the web: a message with `links.web_view` is skipped for want of it";

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

/// Whether a text wants a link to a page that is not there.
fn asks_for_web_view(template: &Template) -> bool {
    let own = template.sources().map(|source| source.text.as_str());
    let files = template.files.iter().map(|file| file.text.as_str());
    let mut texts = own.chain(files);
    texts.any(|text| text.contains("links.web_view"))
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
        let mut demo = project::load(&folder.join("../demo")).unwrap();
        assert_eq!(gaps(&demo), [] as [&str; 0]);
        let hello = demo
            .iter_mut()
            .find(|file| file.path == "templates/welcome-hello.md");
        hello
            .unwrap()
            .text
            .push_str("\n[On the web]({{ links.web_view }})\n");
        assert_eq!(gaps(&demo), [format!("{WEB_VIEW} (welcome-hello)")]);
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
