//! Installs what a build needs beside Rust and Node, once, at the versions that the checkout pins.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::time::sleep;

use crate::paths::{file_hash, root, tool_cache};
use crate::run::{Run, command, find_program};
use crate::stack::postgres::programs::Major;

/// worker-build's version goes with the `worker` crate's minor version.
const WORKER_BUILD: &str = "0.8.7";
/// Says which lock file node_modules was made from.
const NPM_STAMP: &str = "node_modules/.xtask-lock";

/// Where the tools of the wasm build are.
pub struct Tools {
    /// Turns cargo's output into a Worker.
    pub worker_build: PathBuf,
    /// Its variables: it downloads what they do not name.
    pub vars: [(&'static str, PathBuf); 3],
}

/// Installs what the stack runs on.
pub async fn npm_packages(run: &Run) -> Result<()> {
    need_node().await?;
    let what = "npm packages are installed (about 700 MB)";
    npm_ci(&root(), what, run).await
}

/// Installs a version of Postgres, where it is not the one that [`npm_packages`] brings.
pub async fn postgres(major: Major, run: &Run) -> Result<()> {
    let what = format!("Postgres {} is installed (about 60 MB)", major.number());
    npm_ci(&major.npm_folder(), &what, run).await
}

/// Installs what a folder's lock file says, unless it is there.
async fn npm_ci(folder: &Path, what: &str, run: &Run) -> Result<()> {
    let hash = file_hash(&folder.join("package-lock.json"))?;
    let stamp = folder.join(NPM_STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == hash) {
        return Ok(());
    }
    let repair = "npm must reach its registry: `npm ping`, and look at proxy settings in ~/.npmrc";
    let work = async {
        let _one_at_a_time = lock_file(&root().join(".dev/npm.lock")).await?;
        // No package's script has to run: we name the programs that one would fetch or link.
        let options = "ci --ignore-scripts --no-audit --no-fund --include=dev --include=optional";
        let mut npm = command("npm", options.split(' '));
        npm.current_dir(folder);
        run.finish("npm", npm).await?;
        Ok(fs::write(&stamp, &hash)?)
    };
    run.step("npm", what, repair, work).await
}

/// Installs what the functions are built with, and returns where it is.
pub async fn wasm_tools(run: &Run) -> Result<Tools> {
    let bindgen = locked_version("wasm-bindgen")?;
    // Without `--locked`: a mirror of crates.io may lack the newest version of a dependency
    // that a tool's lock file names, and the tool's own version is what has to fit.
    let worker_build = install(run, "worker-build", WORKER_BUILD, &[]).await?;
    let wasm_bindgen = install(run, "wasm-bindgen-cli", &bindgen, &[]).await?;
    Ok(Tools {
        worker_build: worker_build.join("worker-build"),
        vars: [
            ("WASM_BINDGEN_BIN", wasm_bindgen.join("wasm-bindgen")),
            ("WASM_OPT_BIN", root().join("node_modules/.bin/wasm-opt")),
            ("ESBUILD_BIN", root().join("node_modules/.bin/esbuild")),
        ],
    })
}

/// Installs a crate's programs into the tool cache, once a version, and returns the folder with them.
pub async fn install(run: &Run, name: &str, version: &str, options: &[&str]) -> Result<PathBuf> {
    let cache = tool_cache()?;
    let place = cache.join(format!("{name}-{version}"));
    let bin = place.join("bin");
    // Our own mark, as cargo leaves its `.crates.toml` after a failed installation too.
    let done = place.join(".installed");
    if done.is_file() {
        return Ok(bin);
    }
    let what = format!("{name} {version} is built from crates.io (some minutes, once)");
    let repair = "cargo must reach crates.io; then run again";
    let work = async {
        let _one_at_a_time = lock_file(&cache.join(format!("{name}.lock"))).await?;
        if done.is_file() {
            return Ok(());
        }
        let mut cargo = command("cargo", ["install", name, "--version", version]);
        cargo
            .args(options)
            .arg("--root")
            .arg(&place)
            .current_dir(&cache);
        run.finish(name, cargo).await?;
        Ok(fs::write(&done, "")?)
    };
    run.step(name, &what, repair, work).await?;
    Ok(bin)
}

/// The version of a crate in Cargo.lock.
fn locked_version(name: &str) -> Result<String> {
    let text = fs::read_to_string(root().join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let lock: toml::Table = text.parse().context("Cargo.lock is not TOML")?;
    let packages = lock["package"].as_array().into_iter().flatten();
    let mut found = packages.filter(|package| package["name"].as_str() == Some(name));
    let version = found.next().and_then(|package| package["version"].as_str());
    Ok(version
        .with_context(|| format!("Cargo.lock has no {name}"))?
        .to_owned())
}

/// Fails without npm and a Node that the stack's parts run on.
async fn need_node() -> Result<()> {
    let manifest: Value = serde_json::from_slice(&fs::read(root().join("package.json"))?)?;
    let oldest = manifest["engines"]["node"].as_str();
    let oldest = oldest.and_then(|engine| engine.strip_prefix(">="));
    let oldest = oldest.context("package.json names the oldest Node")?;
    if let Some(program) = ["node", "npm"]
        .iter()
        .find(|name| find_program(name).is_none())
    {
        bail!(
            "{program} is not installed: the stack needs Node {oldest} or later (https://nodejs.org)"
        );
    }
    let output = command("node", ["--version"]).output().await?;
    let version = String::from_utf8_lossy(&output.stdout);
    let version = version.trim();
    ensure!(
        numbers(version.trim_start_matches('v')) >= numbers(oldest),
        "Node {oldest} or later is needed, and `node --version` says {version:?}"
    );
    Ok(())
}

/// A version as something that can be compared.
fn numbers(version: &str) -> Vec<u32> {
    let numbers = version.split('.').filter_map(|number| number.parse().ok());
    numbers.collect()
}

/// Held until dropped. Waits for other runs in a way that Ctrl-C can interrupt.
pub async fn lock_file(path: &Path) -> Result<File> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(50)).await,
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
    }
}
