//! Reads how messages go.

use crate::definitions::reader::{self, Faults, MapReader};
use crate::phrase::{Span, Window};
use crate::release::{Hold, Pace, Sending};
use crate::syntax::Node;

const PRIORITY_MAX: u8 = 100;
const HOLDS: [(&str, Hold); 2] = [("hold", Hold::Hold), ("skip", Hold::Skip)];
const UNITS: [(&str, u32); 3] = [("second", 1), ("minute", 60), ("hour", 3600)];

/// The value of `sending`.
pub(super) fn sending(node: &Node, _what: &str, faults: &mut Faults<'_>) -> Option<Sending> {
    let mut map = MapReader::new(node, "`sending`", faults)?;
    let sending = options(&mut map, faults);
    map.finish(faults);
    Some(sending)
}

/// The same keys, flat beside others.
pub(super) fn options(map: &mut MapReader<'_>, faults: &mut Faults<'_>) -> Sending {
    let hold = |node: &Node, what: &str, faults: &mut Faults<'_>| {
        reader::choice(node, what, &HOLDS, faults)
    };
    Sending {
        priority: map.read("priority", faults, |node, what, faults| {
            reader::whole(node, what, (0, PRIORITY_MAX), faults)
        }),
        expires: map.read("expires", faults, |node, what, faults| {
            reader::phrase(node, what, faults, Span::parse)
        }),
        window: map.read("window", faults, |node, what, faults| {
            reader::phrase(node, what, faults, Window::parse)
        }),
        quiet: map.read("quiet", faults, hold),
        over_cap: map.read("over_cap", faults, hold),
        pace: map.read("pace", faults, pace),
    }
}

/// `50 per second`.
fn pace(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<Pace> {
    let text = reader::text(node, what, faults)?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let read = match words.as_slice() {
        [count, "per", unit] => {
            let count = count
                .parse()
                .ok()
                .filter(|count| (1..=1_000_000).contains(count));
            let unit = UNITS.iter().find(|(name, _)| name == unit);
            count.zip(unit).map(|(count, (_, per_secs))| Pace {
                count,
                per_secs: *per_secs,
            })
        }
        _ => None,
    };
    if read.is_none() {
        let message = format!("`{text}` is not a pace");
        let help = "for example `50 per second`, `100 per minute` or `1000 per hour`";
        faults.add("E0116", node, &message, help);
    }
    read
}
