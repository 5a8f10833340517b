//! Marketing stops by itself when too much comes back or too many enter, and goes on when somebody has looked.

use std::time::Duration;

use wend_core::brake::{Brakes, Cause, DayNumber, Returned, Scope};
use wend_core::enrollment::HoldReason;
use wend_core::input::Input;

use super::super::tests::at;
use super::World;
use super::shop::{does, shop};
use crate::memory::{Reaction, SentMail, run};
use crate::ports::Tallies;

/// Longer than a sandbox believes what it knows of brakes.
const SOON: Duration = Duration::from_secs(11);

fn sales(world: &mut World, of: &str, count: usize) {
    for number in 0..count {
        does(world, &format!("{of}{number}"), "sale");
    }
    world.run_until(world.now().plus(SOON)).unwrap();
}

/// What went to users of this name.
fn sent_to(world: &World, of: &str) -> Vec<SentMail> {
    let mails = world.mailbox().sent_from(0).into_iter();
    mails.filter(|mail| mail.to.starts_with(of)).collect()
}

fn brakes(world: &World) -> Brakes {
    run(&world.parts.clock, world.store().brakes())
        .unwrap()
        .unwrap()
}

fn lift(world: &World, scope: &Scope) {
    let today = DayNumber::of(world.now());
    run(&world.parts.clock, world.store().lift(scope, today))
        .unwrap()
        .unwrap();
}

fn holds(world: &World) -> Vec<HoldReason> {
    let rows = world.store().rows_from(0).unwrap().into_iter();
    let held = rows.filter_map(|row| match row.input {
        Input::Held(held) => Some(held.why),
        _ => None,
    });
    held.collect()
}

#[test]
fn too_many_bounces_hold_marketing_until_the_brake_is_lifted() {
    let mut world = shop("", "");
    sales(&mut world, "early", 210);
    let mails = sent_to(&world, "early");
    assert_eq!(mails.len(), 210);
    for mail in &mails[..11] {
        world.react(mail, &Reaction::Bounce).unwrap();
    }
    world.run_until(world.now().plus(SOON)).unwrap();
    let cause = Cause::Returned {
        what: Returned::Bounced,
        count: 11,
        sent: 210,
    };
    let journey = Scope::Journey("sale".to_owned());
    let causes: Vec<_> = brakes(&world)
        .into_iter()
        .map(|(scope, brake)| (scope, brake.cause))
        .collect();
    assert_eq!(causes, [(Scope::All, cause), (journey.clone(), cause)]);

    does(&world, "buyer", "order");
    sales(&mut world, "late", 5);
    assert_eq!(
        sent_to(&world, "buyer").len(),
        1,
        "what somebody waits for goes"
    );
    assert_eq!(sent_to(&world, "late").len(), 0);
    assert_eq!(holds(&world), [HoldReason::Brake; 5]);

    lift(&world, &Scope::All);
    lift(&world, &journey);
    world
        .run_until(world.now().plus(Duration::from_hours(24)))
        .unwrap();
    assert_eq!(sent_to(&world, "late").len(), 5);
    assert_eq!(
        brakes(&world),
        Brakes::new(),
        "what was looked at counts no more"
    );
}

#[test]
fn an_event_that_comes_again_is_one_bounce() {
    let mut world = shop("", "");
    sales(&mut world, "early", 210);
    let mails = sent_to(&world, "early");
    for mail in mails[..10].iter().cycle().take(30) {
        world.react(mail, &Reaction::Bounce).unwrap();
    }
    world.run_until(world.now().plus(SOON)).unwrap();
    assert_eq!(brakes(&world), Brakes::new());
}

#[test]
fn braked_messages_expire_and_are_not_lost() {
    let mut world = shop("", "sending: { brake: { complaints: 0% } }\n");
    sales(&mut world, "early", 210);
    for mail in &sent_to(&world, "early")[..5] {
        world.react(mail, &Reaction::Complaint).unwrap();
    }
    world.run_until(world.now().plus(SOON)).unwrap();
    sales(&mut world, "late", 5);
    world
        .run_until(world.now().plus(Duration::from_hours(80)))
        .unwrap();
    assert_eq!(sent_to(&world, "late").len(), 0);
    assert!(world.queues().is_empty(), "every message has an end");
    let sends = world.store().sends().unwrap();
    assert_eq!(sends.len(), 215, "and a row that says so");
}

const ALARM: &str = "sending: { entry_alarm: 5x }\n";

#[test]
fn a_flood_of_entries_holds_its_own_messages_until_the_alarm_is_lifted() {
    let mut world = shop("", ALARM);
    sales(&mut world, "first", 3);
    world.run_until(at("2027-03-02T20:30:00Z")).unwrap();
    sales(&mut world, "before", 10);
    world.run_until(at("2027-03-02T21:30:00Z")).unwrap();
    sales(&mut world, "flood", 400);
    let entries = Scope::Entries("sale".to_owned());
    let on = brakes(&world);
    let brake = on.get(&entries).unwrap_or_else(|| panic!("{on:?}"));
    assert_eq!(brake.from, at("2027-03-02T21:00:00Z"));
    let went = sent_to(&world, "flood").len();
    sales(&mut world, "later", 20);
    assert_eq!(sent_to(&world, "later").len(), 0, "they enter, and wait");
    assert_eq!(holds(&world).last(), Some(&HoldReason::EntryAlarm));

    lift(&world, &entries);
    world
        .run_until(world.now().plus(Duration::from_hours(25)))
        .unwrap();
    assert_eq!(sent_to(&world, "later").len(), 20);
    assert_eq!(sent_to(&world, "flood").len(), 400, "{went} went before");
}

#[test]
fn what_comes_every_monday_is_no_flood() {
    let mut world = shop("", ALARM);
    for (week, monday) in ["2027-03-01", "2027-03-08"].into_iter().enumerate() {
        world.run_until(at(&format!("{monday}T18:00:00Z"))).unwrap();
        sales(&mut world, &format!("week{week}-"), 300);
    }
    assert_eq!(brakes(&world), Brakes::new());
    world.run_until(at("2027-03-10T18:00:00Z")).unwrap();
    sales(&mut world, "wednesday", 1700);
    let scopes: Vec<Scope> = brakes(&world).into_keys().collect();
    assert_eq!(scopes, [Scope::Entries("sale".to_owned())]);
}

#[test]
fn a_new_journey_and_an_ordinary_hour_are_no_flood() {
    let mut world = shop("", ALARM);
    sales(&mut world, "new", 1000);
    world.run_until(at("2027-03-02T20:30:00Z")).unwrap();
    sales(&mut world, "next", 190);
    assert_eq!(brakes(&world), Brakes::new());
    assert_eq!(sent_to(&world, "next").len(), 190);
}
