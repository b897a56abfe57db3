//! `cargo xtask tidy`: rules about the repository itself that a machine can check. Each module is one
//! rule. The limits and the exceptions are in `tests/tidy/tidy.toml`.

mod decided;
mod layers;
mod lengths;
mod links;
mod sizes;
mod tree;
mod words;

use std::process::ExitCode;

use tree::Tree;

/// What a rule found.
#[derive(Default)]
struct Findings {
    /// The run fails.
    errors: Vec<String>,
    /// Printed only.
    warnings: Vec<String>,
}

impl Findings {
    fn error(&mut self, finding: String) {
        self.errors.push(finding);
    }

    fn warning(&mut self, finding: String) {
        self.warnings.push(finding);
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let tree = Tree::read()?;
    let limits = toml::from_str(tree.text("tests/tidy/tidy.toml")?)?;
    let findings = check(&tree, &limits)?;
    for warning in &findings.warnings {
        println!("warning: {warning}");
    }
    for error in &findings.errors {
        println!("error: {error}");
    }
    println!(
        "tidy: {} files, {} errors, {} warnings",
        tree.files.len(),
        findings.errors.len(),
        findings.warnings.len()
    );
    Ok(if findings.errors.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn check(tree: &Tree, limits: &Limits) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    lengths::check(tree, &limits.lengths, &mut findings);
    sizes::check(tree, &limits.sizes, &mut findings);
    layers::check(tree, "shared/src", &mut findings)?;
    links::check(tree, &mut findings);
    decided::check(tree, &mut findings)?;
    words::check(tree, &limits.words, &mut findings)?;
    Ok(findings)
}

/// `tidy.toml`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    lengths: lengths::Limits,
    sizes: sizes::Limits,
    /// A word that is not used, and what to write instead.
    words: std::collections::BTreeMap<String, String>,
}
