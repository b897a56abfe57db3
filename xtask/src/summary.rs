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

/// The lines, aligned: a part each.
pub async fn lines(edge: &str, vars: &Vars, demo: &str, without_realtime: bool) -> String {
    let under = |path: &str| format!("{}{path}", vars["SUPABASE_URL"]);
    // Only the embedded stack's API gateway has a log here.
    let embedded = vars.contains_key("API_LOG");
    let api = version(&format!("{edge}/health"), vars).await;
    let (auth, storage) = match embedded {
        true => (lite(), lite()),
        false => (version(&under("/auth/v1/health"), vars).await, unknown()),
    };
    let (database, rest) = database(vars).await;
    let realtime = match (embedded, without_realtime) {
        (false, _) => under("/realtime/v1"),
        (true, false) => format!(
            "{}: a stand-in, for development only",
            under("/realtime/v1")
        ),
        (true, true) => {
            "none (--without-realtime): clients see new messages when they ask".to_owned()
        }
    };
    let origins = vars["CORS_ALLOWED_ORIGINS"].replace(',', " ");
    let rows = [
        ("API", api, edge.to_owned()),
        ("Supabase", unknown(), under("")),
        ("Auth", auth, under("/auth/v1")),
        ("REST", rest, under("/rest/v1")),
        ("Storage", storage, under("/storage/v1")),
        ("Realtime", unknown(), realtime),
        ("Postgres", database, place(vars)),
        ("demo", unknown(), demo.to_owned()),
        ("pages of", unknown(), origins),
    ];
    let width = rows.iter().map(|row| row.1.len()).max().unwrap_or_default();
    rows.map(|(part, version, at)| format!("  {part:<9} {version:<width$}  {at}\n"))
        .concat()
}

fn unknown() -> String {
    String::new()
}

/// The member `version` of an answer.
async fn version(url: &str, vars: &Vars) -> String {
    let key = &vars["SUPABASE_PUBLISHABLE_KEY"];
    let answer = http::json(Method::GET, url, key, None, Vec::new()).await;
    let body: Value = answer
        .ok()
        .and_then(|(_, body)| serde_json::from_slice(&body).ok())
        .unwrap_or_default();
    // The embedded Auth of another checkout has a token in its place.
    let version = body["version"].as_str().filter(|text| text.len() < 30);
    version.unwrap_or_default().to_owned()
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
    format!("{NAME} {}", package["version"].as_str().unwrap_or_default())
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
