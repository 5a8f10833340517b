//! What merges mean for the book: what was of two contacts is of one.

use wend_app::ports::Commit;
use wend_core::contact::Contact;
use wend_core::log::LogRow;

use crate::book::Book;
use crate::invariants;

impl Book {
    /// Contacts that a commit has merged into `contact`; whether there were any.
    pub(crate) fn merged(&mut self, contact: &Contact, rows: &[LogRow]) -> bool {
        let all: Vec<_> = rows.iter().flat_map(|row| &row.merged).collect();
        for merged in &all {
            self.reach("merged");
            let away = merged.contact.id;
            let before = self.record.contacts.remove(&away);
            self.check(invariants::merged_as_it_was(before.as_ref(), merged));
            let record = &mut self.record;
            for leads in record.leads.values_mut().filter(|leads| **leads == away) {
                *leads = contact.id;
            }
            record.leads.insert(away, contact.id);
            let runs = merged.contact.enrollments.iter().map(|run| run.id);
            record
                .ended
                .extend(runs.filter(|id| contact.run(*id).is_none()));
            // Each may have entered what is entered once; together they may not do so again.
            let entered = record.entered.extract_if(.., |(of, _), _| *of == away);
            let entered: Vec<_> = entered.collect();
            for ((_, journey), times) in entered {
                let both = record.entered.entry((contact.id, journey)).or_default();
                *both = times.max(*both);
            }
            if let Some(zone) = record.zones.remove(&away) {
                record.zones.insert(contact.id, zone);
            }
        }
        !all.is_empty()
    }

    /// Devices that a commit has taken from one contact and given to another.
    pub(crate) fn repointed(&mut self, commit: &Commit<'_>) {
        for repointed in commit.repointed {
            self.reach("repointed");
            let owner = &repointed.owner;
            let before = self.record.contacts.get(&owner.id);
            let promise = invariants::revisions_only_grow(before, owner);
            let stored = Contact {
                rev: owner.rev + 1,
                ..owner.clone()
            };
            self.record.contacts.insert(owner.id, stored);
            self.check(promise);
        }
    }
}
