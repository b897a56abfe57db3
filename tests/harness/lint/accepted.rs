//! The findings that are meant to be so, each with its reason.

use std::error::Error;
use std::fs;

use serde::Deserialize;

use super::findings::{Finding, Linter};
use crate::checkout::root;

/// Where they are written down.
pub const FILE: &str = "supabase/lint-accepted.toml";

/// The list.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    #[serde(default)]
    accepted: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    linter: Linter,
    rule: String,
    objects: Vec<String>,
    reason: String,
}

/// What the list says of one linter's findings.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// Findings that it does not accept.
    pub refused: Vec<&'a Finding>,
    /// Rules and objects that it accepts and that were not found.
    pub unused: Vec<(&'a str, &'a str)>,
}

impl Accepted {
    /// Reads the file.
    pub fn load() -> Result<Self, Box<dyn Error>> {
        Self::parse(&fs::read_to_string(root().join(FILE))?)
    }

    fn parse(text: &str) -> Result<Self, Box<dyn Error>> {
        let list: Self = toml::from_str(text)?;
        for entry in &list.accepted {
            let rule = &entry.rule;
            if entry.reason.trim().is_empty() {
                return Err(format!("{FILE}: {rule} has no reason").into());
            }
        }
        Ok(list)
    }

    /// Holds one linter's findings against the list.
    pub fn judge<'a>(&'a self, linter: Linter, found: &'a [Finding]) -> Verdict<'a> {
        let listed: Vec<_> = self
            .accepted
            .iter()
            .filter(|entry| entry.linter == linter)
            .flat_map(Entry::keys)
            .collect();
        let mut refused: Vec<_> = found
            .iter()
            .filter(|finding| !listed.contains(&finding.key()))
            .collect();
        refused.sort();
        let unused = listed
            .into_iter()
            .filter(|key| !found.iter().any(|finding| finding.key() == *key))
            .collect();
        Verdict { refused, unused }
    }
}

impl Entry {
    fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        let rule = self.rule.as_str();
        self.objects
            .iter()
            .map(move |object| (rule, object.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &str, object: &str) -> Finding {
        Finding {
            rule: rule.to_owned(),
            object: object.to_owned(),
            level: "warning".to_owned(),
            detail: String::new(),
        }
    }

    fn list() -> Accepted {
        Accepted::parse(
            r#"
            [[accepted]]
            linter = "advisors"
            rule = "no_policy"
            objects = ["public.rooms", "public.seats"]
            reason = "only definer functions read them"
            "#,
        )
        .unwrap()
    }

    #[test]
    fn a_finding_in_the_list_is_accepted() {
        let found = [
            finding("no_policy", "public.rooms"),
            finding("no_policy", "public.seats"),
        ];
        let expected = Verdict {
            refused: vec![],
            unused: vec![],
        };
        assert_eq!(list().judge(Linter::Advisors, &found), expected);
    }

    #[test]
    fn another_rule_or_object_is_refused() {
        let found = [
            finding("no_policy", "public.rooms"),
            finding("no_policy", "public.seats"),
            finding("no_policy", "public.chats"),
            finding("no_index", "public.rooms"),
        ];
        let list = list();
        let verdict = list.judge(Linter::Advisors, &found);
        assert_eq!(verdict.refused, [&found[3], &found[2]]);
        assert!(verdict.unused.is_empty());
    }

    #[test]
    fn what_is_no_longer_found_must_leave_the_list() {
        let found = [finding("no_policy", "public.rooms")];
        let list = list();
        let verdict = list.judge(Linter::Advisors, &found);
        assert_eq!(verdict.unused, [("no_policy", "public.seats")]);
    }

    #[test]
    fn an_entry_is_for_one_linter() {
        let found = [finding("no_policy", "public.rooms")];
        let list = list();
        let verdict = list.judge(Linter::Lint, &found);
        assert_eq!(verdict.refused, [&found[0]]);
        assert!(verdict.unused.is_empty());
    }

    #[test]
    fn an_entry_needs_a_reason() {
        let entry = |reason: &str| {
            format!("[[accepted]]\nlinter = 'lint'\nrule = 'r'\nobjects = ['a.b']\n{reason}")
        };
        assert!(Accepted::parse(&entry("reason = 'it is meant so'")).is_ok());
        assert!(Accepted::parse(&entry("reason = ' '")).is_err());
        assert!(Accepted::parse(&entry("")).is_err());
    }

    #[test]
    fn an_empty_list_accepts_nothing() {
        let found = [finding("no_policy", "public.rooms")];
        let list = Accepted::parse("# none\n").unwrap();
        assert_eq!(list.judge(Linter::Advisors, &found).refused, [&found[0]]);
    }

    #[test]
    fn the_projects_list_can_be_read() {
        Accepted::load().unwrap();
    }
}
