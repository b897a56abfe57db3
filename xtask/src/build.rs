//! `cargo xtask build`: one cargo build for all functions, then worker-build for each that changed.

pub mod functions;
pub mod tools;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::try_join_all;
use rustix::process::{Pid, test_kill_process};

use crate::paths::{dev_state, file_hash, root};
use crate::run::{Run, command};
use crate::supervisor;
use functions::Function;
use tools::{Tools, lock_file};

/// The most that a module may have, gzipped, in bytes.
const MAX_GZIPPED: usize = 350 * 1024;

const CARGO_ARGS: &str = "build --lib --release --target wasm32-unknown-unknown";

/// `cargo xtask build [function...]`
pub async fn run(names: &[String]) -> Result<()> {
    let all = functions::all()?;
    let named = names
        .iter()
        .map(|name| Ok(functions::find(&all, name)?.clone()));
    let named = named.collect::<Result<Vec<_>>>()?;
    let functions = if names.is_empty() { all } else { named };
    let state = own_state()?;
    let run = Run::new(&state)?;
    let work = async {
        tools::npm_packages(&run).await?;
        build(&functions, &run).await
    };
    let done = supervisor::until_stopped(&run, work).await;
    if done.is_ok() {
        let _ = fs::remove_dir_all(&state);
        print!("{}", size_table(&sizes(&functions)?));
    }
    done
}

/// A folder for the logs of this build, as wrangler runs several at once. Removes the folders of builds that
/// have ended.
fn own_state() -> Result<PathBuf> {
    let all = dev_state().join("build");
    fs::create_dir_all(&all)?;
    for entry in fs::read_dir(&all)? {
        let dir = entry?.path();
        let pid = dir.file_name().and_then(|name| name.to_str()?.parse().ok());
        let pid = pid.and_then(Pid::from_raw);
        if pid.is_some_and(|pid| test_kill_process(pid).is_err()) {
            // A build that starts at the same time may be removing it too.
            let _ = fs::remove_dir_all(&dir);
        }
    }
    Ok(all.join(std::process::id().to_string()))
}

/// Builds what changed.
pub async fn build(functions: &[Function], run: &Run) -> Result<()> {
    copy_documents()?;
    let tools = tools::wasm_tools(run).await?;
    let packages = packages(functions)?;
    let repair =
        "correct the code; `cargo build --target wasm32-unknown-unknown` shows the same in colour";
    let work = async {
        let mut cargo = command("cargo", CARGO_ARGS.split(' '));
        cargo.args(&packages).current_dir(root());
        use_js_sys(&mut cargo);
        run.finish("cargo", cargo).await
    };
    let what = "the functions compile to wasm";
    run.step("cargo", what, repair, work).await?;
    // Optimising takes one core for seconds, and machines have several.
    let bundles = functions
        .iter()
        .map(|function| bundle(function, &packages, &tools, run));
    try_join_all(bundles).await?;
    check_sizes(&sizes(functions)?)
}

/// Puts what the gateway serves beside its page.
fn copy_documents() -> Result<()> {
    for (from, name) in [
        ("openapi.json", "openapi.json"),
        ("asyncapi.json", "asyncapi.json"),
        ("llms.txt", "llms.txt"),
        (
            "node_modules/swagger-ui-dist/swagger-ui.css",
            "swagger-ui.css",
        ),
        (
            "node_modules/swagger-ui-dist/swagger-ui-bundle.js",
            "swagger-ui.js",
        ),
    ] {
        let content = fs::read(root().join(from)).with_context(|| format!("cannot read {from}"))?;
        let to = root().join("functions/gateway/assets").join(name);
        // `wrangler dev` restarts when a file changes.
        if fs::read(&to).ok().as_ref() != Some(&content) {
            fs::write(to, content)?;
        }
    }
    Ok(())
}

/// Cloudflare allows more; this keeps a cold start short and tells when a dependency has grown.
fn check_sizes(sizes: &[(String, usize, usize)]) -> Result<()> {
    for (name, _, gzipped) in sizes {
        if *gzipped > MAX_GZIPPED {
            bail!(
                "{name} has {gzipped} bytes gzipped, and {MAX_GZIPPED} are allowed: \
                 `cargo tree -p {name} --target wasm32-unknown-unknown` shows what is in it"
            );
        }
    }
    Ok(())
}

/// Runs worker-build unless what it would read is what it read last time.
async fn bundle(function: &Function, packages: &[String], tools: &Tools, run: &Run) -> Result<()> {
    let build_dir = function.build_dir();
    let _one_at_a_time =
        lock_file(&dev_state().join(format!("build/{}.lock", function.name))).await?;
    let stamp_file = build_dir.join(".stamp");
    let stamp = stamp(function, tools)?;
    let made_from = fs::read_to_string(&stamp_file).unwrap_or_default();
    if made_from == stamp && module(function).is_file() && build_dir.join("index.js").is_file() {
        return Ok(());
    }
    let name = format!("wasm-{}", function.name);
    let repair = "remove its build folder and run again";
    let work = async {
        let mut worker_build = command(&tools.worker_build, ["--release", "."]);
        // Its own `cargo build` gets the same packages, so that it finds all of them compiled: a
        // smaller set may give shared crates other features.
        worker_build.args(packages).current_dir(&function.dir);
        for (variable, program) in &tools.vars {
            worker_build.env(variable, program);
        }
        use_js_sys(&mut worker_build);
        run.finish(&name, worker_build).await?;
        Ok(fs::write(&stamp_file, &stamp)?)
    };
    let what = format!("{} is optimised and bundled", function.name);
    run.step(&name, &what, repair, work).await
}

/// worker-build sets it, and a macro of wasm-bindgen reads it behind cargo's back: both cargo
/// runs must agree.
fn use_js_sys(command: &mut tokio::process::Command) {
    command.env("WASM_BINDGEN_USE_JS_SYS", "1");
}

/// All functions, even if only some are wanted: a smaller set may give shared crates other features.
fn packages(wanted: &[Function]) -> Result<Vec<String>> {
    let all = functions::all()?;
    let names: BTreeSet<&str> = all.iter().chain(wanted).map(|f| f.name.as_str()).collect();
    let packages = names.into_iter().flat_map(|name| ["--package", name]);
    Ok(packages.map(str::to_owned).collect())
}

/// Changes with cargo's output and with the tools.
fn stamp(function: &Function, tools: &Tools) -> Result<String> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let wasm = target
        .join("wasm32-unknown-unknown/release")
        .join(format!("{}.wasm", function.name.replace('-', "_")));
    let lock = file_hash(&root().join("package-lock.json"))?;
    let tools = [&tools.worker_build, &tools.vars[0].1].map(|tool| tool.to_string_lossy());
    Ok([&file_hash(&wasm)?, &*tools[0], &*tools[1], &lock].join("\n"))
}

/// Where the module of a built function is.
pub fn module(function: &Function) -> PathBuf {
    function.build_dir().join("index_bg.wasm")
}

/// Name, raw bytes, gzipped bytes of each module.
pub fn sizes(functions: &[Function]) -> Result<Vec<(String, usize, usize)>> {
    let sizes = functions.iter().map(|function| {
        let file = module(function);
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&bytes)?;
        Ok((function.name.clone(), bytes.len(), gzip.finish()?.len()))
    });
    sizes.collect()
}

/// One line a module, in KB of 1024 bytes.
fn size_table(sizes: &[(String, usize, usize)]) -> String {
    let kb = |bytes: usize| bytes as f64 / 1024.0;
    let mut table = format!("{:<12} {:>10} {:>10}\n", "module", "raw", "gzipped");
    for (name, raw, gzipped) in sizes {
        let (raw, gzipped) = (kb(*raw), kb(*gzipped));
        table += &format!("{name:<12} {raw:>7.1} KB {gzipped:>7.1} KB\n");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_over_the_limit_is_refused() {
        let of = |gzipped| check_sizes(&[("chats".to_owned(), 1, gzipped)]);
        assert!(of(MAX_GZIPPED).is_ok());
        assert!(of(MAX_GZIPPED + 1).is_err());
    }

    #[test]
    fn sizes_are_lined_up_in_kilobytes() {
        let sizes = [("chats".to_owned(), 1024 * 1024, 1536)];
        assert_eq!(
            size_table(&sizes),
            "module              raw    gzipped\nchats         1024.0 KB     1.5 KB\n"
        );
    }
}
