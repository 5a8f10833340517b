//! What every page gets: links that cannot become scripts, and its preheader.

use super::slots::{Masked, expression};
use crate::html::{Token, tokens};

/// Attributes that lead somewhere.
const LINKS: [&str; 4] = ["href", "src", "background", "action"];

/// What nobody sees and mail programs show beside the subject.
const PREHEADER: &str = "{% if message.preheader %}<div style=\"display:none;max-height:0;overflow:hidden\">\
    {{ message.preheader }}</div>{% endif %}";

/// Lets every value that begins an address go through the filter `link`: escaping alone does not stop `javascript:`.
pub(super) fn guard(page: &mut Masked) {
    let mut guarded = Vec::new();
    for token in tokens(&page.text) {
        let Token::Start { attributes, .. } = token else {
            continue;
        };
        let links = attributes.iter();
        let links = links.filter(|attribute| LINKS.contains(&attribute.name.as_str()));
        for attribute in links {
            let mut end = 0;
            for (range, slot) in page.find(&attribute.value) {
                let before = attribute.value.get(end..range.start).unwrap_or_default();
                let begins = before.trim().is_empty()
                    && (end == 0 || is_statement(page, &attribute.value, end));
                if begins && let Some(inner) = expression(page.slot(slot)) {
                    guarded.push((slot, format!("{{{{ ({inner})|link }}}}")));
                }
                end = range.end;
            }
        }
    }
    for (slot, tag) in guarded {
        page.set(slot, tag);
    }
}

/// Whether the slot that ends at `end` is a statement: what follows it may begin the address.
fn is_statement(page: &Masked, value: &str, end: usize) -> bool {
    let found = page.find(value);
    let last = found.iter().find(|(range, _)| range.end == end);
    last.is_some_and(|(_, slot)| expression(page.slot(*slot)).is_none())
}

/// Puts the preheader at the top of a page that does not say where it goes.
pub(super) fn add_preheader(page: &mut Masked) {
    let says_it = page.unmask(&page.text).contains("message.preheader");
    let body = tokens(&page.text)
        .into_iter()
        .find_map(|token| match token {
            Token::Start { name, range, .. } if name == "body" => Some(range.end),
            Token::Start { .. } | Token::End { .. } | Token::Text(_) | Token::Comment(_) => None,
        });
    if let (false, Some(place)) = (says_it, body) {
        let word = page.put(PREHEADER.to_owned());
        page.text.insert_str(place, &word);
    }
}
