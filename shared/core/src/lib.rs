//! Types and decisions of Wend.
//!
//! Everything in this crate is a pure function of its arguments: no I/O, no clock, no randomness, no AWS, no async.
//! The use cases in `wend-app` load what a decision needs, call it, and store what it answers.
//!
//! | module | owns |
//! |---|---|
//! | [`time`], [`zone`] | instants, time zones |
//! | [`phrase`] | the time phrases of journey files |
//! | [`calendar`] | phrase × instant × zone → instant |
//! | [`id`] | derived ids: contacts, inputs, enrollments, sends |
//! | [`personal`] | personal data that cannot be logged by accident |
//! | [`identity`] | the keys by which a message names a contact |
//! | [`input`] | everything that can move a contact, as it travels in queues |
//! | [`tracking`] | the public HTTP body (Segment's format) → inputs |
//! | [`import`] | rows of another tool's export → inputs, by the types of `wend.yaml` |
//! | [`syntax`], [`definitions`] | YAML with positions → journeys, templates, the project |
//! | [`mod@format`] | the one style of definitions: what `wend fmt` writes |
//! | [`release`] | all published definitions, numbered |
//! | [`path`] | how a definition names a value |
//! | [`condition`] | what must be true of a contact, a run or an event; why it is, and until when |
//! | [`contact`], [`enrollment`] | the aggregate and its runs |
//! | [`coupons`] | codes, and the files that they stand in |
//! | [`decide`] | contact × input × release × now → decision |
//! | [`graph`] | a journey as a picture |
//! | [`log`] | the row that proves an input was applied and carries its effects |
//! | [`permission`], [`send`] | may we send to this address now; the life of one send |
//! | [`token`], [`machine`] | signed links in messages; who follows them and is no person |
//! | [`webhook`] | calls of other systems: what is asked, who may be asked, what an answer means |
//! | [`due`], [`pace`] | which wakes a sweep sends; how fast a sender may go |
//! | [`brake`] | when marketing must stop by itself |
#![warn(missing_docs)]
#![warn(clippy::indexing_slicing, clippy::wildcard_enum_match_arm)]

pub mod brake;
pub mod calendar;
pub mod condition;
pub mod contact;
pub mod coupons;
pub mod decide;
pub mod definitions;
pub mod due;
pub mod enrollment;
pub mod form;
pub mod format;
pub mod graph;
pub mod id;
pub mod identity;
pub mod import;
pub mod input;
pub mod keyword;
pub mod log;
pub mod machine;
pub mod occurrence;
pub mod pace;
pub mod path;
pub mod permission;
pub mod personal;
pub mod phrase;
pub mod plain;
pub mod release;
pub mod send;
pub mod syntax;
pub mod time;
pub mod token;
pub mod tracking;
pub mod webhook;
pub mod zone;
