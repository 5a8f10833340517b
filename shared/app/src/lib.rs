//! Use cases of Wend.
//!
//! A use case loads what a decision needs through [`ports`], asks `wend-core` to decide, and carries the answer out. It owns
//! the order of effects (what is written before what is sent, and when a message may be acknowledged), and no business
//! rule. It knows neither AWS nor Lambda: the functions, the command line's embedded mode and the tests give it adapters.
//!
//! | use case | started by | does |
//! |---|---|---|
//! | [`ingest`] | HTTP | reads events, puts them on the inputs queue |
//! | [`evaluate`] | inputs, wakes, bulk queues | applies inputs to contacts |
//! | [`dispatch`] | dispatch queues | carries a send from request to outcome |
//! | [`webhook`] | finished requests of `dispatch` | asks other systems over HTTP, without access to data |
//! | [`track`] | HTTP | links in messages: clicks, opens, unsubscribes, preferences |
//! | [`feedback`] | the provider's events | settles doubtful sends, closes addresses, tells contacts |
//! | [`sweep`] | a schedule | sends the wakes of contacts that are due soon |
//! | [`walk`] | the queue of walks | tells all contacts of a schedule's occurrence, or to take in a release |
//! | [`segment`] | the command line | counts who would be in a segment |
//! | [`publish`] | the command line | makes a release of a project's files |
//! | [`operate`] | the command line | pauses, stops and halts, as a new manifest |
//! | [`erase`] | an operator | erases a contact |
//! | [`send_test`] | the command line | sends a message to somebody who looks at it before others get it |
//!
//! [`simulate`] plays many contacts through the decision alone. [`memory`] has every port in memory, on a virtual clock: what [`scenario`] tests run on.
#![warn(missing_docs)]

pub mod batch;
mod calls;
mod consent;
pub mod counts;
pub mod dispatch;
pub mod erase;
pub mod evaluate;
pub mod feedback;
pub mod ingest;
mod inputs;
pub mod links;
pub mod memory;
pub mod operate;
pub mod ports;
pub mod publish;
pub mod releases;
pub mod scenario;
pub mod segment;
pub mod send_test;
pub mod simulate;
pub mod sweep;
pub mod track;
pub mod walk;
pub mod webhook;
pub mod write_keys;
