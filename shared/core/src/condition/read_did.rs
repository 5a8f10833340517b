//! Reads `did`.

use super::read::Reading;
use super::{Did, DidTotal, Path, Root, Where};
use crate::definitions::reader::{self, MapReader};
use crate::syntax::{Node, NodeValue, Position};

impl Reading<'_, '_> {
    /// An event, or a map with its name and what narrows it.
    pub(super) fn did(&mut self, node: &Node) -> Option<Did> {
        if matches!(node.value, NodeValue::Scalar { .. }) {
            let event = reader::text(node, "did", self.faults)?.to_owned();
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
        let event = map.required_text("event", self.faults).map(str::to_owned);
        let [filter, within, since] = ["where", "within", "since"].map(|key| map.optional(key));
        let [sum, least, most] = ["sum", "at_least", "at_most"].map(|key| map.optional(key));
        map.finish(self.faults);
        let before = self.faults.found.len();
        let did = Did {
            event: event?,
            filter: filter.and_then(|node| self.constant_filter(node)),
            within: within.and_then(|node| self.scalar(node, "within")),
            since: since.and_then(|node| self.when(node, "since")),
            total: sum
                .and_then(|node| self.sum(node))
                .map_or(DidTotal::Count, DidTotal::Sum),
            at_least: least.and_then(|node| self.scalar(node, "at_least")),
            at_most: most.and_then(|node| self.scalar(node, "at_most")),
        };
        if self.faults.found.len() == before {
            self.check_bounds(&did, node.at, least, most);
        }
        (self.faults.found.len() == before).then_some(did)
    }

    /// A `where` whose answer is the same whenever it is asked: facts are counted as events come in.
    fn constant_filter(&mut self, node: &Node) -> Option<Where> {
        let filter = self.filter(node)?;
        let reads = super::reads_of_where(&filter);
        let own = super::Reads {
            properties: reads.properties.clone(),
            ..super::Reads::default()
        };
        if reads != own {
            let help = "compare with what is written here: events are counted as they come in";
            let message = "the `where` of `did` cannot look at other values or at the clock";
            self.fault("E0166", node.at, message, help);
            return None;
        }
        Some(filter)
    }

    fn sum(&mut self, node: &Node) -> Option<Path> {
        let text = reader::text(node, "sum", self.faults)?;
        self.readable(Path::below(Root::Event, text), node.at)
    }

    fn check_bounds(&mut self, did: &Did, at: Position, least: Option<&Node>, most: Option<&Node>) {
        let (least_at, most_at) = (least.map_or(at, |n| n.at), most.map_or(at, |n| n.at));
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
                self.fault("E0101", at, "`sum` needs `at_least` or `at_most`", help);
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
