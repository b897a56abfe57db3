//! Checks all that the functions logged in a run of the tests. Every line must have the one form, and no line may
//! hold a token, a secret, the text of a message, or a URL.

use std::collections::BTreeSet;

use serde::Deserialize;
use tokio_postgres::Config;

use crate::env::variable;
use crate::stack::Stack;

/// A JWT and a key begin with one of these, a URL has `://` after its scheme, and a signed one has its token.
const MARKS: [&str; 5] = ["eyJ", "sb_secret_", "sb_publishable_", "://", "token="];
/// Shorter texts, such as numbers and single words, are in lines for other reasons.
const SHORTEST_TEXT: usize = 10;

/// A line: every member that it may have, and its type.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "that a member is there, and of this type, is what is checked"
)]
struct Line {
    id: String,
    function: String,
    method: String,
    route: String,
    status: u16,
    code: Option<String>,
    detail: Option<String>,
    total_ms: u64,
    verify_ms: Option<u64>,
    token_cache: Option<String>,
    upstream_ms: Option<u64>,
    upstream_requests: u32,
    user: Option<String>,
    limiter_failed: Option<bool>,
    unsigned: Option<String>,
    refused_origin: Option<String>,
}

/// What must not be logged, beside what looks like a token or a URL.
#[derive(Debug)]
pub struct Hidden {
    /// Wherever it stands.
    secrets: Vec<String>,
    /// Messages, and the paths and names of attachments: looked for in the members that are not of a
    /// fixed form.
    texts: Vec<String>,
}

impl Hidden {
    /// The stack's secrets, the marker that tests put where no database keeps it, the texts of all
    /// messages in the database, and the paths and names of all files.
    ///
    /// # Panics
    /// When a variable is missing or Postgres does not answer.
    pub async fn of_stack() -> Self {
        let names = [
            "LOG_MARKER",
            "SUPABASE_PUBLISHABLE_KEY",
            "SUPABASE_JWT_SECRET",
            "SUPABASE_SERVICE_ROLE_KEY",
            "SIGNING_KEY_ES256",
            "SIGNING_KEY_RS256",
            "DATABASE_URL",
            "SWEEPER_PASSWORD",
        ];
        let mut secrets: Vec<_> = names.map(variable).into();
        let database: Config = variable("DATABASE_URL")
            .parse()
            .expect("a connection string");
        let password = database.get_password().expect("a password");
        secrets.push(String::from_utf8_lossy(password).into_owned());
        let sql = "select text from public.messages where text is not null
                   union select attachment_file_name from public.messages where attachment_file_name is not null
                   union select attachment_path from public.messages where attachment_path is not null
                   union select path from chat.uploads union select file_name from chat.uploads
                   union select name from storage.objects";
        let rows = Stack::sql_connection().await.query(sql, &[]).await;
        let rows = rows.expect("the texts");
        let mut texts: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        texts.retain(|text| text.chars().count() >= SHORTEST_TEXT);
        Self { secrets, texts }
    }

    /// How many texts, paths and names it knows.
    pub fn texts(&self) -> usize {
        self.texts.len()
    }
}

/// Whether lines of another form than the functions' own are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They are wrong: only the functions log.
    None,
    /// The runtime and panics log too, but no token and no secret.
    OfFaults,
}

/// The number of each wrong line, and what is wrong with it.
pub fn faults(log: &str, hidden: &Hidden, others: Others) -> Vec<(usize, String)> {
    let mut harmless = BTreeSet::new();
    let check = |(index, line): (usize, &str)| {
        let fault = if others == Others::OfFaults && !line.starts_with('{') {
            quoted(&without_runtimes_urls(line), hidden)?
        } else {
            fault(line, hidden, &mut harmless)?
        };
        Some((index + 1, fault))
    };
    log.lines().enumerate().filter_map(check).collect()
}

/// What workerd says of an exception, without the URLs that are its own: the place in a module, which ends a
/// line of a stack, and the page about a request that cannot be answered any more.
fn without_runtimes_urls(line: &str) -> String {
    const MODULE: &str = "wasm://wasm/";
    const PAGE: &str = "Refer to: https://developers.cloudflare.com/workers/observability/errors/";
    if line.starts_with("workerd/") {
        return line.replacen(PAGE, "", 1);
    }
    match line.split_once(MODULE) {
        Some((before, place)) if before.starts_with("    at ") && is_place(place) => {
            before.to_owned()
        }
        _ => line.to_owned(),
    }
}

/// Whether this is the hash of a module, a function's number and an offset: `1a2b:wasm-function[3]:0x4c`, in
/// brackets where the function has a name.
fn is_place(text: &str) -> bool {
    let hex = |text: &str| {
        !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let parts = || {
        let (module, rest) = text.split_once(":wasm-function[")?;
        let (function, offset) = rest.split_once("]:0x")?;
        let offset = offset.strip_suffix(')').unwrap_or(offset);
        Some(hex(module) && hex(function) && hex(offset))
    };
    parts().unwrap_or(false)
}

/// What must stand in no line.
fn quoted(line: &str, hidden: &Hidden) -> Option<String> {
    if let Some(mark) = MARKS.iter().find(|mark| line.contains(**mark)) {
        return Some(format!("`{mark}`, as of a token or a URL"));
    }
    if hidden.secrets.iter().any(|secret| line.contains(secret)) {
        return Some("a secret, or what a test marked as one".to_owned());
    }
    None
}

/// A line without the origin of a page that was refused, whose `://` is no URL's.
fn without_origin(line: &str) -> String {
    const BEGIN: &str = "\"refusedOrigin\":\"";
    const END: &str = " is not in CORS_ALLOWED_ORIGINS\"}";
    let origin = |text: &str| {
        let (scheme, host) = text.split_once("://")?;
        let plain = |text: &str, more: &str| {
            let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            text.bytes()
                .all(|byte| known(byte) || more.bytes().any(|of| of == byte))
        };
        (text.len() <= 280 && plain(scheme, "+-.") && plain(host, ".-_:[]")).then_some(())
    };
    match line.split_once(BEGIN) {
        Some((before, after)) if after.strip_suffix(END).and_then(origin).is_some() => {
            format!("{before}{BEGIN}an origin{END}")
        }
        _ => line.to_owned(),
    }
}

fn fault(line: &str, hidden: &Hidden, harmless: &mut BTreeSet<String>) -> Option<String> {
    if let Some(fault) = quoted(&without_origin(line), hidden) {
        return Some(fault);
    }
    let parsed: Line = match serde_json::from_str(line) {
        Ok(parsed) => parsed,
        Err(error) => return Some(format!("not a request's line: {error}")),
    };
    if let Err(fault) = check_form(&parsed) {
        return Some(fault.to_owned());
    }
    // Thousands of lines have one of a few details.
    let texts = [parsed.detail, parsed.unsigned, parsed.refused_origin];
    let detail = texts.into_iter().flatten();
    let detail = detail.collect::<Vec<_>>().join("\n");
    if !harmless.contains(&detail) {
        if hidden.texts.iter().any(|text| detail.contains(text)) {
            return Some("the text of a message, or the path or name of a file".to_owned());
        }
        harmless.insert(detail);
    }
    None
}

fn check_form(line: &Line) -> Result<(), &'static str> {
    let lower = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let code = line.code.as_deref().unwrap_or_default();
    if !lower(&line.function) || line.function.is_empty() || !lower(code) {
        return Err("a function or code that is no name");
    }
    let route = |byte: u8| byte.is_ascii_alphabetic() || b"/:".contains(&byte);
    if !line.route.bytes().all(route) {
        return Err("a route that is no pattern");
    }
    let hash =
        |user: &String| user.len() == 16 && user.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !line.user.as_ref().is_none_or(hash) {
        return Err("a user that is no hash");
    }
    let visible =
        |text: &str, max| text.len() <= max && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !visible(&line.id, 128) || !visible(&line.method, 32) || line.id.is_empty() {
        return Err("an id or a method of another form");
    }
    if !matches!(line.token_cache.as_deref(), None | Some("hit" | "miss")) {
        return Err("a token that is neither hit nor miss");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"id":"r-1","function":"chats","method":"GET","route":"/chats/:id","status":503,"code":"unavailable","detail":"nobody there","totalMs":1,"verifyMs":1,"tokenCache":"hit","upstreamMs":1,"upstreamRequests":1,"user":"fd669bb9081999dd","limiterFailed":true,"unsigned":"no Storage"}"#;

    fn found(log: &str) -> usize {
        found_among(log, Others::None)
    }

    fn found_among(log: &str, others: Others) -> usize {
        let hidden = Hidden {
            secrets: vec!["s3cret".to_owned()],
            texts: vec!["Hello there".to_owned(), "a/b/c/photo.jpg".to_owned()],
        };
        faults(log, &hidden, others).len()
    }

    #[test]
    fn a_line_with_all_members_or_the_necessary_ones_is_right() {
        let short = r#"{"id":"r-1","function":"gateway","method":"GET","route":"","status":200,"totalMs":1,"upstreamRequests":0}"#;
        assert_eq!(found(&format!("{GOOD}\n{short}\n")), 0);
    }

    #[test]
    fn the_origin_of_a_refused_page_is_right_and_nothing_else_in_its_place() {
        let line = |refused: &str| {
            let member =
                format!(",\"refusedOrigin\":\"{refused} is not in CORS_ALLOWED_ORIGINS\"}}");
            GOOD.strip_suffix('}').unwrap().to_owned() + &member
        };
        for right in [
            "https://else.example:8443",
            "http://[::1]:1",
            "null",
            "another origin",
        ] {
            assert_eq!(found(&line(right)), 0, "{right}");
        }
        for wrong in [
            "https://else.example/path",
            "https://else.example?token=x",
            "https://eyJhbGciOi.example",
            "https://else.example, https://else.example",
            "Hello there",
        ] {
            assert_eq!(found(&line(wrong)), 1, "{wrong}");
        }
        let elsewhere = GOOD.replace("nobody", "https://else.example");
        assert_eq!(found(&elsewhere), 1);
    }

    #[test]
    fn each_thing_that_must_not_be_logged_is_found() {
        for (from, to) in [
            ("nobody", "eyJhbGciOiJIUzI1NiJ9"),
            ("r-1", "s3cret"),
            ("nobody", "https://project.supabase.co/"),
            ("nobody", "/object/sign/a?token=x"),
            ("nobody", "to 'Hello there' of"),
            ("nobody", "Invalid key: a/b/c/photo.jpg"),
            ("no Storage", "a/b/c/photo.jpg"),
            ("/chats/:id", "/chats/0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d"),
            ("fd669bb9081999dd", "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d"),
            ("unavailable", "What Alice said"),
            ("\"status\":503,", ""),
            ("\"totalMs\":1,", ""),
            ("\"status\"", "\"text\":\"x\",\"status\""),
            ("{", "debug: {"),
        ] {
            let line = GOOD.replacen(from, to, 1);
            assert_eq!(found(&format!("{GOOD}\n{line}")), 1, "{line}");
        }
    }

    #[test]
    fn what_the_runtime_says_of_an_exception_is_right_and_no_url_beside_it() {
        let page = "https://developers.cloudflare.com/workers/observability/errors/";
        let hung = format!("workerd/server/server.c++:1: error: it hung. Refer to: {page}");
        let right = [
            "Critical RuntimeError: unreachable",
            "    at wasm://wasm/002a7892:wasm-function[263]:0x6cf79",
            "    at <unknown> externref shim (wasm://wasm/002a7892:wasm-function[712]:0x96eea)",
            "    at ue (index.js:6:15947)",
            &hung,
        ];
        for line in right {
            assert_eq!(found_among(line, Others::OfFaults), 0, "{line}");
        }
        let wrong = [
            "    at f (https://project.supabase.co/storage/v1/object/sign/a?token=eyJhbGciOi)",
            "    at wasm://wasm/002a7892:wasm-function[263]:0x6cf79 https://project.supabase.co/",
            "    at https://x.co/ (wasm://wasm/002a7892:wasm-function[263]:0x6cf79)",
            "    at wasm://wasm/eyJhbGciOi:wasm-function[263]:0x6cf79",
            "fetched wasm://wasm/002a7892:wasm-function[263]:0x6cf79",
            &format!("{hung}?token=x"),
            &format!("{hung} of https://project.supabase.co/"),
            &format!("Refer to: {page}"),
            "workerd/server/server.c++:1: error: fetch of https://project.supabase.co/ failed",
        ];
        for line in wrong {
            assert_eq!(found_among(line, Others::OfFaults), 1, "{line}");
        }
        assert_eq!(found(&hung), 1);
    }

    #[test]
    fn after_the_tests_of_faults_other_lines_are_searched_too() {
        let others = "panicked at lib.rs:1:2\nhttp://127.0.0.1\ns3cret";
        let log = format!("{GOOD}\n{others}\n{}", GOOD.replace("nobody", "eyJ"));
        assert_eq!(found_among(&log, Others::OfFaults), 3);
    }
}
