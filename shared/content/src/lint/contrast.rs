//! Text that is hard to read on its background: the contrast of WCAG 2.2, where the page says both colours.

use csscolorparser::Color;

use super::Findings;
use crate::html::{Attribute, Token, is_void, value};

/// What WCAG 2.2 asks of text (1.4.3, level AA), and of large text.
const RATIO_MIN: f32 = 4.5;
const LARGE_RATIO_MIN: f32 = 3.0;
/// 18 points.
const LARGE_PX: f32 = 24.0;

/// What applies to the text inside an element.
#[derive(Clone, Debug, Default)]
struct Look {
    name: String,
    text: Option<Paint>,
    background: Option<Paint>,
    size_px: Option<f32>,
    is_hidden: bool,
}

/// A colour, and how it was written.
#[derive(Clone, Debug)]
struct Paint {
    color: Color,
    written: String,
}

pub(super) fn check(tokens: &[Token], findings: &mut Findings<'_>) {
    let mut open: Vec<Look> = vec![Look::default()];
    for token in tokens {
        match token {
            Token::Start {
                name,
                attributes,
                is_closed,
                ..
            } => {
                if !is_closed && !is_void(name) {
                    let outer = open.last().cloned().unwrap_or_default();
                    open.push(outer.inside(name, attributes));
                }
            }
            Token::End { name, .. } => {
                if let Some(at) = open.iter().rposition(|look| look.name == *name) {
                    open.truncate(at.max(1));
                }
            }
            Token::Text(text) if !text.trim().is_empty() => {
                if let Some(look) = open.last() {
                    look.judge(findings);
                }
            }
            Token::Text(_) | Token::Comment(_) => {}
        }
    }
}

impl Look {
    fn inside(mut self, name: &str, attributes: &[Attribute]) -> Self {
        name.clone_into(&mut self.name);
        // A link has a colour of its own unless it says another.
        if name == "a" {
            self.text = None;
        }
        if let Some(color) = value(attributes, "bgcolor") {
            self.background = Paint::read(color);
        }
        for declaration in value(attributes, "style").unwrap_or_default().split(';') {
            let Some((property, value)) = declaration.split_once(':') else {
                continue;
            };
            let value = value.trim().trim_end_matches("!important").trim();
            match property.trim().to_ascii_lowercase().as_str() {
                "color" => self.text = Paint::read(value),
                // A picture or several words: not known.
                "background" | "background-color" => self.background = Paint::read(value),
                "background-image" => self.background = None,
                "font-size" => {
                    let px = value
                        .strip_suffix("px")
                        .and_then(|px| px.trim().parse().ok());
                    self.size_px = px;
                }
                "display" => self.is_hidden |= value == "none",
                _ => {}
            }
        }
        self.is_hidden |= matches!(name, "head" | "style" | "script" | "title");
        self
    }

    fn judge(&self, findings: &mut Findings<'_>) {
        let (Some(text), Some(background)) = (&self.text, &self.background) else {
            return;
        };
        let is_large = self.size_px.is_some_and(|px| px >= LARGE_PX);
        let wanted = if is_large { LARGE_RATIO_MIN } else { RATIO_MIN };
        let ratio = ratio(&text.color, &background.color);
        let is_seen = self.size_px.is_none_or(|px| px > 0.0) && !self.is_hidden;
        if is_seen && ratio < wanted {
            let (text, background) = (text.written.as_str(), background.written.as_str());
            let message = format!(
                "text in {text} on {background} is hard to read: the contrast is {ratio:.1}, {wanted} is asked"
            );
            let help = "make one of the two darker or lighter";
            findings.warn("W0268", &[text, background], &message, help);
        }
    }
}

impl Paint {
    /// An opaque colour.
    fn read(written: &str) -> Option<Self> {
        let color = csscolorparser::parse(written).ok()?;
        let written = written.to_owned();
        (color.a >= 1.0).then_some(Self { color, written })
    }
}

/// From 1, the same, to 21, black on white.
fn ratio(one: &Color, other: &Color) -> f32 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(color: &Color) -> f32 {
    let [red, green, blue, _] = color.to_linear_rgba();
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}
