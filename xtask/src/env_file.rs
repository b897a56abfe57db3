//! `KEY=VALUE` files: stack.env, the kept secrets, and wrangler's .dev.vars.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::paths::write_private;

/// The variables of one file.
pub type Vars = BTreeMap<String, String>;

/// Reads a file of `KEY=VALUE` lines; empty lines and `#` comments are skipped.
pub fn parse(text: &str) -> Vars {
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

/// Renders one variable a line, under a head comment.
pub fn render(head: &str, vars: &Vars) -> Result<String> {
    let mut text = format!("# {head}\n");
    for (key, value) in vars {
        if value.contains(['\n', '\r']) {
            bail!("{key} holds a line break, which an env file cannot carry");
        }
        text.push_str(&format!("{key}={value}\n"));
    }
    Ok(text)
}

/// Writes a file that only its owner may read: it holds keys.
pub fn write(path: &Path, head: &str, vars: &Vars) -> Result<()> {
    write_private(path, &render(head, vars)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_without_comments_and_blank_lines() {
        let vars = [("A", "1=2"), ("B", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let text = render("made by a test", &Vars::from(vars.clone())).unwrap();
        assert_eq!(
            parse(&format!("\n{text}\nno equals sign\n")),
            Vars::from(vars)
        );
    }

    #[test]
    fn a_line_break_in_a_value_is_refused() {
        let vars = Vars::from([("A".to_owned(), "1\nB=2".to_owned())]);
        assert!(render("made by a test", &vars).is_err());
    }
}
