//! The Test Anything Protocol, as pgTAP speaks it.

use std::collections::BTreeSet;
use std::fmt;

/// One `ok` or `not ok` line with the `#` lines that follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Passed, or not expected to pass (`# TODO`), or skipped.
    pub ok: bool,
    /// What was tested.
    pub name: String,
    /// What pgTAP says about a failure.
    pub diagnostics: Vec<String>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} - {}",
            if self.ok { "ok" } else { "not ok" },
            self.name
        )?;
        let mut lines = self.diagnostics.iter();
        lines.try_for_each(|line| write!(f, "\n  # {line}"))
    }
}

/// The outcome of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many tests were announced.
    pub plan: Option<usize>,
    /// The tests in order.
    pub cases: Vec<Case>,
    /// Why the file stopped, when it did.
    pub error: Option<String>,
    /// `#` lines before the first test.
    comments: Vec<String>,
}

impl Report {
    /// Takes one row of a query's output, which may hold several lines.
    pub fn read(&mut self, text: &str) {
        for line in text.lines() {
            self.read_line(line);
        }
    }

    fn read_line(&mut self, line: &str) {
        if let Some(comment) = line.trim_start().strip_prefix('#') {
            let comment = comment.trim().to_owned();
            match self.cases.last_mut() {
                Some(case) => case.diagnostics.push(comment),
                None => self.comments.push(comment),
            }
        } else if let Some(rest) = line.strip_prefix("not ok") {
            self.case(false, rest);
        } else if let Some(rest) = line.strip_prefix("ok").filter(|rest| starts_case(rest)) {
            self.case(true, rest);
        } else if let Some(count) = line.strip_prefix("1..") {
            self.plan = count
                .split_whitespace()
                .next()
                .and_then(|count| count.parse().ok());
        } else if let Some(reason) = line.strip_prefix("Bail out!") {
            self.error = Some(format!("bailed out: {}", reason.trim()));
        }
    }

    fn case(&mut self, ok: bool, rest: &str) {
        let rest = rest
            .trim_start()
            .trim_start_matches(|c: char| c.is_ascii_digit());
        let rest = rest.trim_start().trim_start_matches("- ");
        let directive = rest
            .rsplit_once('#')
            .map(|(_, word)| word.trim().to_ascii_uppercase());
        let excused =
            directive.is_some_and(|word| word.starts_with("TODO") || word.starts_with("SKIP"));
        self.cases.push(Case {
            ok: ok || excused,
            name: rest.trim().to_owned(),
            diagnostics: Vec::new(),
        });
    }

    /// How many passed.
    pub fn passed(&self) -> usize {
        self.cases.iter().filter(|case| case.ok).count()
    }

    /// How many failed; a file that stopped or kept no plan counts as one more.
    pub fn failed(&self) -> usize {
        let failed = self.cases.len() - self.passed();
        failed + usize::from(self.problem().is_some())
    }

    /// Whether the file runs to its end and fails for these functions and no other. Each test is then named
    /// `<function>: <what it must answer>`.
    ///
    /// # Errors
    /// What is different.
    pub fn blames(&self, expected: &BTreeSet<&str>) -> Result<(), String> {
        if let Some(problem) = self.problem() {
            return Err(problem);
        }
        let failed = self.cases.iter().filter(|case| !case.ok);
        let function = |case: &'_ Case| case.name.split(": ").next().unwrap_or_default().to_owned();
        let blamed: BTreeSet<String> = failed.map(function).collect();
        if blamed
            .iter()
            .map(String::as_str)
            .eq(expected.iter().copied())
        {
            return Ok(());
        }
        Err(format!("expected {expected:?}, blamed {blamed:?}"))
    }

    /// What is wrong with the file beyond its tests.
    pub fn problem(&self) -> Option<String> {
        if self.error.is_some() {
            return self.error.clone();
        }
        match self.plan {
            None => {
                Some("no plan: the file must call plan() or no_plan(), and finish()".to_owned())
            }
            Some(plan) if plan != self.cases.len() => {
                Some(format!("planned {plan} tests and ran {}", self.cases.len()))
            }
            Some(_) => None,
        }
    }
}

/// `ok` is a word of its own: a row of data may begin with these letters.
fn starts_case(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str) -> Report {
        let mut report = Report::default();
        report.read(text);
        report
    }

    #[test]
    fn a_file_that_keeps_its_plan_passes() {
        let report = report("1..2\nok 1 - first\nok 2 - second");
        assert_eq!(
            (report.passed(), report.failed(), report.problem()),
            (2, 0, None)
        );
    }

    #[test]
    fn a_failure_carries_its_diagnostics() {
        let report = report("1..1\nnot ok 1 - denied\n# Failed test 1: \"denied\"\n#   have: 1");
        assert_eq!(report.failed(), 1);
        assert_eq!(report.cases[0].name, "denied");
        assert_eq!(
            report.cases[0].diagnostics,
            ["Failed test 1: \"denied\"", "have: 1"]
        );
    }

    #[test]
    fn fewer_tests_than_planned_fail() {
        let report = report("1..3\nok 1 - first");
        assert_eq!((report.passed(), report.failed()), (1, 1));
        assert_eq!(
            report.problem().as_deref(),
            Some("planned 3 tests and ran 1")
        );
    }

    #[test]
    fn more_tests_than_planned_fail() {
        assert_eq!(report("1..1\nok 1\nok 2").failed(), 1);
    }

    #[test]
    fn no_plan_fails() {
        assert_eq!(report("ok 1 - first").failed(), 1);
    }

    #[test]
    fn todo_and_skip_do_not_fail() {
        let report = report("1..2\nnot ok 1 - later # TODO not yet\nok 2 - # SKIP no need");
        assert_eq!(report.failed(), 0);
    }

    #[test]
    fn data_that_begins_like_a_test_is_none() {
        assert_eq!(report("1..0\nokay\nokra").cases, []);
    }

    #[test]
    fn a_fault_is_found_where_its_function_and_no_other_is_blamed() {
        let blames = |output: &str, expected: &[&str]| {
            report(output).blames(&expected.iter().copied().collect())
        };
        let output =
            "1..2\nok 1 - chat.are_friends: right\nnot ok 2 - chat.is_blocked: must be true";
        assert_eq!(blames(output, &["chat.is_blocked"]), Ok(()));
        assert!(blames(output, &["chat.are_friends"]).is_err());
        assert!(blames(output, &["chat.are_friends", "chat.is_blocked"]).is_err());
        assert!(blames("1..1\nok 1 - all is well", &["chat.is_blocked"]).is_err());
        assert!(blames("1..2\nnot ok 1 - chat.is_blocked: no", &["chat.is_blocked"]).is_err());
    }
}
