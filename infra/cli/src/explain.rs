//! `wend explain`: the page of a fault's code.

use std::process::ExitCode;

use wend_core::definitions::{explain, nearest_code};

/// What `explain` is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The code, as `wend check` prints it: `E0121`.
    code: String,
}

/// Prints the page.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let page = page(&args.code)?;
    println!("{page}");
    Ok(ExitCode::SUCCESS)
}

/// The page of `code`, however it is spelt: its letter may be small or left out, and so may zeros in front.
fn page(code: &str) -> anyhow::Result<&'static str> {
    let parts = |code: &str| {
        let letter = code.chars().next().filter(char::is_ascii_alphabetic);
        let digits = code.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        (
            letter.map(|c| c.to_ascii_uppercase()),
            digits.parse::<u32>().ok(),
        )
    };
    let Some(near) = nearest_code(code) else {
        anyhow::bail!("there is no code `{code}`; codes look like E0121 and W0107");
    };
    let ((letter, number), meant) = (parts(code.trim()), parts(near));
    let is_it = number == meant.1 && (letter.is_none() || letter == meant.0);
    let page = explain(near).filter(|_| is_it);
    page.ok_or_else(|| anyhow::anyhow!("there is no code `{code}`; the nearest is {near}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_page_is_found_however_its_code_is_spelt() {
        for code in ["E0121", "e0121", "e121", "121", "0121"] {
            assert!(page(code).unwrap().starts_with("E0121 · "), "{code}");
        }
        assert!(page("w107").unwrap().starts_with("W0107 · "));
        assert!(page("107").unwrap().starts_with("E0107 · "));
        assert!(page("237").unwrap().starts_with("W0237 · "));
    }

    #[test]
    fn an_unknown_code_names_the_nearest() {
        let said = |code| page(code).unwrap_err().to_string();
        assert_eq!(
            said("E0120"),
            "there is no code `E0120`; the nearest is E0121"
        );
        assert_eq!(
            said("hello"),
            "there is no code `hello`; codes look like E0121 and W0107"
        );
    }

    /// The codes in quotes in the sources below `path`, tests aside.
    fn codes(path: &Path, found: &mut Vec<String>) {
        if path.is_dir() {
            for entry in std::fs::read_dir(path).unwrap() {
                codes(&entry.unwrap().path(), found);
            }
            return;
        }
        let source = std::fs::read_to_string(path).unwrap_or_default();
        let source = source.split("#[cfg(test)]").next().unwrap();
        found.extend(source.split('"').filter_map(|word| {
            let digits = word.strip_prefix(['E', 'W'])?;
            let is_code = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_code.then(|| word.to_owned())
        }));
    }

    #[test]
    fn every_code_of_templates_and_of_scenarios_has_its_page() {
        let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
        let mut found = Vec::new();
        for part in ["content/src", "app/src/scenario"] {
            codes(&shared.join(part), &mut found);
        }
        assert!(found.contains(&"E0142".to_owned()));
        found.retain(|code| explain(code).is_none());
        assert_eq!(found, [""; 0]);
    }
}
