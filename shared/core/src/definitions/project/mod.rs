//! Reads `wend.yaml`.
//!
//! Owns the shape of the file; whether what it names exists elsewhere is [`check`](super::check)'s.

mod forms;
mod outside;
mod people;
mod plan;
mod sending;
pub(super) mod values;
mod webhook;

pub(super) use forms::FORM_TYPES;
pub(super) use people::address;
pub(super) use sending::FIRST_MESSAGES_MAX;

use super::reader::{self, Faults, MapReader, Read};
use super::tree;
use crate::release::{ManagedBy, Project};
use crate::syntax::{Node, Place};

pub(super) fn read(file: &str, text: &str) -> Read<Project> {
    tree::read(file, text, read_node)
}

/// The project that `root` says; none where it does not say which project it is.
fn read_node(root: &Node, faults: &mut Faults<'_>) -> Option<Project> {
    let project = as_far(root, faults);
    (!project.id.is_empty()).then_some(project)
}

/// What `root` says of a project as far as it can be read.
pub(super) fn as_far(root: &Node, faults: &mut Faults<'_>) -> Project {
    let mut project = Project::default();
    let Some(mut map) = MapReader::new(root, "a project", faults) else {
        return project;
    };
    header(&mut map, &mut project, faults);
    if let Some(node) = map.optional("senders") {
        project.senders = reader::named(node, "senders", faults, people::sender);
    }
    if let Some(node) = map.optional("topics") {
        project.topics = reader::named(node, "topics", faults, people::topic);
    }
    if let Some(node) = map.optional("sms_words") {
        project.sms_words = people::sms_words(node, faults).unwrap_or_default();
    }
    if let Some(node) = map.optional("sending") {
        project.sending = sending::read(node, faults).unwrap_or_default();
    }
    plan::read(&mut map, &mut project, faults);
    if let Some(node) = map.optional("teams") {
        project.teams = reader::named(node, "teams", faults, people::team);
    }
    outside::read(&mut map, &mut project, faults);
    if let Some(node) = map.optional("forms") {
        project.forms = forms::read(node, &project.attributes, faults);
    }
    map.finish(faults);
    project
}

const MANAGED_BY: [(&str, ManagedBy); 2] =
    [("git", ManagedBy::Git), ("console", ManagedBy::Console)];

/// What a project says of itself.
fn header(map: &mut MapReader<'_>, project: &mut Project, faults: &mut Faults<'_>) {
    match map.optional("wend") {
        None => {
            faults.add(
                "E0101",
                map.place(),
                "a project needs `wend`",
                "add `wend: 1`",
            );
        }
        Some(version) if reader::text(version, "wend", faults).is_some_and(|text| text != "1") => {
            let message = "this file is of a format not known here";
            faults.add("E0150", version, message, "write `wend: 1`");
        }
        Some(_) => {}
    }
    let id = map.required("project", faults);
    let id = id.and_then(|node| reader::id(node, "project", faults));
    project.id = id.unwrap_or_default();
    if let Some(node) = map.optional("zone") {
        project.zone = reader::zone(node, "zone", faults);
    }
    if let Some(node) = map.optional("locales") {
        project.locales = locales(node, faults);
    }
    if let Some(node) = map.optional("sites") {
        project.sites = sites(node, faults);
    }
    let address = map.optional_text("postal_address", faults);
    project.postal_address = address.map(str::to_owned);
    if let Some(node) = map.optional("managed_by") {
        let managed_by = reader::choice(node, "managed_by", &MANAGED_BY, faults);
        project.managed_by = managed_by.unwrap_or_default();
    }
}

/// Hosts such as `example.com`, each once, in lower case.
fn sites(node: &Node, faults: &mut Faults<'_>) -> Vec<String> {
    let mut sites = values::texts(node, "sites", faults);
    sites.retain(|(place, text)| {
        let is_label = |label: &str| {
            let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !label.is_empty() && label.chars().all(is_word)
        };
        let is_host = text.contains('.') && text.split('.').all(is_label);
        if !is_host {
            let message = format!("`{text}` is not a host");
            let help = "the name alone, in lower case, for example `example.com`; all below it are meant, too";
            faults.add("E0152", *place, &message, help);
        }
        is_host
    });
    sites.into_iter().map(|(_, text)| text).collect()
}

/// Languages such as `en` and `de-AT`, each once.
fn locales(node: &Node, faults: &mut Faults<'_>) -> Vec<String> {
    let mut locales = values::texts(node, "locales", faults);
    locales.retain(|(place, text)| known_locale(text, *place, faults));
    locales.into_iter().map(|(_, text)| text).collect()
}

/// The language that `node` names.
pub(super) fn locale(node: &Node, faults: &mut Faults<'_>) -> Option<String> {
    let text = reader::text(node, "locales", faults)?;
    known_locale(text, node.into(), faults).then(|| text.to_owned())
}

fn known_locale(text: &str, place: Place, faults: &mut Faults<'_>) -> bool {
    if !is_locale(text) {
        let message = format!("`{text}` is not a language");
        let help = "for example `en`, `de` or `pt-BR`";
        faults.add("E0154", place, &message, help);
    }
    is_locale(text)
}

/// Whether `text` has the form of a language: `en`, `pt-BR`.
pub(super) fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language =
        matches!(language.len(), 2 | 3) && language.bytes().all(|b| b.is_ascii_lowercase());
    let is_part = |part: &str| {
        (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    is_language && parts.all(is_part)
}

#[cfg(test)]
mod tests;
