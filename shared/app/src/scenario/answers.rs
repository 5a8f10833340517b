//! What other systems answer in a case.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};
use wend_core::coupons::{Code, Columns};
use wend_core::definitions::scenario::Case;
use wend_core::input::AnswerResult;
use wend_core::release::Definition;
use wend_core::send::{CallKind, CallRequest};
use wend_core::zone::Zone;

use super::Project;
use crate::memory::{Outside, Willing};

/// Webhooks answer and fail as the case says, pools give the codes of their files, from the top.
#[derive(Debug)]
pub(super) struct Answers {
    values: BTreeMap<String, Value>,
    fails: BTreeSet<String>,
    /// The codes that each pool has left, the next one first.
    codes: BTreeMap<String, VecDeque<Code>>,
}

impl Answers {
    pub(super) fn of(case: &Case, project: Project<'_>) -> Self {
        let empty = case.empty.iter();
        let mut codes: BTreeMap<String, VecDeque<Code>> =
            empty.map(|pool| (pool.clone(), VecDeque::new())).collect();
        for (_, definition) in project.definitions {
            let Definition::Project(settings) = definition else {
                continue;
            };
            for (name, pool) in &settings.coupons {
                let file = project.files.iter().find(|file| file.path == pool.file);
                if let Some(file) = file.filter(|_| !codes.contains_key(name)) {
                    let zone = settings.zone.clone().unwrap_or_else(Zone::utc);
                    codes.insert(name.clone(), codes_of(&file.text, zone));
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

/// The codes of a file; lines that say none are told where pools are filled.
fn codes_of(text: &str, zone: Zone) -> VecDeque<Code> {
    let mut lines = text.lines();
    let columns = Columns::of(lines.next().unwrap_or_default(), zone).ok();
    let codes = lines.filter_map(|line| columns.as_ref()?.read(line).ok().flatten());
    codes.collect()
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
            // What has ended when the journey asks is never given.
            codes.retain(|code| code.is_usable(call.requested_at));
            return match codes.pop_front() {
                Some(code) => {
                    let code = code.until(*expires_at);
                    let expires_at = code.expires_at.map(|at| at.to_string());
                    let code = json!({ "code": code.code, "expires_at": expires_at });
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
