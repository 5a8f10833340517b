//! Forms of websites that post to us, from `wend.yaml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::PropertyRule;
use crate::condition::Topic;

/// A plain HTML form, posted to `/v1/forms/<name>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebForm {
    /// What it asks for, by the name of the input.
    pub fields: BTreeMap<String, PropertyRule>,
    /// What who sends it agrees to.
    pub consent: Option<FormConsent>,
    /// The page that a browser is sent to afterwards; none: a short page of ours.
    pub redirect: Option<String>,
    /// The name of an input that people do not see: whoever fills it is a machine.
    pub honeypot: Option<String>,
}

/// What who sends a form agrees to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormConsent {
    /// The topics, each on a channel.
    pub topics: Vec<Topic>,
    /// What the form says about it: kept as proof.
    pub wording: String,
    /// The input that must be ticked; none: to send the form is to agree.
    pub checkbox: Option<String>,
}
