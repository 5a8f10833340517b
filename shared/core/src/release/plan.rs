//! What a release knows of events and attributes that come from outside.

use std::collections::BTreeSet;

use super::{Project, Release, Verb};
use crate::definitions::known::{BUILT_IN_ATTRIBUTES, FORM_SUBMITTED};

/// What an event or a person says of a contact beside its attributes.
const SAID: [&str; 3] = ["timezone", "subscribed", "unsubscribed"];

impl Project {
    /// Whether a source may send `event` under this name: the tracking plan has it, or the plan has what it is an alias of.
    /// Pages need no declaration, nor does what declared forms lead to.
    pub fn plans_event(&self, event: &str) -> bool {
        let name = self.aliases.get(event).map_or(event, String::as_str);
        let is_of_form = name == FORM_SUBMITTED && !self.forms.is_empty();
        self.events.contains_key(name) || name == "page_viewed" || is_of_form
    }
}

impl Release {
    /// What can be said of contacts: attributes that are declared, computed, set by journeys or everybody's. None where
    /// `wend.yaml` declares no attributes: such a project takes them as they come.
    pub fn attributes(&self) -> Option<BTreeSet<&str>> {
        let project = &self.project;
        if project.attributes.is_empty() {
            return None;
        }
        let declared = project.attributes.keys().chain(project.computed.keys());
        let steps = self.current().flat_map(|(_, journey)| &journey.steps);
        let updates = steps.filter_map(|step| match &step.verb {
            Verb::Update(update) => Some(update),
            Verb::Message(_)
            | Verb::Alert { .. }
            | Verb::Webhook { .. }
            | Verb::Wait { .. }
            | Verb::WaitUntil { .. }
            | Verb::Branch { .. }
            | Verb::Split { .. }
            | Verb::Goto(_)
            | Verb::Exit { .. }
            | Verb::Score(_)
            | Verb::Coupon { .. }
            | Verb::Emit { .. }
            | Verb::Start { .. }
            | Verb::Stop { .. } => None,
        });
        let changed = updates.flat_map(|update| {
            let set = update.set.keys().chain(update.add.keys());
            set.chain(update.include.keys())
                .chain(update.remove.keys())
                .chain(&update.unset)
        });
        let all = declared.chain(changed).map(String::as_str);
        Some(all.chain(BUILT_IN_ATTRIBUTES).chain(SAID).collect())
    }
}
