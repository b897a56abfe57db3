//! The platforms that the embedded stack runs on.

use std::env::consts::{ARCH, OS};

use anyhow::{Result, bail};

/// This machine's, as the packages of the embedded Postgres name it.
pub fn npm_name() -> Result<&'static str> {
    name(OS, ARCH)
}

fn name(os: &str, arch: &str) -> Result<&'static str> {
    Ok(match (os, arch) {
        ("linux", "x86_64") => "linux-x64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "x86_64") => "darwin-x64",
        ("macos", "aarch64") => "darwin-arm64",
        _ => bail!(
            "the stack does not run on {os} with {arch}: it runs on Linux and macOS, each on x86_64 and aarch64"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_platforms_are_refused_by_name() {
        assert_eq!(name("macos", "aarch64").unwrap(), "darwin-arm64");
        let refused = name("freebsd", "x86_64").unwrap_err().to_string();
        assert!(refused.starts_with("the stack does not run on freebsd with x86_64"));
    }
}
