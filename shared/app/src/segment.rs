//! Who is in a segment that is not published yet: everybody is looked at, and nobody is told.

use std::time::Duration;

use futures_util::future::try_join_all;
use wend_core::contact::Contact;
use wend_core::decide::inspect;
use wend_core::release::Release;

use crate::ports::{Clock, ContactScan, ErrorClass, Page, PortError};

/// Segments of the table that are read at the same time.
const SEGMENTS: u32 = 8;
/// Items of a page: about half of what one answer of DynamoDB holds.
const PAGE: u32 = 500;
/// How long the reading rests when the table has too much to do.
const THROTTLED_PAUSE: Duration = Duration::from_secs(1);

/// Who would be in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preview {
    /// Contacts that were looked at.
    pub contacts: u64,
    /// How many of them belong.
    pub members: u64,
    /// Some who belong: those with the first keys, which are hashes and prefer nobody.
    pub sample: Vec<Contact>,
}

impl Preview {
    fn add(&mut self, other: Self, sample: usize) {
        self.contacts += other.contacts;
        self.members += other.members;
        self.sample.extend(other.sample);
        self.sample.sort_by_key(|contact| contact.id);
        self.sample.truncate(sample);
    }
}

/// Counts the contacts of `store` that belong to a segment of `release` now, and names up to `sample` of them. They are read over some
/// time: who changes meanwhile is counted as before or after.
pub async fn preview(
    store: &impl ContactScan,
    clock: &impl Clock,
    release: &Release,
    segment: &str,
    sample: usize,
) -> Result<Preview, PortError> {
    let parts = (0..SEGMENTS).map(|part| one_part(store, clock, (release, segment), part, sample));
    let mut all = Preview::default();
    for part in try_join_all(parts).await? {
        all.add(part, sample);
    }
    Ok(all)
}

async fn one_part(
    store: &impl ContactScan,
    clock: &impl Clock,
    (release, segment): (&Release, &str),
    part: u32,
    sample: usize,
) -> Result<Preview, PortError> {
    let mut all = Preview::default();
    let mut after = None;
    loop {
        let page = match store.page(part, SEGMENTS, after, PAGE).await {
            Ok(page) => page,
            Err(error) if error.class == ErrorClass::Throttled => {
                clock.sleep(THROTTLED_PAUSE).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        let next = page.next;
        let now = clock.now();
        let belongs = |contact: &Contact| inspect::belongs(contact, release, segment, now);
        all.add(counted(page, belongs), sample);
        match next {
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
    }
}

fn counted(page: Page, belongs: impl Fn(&Contact) -> bool) -> Preview {
    let contacts = page.contacts.len() as u64;
    let members: Vec<Contact> = page.contacts.into_iter().filter(belongs).collect();
    Preview {
        contacts,
        members: members.len() as u64,
        sample: members,
    }
}

/// Events of which segments of `wanted` ask something that `published` does not keep of contacts: what happened before is not known,
/// and who did it does not seem to belong.
pub fn unknown_events<'r>(wanted: &'r Release, published: &Release) -> Vec<&'r str> {
    let known = |event: &str| published.index().facts.get(event);
    let is_kept = |event: &str, key: &str, keeps: usize, needs_total: bool| {
        known(event).into_iter().flatten().any(|rule| {
            rule.key == key && rule.keeps >= keeps && (rule.needs_total || !needs_total)
        })
    };
    let facts = wanted.index().facts.iter();
    let unknown = facts.filter(|(event, rules)| {
        let mut rules = rules.iter();
        !rules.all(|rule| is_kept(event, &rule.key, rule.keeps, rule.needs_total))
    });
    unknown.map(|(event, _)| event.as_str()).collect()
}

#[cfg(test)]
mod tests;
