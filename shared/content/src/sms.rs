//! How much an SMS is: 3GPP TS 23.038 and 23.040.

/// Characters of one message in the 7-bit alphabet, and of one part of several.
const GSM: (usize, usize) = (160, 153);
/// The same in UCS-2, which a single character beyond the alphabet makes of the whole message.
const UCS2: (usize, usize) = (70, 67);

const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Two characters each.
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// The size of a text.
pub(crate) struct Size {
    /// Characters, as they are counted.
    pub(crate) units: usize,
    /// How many of them one message has.
    pub(crate) one_part: usize,
    /// How many messages it takes.
    pub(crate) parts: usize,
    /// The first character beyond the alphabet.
    pub(crate) odd: Option<char>,
}

/// How much `text` is.
pub(crate) fn size(text: &str) -> Size {
    let odd = text
        .chars()
        .find(|c| !BASIC.contains(*c) && !EXTENDED.contains(*c));
    let ((one_part, part), units) = match odd {
        None => {
            let extended = text.chars().filter(|c| EXTENDED.contains(*c)).count();
            (GSM, text.chars().count() + extended)
        }
        Some(_) => (UCS2, text.encode_utf16().count()),
    };
    let parts = if units <= one_part {
        1
    } else {
        units.div_ceil(part)
    };
    Size {
        units,
        one_part,
        parts,
        odd,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_by_the_alphabet() {
        for (text, units, parts) in [
            ("ä".repeat(160), 160, 1),
            ("a".repeat(161), 161, 2),
            ("a".repeat(307), 307, 3),
            ("€".repeat(80), 160, 1),
            ("€".repeat(81), 162, 2),
            ("ç".repeat(70), 70, 1),
            ("ç".repeat(71), 71, 2),
            ("😀".repeat(35), 70, 1),
        ] {
            let size = size(&text);
            assert_eq!((size.units, size.parts), (units, parts), "{text}");
        }
    }
}
