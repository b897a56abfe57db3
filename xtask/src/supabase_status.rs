//! `supabase status`: what a Supabase that the official CLI has started says of itself.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use axum::http::Uri;
use tokio::process::Command;
use tokio::time::timeout;

use crate::env_file::Vars;
use crate::paths::root;
use crate::run::{command, find_program};

/// CLI 2 and 3 tell of their containers with the first; CLI 3 tells of a stack of its own, which may run without
/// Docker, with the second.
const QUESTIONS: [[&str; 3]; 2] = [["status", "-o", "env"], ["status", "--env", "--yes"]];
/// It inspects each container.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// What a person can do without it.
const REPAIR: &str = "start it with `npx supabase start`, or give --publishable-key";

/// What it says, if the URL is of this machine.
pub async fn of(url: &str) -> Result<Vars> {
    let programs = [
        find_program("supabase"),
        Some(root().join("node_modules/.bin/supabase")),
    ];
    let mut programs = programs
        .into_iter()
        .flatten()
        .filter(|file| file.is_file())
        .peekable();
    ensure!(
        programs.peek().is_some(),
        "the Supabase CLI is neither in PATH nor in node_modules (`npm ci` installs it)"
    );
    let mut first = None;
    for program in programs {
        for question in QUESTIONS {
            match ask(&program, &question).await {
                Ok(told) => return same(url, told),
                Err(error) => first = first.or(Some(error)),
            }
        }
    }
    Err(first.context("there is a question")?).context(REPAIR)
}

/// Whether a URL is of this machine: of others the CLI knows no keys.
pub fn is_local(url: &str) -> bool {
    port(url).is_some()
}

/// The port of a URL of this machine.
fn port(url: &str) -> Option<u16> {
    let uri: Uri = url.parse().ok()?;
    matches!(uri.host()?, "127.0.0.1" | "localhost" | "[::1]").then(|| uri.port_u16().unwrap_or(80))
}

async fn ask(program: &PathBuf, question: &[&str]) -> Result<Vars> {
    let mut cli: Command = command(program, question);
    // Whose supabase/config.toml names the containers.
    let work = cli
        .current_dir(root())
        .stdin(std::process::Stdio::null())
        .output();
    let shown = format!("`supabase {}`", question.join(" "));
    let output = timeout(ANSWER_TIME, work).await;
    let output = output.with_context(|| format!("{shown} does not end"))?;
    let output = output.with_context(|| format!("cannot run {}", program.display()))?;
    let told = parse(&String::from_utf8_lossy(&output.stdout));
    if !output.status.success() || !told.contains_key("API_URL") {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or("nothing");
        bail!("{shown} says: {said}");
    }
    Ok(told)
}

fn same(url: &str, told: Vars) -> Result<Vars> {
    ensure!(
        port(url) == port(&told["API_URL"]),
        "the Supabase CLI knows one at {}, and --supabase-url names {url}",
        told["API_URL"]
    );
    Ok(told)
}

/// Lines `NAME="value"`, as dotenv files have them.
fn parse(text: &str) -> Vars {
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines
        .filter(|(name, _)| {
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
        .map(|(name, value)| (name.to_owned(), unquoted(value.trim())))
        .collect()
}

fn unquoted(value: &str) -> String {
    let inner = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    let Some(inner) = inner('"') else {
        return inner('\'').unwrap_or(value).to_owned();
    };
    let mut plain = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        // `!`, `$`, quotes and the like come after a backslash.
        plain.extend(match character {
            '\\' => characters.next(),
            other => Some(other),
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes_are_taken_away() {
        let told = parse("A=\"b\\\"\\$\\\\c=\"\nB=54321\nC='d'\nStopped services: [a=b]\n\n");
        let expected = [("A", "b\"$\\c="), ("B", "54321"), ("C", "d")];
        assert_eq!(
            told,
            Vars::from(expected.map(|(name, value)| (name.to_owned(), value.to_owned())))
        );
    }

    #[test]
    fn only_urls_of_this_machine_are_local() {
        assert!(is_local("http://127.0.0.1:54321") && is_local("http://localhost:54321"));
        assert!(!is_local("https://localhost.evil.com") && !is_local("https://a.supabase.co"));
    }
}
