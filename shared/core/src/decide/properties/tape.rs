//! Where random things come from: a tape of numbers that proptest draws and shrinks. An exhausted tape says zero, so a shorter
//! tape is a simpler world.

use crate::condition::{self, Condition};
use crate::phrase::{Span, Wait};

/// Numbers, read once.
#[derive(Clone, Debug)]
pub(super) struct Tape<'t> {
    numbers: &'t [u16],
    place: usize,
}

impl<'t> Tape<'t> {
    pub(super) const fn new(numbers: &'t [u16]) -> Self {
        Self { numbers, place: 0 }
    }

    /// A number below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let number = self.numbers.get(self.place).copied().unwrap_or(0);
        self.place += 1;
        usize::from(number) % bound
    }

    /// True in one of `of` cases; never on an exhausted tape.
    pub(super) fn once_in(&mut self, of: usize) -> bool {
        self.below(of) == of - 1
    }

    pub(super) fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    pub(super) fn span(&mut self, all: &[&str]) -> Span {
        self.one_of(all).parse().unwrap()
    }

    pub(super) fn wait(&mut self, all: &[&str]) -> Wait {
        self.one_of(all).parse().unwrap()
    }

    /// A condition from a list of texts, at times two of them joined.
    pub(super) fn condition(&mut self, all: &[&str]) -> Box<Condition> {
        let one = self.leaf(all);
        Box::new(match self.below(8) {
            7 => Condition::All(vec![one, self.leaf(all)]),
            6 => Condition::Any(vec![one, self.leaf(all)]),
            5 => Condition::Not(Box::new(one)),
            _ => one,
        })
    }

    fn leaf(&mut self, all: &[&str]) -> Condition {
        let text = self.one_of(all);
        condition::read("drawn", text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
    }
}
