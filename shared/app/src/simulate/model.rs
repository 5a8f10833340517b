//! How people are guessed to react.

use std::collections::BTreeMap;
use std::time::Duration;

use wend_core::id::SendId;
use wend_core::input::FeedbackKind;
use wend_core::send::SendRequest;

/// A share of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate(f64);

impl Rate {
    /// Nobody.
    pub const NONE: Self = Self(0.0);
    /// Everybody.
    pub const ALL: Self = Self(1.0);

    /// A share from 0 to 1; what lies outside is moved to the edge.
    pub const fn new(share: f64) -> Self {
        Self(share.clamp(0.0, 1.0))
    }

    /// Reads `40%` or `2.5%`.
    pub fn parse(text: &str) -> Option<Self> {
        let number: f64 = text.trim().strip_suffix('%')?.trim().parse().ok()?;
        (0.0..=100.0)
            .contains(&number)
            .then(|| Self(number / 100.0))
    }
}

/// One rate for all messages, others for some of them.
#[derive(Clone, Debug)]
pub struct Rates {
    /// For those that are not named.
    pub all: Rate,
    /// By step or template; the step counts more.
    pub of: BTreeMap<String, Rate>,
}

impl Rates {
    /// The same for all.
    pub const fn flat(all: Rate) -> Self {
        Self {
            all,
            of: BTreeMap::new(),
        }
    }

    fn rate(&self, send: &SendRequest) -> Rate {
        let named = self
            .of
            .get(&send.step)
            .or_else(|| self.of.get(&send.template));
        named.copied().unwrap_or(self.all)
    }
}

/// How people react to messages.
#[derive(Clone, Debug)]
pub struct Model {
    /// What drawn numbers follow from.
    pub seed: u64,
    /// Messages that reach the inbox; the others bounce.
    pub deliveries: Rates,
    /// Delivered messages that are opened.
    pub opens: Rates,
    /// Delivered messages that are clicked, and so opened.
    pub clicks: Rates,
    /// Delivered messages that are answered.
    pub replies: Rates,
    /// How long people take to open, on average; half of them open in the first 70 % of it.
    pub open_delay: Duration,
    /// How long from the opening to the click or the answer, on average.
    pub click_delay: Duration,
}

impl Default for Model {
    /// A guess for a newsletter: 40 % opens, 5 % clicks, hours until the opening, minutes until the click.
    fn default() -> Self {
        Self {
            seed: 1,
            deliveries: Rates::flat(Rate::ALL),
            opens: Rates::flat(Rate(0.4)),
            clicks: Rates::flat(Rate(0.05)),
            replies: Rates::flat(Rate::NONE),
            open_delay: Duration::from_hours(5),
            click_delay: Duration::from_mins(3),
        }
    }
}

impl Model {
    /// What becomes of a message, and how long after it left, in the order of time.
    pub(super) fn reactions(&self, send: &SendRequest) -> Vec<(Duration, FeedbackKind)> {
        let mut dice = Dice::new(self.seed, send.send);
        let is_delivered = dice.is_within(self.deliveries.rate(send));
        let (opens, clicks, replies) = (
            self.opens.rate(send),
            self.clicks.rate(send),
            self.replies.rate(send),
        );
        let lot = dice.number();
        let (is_clicked, is_opened) = (lot < clicks.0, lot < opens.0.max(clicks.0));
        let is_replied = dice.is_within(replies);
        if !is_delivered {
            return vec![(Duration::ZERO, FeedbackKind::Bounced)];
        }
        let opened = dice.delay(self.open_delay);
        let acted = opened + dice.delay(self.click_delay);
        let mut reactions = vec![(Duration::ZERO, FeedbackKind::Delivered)];
        reactions.extend((is_opened || is_replied).then_some((opened, FeedbackKind::Opened)));
        reactions.extend(is_clicked.then_some((acted, FeedbackKind::Clicked)));
        reactions.extend(is_replied.then_some((acted, FeedbackKind::Replied)));
        reactions
    }
}

/// Numbers that follow from the seed and a message alone (`SplitMix64`): what one person does changes nothing for another.
struct Dice(u64);

impl Dice {
    fn new(seed: u64, message: SendId) -> Self {
        let bytes = message.as_bytes().iter();
        Self(bytes.fold(seed, |state, byte| mixed(state ^ u64::from(*byte))))
    }

    /// From 0 to 1, 1 excluded.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit into the fraction")]
    fn number(&mut self) -> f64 {
        self.0 = mixed(self.0);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn is_within(&mut self, rate: Rate) -> bool {
        self.number() < rate.0
    }

    /// Most are fast, some take very long; nobody takes more than ten times the average.
    fn delay(&mut self, mean: Duration) -> Duration {
        let times = -(1.0 - self.number()).ln();
        mean.mul_f64(times.min(10.0))
    }
}

const fn mixed(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}
