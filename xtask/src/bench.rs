//! `cargo xtask bench`: builds the benchmark, a crate of its own, with optimisations, and becomes it.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::paths::root;

/// Returns only where cargo does not start.
pub fn run(quick: bool) -> Result<()> {
    println!("  cargo        an optimised build of the benchmark (some minutes, once)");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["run", "--quiet", "--package=bench", "--profile=load", "--"])
        .args(quick.then_some("--quick"))
        .current_dir(root());
    Err(cargo.exec()).context("cargo does not start")
}
