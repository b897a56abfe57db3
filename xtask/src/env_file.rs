//! `KEY=VALUE` files: stack.env, the kept secrets, and wrangler's .dev.vars.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::paths::write_private;

/// The variables of one file.
pub type Vars = BTreeMap<String, String>;

/// Reads a file of `KEY=VALUE` lines; empty lines and `#` comments are skipped.
fn parse(text: &str) -> Vars {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim().to_owned(), value.to_owned()))
        .collect()
}

/// Reads a file that may not be there.
pub fn read(path: &Path) -> Result<Vars> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(parse(&text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vars::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Writes one variable a line, under a head comment, into a file that only its owner may read: it holds keys.
pub fn write(path: &Path, head: &str, vars: &Vars) -> Result<()> {
    let mut text = format!("# {head}\n");
    for (key, value) in vars {
        if value.contains(['\n', '\r']) {
            bail!("{key} holds a line break, which an env file cannot carry");
        }
        text.push_str(&format!("{key}={value}\n"));
    }
    write_private(path, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written_and_read(value: &str) -> Result<Vars> {
        let file = tempfile::NamedTempFile::new()?;
        let vars = [("A", value), ("B", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        write(file.path(), "made by a test", &Vars::from(vars))?;
        read(file.path())
    }

    #[test]
    fn what_is_written_is_read_back() {
        let vars = written_and_read("1=2").unwrap();
        assert_eq!(
            vars,
            parse("\n# made by a test\nA=1=2\nB=\nno equals sign\n")
        );
        assert_eq!([&*vars["A"], &*vars["B"]], ["1=2", ""]);
    }

    #[test]
    fn a_line_break_in_a_value_is_refused() {
        assert!(written_and_read("1\nB=2").is_err());
    }
}
