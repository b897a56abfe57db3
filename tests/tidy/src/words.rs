//! Plain English, no path of somebody's machine, and no registry's host.

use std::collections::BTreeMap;

use regex::Regex;

use crate::{Findings, tree::Tree};

const TEXT: [&str; 12] = [
    "rs", "sql", "ts", "tsx", "mjs", "js", "md", "toml", "json", "yml", "yaml", "html",
];

/// Folders of a machine that a path in the project would name.
const MACHINE: &str =
    r#"(?m)(?:^|[\s"'`(=:,])(/(?:home|root|work|Users|tmp|private|var/folders)/[\w.-]+)"#;

pub(crate) fn check(
    tree: &Tree,
    words: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let any = words
        .keys()
        .map(|word| regex::escape(word))
        .collect::<Vec<_>>()
        .join("|");
    let banned = Regex::new(&format!(r"(?i)\b(?:{any})\b"))?;
    let machine = Regex::new(MACHINE)?;
    for (path, text) in tree
        .under("", &TEXT)
        .filter(|(path, _)| *path != "tests/tidy/tidy.toml")
    {
        for (number, line) in text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
        {
            for found in banned.find_iter(line) {
                let word = found.as_str().to_lowercase();
                let instead = words.get(&word).map_or("another word", String::as_str);
                findings.error(format!("{path}:{number} says \"{word}\": {instead}"));
            }
            for found in machine.captures_iter(line) {
                findings.error(format!(
                    "{path}:{number} names a path of a machine: {}",
                    &found[1]
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> usize {
        let words = BTreeMap::from([("thusly".to_owned(), "so".to_owned())]);
        let mut findings = Findings::default();
        check(&Tree::of(&[("a.md", text)]), &words, &mut findings).expect("the patterns are right");
        findings.errors.len()
    }

    #[test]
    fn words_and_paths_are_found() {
        assert_eq!(errors("Thusly reads\nthis, thusly"), 2);
        assert_eq!(errors(concat!("see `/ho", "me/alice/chat`")), 1);
        assert_eq!(
            errors("GET /chats/:id/work/x and https://example.com/home/a"),
            0
        );
    }
}
