//! The pinned schemathesis: the one in PATH, or one that is installed for this checkout.

use std::path::{Path, PathBuf};
use std::process::Command;

use harness::root;

/// What is installed, with its version and those of its dependencies.
const REQUIREMENTS: &str = include_str!("requirements.txt");

/// The program.
///
/// # Errors
/// Why there is none.
pub fn find() -> Result<PathBuf, String> {
    let in_path = PathBuf::from("schemathesis");
    if is_pinned(&in_path) {
        return Ok(in_path);
    }
    let venv = root().join(".dev/schemathesis");
    let program = venv.join("bin/schemathesis");
    if !is_pinned(&program) {
        install(&venv)?;
    }
    Ok(program)
}

fn is_pinned(program: &Path) -> bool {
    let pinned = REQUIREMENTS
        .lines()
        .find_map(|line| line.strip_prefix("schemathesis=="));
    let told = Command::new(program).arg("--version").output();
    let told = told.map(|told| String::from_utf8_lossy(&told.stdout).into_owned());
    told.is_ok_and(|told| told.split_whitespace().last() == pinned)
}

fn install(venv: &Path) -> Result<(), String> {
    println!("installing schemathesis (tests/schemathesis/requirements.txt)");
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(venv))?;
    let mut pip = Command::new(venv.join("bin/pip"));
    pip.args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ]);
    run(pip.arg(root().join("tests/schemathesis/requirements.txt")))
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        // Where Debian's package `python3-venv` is missing, Python says so on stdout.
        Ok(output) => {
            let (said, more) = (output.stdout, output.stderr);
            let said = [said, more].map(|said| String::from_utf8_lossy(&said).into_owned());
            Err(format!(
                "{name}: {}: {}",
                output.status,
                said.concat().trim()
            ))
        }
        Err(error) => Err(format!("{name}: {error}")),
    }
}
