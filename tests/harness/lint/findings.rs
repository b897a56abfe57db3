//! What the linters answer, in one form for both.

use std::fmt;

use serde::Deserialize;
use serde_json::Error;

/// Rules that judge what a database was used for: the one of the tests had no users.
const RULES_OF_USE: [&str; 2] = ["unused_index", "table_bloat"];

/// Which linter.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Linter {
    /// plpgsql_check, on the bodies of functions.
    Lint,
    /// Splinter, on schemas, grants, policies and indexes.
    Advisors,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Splinter's name of the rule; plpgsql_check has none, so its message.
    pub rule: String,
    /// Schema and name, with a dot, and that of a foreign key after it.
    pub object: String,
    /// How bad the linter holds it to be.
    pub level: String,
    /// What it says of this object.
    pub detail: String,
}

impl Finding {
    /// What an entry of the list names.
    pub fn key(&self) -> (&str, &str) {
        (&self.rule, &self.object)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}, {}",
            self.level.to_lowercase(),
            self.rule,
            self.object
        )?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    results: Vec<T>,
}

#[derive(Deserialize)]
struct Function {
    function: String,
    issues: Vec<Issue>,
}

#[derive(Deserialize)]
struct Issue {
    level: String,
    message: String,
    statement: Option<Statement>,
    detail: Option<String>,
    context: Option<String>,
}

#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "lineNumber")]
    line: String,
}

/// Reads the answer of `db lint`.
pub fn of_lint(json: &str) -> Result<Vec<Finding>, Error> {
    let answer: Answer<Function> = serde_json::from_str(json)?;
    let mut found = Vec::new();
    for function in answer.results {
        for issue in function.issues {
            let line = issue.statement.map(|at| format!("line {}", at.line));
            let parts: Vec<_> = [line, issue.detail, issue.context]
                .into_iter()
                .flatten()
                .collect();
            let finding = Finding {
                rule: issue.message,
                object: function.function.clone(),
                level: issue.level,
                detail: parts.join("; "),
            };
            // The function of several triggers is looked at for each.
            if !found.contains(&finding) {
                found.push(finding);
            }
        }
    }
    Ok(found)
}

#[derive(Deserialize)]
struct Advice {
    name: String,
    level: String,
    detail: String,
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    schema: Option<String>,
    name: Option<String>,
    fkey_name: Option<String>,
}

/// Reads the answer of `db advisors`.
pub fn of_advisors(json: &str) -> Result<Vec<Finding>, Error> {
    let answer: Answer<Advice> = serde_json::from_str(json)?;
    let lasting = |advice: &Advice| !RULES_OF_USE.contains(&advice.name.as_str());
    Ok(answer
        .results
        .into_iter()
        .filter(lasting)
        .map(Finding::from)
        .collect())
}

impl From<Advice> for Finding {
    fn from(advice: Advice) -> Self {
        let Metadata {
            schema,
            name,
            fkey_name,
        } = advice.metadata;
        let names: Vec<_> = [schema, name, fkey_name].into_iter().flatten().collect();
        Self {
            rule: advice.name,
            object: names.join("."),
            level: advice.level,
            detail: advice.detail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_of_a_function_is_a_finding() {
        let found = of_lint(
            r#"{"results":[{"function":"public.send","issues":[{"level":"warning",
                "message":"unused variable \"chat\"","statement":{"lineNumber":"3","text":"DECLARE"},
                "sqlState":"00000"}]}],"message":"db lint"}"#,
        )
        .unwrap();
        assert_eq!(
            found,
            [Finding {
                rule: "unused variable \"chat\"".to_owned(),
                object: "public.send".to_owned(),
                level: "warning".to_owned(),
                detail: "line 3".to_owned(),
            }]
        );
    }

    #[test]
    fn an_issue_that_two_triggers_have_is_found_once() {
        let function = r#"{"function":"public.told","issues":[{"level":"error","message":"no"}]}"#;
        let found = of_lint(&format!(r#"{{"results":[{function},{function}]}}"#)).unwrap();
        assert_eq!(found.len(), 1);
    }

    fn advice(rule: &str, metadata: &str) -> String {
        format!(
            r#"{{"results":[{{"name":"{rule}","level":"INFO","detail":"a detail",
                "categories":["SECURITY"],"metadata":{metadata}}}]}}"#
        )
    }

    #[test]
    fn advice_names_its_object() {
        let object = |metadata| {
            let found = of_advisors(&advice("a_rule", metadata)).unwrap();
            found.into_iter().next().unwrap().object
        };
        assert_eq!(
            object(r#"{"schema":"public","name":"chats","type":"table"}"#),
            "public.chats"
        );
        assert_eq!(
            object(
                r#"{"schema":"public","name":"chats","type":"table","fkey_name":"chats_event_id_fkey"}"#
            ),
            "public.chats.chats_event_id_fkey"
        );
    }

    #[test]
    fn what_a_database_was_used_for_is_no_finding() {
        assert_eq!(of_advisors(&advice("unused_index", "{}")).unwrap(), []);
    }

    #[test]
    fn an_answer_without_results_is_an_error() {
        assert!(of_lint(r#"{"_tag":"Error","error":{"code":"DbConnectError"}}"#).is_err());
        assert!(of_advisors("").is_err());
    }
}
