mod laid_out;
mod messages;
mod random;
mod reading;
mod shape;

use crate::definitions::{Diagnostic, SourceFile, check_all};
use crate::release::Journey;

/// The five journeys of the language's description.
const WHOLE: [(&str, &str); 5] = [
    ("welcome", include_str!("welcome.yaml")),
    ("abandoned-cart", include_str!("abandoned-cart.yaml")),
    ("lead-nurture", include_str!("lead-nurture.yaml")),
    ("win-back", include_str!("win-back.yaml")),
    ("birthday", include_str!("birthday.yaml")),
];

/// A small journey with `steps`, each on a line of its own from line 5 on.
fn with_steps(steps: &[&str]) -> String {
    let steps: Vec<String> = steps.iter().map(|step| format!("  - {step}\n")).collect();
    let steps = steps.concat();
    format!("journey: trial\ntriggers:\n  - event: signed_up\nsteps:\n{steps}")
}

fn read(text: &str) -> Journey {
    super::read("journeys/trial.yaml", text)
        .into_result()
        .unwrap_or_else(|faults| panic!("{text}: {faults:#?}"))
}

fn faults(text: &str) -> Vec<Diagnostic> {
    super::read("journeys/trial.yaml", text).faults
}

fn codes(text: &str) -> Vec<(&'static str, usize)> {
    faults(text)
        .iter()
        .map(|fault| (fault.code, fault.at.line))
        .collect()
}
