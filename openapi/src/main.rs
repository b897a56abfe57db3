//! `cargo xtask openapi`: compares the documents with the code. With `--write` it writes them.

use std::fs;
use std::process::ExitCode;

use openapi::{files, root};

fn main() -> ExitCode {
    let write = std::env::args().any(|argument| argument == "--write");
    let mut old = false;
    for (name, text) in files() {
        let file = root().join(name);
        if fs::read_to_string(&file).is_ok_and(|found| found == text) {
            continue;
        }
        if !write {
            eprintln!("{name} differs from the code");
            old = true;
            continue;
        }
        if let Err(error) = fs::write(&file, text) {
            eprintln!("cannot write {}: {error}", file.display());
            return ExitCode::FAILURE;
        }
        println!("{name} is written");
    }
    if old {
        eprintln!("`cargo xtask openapi --write` writes the documents");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
