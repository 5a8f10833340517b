//! Connections to other systems: where they call, by what, and how calls are signed.

use super::values;
use crate::definitions::reader::{self, Faults, MapReader};
use crate::release::Webhook;
use crate::syntax::Node;
use crate::webhook::{Preset, refused_host};

/// One connection: a preset, or an address of one's own.
pub(super) fn read(node: &Node, _id: &str, faults: &mut Faults<'_>) -> Option<Webhook> {
    let mut map = MapReader::new(node, "a webhook", faults)?;
    let [preset_node, url, token, signing] =
        ["preset", "url", "token", "signing"].map(|key| map.optional(key));
    map.finish(faults);
    let preset = preset_node.and_then(|node| known(node, faults));
    if preset_node.is_none() && url.is_none() {
        let help = "add `url: https://…`, or `preset: hubspot/upsert-contact`";
        faults.add("E0101", node, "a webhook needs `url` or `preset`", help);
    }
    if let Some(preset) = preset {
        fitting(preset, node, [url, token, signing], faults);
    }
    Some(Webhook {
        preset,
        url: url.and_then(|node| address(node, faults)),
        token: token.and_then(|node| values::secret(node, "token", faults)),
        signing: signing.and_then(|node| values::secret(node, "signing", faults)),
    })
}

/// What stands beside a preset.
fn fitting(
    preset: Preset,
    node: &Node,
    [url, token, signing]: [Option<&Node>; 3],
    faults: &mut Faults<'_>,
) {
    let name = preset.name();
    if token.is_none() {
        let message = format!("`{name}` calls by a `token`, and there is none");
        let help = format!("add `token: secret/<name>`: {}", preset.token());
        faults.add("E0197", node, &message, &help);
    }
    match (preset.has_own_url(), url) {
        (true, None) => {
            let message = format!("`{name}` does not know your server");
            let help = "add `url: https://<your company>.my.salesforce.com`";
            faults.add("E0197", node, &message, help);
        }
        (false, Some(url)) => {
            let message = format!("`{name}` has its own address");
            faults.add("E0153", url, &message, "remove `url`, or `preset`");
        }
        (true, Some(_)) | (false, None) => {}
    }
    if let Some(signing) = signing {
        let message = format!("nobody checks signatures behind `{name}`");
        let help = "remove `signing`: the token says who calls";
        faults.add("E0153", signing, &message, help);
    }
}

/// `hubspot/upsert-contact`.
fn known(node: &Node, faults: &mut Faults<'_>) -> Option<Preset> {
    let text = reader::text(node, "preset", faults)?;
    let found = Preset::ALL.into_iter().find(|preset| preset.name() == text);
    if found.is_none() {
        let names = Preset::ALL.map(Preset::name);
        let message = format!("there is no preset `{text}`");
        let help = format!("presets are {}", names.join(", "));
        let word = (text, names.into_iter());
        faults.unknown("E0196", node, &message, word, &help);
    }
    found
}

/// An address that can be called: encrypted and of the public internet, unless it stays on this machine.
fn address(node: &Node, faults: &mut Faults<'_>) -> Option<String> {
    let text = reader::text(node, "url", faults)?;
    if text.contains('…') {
        let message = format!("`{text}` is not a whole address: `…` stands for what is missing");
        let help = "write the address that is called, for example `https://api.example.com/leads`";
        faults.add("E0198", node, &message, help);
        return None;
    }
    let help = match fault(text) {
        None => return Some(text.to_owned()),
        Some(Fault::Form) => "write `https://`, the host and the path; a token goes into `token`",
        Some(Fault::Plain) => {
            "write `https://`: what is sent is about people. `http://` is for `localhost` alone"
        }
        Some(Fault::Inside(why)) => {
            let message = format!("`{text}` is not called: its host is {why}");
            let help =
                "webhooks reach the public internet alone; put the system behind a public address";
            faults.add("E0198", node, &message, help);
            return None;
        }
    };
    faults.add("E0198", node, &format!("`{text}` cannot be called"), help);
    None
}

/// What is wrong with an address.
enum Fault {
    /// It is none.
    Form,
    /// It is not encrypted.
    Plain,
    /// It never leads out.
    Inside(&'static str),
}

fn fault(text: &str) -> Option<Fault> {
    let is_plain_text = text
        .chars()
        .all(|c| c.is_ascii_graphic() && !matches!(c, '\\' | '"' | '<' | '>' | '`' | '{' | '}'));
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some(host) = host(authority).filter(|_| is_plain_text) else {
        return Some(Fault::Form);
    };
    let on_this_machine = refused_host(host, false) != refused_host(host, true);
    match scheme {
        "https" => {}
        "http" if on_this_machine => {}
        "http" => return Some(Fault::Plain),
        _ => return Some(Fault::Form),
    }
    refused_host(host, true).map(Fault::Inside)
}

/// The host of `host:port`; none where it is empty, holds a password, or the port is no number.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((inside, port)) => (authority.get(..inside.len() + 2)?, port),
        None => match authority.split_once(':') {
            Some((host, _)) => (host, authority.get(host.len()..)?),
            None => (authority, ""),
        },
    };
    let is_port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok());
    (is_port && !host.is_empty() && !host.contains('@')).then_some(host)
}
