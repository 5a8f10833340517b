//! Whether every name that a file mentions is known.

use super::world::{World, near};
use crate::definitions::files::{Kind, ReadFile};
use crate::definitions::reader::Faults;
use crate::definitions::{Diagnostic, Reference, Refers, project, tree};
use crate::identity::Channel;
use crate::release::UnknownEvents;

/// Looks up every reference of `file`.
pub(super) fn check(file: &ReadFile, world: &World<'_>, faults: &mut Faults<'_>) {
    for reference in &file.references {
        resolve(reference, world, faults);
    }
    events(file, world, faults);
    if file.kind == Kind::Project {
        coupon_files(file, world, faults);
    }
}

fn resolve(reference: &Reference, world: &World<'_>, faults: &mut Faults<'_>) {
    let name = reference.name.as_str();
    match &reference.refers {
        Refers::Template(channel) => template(reference, Some(*channel), world, faults),
        Refers::AlertTemplate => template(reference, None, world, faults),
        Refers::Variant { template } => variant(reference, template, world, faults),
        Refers::Topic => {
            let value = format!("{{ title: {} }}", titled(name));
            declared("E0212", reference, "topics", &value, world, faults);
        }
        Refers::Team => declared(
            "E0217",
            reference,
            "teams",
            "{ email: team@example.com }",
            world,
            faults,
        ),
        Refers::Webhook => declared(
            "E0218",
            reference,
            "webhooks",
            "{ url: https://… }",
            world,
            faults,
        ),
        Refers::Coupon => {
            let value = format!("{{ file: coupons/{name}.csv }}");
            declared("E0219", reference, "coupons", &value, world, faults);
        }
        Refers::Environment => declared("E0225", reference, "environments", "{}", world, faults),
        Refers::Sender(channel) => sender(reference, *channel, world, faults),
        Refers::Segment => audience(reference, "segment", world, faults),
        Refers::List => audience(reference, "list", world, faults),
        Refers::SegmentOrList => {
            let (what, known) = ("segment or list", world.ids(Kind::Segment));
            file(
                "E0221",
                reference,
                what,
                "segments",
                &known,
                (world, faults),
            );
        }
        Refers::Journey => {
            let known = world.ids(Kind::Journey);
            file(
                "E0223",
                reference,
                "journey",
                "journeys",
                &known,
                (world, faults),
            );
        }
        Refers::Score => score(reference, world, faults),
        Refers::Attribute => attribute(reference, world, faults),
        // Events are looked at together; properties and types elsewhere; the rest where it is read.
        Refers::Event
        | Refers::EmittedEvent
        | Refers::Property { .. }
        | Refers::ChangedAttribute
        | Refers::TriggerProperty
        | Refers::Step(_)
        | Refers::Saved
        | Refers::Var => {}
    }
}

/// Reports a name that nothing has: the one that was meant is advised, else `help`.
fn unknown<'d>(
    code: &'static str,
    reference: &Reference,
    message: &str,
    known: &[&str],
    help: &str,
    (world, faults): (&World<'_>, &'d mut Faults<'_>),
) -> &'d mut Diagnostic {
    let fault = faults.add(code, reference.place, message, help);
    if let Some(near) = near(&reference.name, known) {
        world.meant(fault, &reference.name, near).note(help);
    }
    fault
}

/// `Spring sale` for `spring-sale`.
fn titled(id: &str) -> String {
    let mut chars = id.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    let title: String = first.into_iter().chain(chars).collect();
    title.replace('-', " ")
}

/// A file that should be called so.
fn file(
    code: &'static str,
    reference: &Reference,
    what: &str,
    folder: &str,
    known: &[&str],
    (world, faults): (&World<'_>, &mut Faults<'_>),
) {
    let name = reference.name.as_str();
    if known.contains(&name) {
        return;
    }
    let message = format!("there is no {what} `{name}`");
    let help = create(what, reference);
    let fault = unknown(code, reference, &message, known, &help, (world, faults));
    fault.label(&format!("not in {folder}/"));
}

/// How the file of a `what` comes to be that has the name of `reference`. No command makes lists: they are one line.
fn create(what: &str, reference: &Reference) -> String {
    let name = reference.name.as_str();
    let list = format!("create segments/{name}.yaml with `list: {name}`");
    match what {
        "list" => list,
        "segment or list" => {
            format!("create a segment: wend new segment {name}\nfor a list, {list}")
        }
        _ if reference.refers == Refers::Template(Channel::Sms) => {
            format!("create it: wend new template {name} --channel sms")
        }
        _ => format!("create it: wend new {what} {name}"),
    }
}

/// Something that `wend.yaml` should declare under `section`, for example as `value`.
fn declared(
    code: &'static str,
    reference: &Reference,
    section: &str,
    value: &str,
    world: &World<'_>,
    faults: &mut Faults<'_>,
) {
    let (name, known) = (reference.name.as_str(), world.names(section));
    if !world.has_project() || known.contains(&name) {
        return;
    }
    let message = format!("there is no `{name}` in {section}");
    let help = format!("declare it in wend.yaml:\n{section}:\n  {name}: {value}");
    unknown(code, reference, &message, &known, &help, (world, faults));
}

fn template(
    reference: &Reference,
    channel: Option<Channel>,
    world: &World<'_>,
    faults: &mut Faults<'_>,
) {
    let name = reference.name.as_str();
    file(
        "E0210",
        reference,
        "template",
        "templates",
        &world.ids(Kind::Template),
        (world, faults),
    );
    let Some(template) = world.template(name) else {
        return;
    };
    let is = template.channel;
    match channel {
        Some(wanted) if wanted != is => {
            let message = format!("`{name}` is a template for {}", is.name());
            let help = format!("write `{}: {name}`, or name another template", is.name());
            faults.add("E0214", reference.place, &message, &help);
        }
        None if is == Channel::Sms => {
            let message =
                format!("`{name}` is a template for sms, a team is told by mail or Slack");
            let help = "name a template for email, or leave `template` out";
            faults.add("E0214", reference.place, &message, help);
        }
        Some(_) | None => {}
    }
}

fn variant(reference: &Reference, template: &str, world: &World<'_>, faults: &mut Faults<'_>) {
    let Some(read) = world.template(template) else {
        return;
    };
    let known: Vec<&str> = read.variants.keys().map(String::as_str).collect();
    if !known.contains(&reference.name.as_str()) {
        let message = format!("template `{template}` has no variant `{}`", reference.name);
        let help = if known.is_empty() {
            format!("add `variants` to templates/{template}.md, or remove `variant`")
        } else {
            format!("it has: {}", known.join(", "))
        };
        unknown("E0216", reference, &message, &known, &help, (world, faults));
    }
}

fn sender(reference: &Reference, channel: Channel, world: &World<'_>, faults: &mut Faults<'_>) {
    let name = reference.name.as_str();
    let value = match channel {
        Channel::Email => "{ email: Acme <hello@mail.example.com> }",
        Channel::Sms => "{ sms: ACME }",
    };
    declared("E0211", reference, "senders", value, world, faults);
    let can_send = |name: &str| world.sends(name, channel);
    if world.names("senders").contains(&name) && !can_send(name) {
        let message = format!("sender `{name}` sends no {}", channel.name());
        let mut able = world.names("senders");
        able.retain(|name| can_send(name));
        let help = if able.is_empty() {
            format!("add `{}` to it in wend.yaml: {value}", channel.name())
        } else {
            format!("these do: {}", able.join(", "))
        };
        faults.add("E0215", reference.place, &message, &help);
    }
}

fn audience(reference: &Reference, what: &str, world: &World<'_>, faults: &mut Faults<'_>) {
    let name = reference.name.as_str();
    let (code, other) = if what == "list" {
        ("E0222", "segment")
    } else {
        ("E0221", "list")
    };
    let known = world.audiences(what);
    if !known.contains(&name) && world.audiences(other).contains(&name) {
        let message = format!("`{name}` is a {other}, a {what} stands here");
        let help = if what == "list" {
            format!(
                "a segment is asked with `in_segment: {name}`; a list begins with `list: {name}`"
            )
        } else {
            format!(
                "a list is asked with `in_list: {name}`; a segment with `if: {{ in_list: {name} }}` has its members"
            )
        };
        faults.add(code, reference.place, &message, &help);
        return;
    }
    file(code, reference, what, "segments", &known, (world, faults));
}

/// `score.engagement` names a score by the first of its names.
fn score(reference: &Reference, world: &World<'_>, faults: &mut Faults<'_>) {
    let first = reference
        .name
        .split('.')
        .next()
        .unwrap_or_default()
        .to_owned();
    let reference = Reference {
        name: first,
        ..reference.clone()
    };
    file(
        "E0224",
        &reference,
        "score",
        "scores",
        &world.ids(Kind::Score),
        (world, faults),
    );
}

/// Attributes may come undeclared, so an unknown one is only a warning.
fn attribute(reference: &Reference, world: &World<'_>, faults: &mut Faults<'_>) {
    let name = reference.name.split('.').next().unwrap_or_default();
    let known = world.attributes();
    if known.contains(&name) || !world.has_project() {
        return;
    }
    let meant = near(name, &known);
    if world.project.attributes.is_empty() && meant.is_none() {
        // A project that declares no attributes takes them as they come.
        return;
    }
    let message = format!("nothing here knows an attribute `{name}`");
    let declare = format!(
        "if the name is right, declare it in wend.yaml:\nattributes:\n  {name}: {{ type: text }}"
    );
    let fault = faults.warn("W0227", reference.place, &message, &declare);
    if let Some(meant) = meant {
        world.meant(fault, name, meant).note(&declare);
    }
}

/// Events that are not in the tracking plan. One warning names all of a file that are no slips, for they are declared
/// together.
fn events(file: &ReadFile, world: &World<'_>, faults: &mut Faults<'_>) {
    let is_error = match world.unknown_events() {
        UnknownEvents::Accept => return,
        UnknownEvents::Warn => false,
        UnknownEvents::Refuse => true,
    };
    if !world.has_project() {
        return;
    }
    let mut unknown: Vec<&Reference> = Vec::new();
    for reference in &file.references {
        let is_new = unknown.iter().all(|earlier| earlier.name != reference.name);
        if reference.refers == Refers::Event && is_new && !world.has_event(&reference.name) {
            unknown.push(reference);
        }
    }
    let known = world.events();
    let (slips, new): (Vec<&Reference>, Vec<&Reference>) = unknown
        .into_iter()
        .partition(|reference| meant(&reference.name, &known, world).is_some());
    let names: Vec<String> = new.iter().map(|reference| shell(&reference.name)).collect();
    let declare = format!(
        "if the name is right, declare it: wend events declare {}",
        names.join(" ")
    );
    // With `refuse` each is an error of its own.
    let shown = if is_error { new.len() } else { 1 };
    for reference in new.iter().take(shown) {
        event(reference, is_error, &declare, faults);
    }
    for reference in slips {
        let declare = format!(
            "if the name is right: wend events declare {}",
            shell(&reference.name)
        );
        let fault = event(reference, is_error, &declare, faults);
        if let Some(meant) = meant(&reference.name, &known, world) {
            world.meant(fault, &reference.name, meant).note(&declare);
        }
    }
}

/// The event that `name` was probably meant to be: what it is an alias of, or one that is spelt nearly so.
fn meant<'w>(name: &str, known: &[&'w str], world: &'w World<'_>) -> Option<&'w str> {
    let target = world.project.aliases.get(name).map(String::as_str);
    target.or_else(|| near(name, known))
}

fn event<'d>(
    reference: &Reference,
    is_error: bool,
    help: &str,
    faults: &'d mut Faults<'_>,
) -> &'d mut Diagnostic {
    let message = format!("event `{}` is not in the tracking plan", reference.name);
    if is_error {
        let message = format!("{message}, so it is refused");
        faults.add("E0226", reference.place, &message, help)
    } else {
        faults.warn("W0107", reference.place, &message, help)
    }
}

/// `name` as one word of a command line.
fn shell(name: &str) -> String {
    if name.contains(' ') {
        format!("\"{name}\"")
    } else {
        name.to_owned()
    }
}

/// The file of each pool of codes must be there.
fn coupon_files(file: &ReadFile, world: &World<'_>, faults: &mut Faults<'_>) {
    let pools = file
        .tree
        .as_ref()
        .and_then(|tree| tree::get(tree, "coupons"));
    for (_, pool) in pools.map_or(&[][..], project::values::entries) {
        let Some(node) = tree::get(pool, "file") else {
            continue;
        };
        let path = tree::text(node).unwrap_or_default();
        // Another name is a fault of its own.
        let is_named = world.project.coupons.values().any(|pool| pool.file == path);
        if is_named && !world.all.iter().any(|source| source.path == path) {
            let message = format!("there is no file {path}");
            let help = format!("create it with one code a line below the line `code`: {path}");
            faults.add("E0220", node, &message, &help);
        }
    }
}
