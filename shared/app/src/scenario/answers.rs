//! What other systems answer in a case.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};
use wend_core::definitions::scenario::Case;
use wend_core::input::AnswerResult;
use wend_core::release::Definition;
use wend_core::send::{CallKind, CallRequest};

use super::Project;
use crate::memory::{Outside, Willing};

/// Webhooks answer and fail as the case says, pools give the codes of their files, from the top.
#[derive(Debug)]
pub(super) struct Answers {
    values: BTreeMap<String, Value>,
    fails: BTreeSet<String>,
    /// The codes that each pool has left, the next one first.
    codes: BTreeMap<String, VecDeque<String>>,
}

impl Answers {
    pub(super) fn of(case: &Case, project: Project<'_>) -> Self {
        let empty = case.empty.iter();
        let mut codes: BTreeMap<String, VecDeque<String>> =
            empty.map(|pool| (pool.clone(), VecDeque::new())).collect();
        for (_, definition) in project.definitions {
            let Definition::Project(settings) = definition else {
                continue;
            };
            for (name, pool) in &settings.coupons {
                let file = project.files.iter().find(|file| file.path == pool.file);
                if let Some(file) = file.filter(|_| !codes.contains_key(name)) {
                    // The first line is the header.
                    let lines = file.text.lines().skip(1).map(str::trim);
                    let lines = lines.filter(|line| !line.is_empty()).map(str::to_owned);
                    codes.insert(name.clone(), lines.collect());
                }
            }
        }
        Self {
            values: case.answers.clone(),
            fails: case.fails.clone(),
            codes,
        }
    }
}

impl Outside for Answers {
    fn answer(&mut self, call: &CallRequest) -> AnswerResult {
        let failed = |reason: &str| AnswerResult::Failed {
            reason: reason.to_owned(),
        };
        if self.fails.contains(&call.step) {
            return failed("it fails in this case");
        }
        if let CallKind::Coupon { pool, expires_at } = &call.kind
            && let Some(codes) = self.codes.get_mut(pool)
        {
            let expires_at = expires_at.map(|at| at.to_string());
            return match codes.pop_front() {
                Some(code) => {
                    let code = json!({ "code": code, "expires_at": expires_at });
                    AnswerResult::Done(code.into())
                }
                None => failed("no code left"),
            };
        }
        match self.values.get(&call.step) {
            Some(answer) => AnswerResult::Done(answer.clone().into()),
            None => Willing.answer(call),
        }
    }
}
