//! Reads `did`.

use super::read::Reading;
use super::{Did, DidTotal, Path, Root, Where};
use crate::definitions::Refers;
use crate::definitions::reader::{self, MapReader};
use crate::syntax::{Node, NodeValue, Place};

impl Reading<'_, '_> {
    /// An event, or a map with its name and what narrows it.
    pub(super) fn did(&mut self, node: &Node) -> Option<Did> {
        if matches!(node.value, NodeValue::Scalar { .. }) {
            let event = reader::name_of(node, "did", self.faults)?;
            self.faults.refer(Refers::Event, event.as_str(), node);
            return Some(Did {
                event,
                filter: None,
                within: None,
                since: None,
                total: DidTotal::Count,
                at_least: None,
                at_most: None,
            });
        }
        let mut map = MapReader::new(node, "`did`", self.faults)?;
        let event_node = map.required("event", self.faults);
        let event = event_node.and_then(|node| reader::name_of(node, "event", self.faults));
        let [filter, within, since] = ["where", "within", "since"].map(|key| map.optional(key));
        let [sum, least, most] = ["sum", "at_least", "at_most"].map(|key| map.optional(key));
        map.finish(self.faults);
        let before = self.faults.errors();
        let event = event?;
        if let Some(node) = event_node {
            self.faults.refer(Refers::Event, event.as_str(), node);
        }
        let did = Did {
            filter: filter.and_then(|node| self.constant_filter(node, &event)),
            within: within.and_then(|node| self.scalar(node, "within")),
            since: since.and_then(|node| self.when(node, "since")),
            total: sum
                .and_then(|node| self.sum(node, &event))
                .map_or(DidTotal::Count, DidTotal::Sum),
            at_least: least.and_then(|node| self.scalar(node, "at_least")),
            at_most: most.and_then(|node| self.scalar(node, "at_most")),
            event,
        };
        if self.faults.errors() == before {
            self.check_bounds(&did, node, least, most);
        }
        (self.faults.errors() == before).then_some(did)
    }

    /// A `where` whose answer is the same whenever it is asked: facts are counted as events come in.
    fn constant_filter(&mut self, node: &Node, event: &str) -> Option<Where> {
        let filter = self.filter(node, Some(event))?;
        let reads = super::reads_of_where(&filter);
        let own = super::Reads {
            properties: reads.properties.clone(),
            ..super::Reads::default()
        };
        if reads != own {
            let help = "compare with what is written here: events are counted as they come in";
            let message = "the `where` of `did` cannot look at other values or at the clock";
            self.fault("E0166", node, message, help);
            return None;
        }
        Some(filter)
    }

    fn sum(&mut self, node: &Node, event: &str) -> Option<Path> {
        let text = reader::text(node, "sum", self.faults)?;
        let path = self.readable(Path::below(Root::Event, text), node)?;
        self.property(Some(event), text, node);
        Some(path)
    }

    fn check_bounds(&mut self, did: &Did, node: &Node, least: Option<&Node>, most: Option<&Node>) {
        let whole = Place::from(node);
        let place = |node: Option<&Node>| node.map_or(whole, Place::from);
        let (least_at, most_at) = (place(least), place(most));
        let order = did.at_least.as_ref().zip(did.at_most.as_ref());
        if order.is_some_and(|(least, most)| least.value() > most.value()) {
            self.fault(
                "E0167",
                most_at,
                "`at_most` is less than `at_least`",
                "swap them",
            );
        }
        if matches!(did.total, DidTotal::Sum(_)) {
            if did.at_least.is_none() && did.at_most.is_none() {
                let help = "add `at_least: 100` or `at_most: 100`, of the sum";
                self.fault("E0101", node, "`sum` needs `at_least` or `at_most`", help);
            }
            return;
        }
        let is_windowed = did.within.is_some() || did.since.is_some();
        let bounds = [
            (&did.at_least, least_at, 1, 0),
            (&did.at_most, most_at, 0, 1),
        ];
        for (bound, at, smallest, spare) in bounds {
            let Some(bound) = bound else { continue };
            let largest = if is_windowed {
                Did::COUNT_MAX - spare
            } else {
                u64::MAX
            };
            let is_count = bound
                .whole()
                .is_some_and(|n| (smallest..=largest).contains(&n));
            if !is_count {
                let message = format!("`{bound}` is not a count that can be kept");
                let to = if is_windowed {
                    format!("to {largest}")
                } else {
                    "on".to_owned()
                };
                let help = format!("a whole number from {smallest} {to}; `not` says never");
                self.fault("E0167", at, &message, &help);
            }
        }
    }
}
