//! Holds the workspace to its own rules; only tests, no code that ships.
//!
//! Every rule is a function of plain values. One test feeds it what the workspace really is, another one something
//! forbidden, so that each rule is shown to be able to fail.

#[cfg(test)]
mod layers;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod top_level;
#[cfg(test)]
mod workspace;
