//! Many senders on one row, in virtual time: reads and writes take time and cross each other, senders die.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::*;

const SECOND: Micros = 1_000_000;
/// What a queue delivers at once.
const BATCH: usize = 10;
/// What a killed sender had in hand comes back after this.
const VISIBILITY: Micros = 120 * SECOND;
const BEGIN: Micros = 1_767_225_600 * SECOND;

/// What is played.
struct Play {
    bulk: usize,
    senders: usize,
    per_second: u32,
    per_day: u64,
    /// Messages that others send from the same account, a second.
    others: i64,
    /// Time between two urgent messages.
    urgent_gap: Micros,
    /// One reservation in so many is the last thing that its sender does.
    deaths: u64,
}

/// What came of it.
#[derive(Debug, Default)]
struct Report {
    uses: Vec<Micros>,
    latencies: Vec<Micros>,
    reads: u64,
    writes: u64,
    refused: u64,
    deaths: u64,
    sent_away: u64,
    held: usize,
}

impl Report {
    /// Most messages of any second.
    fn peak(&mut self) -> usize {
        self.uses.sort_unstable();
        let mut first = 0;
        let count = |(last, at): (usize, &Micros)| {
            while self.uses[first] <= at - SECOND {
                first += 1;
            }
            last - first + 1
        };
        self.uses.iter().enumerate().map(count).max().unwrap()
    }

    /// Messages in 1,000 seconds until but one of a hundred were sent: then only those are left that came back from the dead.
    fn per_1000_seconds(&mut self) -> i64 {
        self.uses.sort_unstable();
        let count = self.uses.len() / 100 * 99;
        let length = self.uses[count] - self.uses[0];
        i64::try_from(count).unwrap() * 1000 * SECOND / length
    }

    /// The latency that this part of a hundred does not exceed, in milliseconds.
    fn latency(&mut self, percent: usize) -> Micros {
        self.latencies.sort_unstable();
        let last = self.latencies.len() - 1;
        self.latencies[last * percent / 100] / 1000
    }

    fn writes_per_1000(&self) -> u64 {
        self.writes * 1000 / self.uses.len() as u64
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The sender looks into the queue.
    Receive,
    /// Its read is answered by the row as it stands now.
    Read,
    /// It decides on what it has read.
    Decide,
    /// Its write reaches the row.
    Write,
    /// Its write is answered.
    Answer,
    /// The provider tells it what the account takes.
    Learn,
    /// An urgent message arrives.
    Urgent,
}

/// What a sender wants of the row.
#[derive(Clone)]
enum Wish {
    Take(Take),
    Know(u64, Known, bool),
}

struct Sender {
    urgency: Urgency,
    lane: Lane,
    in_hand: usize,
    since: Micros,
    busy_until: Micros,
    row: Option<Pace>,
    account: Option<Account>,
    wish: Option<Wish>,
    is_done: bool,
}

impl Sender {
    fn new(urgency: Urgency, in_hand: usize, since: Micros) -> Self {
        Self {
            urgency,
            lane: Lane::default(),
            in_hand,
            since,
            busy_until: since,
            row: None,
            account: None,
            wish: None,
            is_done: false,
        }
    }
}

struct Crowd {
    play: Play,
    now: Micros,
    events: BinaryHeap<Reverse<(Micros, u64, usize, Event)>>,
    numbered: u64,
    drawn: u64,
    senders: Vec<Sender>,
    row: Pace,
    visible: usize,
    delayed: BinaryHeap<Reverse<Micros>>,
    unfinished: usize,
    report: Report,
}

fn play(play: Play) -> Report {
    let mut crowd = Crowd {
        now: BEGIN,
        events: BinaryHeap::new(),
        numbered: 0,
        drawn: 1,
        senders: Vec::new(),
        row: Pace::default(),
        visible: play.bulk,
        delayed: BinaryHeap::new(),
        unfinished: play.bulk,
        report: Report::default(),
        play,
    };
    for who in 0..crowd.play.senders {
        crowd.senders.push(Sender::new(Urgency::Bulk, 0, BEGIN));
        let start = crowd.draw(100_000);
        crowd.after(start, who, Event::Receive);
    }
    crowd.after(SECOND, 0, Event::Urgent);
    while let Some(Reverse((at, _, who, event))) = crowd.events.pop() {
        crowd.now = at;
        crowd.happen(who, &event);
    }
    crowd.report
}

impl Crowd {
    /// At least 0, less than `below` (`SplitMix64`).
    fn draw(&mut self, below: Micros) -> Micros {
        self.drawn = self.drawn.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.drawn;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Micros::try_from((mixed ^ (mixed >> 31)) >> 2).unwrap() % below
    }

    fn after(&mut self, pause: Micros, who: usize, event: Event) {
        self.numbered += 1;
        let at = self.now + pause;
        self.events.push(Reverse((at, self.numbered, who, event)));
    }

    /// One way to DynamoDB or back.
    fn way(&mut self) -> Micros {
        1500 + self.draw(2500)
    }

    fn clock(&self) -> Timestamp {
        Timestamp::from_millis(self.now / 1000)
    }

    fn happen(&mut self, who: usize, event: &Event) {
        match event {
            Event::Receive => self.receive(who),
            Event::Read => {
                self.report.reads += 1;
                self.senders[who].row = Some(self.row.clone());
                let back = self.way();
                self.after(back, who, Event::Decide);
            }
            Event::Decide => self.decide(who),
            Event::Write => self.write(who),
            Event::Answer => self.answered(who),
            Event::Learn => {
                let sent = self.sent_last_day();
                self.senders[who].account = Some(Account {
                    rate: Rate::per(self.play.per_second, 1),
                    per_day: Some(self.play.per_day),
                    sent,
                });
                self.decide(who);
            }
            Event::Urgent => {
                if self.unfinished == 0 {
                    return;
                }
                let sender = Sender::new(Urgency::Urgent, 1, self.now);
                self.senders.push(sender);
                self.work(self.senders.len() - 1);
                let gap = self.play.urgent_gap;
                let next = gap / 2 + self.draw(gap);
                self.after(next, 0, Event::Urgent);
            }
        }
    }

    /// What the provider counts.
    fn sent_last_day(&self) -> u64 {
        let ours = self.report.uses.iter().rev();
        // Slots are used in about the order of their times: those ahead of the present are the last ones.
        let ahead = ours.take_while(|at| **at > self.now).count();
        let others = (self.now - BEGIN) / SECOND * self.play.others;
        (self.report.uses.len() - ahead) as u64 + others.unsigned_abs()
    }

    fn receive(&mut self, who: usize) {
        while self.delayed.peek().is_some_and(|at| at.0 <= self.now) {
            self.delayed.pop();
            self.visible += 1;
        }
        if self.unfinished == 0 {
            return;
        }
        let batch = self.visible.min(BATCH);
        self.visible -= batch;
        if batch == 0 {
            return self.after(50_000, who, Event::Receive);
        }
        self.senders[who].in_hand = batch;
        self.work(who);
    }

    /// Gives the messages in hand their turns.
    fn work(&mut self, who: usize) {
        while self.senders[who].in_hand > 0 {
            let now = self.clock();
            let Some(turn) = self.senders[who].lane.take(now) else {
                if self.senders[who].row.is_some() {
                    return self.decide(who);
                }
                let there = self.way();
                return self.after(there, who, Event::Read);
            };
            self.turn(who, turn);
        }
        let sender = &mut self.senders[who];
        if sender.urgency == Urgency::Bulk {
            let rest = (sender.busy_until - self.now).max(0);
            // Claim, submit, settle, publish.
            let settled = if rest > 0 { rest + 100_000 } else { 5000 };
            let jitter = self.draw(100_000);
            self.after(settled + jitter, who, Event::Receive);
        }
    }

    fn turn(&mut self, who: usize, turn: Turn) {
        let sender = &mut self.senders[who];
        match turn {
            Turn::Soon(pause) => {
                sender.in_hand -= 1;
                let at = self.now + span(pause);
                sender.busy_until = sender.busy_until.max(at);
                self.report.uses.push(at);
                match sender.urgency {
                    Urgency::Bulk => self.unfinished -= 1,
                    Urgency::Urgent => self.report.latencies.push(at - sender.since),
                }
            }
            Turn::Later(pause) => {
                self.report.sent_away += 1;
                // A queue counts whole seconds.
                let secs = Micros::try_from(pause.as_millis().div_ceil(1000)).unwrap();
                let back = self.now + secs.max(1) * SECOND;
                sender.in_hand -= 1;
                match sender.urgency {
                    Urgency::Bulk => self.delayed.push(Reverse(back)),
                    Urgency::Urgent => {
                        sender.in_hand += 1;
                        let there = back - self.now;
                        self.after(there, who, Event::Read);
                        self.senders[who].lane = Lane::default();
                    }
                }
            }
        }
    }

    fn decide(&mut self, who: usize) {
        let now = self.clock();
        let sender = &mut self.senders[who];
        let row = sender.row.clone().unwrap();
        let want = u32::try_from(sender.in_hand).unwrap();
        let wish = if let Some(account) = sender.account {
            Wish::Know(row.rev, row.learnt(account, now), false)
        } else if let Some(asking) = row.asking(now) {
            Wish::Know(row.rev, asking, true)
        } else {
            match row.ask(now, want, sender.urgency, None) {
                Ask::Slots(take) | Ask::Line(take) => Wish::Take(take),
                Ask::Back(line) => {
                    sender.lane.sent_away(line);
                    return self.work(who);
                }
                Ask::Today => {
                    self.report.held += sender.in_hand;
                    if sender.urgency == Urgency::Bulk {
                        self.unfinished -= sender.in_hand;
                    }
                    sender.in_hand = 0;
                    return self.work(who);
                }
            }
        };
        sender.wish = Some(wish);
        let there = self.way();
        self.after(there, who, Event::Write);
    }

    fn write(&mut self, who: usize) {
        self.report.writes += 1;
        let sender = &mut self.senders[who];
        sender.is_done = match sender.wish.clone().unwrap() {
            Wish::Take(take) => self.row.take(&take),
            Wish::Know(rev, known, _) => self.row.know(rev, known),
        };
        if !sender.is_done {
            self.report.refused += 1;
        }
        // Both answers carry the row.
        sender.row = Some(self.row.clone());
        let back = self.way();
        self.after(back, who, Event::Answer);
    }

    fn answered(&mut self, who: usize) {
        let sender = &mut self.senders[who];
        let wish = sender.wish.take().unwrap();
        if !sender.is_done {
            return self.decide(who);
        }
        match wish {
            Wish::Know(_, _, true) => return self.after(50_000, who, Event::Learn),
            Wish::Know(_, _, false) => sender.account = None,
            Wish::Take(take) => {
                let taken = take.slots(sender.row.as_ref().unwrap());
                match take.counter {
                    Counter::Slots => sender.lane.granted(taken),
                    Counter::Line => sender.lane.sent_away(taken),
                }
                let deaths = Micros::try_from(self.play.deaths).unwrap();
                if self.senders[who].urgency == Urgency::Bulk && self.draw(deaths) == 0 {
                    return self.die(who);
                }
            }
        }
        self.work(who);
    }

    /// Its slots are lost; its messages come back; another one takes its place.
    fn die(&mut self, who: usize) {
        self.report.deaths += 1;
        for _ in 0..self.senders[who].in_hand {
            self.delayed.push(Reverse(self.now + VISIBILITY));
        }
        self.senders[who] = Sender::new(Urgency::Bulk, 0, self.now);
        self.after(SECOND, who, Event::Receive);
    }
}

const MILLION: Play = Play {
    bulk: 1_000_000,
    senders: 50,
    per_second: 500,
    per_day: 2_000_000,
    others: 0,
    urgent_gap: SECOND / 5,
    deaths: 1000,
};

/// The most that a second may see: the rate, and what is used late.
const fn peak_max(per_second: usize) -> usize {
    per_second + per_second / 4 + 1
}

#[test]
fn fifty_senders_use_the_rate_and_nobody_waits_for_bulk() {
    let mut report = play(MILLION);
    let rate = report.per_1000_seconds();
    let (peak, p50, p99, max) = (
        report.peak(),
        report.latency(50),
        report.latency(99),
        report.latency(100),
    );
    println!(
        "{} messages, {rate} in 1,000 s, peak {peak} in a second; urgent: {} messages, p50 {p50} ms, p99 {p99} ms, max {max} ms; \
         {} reads and {} writes ({} refused) in 1,000 messages: {} writes; {} deaths, {} sent away",
        report.uses.len(),
        report.latencies.len(),
        report.reads,
        report.writes,
        report.refused,
        report.writes_per_1000(),
        report.deaths,
        report.sent_away
    );
    assert!(report.uses.len() >= 1_000_000);
    assert!((475_000..=500_000).contains(&rate), "{rate}");
    assert!(peak <= peak_max(500), "{peak}");
    assert!(p99 < 2000 && max < 3000, "{p99} {max}");
    assert!(report.deaths > 50 && report.refused > 0, "{report:?}");
    assert!(report.writes_per_1000() < 400);
}

#[test]
fn too_many_senders_send_messages_away_and_the_rate_is_used() {
    let mut report = play(Play {
        bulk: 100_000,
        senders: 150,
        ..MILLION
    });
    let rate = report.per_1000_seconds();
    let (peak, p99) = (report.peak(), report.latency(99));
    println!(
        "{rate} in 1,000 s, peak {peak}, urgent p99 {p99} ms, max {} ms, {} writes in 1,000 messages ({} refused of {}), {} sent away",
        report.latency(100),
        report.writes_per_1000(),
        report.refused,
        report.writes,
        report.sent_away
    );
    assert!(report.sent_away > 10_000);
    assert!(
        (475_000..=500_000).contains(&rate) && peak <= peak_max(500),
        "{rate} {peak}"
    );
    assert!(p99 < 2000, "{p99}");
}

#[test]
fn the_daily_quota_is_not_overrun_and_bulk_leaves_a_part() {
    let mut report = play(Play {
        bulk: 200_000,
        per_day: 100_000,
        others: 20,
        ..MILLION
    });
    let length = report.uses.iter().max().unwrap() - BEGIN;
    let others = usize::try_from(length / SECOND * 20).unwrap();
    let sent = report.uses.len() + others;
    println!(
        "{} of ours, {others} of others, {} held",
        report.uses.len(),
        report.held
    );
    assert!(sent <= 100_000, "{sent}");
    assert!(report.held > 100_000 && sent > 85_000, "{sent}");
    assert!(report.peak() <= peak_max(500));
}
