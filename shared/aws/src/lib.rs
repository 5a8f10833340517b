//! AWS adapters for the ports of `wend-app`.
//!
//! An adapter translates and decides nothing. Each port's promise about success, definite and ambiguous failure is kept by
//! conditions in DynamoDB and by the class of the error; retries are the SDK's where a request may be repeated, and off
//! where it may not (SES, SNS).
#![warn(missing_docs)]

pub mod api;
pub mod clients;
pub mod dynamodb;
mod error;
#[cfg(feature = "lambda")]
pub mod lambda;
#[cfg(feature = "secrets")]
pub mod secrets;
#[cfg(feature = "mail")]
pub mod ses;
pub mod settings;
#[cfg(feature = "mail")]
pub mod sns;
#[cfg(feature = "queues")]
pub mod sqs;
#[cfg(feature = "mail")]
mod submitted;
#[cfg(feature = "account")]
pub mod suppressed;
pub mod system;
pub mod telemetry;
pub mod web;
