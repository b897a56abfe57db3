//! `--supabase-url`: a Supabase that runs already, in place of the embedded stack.

use anyhow::{Context, Result, bail, ensure};
use axum::http::{Method, StatusCode, Uri};

use crate::cli::DevArgs;
use crate::env_file::{self, Vars};
use crate::stack::postgres;
use crate::{http, paths, supabase_status};

/// Whether the role may look up a user. This tool does nothing else in that database.
const MAY_READ_USERS: &str = "
    select current_user::text, count(*) > 0,
        coalesce(bool_and(has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')), false)
    from pg_catalog.pg_namespace n join pg_catalog.pg_class c on c.relnamespace = n.oid
    where n.nspname = 'auth' and c.relname = 'users'";

/// The lines of stack.env, from flags and environment. Without a key, the official CLI is asked for what is missing.
pub async fn vars(url: &str, args: &DevArgs) -> Result<Vars> {
    const NEEDED: &str = "--supabase-url needs --publishable-key or the variable SUPABASE_PUBLISHABLE_KEY; \
        `supabase status` shows it for a local one, the dashboard's API settings for a hosted one";
    let url = project_url(url)?;
    let told = match args.key.key() {
        None if supabase_status::is_local(url) => supabase_status::of(url).await.context(NEEDED)?,
        _ => Vars::new(),
    };
    let tells = |name: &str| told.get(name).filter(|value| !value.is_empty()).cloned();
    let key = args.key.key();
    let key = key
        .or_else(|| tells("PUBLISHABLE_KEY"))
        .or_else(|| tells("ANON_KEY"));
    // Its tokens name the URL that it tells, also where another name of this machine is given.
    let issuer = || Some(format!("{}/auth/v1", tells("API_URL")?));
    let vars = [
        ("SUPABASE_URL", Some(url.to_owned())),
        ("SUPABASE_PUBLISHABLE_KEY", Some(key.context(NEEDED)?)),
        // Optional for the functions.
        (
            "SUPABASE_JWT_SECRET",
            args.jwt_secret.clone().or_else(|| tells("JWT_SECRET")),
        ),
        (
            "SUPABASE_JWT_ISSUER",
            args.jwt_issuer.clone().or_else(issuer),
        ),
        // No function gets it: it is for `token` and `befriend`.
        (
            "DATABASE_URL",
            args.database_url.clone().or_else(|| tells("DB_URL")),
        ),
        ("CORS_ALLOWED_ORIGINS", Some(args.origins.join(","))),
    ];
    let given = vars.into_iter();
    Ok(given
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect())
}

/// The variables of the running dev stack, of which none goes with another Supabase that is named.
pub fn dev_stack(other_is_named: bool) -> Result<Vars> {
    match other_is_named {
        true => Ok(Vars::new()),
        false => env_file::read(&paths::dev_state().join("stack.env")),
    }
}

/// The variables of the running dev stack, without which a command cannot work.
pub fn running() -> Result<Vars> {
    let vars = dev_stack(false)?;
    ensure!(
        !vars.is_empty(),
        "there is no .dev/stack.env: start the stack with `cargo xtask dev`"
    );
    Ok(vars)
}

/// The URL of a project, without a slash at its end.
pub fn project_url(given: &str) -> Result<&str> {
    let url = given.trim_end_matches('/');
    let uri: Option<Uri> = url.parse().ok();
    ensure!(
        uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https"))),
        "--supabase-url takes a project's URL, such as https://<ref>.supabase.co or http://127.0.0.1:54321"
    );
    Ok(url)
}

/// Fails unless the Supabase of these variables answers, and its database where that is named.
pub async fn check(vars: &Vars) -> Result<()> {
    check_project(&vars["SUPABASE_URL"], &vars["SUPABASE_PUBLISHABLE_KEY"]).await?;
    if let Some(database) = vars.get("DATABASE_URL") {
        users_of(database)
            .await
            .context("DATABASE_URL or --database-url is not right")?;
    }
    Ok(())
}

/// Fails unless a Supabase answers there, and takes the key.
pub async fn check_project(url: &str, key: &str) -> Result<()> {
    let health = format!("{url}/auth/v1/health");
    let answer = http::json(Method::GET, &health, key, None, Vec::new()).await;
    let (status, body) = answer.with_context(|| format!("{url} does not answer"))?;
    let is_json = serde_json::from_slice::<serde_json::Value>(&body).is_ok();
    match status {
        StatusCode::OK if is_json => {}
        StatusCode::UNAUTHORIZED => bail!("{url} refuses the publishable key"),
        _ => bail!("there is no Supabase at {url}: /auth/v1/health answers {status}"),
    }
    Ok(())
}

/// A connection to a project's database, in which users can be looked up.
pub async fn users_of(database_url: &str) -> Result<tokio_postgres::Client> {
    let client = postgres::connect(database_url).await?;
    let row = client.query_one(MAY_READ_USERS, &[]).await?;
    let (role, is_there, may_read): (String, bool, bool) = (row.get(0), row.get(1), row.get(2));
    ensure!(
        is_there,
        "that database has no table auth.users, so it is not a Supabase project's"
    );
    ensure!(
        may_read,
        "the role {role} may not read auth.users: name the role postgres in the connection string"
    );
    Ok(client)
}
