//! A module fits in a head: over 300 lines is a warning, over 450 needs a written reason.

use std::collections::BTreeMap;

use crate::{Findings, tree::Tree};

const CODE: [&str; 6] = ["rs", "sql", "ts", "tsx", "mjs", "js"];

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    warn: usize,
    fail: usize,
    readme: usize,
    reasons: BTreeMap<String, String>,
}

pub(crate) fn check(tree: &Tree, limits: &Limits, findings: &mut Findings) {
    for (path, text) in tree.under("", &CODE) {
        let lines = text.lines().count();
        let reason = limits.reasons.get(path);
        if lines > limits.fail && reason.is_none() {
            findings.error(format!(
                "{path} has {lines} lines, more than {}, and no reason in tidy.toml",
                limits.fail
            ));
        } else if lines > limits.warn && reason.is_none() {
            findings.warning(format!(
                "{path} has {lines} lines, more than {}",
                limits.warn
            ));
        }
        if reason.is_some() && lines <= limits.fail {
            findings.error(format!(
                "{path} has {lines} lines: its reason in tidy.toml is not needed"
            ));
        }
    }
    for path in limits.reasons.keys().filter(|path| !tree.has(path)) {
        findings.error(format!(
            "tidy.toml has a reason for {path}, which is not there"
        ));
    }
    let readme = tree
        .files
        .get("README.md")
        .map_or(usize::MAX, |text| text.lines().count());
    if readme > limits.readme {
        findings.error(format!(
            "README.md has {readme} lines, more than {}",
            limits.readme
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(files: &[(&str, &str)], reasons: &[(&str, &str)]) -> (usize, usize) {
        let reasons = reasons
            .iter()
            .map(|(path, reason)| ((*path).to_owned(), (*reason).to_owned()))
            .collect();
        let mut findings = Findings::default();
        let readme = [("README.md", "1\n")];
        check(
            &Tree::of(&[&readme, files].concat()),
            &Limits {
                warn: 2,
                fail: 3,
                readme: 2,
                reasons,
            },
            &mut findings,
        );
        (findings.errors.len(), findings.warnings.len())
    }

    #[test]
    fn long_modules_and_a_long_readme_are_found() {
        assert_eq!(
            errors(
                &[
                    ("a.rs", "1\n2\n"),
                    ("README.md", "1\n2\n"),
                    ("long.md", "1\n2\n3\n4\n")
                ],
                &[]
            ),
            (0, 0)
        );
        assert_eq!(errors(&[("a.rs", "1\n2\n3\n")], &[]), (0, 1));
        assert_eq!(errors(&[("a.sql", "1\n2\n3\n4\n")], &[]), (1, 0));
        assert_eq!(
            errors(&[("a.sql", "1\n2\n3\n4\n")], &[("a.sql", "a table")]),
            (0, 0)
        );
        assert_eq!(errors(&[("README.md", "1\n2\n3\n")], &[]), (1, 0));
    }

    #[test]
    fn a_reason_without_a_long_module_is_found() {
        assert_eq!(errors(&[("a.sql", "1\n")], &[("a.sql", "a table")]), (1, 0));
        assert_eq!(errors(&[], &[("a.sql", "a table")]), (1, 0));
    }
}
