//! The table "Where is X decided" names functions, files and tests that exist.

use regex::Regex;

use crate::{Findings, tree::Tree};

const PAGE: &str = "docs/architecture.md";
const HEADING: &str = "## Where is X decided";
/// A table of fewer rules would answer too few questions.
const LEAST_ROWS: usize = 15;

pub(crate) fn check(tree: &Tree, findings: &mut Findings) -> anyhow::Result<()> {
    let page = tree.text(PAGE)?;
    let section = page.split_once(HEADING).map_or("", |(_, after)| {
        after.split("\n## ").next().unwrap_or(after)
    });
    let rows: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .collect();
    if rows.len() < LEAST_ROWS {
        findings.error(format!(
            "{PAGE}, \"{HEADING}\": {} rows, fewer than {LEAST_ROWS}",
            rows.len()
        ));
    }

    let migrations: String = tree
        .under("supabase/migrations", &["sql"])
        .map(|(_, text)| text)
        .collect();
    let named = Regex::new("`([^`]+)`")?;
    for row in rows {
        let cells: Vec<&str> = row.trim_matches(['|', ' ']).split('|').skip(1).collect();
        if cells.last().is_none_or(|test| !named.is_match(test)) {
            findings.error(format!("{PAGE}: a row names no test: {row}"));
        }
        let names = cells.iter().flat_map(|cell| named.captures_iter(cell));
        for name in names.filter_map(|found| found.get(1)) {
            let name = name.as_str();
            if !exists(tree, &migrations, name)? {
                findings.error(format!("{PAGE} names `{name}`, which is not there"));
            }
        }
    }
    Ok(())
}

/// `schema.name` is made by a migration, or by Supabase; `path` is a file or folder; `path::name` is a
/// function of a Rust file, or a word of another file.
fn exists(tree: &Tree, migrations: &str, name: &str) -> anyhow::Result<bool> {
    if let Some((path, item)) = name.split_once("::") {
        let word = item.rsplit("::").next().unwrap_or(item);
        let text = tree.files.get(path).map_or("", String::as_str);
        let before = if path.ends_with(".rs") { "fn " } else { "" };
        let whole = format!(r"\b{before}{}\b", regex::escape(word));
        return Ok(Regex::new(&whole)?.is_match(text));
    }
    let object = name.trim_end_matches("()");
    if object == "storage.objects" {
        return Ok(true);
    }
    if ["chat.", "public.", "example_host."]
        .iter()
        .any(|schema| object.starts_with(schema))
    {
        let made = format!(
            r"(?m)^\s*create (?:or replace )?(?:function|table|view|type|trigger|unique index|index) (?:if not exists )?{}\b",
            regex::escape(object)
        );
        return Ok(Regex::new(&made)?.is_match(migrations));
    }
    Ok(tree.has(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(cell: &str) -> usize {
        let row = format!("| a rule | {cell} |\n");
        let page = format!(
            "{HEADING}\n\n| rule | where |\n|---|---|\n{}",
            row.repeat(LEAST_ROWS)
        );
        let files = [
            (PAGE, page.as_str()),
            (
                "supabase/migrations/1.sql",
                "create function chat.edit_window()\n",
            ),
            ("tests/http/edit.rs", "/// late\nfn too_late() {}"),
        ];
        let mut findings = Findings::default();
        check(&Tree::of(&files), &mut findings).expect("the table is long enough");
        findings.errors.len()
    }

    #[test]
    fn lost_names_are_found() {
        assert_eq!(
            errors("`chat.edit_window`, `tests/http/edit.rs`, `tests/http/edit.rs::too_late`"),
            0
        );
        assert_eq!(errors("`chat.edit`"), LEAST_ROWS);
        assert_eq!(errors("`tests/http/send.rs`"), LEAST_ROWS);
        assert_eq!(errors("`tests/http/edit.rs::too`"), LEAST_ROWS);
        assert_eq!(errors("`tests/http/edit.rs::late`"), LEAST_ROWS);
        assert_eq!(errors("none"), LEAST_ROWS);
    }

    #[test]
    fn a_short_table_is_found() {
        let mut findings = Findings::default();
        check(&Tree::of(&[(PAGE, HEADING)]), &mut findings).expect("the page is there");
        assert_eq!(findings.errors.len(), 1);
    }
}
