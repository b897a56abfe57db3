//! `cargo xtask fuzz`: the tests of `shared`, where all readers of bytes from outside are, with many
//! more cases for its property tests than `cargo xtask test unit` has time for.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::paths::root;

/// `cargo xtask fuzz [--cases N]`
pub fn run(cases: u32) -> Result<()> {
    let status = Command::new("cargo")
        .args(["test", "--profile", "fuzz", "--package", "shared", "--lib"])
        .env("PROPTEST_CASES", cases.to_string())
        .current_dir(root())
        .status()
        .context("cannot run cargo")?;
    ensure!(
        status.success(),
        "a property does not hold; the case is above"
    );
    Ok(())
}
