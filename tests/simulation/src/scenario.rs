//! What happens in the world: drawn from a seed, each operation can be left out.

use std::time::Duration;

use serde_json::{Value, json};
use wend_core::brake::Scope;
use wend_core::identity::Channel;
use wend_core::release::Halt;
use wend_core::tracking::Call;

use crate::projects::{Edition, MADE, STARTER, Which};
use crate::random::{Random, mix};

/// Under which of its names a contact says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Its id.
    Id,
    /// Its device, some of which two contacts share.
    Device,
    /// Both: whoever hears it knows that they are one.
    Both,
}

/// Something that somebody does.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// A website says something.
    Say {
        /// The contact's number.
        who: usize,
        /// Under which of its names.
        by: By,
        /// What.
        call: &'static str,
        /// The body.
        body: Value,
        /// How many seconds before it was said it happened.
        late_secs: u64,
        /// How often the client sends it.
        copies: u32,
    },
    /// A contact says yes or no to a topic in the preferences.
    Consent {
        /// The contact's number.
        who: usize,
        /// The topic.
        topic: &'static str,
        /// Yes or no.
        opted_in: bool,
    },
    /// A contact confirms an opt-in, by the link in a message.
    Confirm {
        /// The contact's number.
        who: usize,
        /// The topic.
        topic: &'static str,
    },
    /// A server says that a contact has another address.
    Move {
        /// The contact's number.
        who: usize,
    },
    /// A contact follows the link to unsubscribe.
    Unsubscribe {
        /// The contact's number.
        who: usize,
    },
    /// A contact wants no marketing for a month, on the page of its preferences.
    Rest {
        /// The contact's number.
        who: usize,
    },
    /// Somebody ends the contact's runs of a journey.
    Stop {
        /// The contact's number.
        who: usize,
        /// The journey.
        journey: &'static str,
    },
    /// Somebody enrolls a contact by hand.
    Enroll {
        /// The contact's number.
        who: usize,
        /// The journey.
        journey: &'static str,
    },
    /// Edited journeys or other settings are published, or the first ones again.
    Publish {
        /// Which.
        edition: Edition,
    },
    /// A journey is paused.
    Pause {
        /// The journey.
        journey: &'static str,
    },
    /// A journey goes on.
    Resume {
        /// The journey.
        journey: &'static str,
        /// Whether waits end later by the pause.
        shift: bool,
    },
    /// A journey is stopped.
    StopJourney {
        /// The journey.
        journey: &'static str,
    },
    /// A stopped journey takes entries again.
    StartJourney {
        /// The journey.
        journey: &'static str,
    },
    /// Nothing leaves any more.
    Halt {
        /// What.
        halt: Halt,
    },
    /// Messages leave again.
    Lift {
        /// What.
        halt: Halt,
    },
    /// Too much came back, or too many entered: marketing is held.
    Brake {
        /// Which.
        scope: Scope,
    },
    /// An operator has looked at it.
    LiftBrake {
        /// Which.
        scope: Scope,
    },
    /// Every contact takes the newest release in.
    Touch,
    /// A contact is erased.
    Erase {
        /// The contact's number.
        who: usize,
    },
}

impl Op {
    /// The call of the tracking API.
    pub fn call_of(name: &str) -> Option<Call> {
        Call::named(name)
    }
}

/// A world and what happens in it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The project.
    pub which: Which,
    /// Its journeys that are published; none: all.
    pub journeys: Vec<&'static str>,
    /// The environment, if it is not one in which everybody may be written to.
    pub environment: Option<&'static str>,
    /// How many contacts there are.
    pub contacts: usize,
    /// What happens when, counted from the beginning.
    pub ops: Vec<(Duration, Op)>,
    /// How long there may be faults.
    pub storm: Duration,
    /// How long it is calm afterwards.
    pub calm: Duration,
    /// By how much each sandbox's clock is fast or slow.
    pub skews_millis: [i64; 4],
    /// How much the due index lags.
    pub lag: Duration,
    /// How often a message is received before it is set aside.
    pub receives_max: u32,
    /// How many workers of a kind live at once.
    pub workers: usize,
    /// Whether people answer texts, and addresses refuse mails or complain. The naive model knows none: which of two messages of one
    /// moment is the first to come back is not its to say.
    pub has_answers: bool,
    /// How many codes the pool has.
    pub codes: u32,
}

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// Which address a contact has: some share one.
pub fn address_of(who: usize) -> usize {
    if who % 3 == 1 { who - 1 } else { who }
}

/// Which device a contact has: some share one.
pub fn device_of(who: usize) -> usize {
    if who % 4 == 3 { who - 1 } else { who }
}

impl Scenario {
    /// The scenario of a seed.
    pub fn of(seed: u64) -> Self {
        let mut random = Random::new(mix(&[seed, 3]));
        let which = match random.below(20) {
            0 => Which::Starter,
            1..=5 => Which::Strict,
            _ => Which::Made,
        };
        let contacts = 1 + random.below(6).min(random.below(6));
        let storm = random.pick(&[HOUR, 4 * HOUR, DAY, 2 * DAY], HOUR);
        let mut skews_millis = [0; 4];
        if random.chance(300) {
            for skew in &mut skews_millis {
                *skew = i64::try_from(random.below(10_000)).unwrap_or_default() - 5000;
            }
        }
        let mut scenario = Self {
            which,
            journeys: some_journeys(which, &mut random),
            environment: (which != Which::Starter && random.chance(80)).then_some("staging"),
            contacts,
            ops: Vec::new(),
            storm: Duration::from_secs(storm),
            calm: Duration::from_secs(if which == Which::Starter { 40 } else { 12 } * DAY),
            skews_millis,
            lag: Duration::from_secs(random.pick(&[0, 0, 2, 600, 2400], 0)),
            receives_max: random.pick(&[20, 20, 4, 2], 20),
            workers: 1 + random.below(3),
            codes: 2,
            has_answers: true,
        };
        scenario.fill(&mut random, storm);
        scenario.visit(seed);
        scenario
    }

    /// Some contacts come as visitors: what they do on their device is theirs once they say who they are.
    fn visit(&mut self, seed: u64) {
        let mut random = Random::new(mix(&[seed, 9]));
        for visitor in 0..self.contacts {
            if self.which == Which::Starter || !random.chance(350) {
                continue;
            }
            let named_at = Duration::from_secs(random.next() % (2 * HOUR));
            for (at, op) in &mut self.ops {
                if let Op::Say { who, by, call, .. } = op
                    && (*who, *call) == (visitor, "track")
                {
                    *by = match random.below(4) {
                        0 | 1 => By::Device,
                        2 if *at > named_at => By::Both,
                        _ => By::Id,
                    };
                }
            }
            let is_alias = random.chance(300);
            let op = Op::Say {
                who: visitor,
                by: By::Both,
                call: if is_alias { "alias" } else { "identify" },
                body: json!({}),
                late_secs: late(&mut random),
                copies: copies(&mut random),
            };
            self.ops.push((named_at, op));
        }
        self.ops.sort_by_key(|(at, _)| *at);
    }

    fn fill(&mut self, random: &mut Random, storm: u64) {
        for who in 0..self.contacts {
            let at = random.next() % 60;
            self.ops
                .push((Duration::from_secs(at), introduction(who, random)));
            for _ in 0..=random.below(4) {
                let at = Duration::from_secs(random.next() % storm.min(at + 2 * HOUR));
                let op = if self.which == Which::Starter {
                    starter_event(who, random)
                } else {
                    made_event(who, random)
                };
                self.ops.push((at, op));
            }
            for _ in 0..random.below(3) {
                let at = Duration::from_secs(random.next() % storm);
                self.ops.push((at, word(who, random, self.which)));
            }
        }
        if self.which != Which::Starter && random.chance(400) {
            for _ in 0..=random.below(3) {
                let at = random.next() % storm;
                let is_strict = self.which == Which::Strict;
                let journey = random.pick(&self.journeys, "series");
                let ops = operator(random, journey, (at, storm), is_strict);
                self.ops.extend(ops);
            }
        }
        if self.which != Which::Starter && random.chance(80) {
            let journey = random.pick(&self.journeys, "series");
            self.ops.extend(brake(random, journey, storm));
        }
        self.ops.sort_by_key(|(at, _)| *at);
    }
}

/// Some of a project's journeys, so that histories are short and each journey is often there.
fn some_journeys(which: Which, random: &mut Random) -> Vec<&'static str> {
    let all: &[&'static str] = if which == Which::Starter {
        &STARTER
    } else {
        &MADE
    };
    let count = 1 + random.below(3);
    (0..count).map(|_| random.pick(all, "series")).collect()
}

/// Zones in which contacts live who say theirs.
const ZONES: [&str; 4] = [
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Auckland",
    "Pacific/Honolulu",
];

fn copies(random: &mut Random) -> u32 {
    if random.chance(150) { 2 } else { 1 }
}

fn late(random: &mut Random) -> u64 {
    if random.chance(150) {
        random.between(1, 3 * HOUR)
    } else {
        0
    }
}

fn introduction(who: usize, random: &mut Random) -> Op {
    let address = format!("canary{}@example.com", address_of(who));
    let mut traits = json!({
        "email": address,
        "tier": if random.chance(500) { "gold" } else { "silver" },
        "subscribed": ["news", "club", "offers", "guides", "offers/sms"],
    });
    if random.chance(500) {
        traits["phone"] = json!(format!("+4915550001{:03}", address_of(who)));
    }
    if random.chance(100) {
        traits["email"] = Value::Null;
    }
    if random.chance(100) {
        traits["subscribed"] = json!([]);
    }
    if random.chance(250) {
        traits["timezone"] = json!(random.pick(&ZONES, "Asia/Tokyo"));
    }
    let body = json!({ "traits": traits });
    Op::Say {
        who,
        by: By::Id,
        call: "identify",
        body,
        late_secs: 0,
        copies: copies(random),
    }
}

fn made_event(who: usize, random: &mut Random) -> Op {
    let names = [
        "signed_up",
        "visited",
        "ordered",
        "cart",
        "cart_emptied",
        "asked",
        "sale",
        "joined",
    ];
    if random.chance(60) {
        let traits = json!({ "timezone": random.pick(&ZONES, "Asia/Tokyo") });
        return Op::Say {
            who,
            by: By::Id,
            call: "identify",
            body: json!({ "traits": traits }),
            late_secs: 0,
            copies: 1,
        };
    }
    let name = random.pick(&names, "signed_up");
    let mut properties =
        json!({ "cart_id": random.pick(&["c1", "c2"], "c1"), "order_id": "o1", "total": 5 });
    if random.chance(800) {
        properties["value"] = json!(50);
    }
    let body = json!({ "event": name, "properties": properties });
    Op::Say {
        who,
        by: By::Id,
        call: "track",
        body,
        late_secs: late(random),
        copies: copies(random),
    }
}

/// An event that begins one of the starter's journeys.
pub fn starter_body(name: &str) -> Value {
    let properties = json!({
        "cart_id": "c1", "value": 80, "checkout_url": "https://shop.example.com/c1", "order_id": "o1",
        "items": [{ "title": "Shoe", "price": 80 }], "product": "Shoe", "ebook": "running", "total": 80,
        "rating": 1, "webinar": "spring-2027", "path": "/pricing",
    });
    json!({ "event": name, "properties": properties })
}

fn starter_event(who: usize, random: &mut Random) -> Op {
    let names = [
        "cart_updated",
        "cart_emptied",
        "order_completed",
        "order_delivered",
        "order_returned",
        "review_submitted",
        "ebook_downloaded",
        "demo_booked",
        "webinar_registered",
    ];
    let body = starter_body(random.pick(&names, "cart_updated"));
    Op::Say {
        who,
        by: By::Id,
        call: "track",
        body,
        late_secs: late(random),
        copies: copies(random),
    }
}

fn word(who: usize, random: &mut Random, which: Which) -> Op {
    let topics = if which == Which::Starter {
        ["news", "offers"]
    } else {
        ["news", "club"]
    };
    match random.below(15) {
        0 => Op::Rest { who },
        12 | 13 => Op::Confirm {
            who,
            topic: random.pick(&["club", topics[0]], "club"),
        },
        14 => Op::Move { who },
        1 | 2 => Op::Unsubscribe { who },
        3 | 4 => Op::Consent {
            who,
            topic: random.pick(&topics, "news"),
            opted_in: false,
        },
        _ => Op::Consent {
            who,
            topic: random.pick(&topics, "news"),
            opted_in: true,
        },
    }
}

/// Some marketing is held for a while.
fn brake(random: &mut Random, journey: &str, storm: u64) -> [(Duration, Op); 2] {
    let scope = match random.below(3) {
        0 => Scope::All,
        1 => Scope::Journey(journey.to_owned()),
        _ => Scope::Entries(journey.to_owned()),
    };
    let on = random.next() % storm;
    let off = on + random.between(1, storm);
    let brake = Op::Brake {
        scope: scope.clone(),
    };
    [
        (Duration::from_secs(on), brake),
        (Duration::from_secs(off), Op::LiftBrake { scope }),
    ]
}

fn operator(
    random: &mut Random,
    journey: &'static str,
    (at, storm): (u64, u64),
    is_strict: bool,
) -> Vec<(Duration, Op)> {
    let who = random.below(3);
    let (now, later) = (
        Duration::from_secs(at),
        Duration::from_secs(at + random.between(1, storm)),
    );
    let publish = |is_edited, is_strict| Op::Publish {
        edition: Edition {
            is_edited,
            is_strict,
        },
    };
    match random.below(11) {
        // An edit while a message may be in dispatch.
        0 => vec![
            (now, Op::Enroll { who, journey }),
            (
                now + Duration::from_secs(random.between(1, 150)),
                publish(true, is_strict),
            ),
        ],
        1 => vec![
            (now, publish(true, is_strict)),
            (later, publish(false, is_strict)),
        ],
        2 | 3 => {
            let shift = random.chance(500);
            vec![
                (now, Op::Pause { journey }),
                (later, Op::Resume { journey, shift }),
                (later + Duration::from_secs(15), Op::Touch),
            ]
        }
        4 => vec![(now, Op::Stop { who, journey })],
        5 => vec![(now, Op::Erase { who })],
        6 => {
            let channels = [Channel::Email, Channel::Sms].map(Halt::Channel);
            let [mail, text] = channels;
            let halt = random.pick(&[Halt::Everything, mail, text], mail);
            vec![(now, Op::Halt { halt }), (later, Op::Lift { halt })]
        }
        7 => vec![
            (now, Op::StopJourney { journey }),
            (later, Op::StartJourney { journey }),
        ],
        8 => vec![
            (now, publish(false, !is_strict)),
            (later, publish(random.chance(300), is_strict)),
        ],
        _ => vec![(now, Op::Enroll { who, journey })],
    }
}
