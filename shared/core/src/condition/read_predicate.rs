//! Reads predicates: a scalar, a list, or operators.

use super::read::{Reading, TEXT_CHARS_MAX};
use super::{Number, Test};
use crate::definitions::reader;
use crate::syntax::{Key, Node, NodeValue};

const OPERATORS: [&str; 20] = [
    "is",
    "is_not",
    "gt",
    "gte",
    "lt",
    "lte",
    "between",
    "has",
    "has_not",
    "contains",
    "starts_with",
    "ends_with",
    "matches",
    "exists",
    "same_as",
    "within",
    "older_than",
    "in_next",
    "before",
    "after",
];

impl Reading<'_, '_> {
    /// The tests that stand behind `what`.
    pub(super) fn predicate(&mut self, node: &Node, what: &str) -> Option<Vec<Test>> {
        let entries = match &node.value {
            NodeValue::Scalar { .. } => {
                return self.literal(node, what).map(|is| vec![Test::Is(is)]);
            }
            NodeValue::List(_) => {
                return self
                    .literals(node, what)
                    .map(|some| vec![Test::OneOf(some)]);
            }
            NodeValue::Map(entries) => entries,
        };
        if entries.is_empty() {
            let help = "a value, a list, or operators such as `{ gte: 20 }`";
            self.fault(
                "E0162",
                node,
                &format!("`{what}` compares with nothing"),
                help,
            );
            return None;
        }
        let mut tests = Vec::new();
        for (key, value) in entries {
            if !self.count(key) {
                return None;
            }
            tests.push(self.test(key, value));
        }
        tests.into_iter().collect()
    }

    fn test(&mut self, key: &Key, node: &Node) -> Option<Test> {
        let name = key.text.as_str();
        Some(match name {
            "is" => match &node.value {
                NodeValue::List(_) => Test::OneOf(self.literals(node, name)?),
                NodeValue::Scalar { .. } | NodeValue::Map(_) => Test::Is(self.literal(node, name)?),
            },
            "is_not" => match &node.value {
                NodeValue::List(_) => Test::IsNot(self.literals(node, name)?),
                NodeValue::Scalar { .. } | NodeValue::Map(_) => {
                    Test::IsNot(vec![self.literal(node, name)?])
                }
            },
            "gt" => Test::Gt(self.number(node, name)?),
            "gte" => Test::Gte(self.number(node, name)?),
            "lt" => Test::Lt(self.number(node, name)?),
            "lte" => Test::Lte(self.number(node, name)?),
            "between" => self.between(node)?,
            "has" => Test::Has(self.literal(node, name)?),
            "has_not" => Test::HasNot(self.literal(node, name)?),
            "contains" => Test::Contains(self.literal(node, name)?),
            "starts_with" => Test::StartsWith(self.literal(node, name)?),
            "ends_with" => Test::EndsWith(self.literal(node, name)?),
            "matches" => Test::Matches(self.scalar(node, name)?),
            "exists" => {
                let choices = [("true", true), ("false", false)];
                Test::Exists(reader::choice(node, name, &choices, self.faults)?)
            }
            "same_as" => {
                let text = reader::text(node, name, self.faults)?;
                Test::SameAs(self.path(text, node)?)
            }
            "within" => Test::Within(self.scalar(node, name)?),
            "older_than" => Test::OlderThan(self.scalar(node, name)?),
            "in_next" => Test::InNext(self.scalar(node, name)?),
            "before" => Test::Before(self.when(node, name)?),
            "after" => Test::After(self.when(node, name)?),
            _ => return self.unknown_operator(key),
        })
    }

    fn unknown_operator(&mut self, key: &Key) -> Option<Test> {
        let message = format!("unknown operator `{}`", key.text);
        let help = format!("one of: {}", OPERATORS.join(", "));
        let word = (key.text.as_str(), OPERATORS.into_iter());
        self.faults.unknown("E0108", key, &message, word, &help);
        None
    }

    /// Two numbers, or two moments.
    fn between(&mut self, node: &Node) -> Option<Test> {
        let (from, to) = self.pair(node)?;
        let number = |node: &Node| match &node.value {
            NodeValue::Scalar { text, .. } => text.parse::<Number>().ok(),
            NodeValue::List(_) | NodeValue::Map(_) => None,
        };
        if let (Some(from), Some(to)) = (number(from), number(to)) {
            return Some(Test::Between(from, to));
        }
        let both = self.when(from, "between").zip(self.when(to, "between"));
        both.map(|(from, to)| Test::BetweenTimes(from, to))
    }

    /// A scalar that keeps its source text.
    fn literal(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = reader::text(node, what, self.faults)?;
        if let NodeValue::Scalar { is_plain: true, .. } = &node.value
            && matches!(text, "null" | "~")
        {
            let help = "`exists: false` asks whether it is missing; a text needs quotes";
            self.fault("E0168", node, &format!("`{text}` is no value"), help);
            return None;
        }
        if text.chars().nth(TEXT_CHARS_MAX).is_some() {
            let message = format!("a text in a condition has at most {TEXT_CHARS_MAX} characters");
            self.fault("E0161", node, &message, "compare with a part of it");
            return None;
        }
        Some(text.to_owned())
    }

    fn literals(&mut self, node: &Node, what: &str) -> Option<Vec<String>> {
        let items = reader::list(node, what, self.faults);
        if items.is_empty() {
            self.fault(
                "E0162",
                node,
                &format!("`{what}` has an empty list"),
                "add a value",
            );
            return None;
        }
        let mut read = Vec::new();
        for item in items {
            if !self.count(item) {
                return None;
            }
            read.push(self.literal(item, what));
        }
        read.into_iter().collect()
    }
}
