//! Exactly once, at most once, and what happens when something breaks in the middle.

mod coupons;
mod dispatch;
mod evaluate;
mod limits;
mod operators;
mod paces;
mod stores;
mod sweep;
