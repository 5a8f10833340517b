//! The page of each code: what it means, why it is so, a wrong and a right example.

/// Sections that begin with `## <code> · <title>`, in the order of the codes.
const PAGES: [&str; 3] = [
    include_str!("explain.md"),
    include_str!("explain_project.md"),
    include_str!("scenario/explain.md"),
];

/// The page of `code` (`E0121`), Markdown without the code's heading mark; none if there is no such code.
///
/// ```
/// let page = wend_core::definitions::explain("E0121").unwrap();
/// assert!(page.starts_with("E0121 · "));
/// assert_eq!(wend_core::definitions::explain("no code"), None);
/// ```
pub fn explain(code: &str) -> Option<&'static str> {
    let mut pages = PAGES.iter().flat_map(|pages| pages.split("\n## ").skip(1));
    let page = pages.find(|page| {
        let title = page.strip_prefix(code);
        title.is_some_and(|title| title.starts_with(" · "))
    });
    page.map(str::trim_end)
}

/// The code of a page that is nearest to `word`: `e121` and `121` are `E0121`. None if nothing is near.
///
/// ```
/// use wend_core::definitions::nearest_code;
/// assert_eq!(nearest_code("e121"), Some("E0121"));
/// assert_eq!(nearest_code("e0120"), Some("E0121"));
/// assert_eq!(nearest_code("hello"), None);
/// ```
pub fn nearest_code(word: &str) -> Option<&'static str> {
    let word = word.trim().to_uppercase();
    let letter = word.chars().next().filter(char::is_ascii_alphabetic);
    let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let number: u32 = digits.parse().ok()?;
    let spelt = |letter| format!("{letter}{number:04}");
    let meant = match letter {
        Some('W') => [spelt('W'), spelt('E')],
        _ => [spelt('E'), spelt('W')],
    };
    let exact = meant
        .iter()
        .find_map(|code| codes().find(|known| known == code));
    exact.or_else(|| nearest(meant.first()?, codes()))
}

/// The code that differs least, by its digits and then by its number.
fn nearest(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let number = |code: &str| code.get(1..).and_then(|digits| digits.parse::<i64>().ok());
    let wanted = number(word)?;
    let same_letter = known.filter(|code| code.get(..1) == word.get(..1));
    same_letter.min_by_key(|code| {
        let far = number(code).map_or(i64::MAX, |found| (found - wanted).abs());
        (strsim::hamming(code, word).unwrap_or(usize::MAX), far)
    })
}

/// The codes that have a page, in their order.
fn codes() -> impl Iterator<Item = &'static str> {
    let pages = PAGES.iter().flat_map(|pages| pages.lines());
    pages.filter_map(|line| line.strip_prefix("## ")?.split(" · ").next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_by_its_code_and_has_examples() {
        for pages in PAGES {
            let titles = pages.lines().filter_map(|line| line.strip_prefix("## "));
            let codes: Vec<&str> = titles
                .map(|title| title.split(" · ").next().unwrap())
                .collect();
            assert!(
                codes.is_sorted(),
                "the pages are not in the order of their codes"
            );
            for code in codes {
                let all = PAGES.concat();
                let title = format!("\n## {code} · ");
                assert_eq!(all.matches(&title).count(), 1, "{code} has several pages");
                let page = explain(code).unwrap();
                assert!(page.matches("```").count() >= 2, "{code} has no example");
            }
        }
    }
}
