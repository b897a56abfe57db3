//! Plain English, no path of somebody's machine, and no registry's host.

use std::collections::BTreeMap;

use regex::Regex;

use crate::{Findings, tree::Tree};

const TEXT: [&str; 15] = [
    "capnp", "html", "js", "json", "md", "mjs", "rs", "sql", "svg", "toml", "ts", "tsv", "tsx",
    "yaml", "yml",
];

/// Folders of a machine that a path in the project would name.
const MACHINE: &str = r#"(?:^|[\s"'`(=:,\[<|]|file://)(/(?:home|root|work|workspace|Users|tmp|private|opt|mnt|srv|var/folders)/[\w.-]+)"#;

/// Hosts of the registries: the tools know them.
const REGISTRY: &str =
    r"registry\.npmjs|(?:index|static)\.crates\.io|files\.pythonhosted|deb\.debian\.org";

/// What begins a line of a comment.
const MARKERS: [char; 5] = ['/', '-', '#', '*', '!'];

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
    let registry = Regex::new(REGISTRY)?;
    let scripts = tree
        .files
        .iter()
        .filter(|(path, _)| path.starts_with(".ci/"));
    let scripts = scripts.map(|(path, text)| (path.as_str(), text.as_str()));
    for (path, text) in tree.under("", &TEXT).chain(scripts) {
        // These two hold the words themselves.
        if matches!(path, "tests/tidy/tidy.toml" | "tests/tidy/src/words.rs") {
            continue;
        }
        let (prose, starts) = prose(text);
        for found in banned.find_iter(&prose) {
            let line = starts.partition_point(|start| *start <= found.start());
            let word = found.as_str().to_lowercase();
            let instead = words.get(&word).map_or("another word", String::as_str);
            findings.error(format!("{path}:{line} says \"{word}\": {instead}"));
        }
        for (number, line) in text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
        {
            for found in machine.captures_iter(line) {
                findings.error(format!(
                    "{path}:{number} names a path of a machine: {}",
                    &found[1]
                ));
            }
            if registry.is_match(line) {
                findings.error(format!("{path}:{number} names the host of a registry"));
            }
        }
    }
    Ok(())
}

/// The text on one line, without what begins lines of comments, so that a phrase may wrap; and where each
/// line begins in it.
fn prose(text: &str) -> (String, Vec<usize>) {
    let mut prose = String::with_capacity(text.len());
    let mut starts = Vec::new();
    for line in text.lines() {
        starts.push(prose.len());
        prose.push_str(line.trim().trim_start_matches(MARKERS).trim_start());
        prose.push(' ');
    }
    (prose, starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> Vec<String> {
        let words = BTreeMap::from([("thus far".to_owned(), "until now".to_owned())]);
        let mut findings = Findings::default();
        check(&Tree::of(&[("a.rs", text)]), &words, &mut findings).expect("the patterns are right");
        findings.errors
    }

    #[test]
    fn words_are_found_also_where_a_comment_wraps() {
        assert_eq!(
            errors("// ok\n// Thus far, thus\n// far"),
            [
                "a.rs:2 says \"thus far\": until now",
                "a.rs:2 says \"thus far\": until now",
            ]
        );
    }

    #[test]
    fn paths_and_registries_are_found() {
        assert_eq!(errors("see `/home/alice/chat` or [/opt/chat]").len(), 2);
        assert_eq!(errors("https://registry.npmjs.org/x").len(), 1);
        assert_eq!(
            errors("GET /chats/:id/work/x and https://example.com/home/a"),
            [""; 0]
        );
    }
}
