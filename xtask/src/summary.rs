//! What `cargo xtask dev` prints when it is ready: each part, its version, and where it is.

use std::fs;

use axum::http::Method;
use serde_json::Value;

use crate::env_file::Vars;
use crate::stack::postgres;
use crate::{http, paths};

/// PostgREST tells Postgres its version with each connection.
const VERSIONS: &str = "
    select split_part(current_setting('server_version'), ' ', 1), (
        select split_part(application_name, ' ', 2) from pg_catalog.pg_stat_activity
        where application_name like 'PostgREST %' limit 1
    )";
const UNKNOWN: &str = "";

/// The lines, aligned.
pub async fn lines(edge: &str, vars: &Vars) -> String {
    let url = &vars["SUPABASE_URL"];
    // Only the stack's own API gateway has a log here.
    let embedded = vars.contains_key("API_LOG");
    let (auth, storage) = match embedded {
        true => (lite(), lite()),
        false => (
            version(&format!("{url}/auth/v1/health"), vars).await,
            UNKNOWN.to_owned(),
        ),
    };
    let (database, rest) = database(vars).await;
    let realtime = match embedded {
        // The line of the stand-in.
        true => ("none", "clients see new messages when they ask".to_owned()),
        false => (UNKNOWN, format!("{url}/realtime/v1")),
    };
    let rows = [
        (
            "API",
            version(&format!("{edge}/health"), vars).await,
            edge.to_owned(),
        ),
        ("Supabase", UNKNOWN.to_owned(), url.clone()),
        ("Auth", auth, format!("{url}/auth/v1")),
        ("REST", rest, format!("{url}/rest/v1")),
        ("Storage", storage, format!("{url}/storage/v1")),
        ("Realtime", realtime.0.to_owned(), realtime.1),
        ("Postgres", database, place(vars)),
        (
            "pages of",
            UNKNOWN.to_owned(),
            vars["CORS_ALLOWED_ORIGINS"].replace(',', " "),
        ),
    ];
    let width = rows
        .iter()
        .map(|(_, version, _)| version.len())
        .max()
        .unwrap_or_default();
    let line = |(part, version, at): (&str, String, String)| {
        format!("  {part:<9} {version:<width$}  {at}\n")
    };
    rows.map(line).concat()
}

/// The member `version` of an answer.
async fn version(url: &str, vars: &Vars) -> String {
    let key = &vars["SUPABASE_PUBLISHABLE_KEY"];
    let answer = http::json(Method::GET, url, key, None, Vec::new()).await;
    let body: Value = answer
        .ok()
        .and_then(|(_, body)| serde_json::from_slice(&body).ok())
        .unwrap_or_default();
    body["version"].as_str().unwrap_or(UNKNOWN).to_owned()
}

/// The embedded Auth and Storage, whose own answers have no version of use.
fn lite() -> String {
    const NAME: &str = "@supabase/lite";
    let file = paths::root()
        .join("node_modules")
        .join(NAME)
        .join("package.json");
    let package: Value = fs::read(file)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    format!("{NAME} {}", package["version"].as_str().unwrap_or(UNKNOWN))
}

/// The versions of Postgres and PostgREST, as far as the database tells them.
async fn database(vars: &Vars) -> (String, String) {
    let ask = async || {
        let client = postgres::connect(vars.get("DATABASE_URL")?).await.ok()?;
        let row = client.query_one(VERSIONS, &[]).await.ok()?;
        Some((
            row.get(0),
            row.get::<_, Option<String>>(1).unwrap_or_default(),
        ))
    };
    ask().await.unwrap_or_default()
}

/// Where the database is, without its password.
fn place(vars: &Vars) -> String {
    match vars
        .get("DATABASE_URL")
        .and_then(|url| url.rsplit_once('@'))
    {
        Some((_, place)) => format!("{place} (DATABASE_URL in .dev/stack.env)"),
        None => "not named: --database-url, for `token <id>` and `befriend`".to_owned(),
    }
}
