//! Reads what stands beside `event`.

use crate::condition::{self, Scope};
use crate::definitions::Refers;
use crate::definitions::reader::{self, Faults, MapReader};
use crate::path::{Path, Root};
use crate::release::EventMatch;
use crate::syntax::{Node, Place};

/// Reads `event`, `where` and `key` of `map`, and where the key stands. `event` must be there.
pub(super) fn event_match(
    map: &mut MapReader<'_>,
    scope: Scope,
    faults: &mut Faults<'_>,
) -> (Option<EventMatch>, Option<Place>) {
    let event_node = map.optional("event");
    let [filter, key] = ["where", "key"].map(|key| map.optional(key));
    let event = event_node.and_then(|node| event(node, "event", faults));
    let name = event.as_deref();
    let filter_read = filter.and_then(|node| condition::filter(node, name, scope, faults));
    let key_read = key.and_then(|node| property(node, "key", name, faults));
    let is_read = filter.is_some() == filter_read.is_some() && key.is_some() == key_read.is_some();
    let found = event.filter(|_| is_read).map(|event| EventMatch {
        event,
        filter: filter_read,
        key: key_read,
    });
    (found, key.map(Place::from))
}

/// The name of an event that is listened to.
pub(super) fn event(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<String> {
    let event = reader::name_of(node, what, faults)?;
    faults.refer(Refers::Event, event.as_str(), node);
    Some(event)
}

/// A property of `event`.
pub(super) fn property(
    node: &Node,
    what: &str,
    event: Option<&str>,
    faults: &mut Faults<'_>,
) -> Option<Path> {
    let text = reader::text(node, what, faults)?;
    match Path::below(Root::Event, text) {
        Ok(path) => {
            if let Some(event) = event.map(str::to_owned) {
                faults.refer(Refers::Property { event }, text, node);
            }
            Some(path)
        }
        Err(error) => {
            let help = "name a property of the event, for example `cart_id`";
            faults.add("E0165", node, &error.to_string(), help);
            None
        }
    }
}
