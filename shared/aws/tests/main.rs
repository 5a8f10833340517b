//! The use cases of `wend-app` on the real adapters: the AWS SDK against an embedded DynamoDB and small HTTP servers on the
//! loopback interface. One program, so that the SDKs are linked once.
//!
//! | module | shows |
//! |---|---|
//! | `calls` | how many requests and capacity units each use case costs |
//! | `protocol` | exactly once, at most once, and what happens when something breaks in the middle |
//! | `ses`, `sqs` | what goes to the provider and the queue, and what their answers mean |
//! | `web` | what webhooks never connect to, and what a hostile or slow system can do |
//! | `template` | `template.yaml` has the tables that the adapters write |
//!
//! `cargo test -p wend-aws --test adapters calls -- --nocapture --test-threads 1` prints the table of costs.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they stand on"
)]

mod calls;
mod protocol;
mod ses;
mod sqs;
mod support;
mod template;
mod web;
