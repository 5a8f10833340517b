//! What the tests stand on: an embedded DynamoDB, an HTTP server that answers as told, exact doubles of the other ports,
//! and a world that puts them together.

pub mod aws;
pub mod doubles;
pub mod http;
pub mod meddling;
pub mod sqs;
pub mod world;

pub use doubles::received;
pub use world::World;
