//! The commands that are crates or tests of their own: `bench`, `fuzz`, `openapi`, `tidy`. cargo builds them, and this
//! process becomes what it runs.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::paths::root;

/// Measures the functions: the crate `bench`, built with optimisations (some minutes, once).
pub fn bench(quick: bool) -> Result<()> {
    let quick = quick.then_some("--quick");
    become_cargo(cargo(&["run", "--quiet", "--package=bench", "--profile=load", "--"]).args(quick))
}

/// Runs the property tests of `shared`, where all readers of bytes from outside are, with more cases
/// than the unit tests have time for.
pub fn fuzz(cases: u32) -> Result<()> {
    let tests = &["test", "--profile=fuzz", "--package=shared", "--lib"];
    become_cargo(cargo(tests).env("PROPTEST_CASES", cases.to_string()))
}

/// Checks the repository's own rules: the crate `tests/tidy`.
pub fn tidy() -> Result<()> {
    become_cargo(&mut cargo(&["run", "--quiet", "--package=tidy"]))
}

/// Compares the documents of the contract with the code: the crate `openapi`.
pub fn openapi(write: bool) -> Result<()> {
    let write = write.then_some("--write");
    become_cargo(cargo(&["run", "--quiet", "--package=openapi", "--"]).args(write))
}

fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args(arguments).current_dir(root());
    cargo
}

/// Returns only if cargo does not start.
fn become_cargo(cargo: &mut Command) -> Result<()> {
    Err(cargo.exec()).context("cargo does not start")
}
