//! The adapters, each with what its contracts need.

pub mod dynamodb;
pub mod emulator;
pub mod memory;
pub mod refusal;
pub mod sqs;
