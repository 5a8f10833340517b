//! The contracts of the ports in `wend-app`, run on every adapter. See the package's README.
//!
//! A contract is an async function over a port's traits. It knows no adapter; what it needs beside the ports stands in
//! [`kit`]. A test is called `adapter::port::contract`.
//!
//! `cargo test -p wend-contract` runs all; an argument runs those whose name contains it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they stand on"
)]

mod adapters;
mod contracts;
mod draw;
mod kit;

use std::future::Future;
use std::path::Path;
use std::process::ExitCode;

use adapters::dynamodb::{DynamoTables, Embedded, Emulated, Refusing};
use adapters::emulator::Emulator;
use adapters::memory::{Failing, MemoryQueues, MemoryTables};
use adapters::sqs::{RefusingSqs, SqsQueues};
use kit::{FailingQueues, FailingTables, QueueKit, TableKit};
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Most of them wait: for a service, or for time to pass on a real queue.
    arguments.test_threads.get_or_insert(8);
    let mut trials = Vec::new();
    tables::<MemoryTables>("memory", &mut trials);
    tables::<DynamoTables<Embedded>>("dynamodb", &mut trials);
    answer_limit::<MemoryTables>("memory", &mut trials);
    answer_limit::<DynamoTables<Embedded>>("dynamodb", &mut trials);
    failing_tables::<Failing>("memory", &mut trials);
    failing_tables::<Refusing>("dynamodb", &mut trials);
    queues::<MemoryQueues>("memory", &mut trials);
    delay_limit::<MemoryQueues>("memory", &mut trials);
    failing_queues::<Failing>("memory", &mut trials);
    failing_queues::<RefusingSqs>("sqs", &mut trials);
    // Lives until the last contract has ended.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let emulator = (!arguments.list).then(|| Emulator::start(&root));
    if matches!(emulator, Some(None)) {
        println!(
            "SKIPPED: contracts on the local AWS; `cargo test -p wend-acceptance` makes the emulator they need"
        );
    } else {
        tables::<DynamoTables<Emulated>>("local-aws", &mut trials);
        queues::<SqsQueues>("sqs", &mut trials);
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// One contract on one adapter, on a runtime of its own.
fn trial<F: Future<Output = ()>>(
    adapter: &str,
    contract: &str,
    run: impl FnOnce() -> F + Send + 'static,
) -> Trial {
    let name = format!("{adapter}::{contract}");
    Trial::test(name, move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build()?;
        runtime.block_on(run());
        Ok(())
    })
}

/// Pushes one trial for each contract, all on a fresh kit.
macro_rules! contracts {
    ($trials:ident, $adapter:ident, $kit:ty, $port:ident: $($name:ident)+) => {
        $($trials.push(trial(
            $adapter,
            concat!(stringify!($port), "::", stringify!($name)),
            || async { contracts::$port::$name(<$kit>::start().await).await },
        ));)+
    };
}

fn tables<K: TableKit + 'static>(adapter: &str, trials: &mut Vec<Trial>) {
    aggregates::<K>(adapter, trials);
    sends::<K>(adapter, trials);
    definitions::<K>(adapter, trials);
    coupons::<K>(adapter, trials);
    walks::<K>(adapter, trials);
    tallies::<K>(adapter, trials);
}

/// Contacts, their log, and who of them is due.
fn aggregates<K: TableKit + 'static>(adapter: &str, trials: &mut Vec<Trial>) {
    contracts!(trials, adapter, K, contacts:
        nothing_is_under_a_key_that_nobody_wrote
        a_contact_reads_back_with_its_next_revision
        a_pointer_leads_to_its_contact
        an_erased_contact_is_a_stub_also_through_a_pointer
        an_erased_contact_may_begin_anew
        a_contact_written_since_it_was_read_is_not_erased
        a_forgotten_address_stops_claims_and_old_words
    );
    contracts!(trials, adapter, K, commits:
        a_contact_written_since_it_was_read_is_stale
        a_contact_that_was_never_stored_is_stale_unless_new
        a_row_that_is_there_is_applied_and_nothing_is_written
        a_name_of_another_contact_is_taken
        a_name_of_the_same_contact_is_written_again
        applied_before_taken_before_stale
        an_unchanged_contact_is_one_row
        a_commit_repeated_after_a_lost_answer_is_applied
        twenty_five_rows_are_one_commit
        two_inputs_of_one_id_are_invalid
        two_pointers_of_one_name_are_invalid
        a_pointer_without_a_contact_is_invalid
        a_commit_of_nothing_is_invalid
        of_two_commits_at_once_one_is_done
    );
    contracts!(trials, adapter, K, merges:
        the_one_that_goes_is_a_pointer_and_its_names_lead_to_the_other
        a_second_merge_leaves_one_pointer_between
        a_merge_of_who_was_written_since_is_stale
        a_merge_repeated_after_a_lost_answer_is_applied
        of_two_merges_at_once_one_is_done
        of_a_merge_and_an_event_at_once_one_is_done
        a_repointed_name_leaves_its_owner
        a_device_that_goes_to_another_takes_no_messages_along
        a_send_and_a_call_find_whom_their_contact_became
        pointers_are_followed_and_a_circle_is_a_conflict
    );
    contracts!(trials, adapter, K, sizes:
        a_contact_below_the_limit_of_an_item_is_stored
        a_contact_above_the_limit_of_an_item_is_invalid
        a_row_above_the_limit_of_an_item_is_invalid
        a_commit_above_the_limit_of_a_transaction_is_invalid
        a_send_above_the_limit_of_an_item_is_invalid
        a_timeline_is_read_over_all_pages_in_order
        a_timeline_has_only_its_own_address
    );
    contracts!(trials, adapter, K, due:
        only_who_is_due_is_in_the_index
        the_index_is_ordered_and_includes_its_end
        a_contact_moves_and_leaves
        a_shard_has_only_its_own
        times_before_1970_are_in_order_too
        the_watermark_begins_at_the_beginning_of_time
        the_watermark_only_moves_forward
    );
}

/// What a message must pass, and what becomes of it.
fn sends<K: TableKit + 'static>(adapter: &str, trials: &mut Vec<Trial>) {
    contracts!(trials, adapter, K, paces:
        a_row_that_nobody_wrote_is_the_default
        taking_begins_goes_on_and_begins_anew
        a_full_row_gives_places_in_the_line
        what_is_known_is_written_at_its_revision_alone
        a_quota_is_not_overrun_by_who_knows_an_old_count
        rows_do_not_touch_each_other
        senders_at_once_take_moments_of_their_own
    );
    contracts!(trials, adapter, K, ledger:
        an_absent_send_is_claimed_once
        a_held_send_is_claimed_again
        a_doubtful_send_is_claimed_once_more_from_that_doubt_alone
        a_claim_needs_the_permission_as_it_was_read
        a_claim_writes_the_submission_or_nothing
        of_two_claims_at_once_one_is_done
        a_send_that_nobody_claimed_is_skipped_once
        settling_holds_only_from_the_exact_state
        settling_is_repeated_safely
        taking_back_is_repeated_safely_and_keeps_the_others
        taking_back_beside_other_words_loses_none
        reading_brings_contact_permission_send_and_origin
        reading_what_is_not_there_brings_nothing
        a_stub_is_no_contact_of_a_send
        a_call_brings_contact_and_origin_alone
    );
    contracts!(trials, adapter, K, copies:
        a_copy_reads_back_as_it_went_out
        of_a_send_nobody_claimed_there_is_none
        the_copy_of_a_second_submission_takes_the_place_of_the_first
        what_is_too_large_is_not_kept
        the_copies_of_a_contact_are_forgotten_and_nobody_elses
    );
    contracts!(trials, adapter, K, evidence:
        it_settles_what_is_submitted_or_in_doubt
        it_leaves_every_other_state_alone
        it_says_nothing_of_a_send_without_a_row
    );
    contracts!(trials, adapter, K, permissions:
        the_last_word_by_time_counts_in_any_order
        of_two_words_at_one_moment_the_no_counts
        topics_do_not_touch_each_other
        a_later_opt_in_undoes_an_unsubscribe_and_an_older_one_does_not
        an_older_unsubscribe_changes_nothing
        a_suppression_keeps_its_first_time
        each_write_moves_the_revision_and_a_repeated_word_does_not
        words_at_once_are_all_kept
        the_last_word_on_a_frequency_counts_in_any_order
        the_last_word_on_a_pause_counts_in_any_order
        an_opt_in_to_be_confirmed_stands_beside_the_words
        a_no_from_between_opt_in_and_confirmation_counts_in_any_order
        a_complaint_stands_over_other_reasons
        an_address_is_reopened_for_the_reason_that_was_seen
        the_last_word_on_all_texts_counts_in_any_order
        soft_bounces_are_counted_once_each_and_forgotten
    );
}

/// What is published, and the keys beside it.
fn definitions<K: TableKit + 'static>(adapter: &str, trials: &mut Vec<Trial>) {
    contracts!(trials, adapter, K, releases:
        there_is_no_manifest_before_the_first
        a_release_reads_back_whole
        only_the_next_number_is_published
        of_two_publishers_one_is_overtaken
        a_missing_part_is_an_error
        a_part_named_twice_is_read_once
        more_parts_than_one_request_names_are_read
        a_part_above_the_limit_is_refused_and_no_manifest_written
        a_large_part_below_the_limit_is_published
        parts_are_there_before_their_manifest
        only_an_added_key_is_known
        a_key_is_added_again_safely
        the_first_secret_is_everybodys
        of_secrets_drawn_at_once_one_is_everybodys
        keys_of_links_are_the_secrets_until_they_are_rotated
        of_rotations_at_once_one_is_done
    );
}

fn tallies<K: TableKit + 'static>(adapter: &str, trials: &mut Vec<Trial>) {
    contracts!(trials, adapter, K, tallies:
        what_is_added_is_answered_and_read_by_scope_and_day
        what_became_of_a_send_is_noted_once
        a_day_of_a_ramp_lets_so_many_through
        a_brake_is_put_on_once_and_lifting_it_counts_anew
        counting_begins_once
    );
}

fn coupons<K: TableKit + 'static>(adapter: &str, trials: &mut Vec<Trial>) {
    contracts!(trials, adapter, K, coupons:
        an_empty_pool_gives_nothing
        a_code_is_given_once_and_a_call_keeps_its_own
        a_call_keeps_its_code_where_others_are_left
        fifty_calls_at_once_get_codes_of_their_own
        of_fifty_calls_at_once_as_many_get_a_code_as_there_are
        what_has_ended_is_not_given_and_what_ends_first_is
        codes_are_added_again_safely
        pools_do_not_touch_each_other
        what_is_noted_of_a_file_is_read_back
    );
}

fn walks<K: TableKit + 'static>(adapter: &str, trials: &mut Vec<Trial>) {
    contracts!(trials, adapter, K, walks:
        an_empty_table_is_over_at_once
        each_contact_is_on_one_page_of_one_segment
        a_page_has_whole_contacts_and_no_stubs
        a_contact_written_during_the_walk_is_seen_once
        a_walk_begins_at_the_beginning
        a_walk_only_moves_forward
        walks_and_segments_do_not_touch_each_other
        of_two_at_once_one_moves_it
    );
}

/// Not on the emulator: its answers have no limit.
fn answer_limit<K: TableKit + 'static>(adapter: &str, trials: &mut Vec<Trial>) {
    contracts!(trials, adapter, K, releases: larger_parts_than_one_answer_holds_are_read);
}

fn failing_tables<K: FailingTables + 'static>(adapter: &str, trials: &mut Vec<Trial>) {
    contracts!(trials, adapter, K, failures:
        contacts_say_the_class
        the_ledger_says_the_class
        permissions_say_the_class
        index_and_watermark_say_the_class
        releases_say_the_class
        paces_say_the_class
        copies_say_the_class
        coupons_say_the_class
        walks_say_the_class
        keys_and_secret_say_the_class
        writes_behind_a_read_say_the_class
    );
}

fn queues<K: QueueKit + 'static>(adapter: &str, trials: &mut Vec<Trial>) {
    contracts!(trials, adapter, K, queues:
        more_than_ten_messages_all_arrive
        no_messages_are_sent_at_once
        bodies_of_more_than_one_request_all_arrive
        a_body_arrives_unchanged
        a_delayed_message_is_hidden_until_its_delay
        a_received_message_is_hidden_and_comes_back
        an_acknowledged_message_is_gone
        a_message_received_too_often_is_a_dead_letter
        a_body_above_a_mebibyte_is_invalid
        groups_all_arrive
        what_is_set_aside_is_a_dead_letter_with_its_reason
        setting_aside_for_an_unknown_queue_is_invalid
    );
}

/// Not on the emulator: it takes a delay that SQS refuses.
fn delay_limit<K: QueueKit + 'static>(adapter: &str, trials: &mut Vec<Trial>) {
    contracts!(trials, adapter, K, queues: a_delay_above_fifteen_minutes_is_invalid);
}

fn failing_queues<K: FailingQueues + 'static>(adapter: &str, trials: &mut Vec<Trial>) {
    contracts!(trials, adapter, K, queue_failures: queue_and_dead_letters_say_the_class);
}
