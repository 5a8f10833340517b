//! What goes wrong, and when: drawn from a seed, and each decision has a name by which it can be left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::random::{Random, hash, mix};

macro_rules! trouble {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Everything that can go wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Trouble { $($(#[$doc])* $name,)* }

        impl Trouble {
            /// All of it.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name in tables and shortened histories.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

trouble! {
    /// A port fails without effect: somebody else was at it.
    Conflict = "conflict before effect",
    /// A port fails without effect: too many requests.
    Throttled = "throttled before effect",
    /// A port fails without effect, and the caller cannot know that.
    Ambiguous = "ambiguous before effect",
    /// A port says that the request is wrong.
    Invalid = "invalid before effect",
    /// The effect takes place, the answer is lost.
    LostAnswer = "answer lost",
    /// The call takes seconds or minutes.
    Slow = "slow call",
    /// The process dies before the effect.
    KillBefore = "killed before effect",
    /// The process dies after the effect.
    KillAfter = "killed after effect",
    /// A queue takes some of the messages and fails.
    Partial = "queue took a part",
    /// A queue delivers a message twice.
    Doubled = "message doubled",
    /// A message comes some seconds late, so that others overtake it.
    Delayed = "message delayed",
    /// A message comes hours late.
    Backlog = "message hours late",
    /// A batch is delivered to a second worker while the first one lives.
    Redelivered = "redelivered to a second worker",
    /// What a worker has done is never acknowledged.
    AckLost = "acknowledgement lost",
    /// A sweep does not take place.
    SweepLost = "sweep lost",
    /// A sweep comes late.
    SweepLate = "sweep late",
    /// Two sweeps run at once.
    SweepTwice = "sweep doubled",
    /// An event of the provider never comes.
    EventLost = "provider event lost",
    /// An event of the provider comes late, after others.
    EventLate = "provider event late",
    /// An event of the provider comes twice.
    EventTwice = "provider event doubled",
    /// Somebody unsubscribes while a message to them is between gate and claim.
    WorstMoment = "unsubscribe between gate and claim",
    /// Somebody is erased while a message to them is between gate and claim.
    ErasedMidway = "erasure between gate and claim",
    /// The provider takes nothing for a while: its quota is used up.
    Quota = "quota used up",
    /// The clock of a sandbox jumps.
    ClockJump = "clock jump",
    /// Dead letters are put back.
    Redrive = "dead letters redriven",
}

/// One thing that goes wrong: what, at which operation, at its how-manieth time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decision {
    /// What goes wrong.
    pub trouble: Trouble,
    /// Where.
    pub operation: &'static str,
    /// The number of the operation among its like, from 0.
    pub nth: u32,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trouble, operation) = (self.trouble.name(), self.operation);
        write!(f, "{trouble}: {operation}, number {}", self.nth)
    }
}

/// Which decisions come true.
#[derive(Clone, Debug)]
pub enum Filter {
    /// Those that the seed draws.
    Drawn,
    /// Exactly these.
    Script(BTreeSet<Decision>),
}

/// Decides what goes wrong.
#[derive(Clone, Debug)]
pub struct Plan {
    seed: u64,
    heats: Vec<(Trouble, u64)>,
    filter: Filter,
    counts: BTreeMap<&'static str, u32>,
    /// Whether faults have ended.
    pub is_calm: bool,
    /// What came true, in order.
    pub taken: Vec<Decision>,
    /// The operations that were asked about, for an exhaustive search.
    pub asked: Vec<(&'static str, u32, &'static [Trouble])>,
}

/// So many of a thousand.
const HEATS: [u64; 5] = [3, 10, 30, 80, 200];

impl Plan {
    /// The plan of a seed: it draws which troubles exist and how hot each is (swarm testing, Groce and others 2012).
    pub fn new(seed: u64, filter: Filter) -> Self {
        let mut random = Random::new(mix(&[seed, 1]));
        let share = random.pick(&[0, 200, 400, 700], 400);
        let all = Trouble::ALL.iter().copied();
        let heats = all.map(|trouble| {
            let (is_on, heat) = (random.chance(share), random.pick(&HEATS, 10));
            let is_rare = matches!(trouble, Trouble::Invalid | Trouble::ErasedMidway);
            let heat = if is_rare { heat.min(10) } else { heat };
            (trouble, if is_on { heat } else { 0 })
        });
        Self {
            seed,
            heats: heats.filter(|(_, heat)| *heat > 0).collect(),
            filter,
            counts: BTreeMap::new(),
            is_calm: false,
            taken: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// No faults at all.
    pub fn quiet(seed: u64) -> Self {
        Self::new(seed, Filter::Script(BTreeSet::new()))
    }

    /// Asks for one operation which of `troubles` comes true: at most one. With it come bits that say how bad it is.
    pub fn ask(
        &mut self,
        operation: &'static str,
        troubles: &'static [Trouble],
    ) -> Option<(Trouble, u64)> {
        let count = self.counts.entry(operation).or_default();
        let nth = *count;
        *count += 1;
        if self.is_calm {
            return None;
        }
        let place = [hash(operation), u64::from(nth)];
        let trouble = match &self.filter {
            Filter::Script(script) => {
                self.asked.push((operation, nth, troubles));
                let mut all = troubles.iter().copied();
                all.find(|trouble| {
                    script.contains(&Decision {
                        trouble: *trouble,
                        operation,
                        nth,
                    })
                })
            }
            Filter::Drawn => {
                let mut hot = self.heats.iter().filter(|(of, _)| troubles.contains(of));
                let is_drawn = |(trouble, heat): &&(Trouble, u64)| {
                    let bits = mix(&[self.seed, hash(trouble.name()), place[0], place[1]]);
                    bits % 1000 < *heat
                };
                hot.find(is_drawn).map(|(trouble, _)| *trouble)
            }
        }?;
        let decision = Decision {
            trouble,
            operation,
            nth,
        };
        self.taken.push(decision);
        Some((trouble, mix(&[self.seed, 2, place[0], place[1]])))
    }
}
