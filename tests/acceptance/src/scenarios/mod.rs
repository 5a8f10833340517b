//! What must hold, one function a scenario.

pub mod audit;
pub mod brakes;
pub mod browser;
pub mod campaign;
pub mod cart;
pub mod confirm;
mod copies;
pub mod coupons;
mod crowd;
mod edge;
pub mod faults_of_endpoint;
mod forms;
mod import;
mod journey;
pub mod kills_of_functions;
pub mod kills_of_process;
mod ledger;
pub mod reactions;
mod segment;
mod send_test;
mod unsubscribe;
pub mod visitor;

use super::Scenario;

/// Scenarios of both modes.
pub const BOTH: [Scenario; 13] = [
    journey::THREE_MAILS,
    journey::FIVE_TIMES,
    journey::WRONG_ORDER,
    unsubscribe::ONE_CLICK,
    copies::SHOWN,
    send_test::TRIED,
    edge::REFUSED,
    edge::ONE_BAD_ITEM,
    edge::BEACON,
    edge::PREFLIGHT,
    edge::POISON,
    forms::PLAIN_FORM,
    import::KILLED,
];

/// Scenarios of the local AWS alone: they need what only its Python environment has.
pub const AWS: [Scenario; 1] = [segment::REAL_CLIENT];
