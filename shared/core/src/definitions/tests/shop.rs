//! The project of the language's description: five journeys and all that they mention.

use crate::definitions::{Diagnostic, Refers, SourceFile, check_all, journey, render};
use crate::identity::Channel;

/// The five journeys, by name.
pub(in crate::definitions) const JOURNEYS: [(&str, &str); 5] = [
    ("welcome", include_str!("../journey/tests/welcome.yaml")),
    (
        "abandoned-cart",
        include_str!("../journey/tests/abandoned-cart.yaml"),
    ),
    (
        "lead-nurture",
        include_str!("../journey/tests/lead-nurture.yaml"),
    ),
    ("win-back", include_str!("../journey/tests/win-back.yaml")),
    ("birthday", include_str!("../journey/tests/birthday.yaml")),
];

/// A file of a project.
pub(in crate::definitions) fn file(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

/// All files of the shop, with a template for every message.
pub(in crate::definitions) fn shop() -> Vec<SourceFile> {
    let mut files = vec![
        file("wend.yaml", include_str!("shop/wend.yaml")),
        file(
            "segments/silent-60.yaml",
            include_str!("shop/segments/silent-60.yaml"),
        ),
        file(
            "scores/engagement.yaml",
            include_str!("shop/scores/engagement.yaml"),
        ),
        file(
            "templates/cart-reminder.md",
            include_str!("shop/templates/cart-reminder.md"),
        ),
        file("coupons/birthday-2027.csv", "code\nA1\n"),
        file(
            "scenarios/abandoned-cart.yaml",
            "scenarios: abandoned-cart\n",
        ),
    ];
    for (id, text) in JOURNEYS {
        // A template has one channel, the description uses this one for both.
        let text = &text.replace("email: birthday-nudge", "email: birthday-nudge-mail");
        let path = format!("journeys/{id}.yaml");
        for (name, channel) in messages(&path, text) {
            let path = format!("templates/{name}.md");
            if files.iter().all(|file| file.path != path) {
                files.push(file(&path, &template(&name, channel)));
            }
        }
        files.push(file(&path, text));
    }
    files
}

fn messages(path: &str, text: &str) -> Vec<(String, Channel)> {
    let references = journey::read(path, text).references.into_iter();
    let templates = references.filter_map(|reference| {
        let is_alert = reference.refers == Refers::AlertTemplate;
        let channel = if let Refers::Template(channel) = reference.refers {
            Some(channel)
        } else {
            is_alert.then_some(Channel::Email)
        };
        Some((reference.name, channel?))
    });
    templates.collect()
}

/// A small marketing template.
pub(in crate::definitions) fn template(id: &str, channel: Channel) -> String {
    let head = match channel {
        Channel::Email => "from: shop\nsubject: Hello",
        Channel::Sms => "from: texts",
    };
    let channel = channel.name();
    format!("---\ntemplate: {id}\nchannel: {channel}\nclass: marketing\n{head}\n---\nHello\n")
}

/// What is said of `files`, each fault beside its line.
pub(in crate::definitions) fn said(files: &[SourceFile]) -> String {
    let drawn = |fault: &Diagnostic| {
        let source = files.iter().find(|file| file.path == fault.file);
        let drawn = render(fault, source.map_or("", |file| &file.text));
        let edit = fault.edit.as_ref();
        edit.map_or_else(
            || drawn.clone(),
            |edit| format!("{drawn}\n   > edit: {}", edit.text),
        )
    };
    let drawn: Vec<String> = check_all(files).faults.iter().map(drawn).collect();
    drawn.join("\n\n")
}
