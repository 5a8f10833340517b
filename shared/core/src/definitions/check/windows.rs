//! Windows that never open: wholly inside the quiet hours of their channel.

use super::world::{World, journey};
use crate::definitions::files::ReadFile;
use crate::definitions::reader::Faults;
use crate::definitions::tree;
use crate::identity::Channel;
use crate::phrase::{Hours, QuietHours, Window};
use crate::release::{Journey, Message, MessageClass, Verb};
use crate::syntax::{Node, Place};

/// Compares the windows of a journey's messages with the project's quiet hours.
pub(super) fn check(file: &ReadFile, world: &World<'_>, faults: &mut Faults<'_>) {
    let (Some(journey), Some(tree)) = (journey(file), &file.tree) else {
        return;
    };
    let mut seen: Vec<(Place, Channel)> = Vec::new();
    for step in &journey.steps {
        let Verb::Message(message) = &step.verb else {
            continue;
        };
        let Some((window, quiet)) = never_opens(message, journey, world) else {
            continue;
        };
        let place = place(tree, &step.id, message);
        if !seen.contains(&(place, message.channel)) {
            seen.push((place, message.channel));
            report(place, window, quiet, message.channel, faults);
        }
    }
}

/// The window of a marketing message and the quiet hours that it lies in.
fn never_opens(
    message: &Message,
    journey: &Journey,
    world: &World<'_>,
) -> Option<(Window, QuietHours)> {
    // Quiet hours are for marketing; a template that cannot be read says nothing yet.
    let template = world.template(&message.template)?;
    if template.class != MessageClass::Marketing {
        return None;
    }
    let window = message.sending.window.or(journey.sending.window)?;
    let quiet = world.project.sending.quiet_hours.get(&message.channel)?;
    let is_closed = minutes(window.hours()).all(|minute| is_within(minute, quiet.hours()));
    is_closed.then_some((window, *quiet))
}

/// Minutes of a day.
const DAY: u16 = 24 * 60;

fn bounds(hours: Hours) -> (u16, u16) {
    let minute = |time: jiff::civil::Time| {
        let minute = i16::from(time.hour()) * 60 + i16::from(time.minute());
        u16::try_from(minute).unwrap_or_default()
    };
    (minute(hours.from().time()), minute(hours.to().time()))
}

/// The minutes of the day that lie in `hours`.
fn minutes(hours: Hours) -> impl Iterator<Item = u16> {
    (0..DAY).filter(move |minute| is_within(*minute, hours))
}

fn is_within(minute: u16, hours: Hours) -> bool {
    let (from, to) = bounds(hours);
    if hours.is_over_midnight() {
        minute >= from || minute < to
    } else {
        minute >= from && minute < to
    }
}

/// Where the window of a message stands: at its step, or at the journey.
fn place(tree: &Node, step: &str, message: &Message) -> Place {
    let at_step = || tree::get(tree::step(tree, step)?, "window");
    let at_journey = || tree::get(tree::get(tree, "sending")?, "window");
    let node = match message.sending.window {
        Some(_) => at_step(),
        None => at_journey(),
    };
    node.map_or_else(|| tree.into(), Place::from)
}

fn report(
    place: Place,
    window: Window,
    quiet: QuietHours,
    channel: Channel,
    faults: &mut Faults<'_>,
) {
    let name = channel.name();
    let message = format!(
        "this window never opens for {name}: `{window}` lies within the quiet hours `{quiet}`"
    );
    let (from, to) = (quiet.hours().to(), quiet.hours().from());
    let help = format!("for example `window: {from}-{to}`: all that the quiet hours leave");
    faults.add("E0235", place, &message, &help);
}
