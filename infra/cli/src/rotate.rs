//! `wend rotate-link-keys`: new keys for the links in messages, on a deployed stack.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use wend_app::ports::{Clock, SecretStore};
use wend_aws::system::{SystemClock, new_secret, random};
use wend_core::time::Timestamp;

use crate::stack::{self, UNCHANGED};

/// Links of the key before the last two stop working, and the link by which one unsubscribes must work for a month (CAN-SPAM, section
/// 5(a)(3)). Two months are one for the mail and one for who reads it late.
const APART: Duration = Duration::from_hours(60 * 24);

/// What `rotate-link-keys` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The stack's releases table: the output `ReleasesTableName` of `sam deploy`.
    #[arg(long)]
    releases_table: String,
    /// Rotates although the last rotation was less than 60 days ago: links of mails from before it stop working. A key that somebody has
    /// seen verifies until it is rotated out, which takes two rotations.
    #[arg(long)]
    force: bool,
}

/// Rotates the keys. New messages are signed with the new one as functions are started anew; links of the key before go on working.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    stack::run(stack::releases(&args.releases_table), async |db| {
        let id = rotate(&db, SystemClock.now(), args.force).await?;
        println!(
            "Key {id} signs the links of new messages within hours; links of key {} go on working.",
            id.wrapping_sub(1)
        );
        Ok(ExitCode::SUCCESS)
    })
}

/// The id of the key that signs from now on.
async fn rotate(store: &impl SecretStore, now: Timestamp, is_forced: bool) -> anyhow::Result<u8> {
    let secret = store.secret(new_secret()).await.context(UNCHANGED)?;
    let keys = store.link_keys(&secret).await.context(UNCHANGED)?;
    let age = now.since(keys.newest_made_at());
    if age < APART && !is_forced {
        bail!(
            "the keys were rotated {} days ago, and links of mails from before would stop working: wait until it is 60, or \
             say --force if somebody has seen a key",
            age.as_secs() / 86_400
        );
    }
    let rotated = keys.rotated(random(), now);
    store.rotate_link_keys(&rotated).await.context(UNCHANGED)?;
    Ok(rotated.newest_id())
}

#[cfg(test)]
mod tests {
    use wend_app::memory::{Line, MemoryStore, VirtualClock};

    use super::*;

    #[tokio::test]
    async fn keys_are_rotated_every_sixty_days_unless_somebody_insists() {
        let start = Timestamp::parse("2027-03-01T17:00:00Z").unwrap();
        let store = MemoryStore::new(VirtualClock::starting_at(start), Line::default());
        let after = |days: u64| start.plus(Duration::from_hours(days * 24));
        assert_eq!(rotate(&store, start, false).await.unwrap(), 2);
        let refused = rotate(&store, after(59), false).await.unwrap_err();
        assert!(refused.to_string().contains("59 days ago"), "{refused}");
        assert_eq!(rotate(&store, after(60), false).await.unwrap(), 3);
        assert_eq!(rotate(&store, after(60), true).await.unwrap(), 4);
    }
}
