//! `cargo xtask token`: an access token, through Auth as a client gets it.

use anyhow::{Context, Result, bail};
use axum::http::Method;
use serde_json::{Value, json};

use crate::env_file::Vars;
use crate::{existing_supabase, http};

/// The password of every user that this tool or the seed makes.
pub const PASSWORD: &str = "password123";

/// `cargo xtask token <email or id>`
pub async fn run(who: &str) -> Result<()> {
    let vars = existing_supabase::running()?;
    let email = if who.contains('@') {
        who.to_owned()
    } else {
        email_of(&vars, who).await?
    };
    let token = match sign_in(&vars, &email).await {
        Ok(token) => token,
        Err(error) if error.is::<Refused>() => sign_up(&vars, &email).await.with_context(|| {
            format!("{email} could neither sign in nor be signed up; its password may not be `{PASSWORD}`")
        })?,
        Err(error) => return Err(error),
    };
    println!("{token}");
    Ok(())
}

/// Signs in with the development password.
pub async fn sign_in(vars: &Vars, email: &str) -> Result<String> {
    ask(vars, "token?grant_type=password", email).await
}

/// Makes an account with the development password.
pub async fn sign_up(vars: &Vars, email: &str) -> Result<String> {
    ask(vars, "signup", email).await
}

/// The user is unknown, or the password is another.
#[derive(Debug, thiserror::Error)]
#[error("Auth refuses: {0}")]
struct Refused(String);

async fn ask(vars: &Vars, endpoint: &str, email: &str) -> Result<String> {
    let need = |name: &str| vars.get(name).with_context(|| format!("{name} is missing"));
    let (url, key) = (need("SUPABASE_URL")?, need("SUPABASE_PUBLISHABLE_KEY")?);
    let url = format!("{url}/auth/v1/{endpoint}");
    let body = json!({ "email": email, "password": PASSWORD }).to_string();
    let answer = http::json(Method::POST, &url, key, None, body.into_bytes()).await;
    let (status, body) =
        answer.with_context(|| format!("Auth does not answer at {url}: is the stack running?"))?;
    let body: Value = serde_json::from_slice(&body)
        .with_context(|| format!("{url} answered {status} without JSON"))?;
    match body["access_token"].as_str() {
        Some(token) => Ok(token.to_owned()),
        None if status.is_client_error() => Err(Refused(reason(&body)).into()),
        None => bail!("Auth answered {status}: {}", reason(&body)),
    }
}

/// Auth gives its reason under one of several names.
fn reason(body: &Value) -> String {
    ["msg", "error_description", "message", "error"]
        .iter()
        .find_map(|name| body[*name].as_str())
        .unwrap_or("without a reason; the project may want e-mail addresses confirmed first")
        .to_owned()
}

async fn email_of(vars: &Vars, id: &str) -> Result<String> {
    let url = vars
        .get("DATABASE_URL")
        .context("a user's id is looked up in the database: start `dev` with --database-url, or give the e-mail address")?;
    let client = existing_supabase::users_of(url).await?;
    let sql = "select email from auth.users where id::text = lower($1)";
    let row = client.query_opt(sql, &[&id]).await?;
    let email: Option<String> = row.and_then(|row| row.get(0));
    email.with_context(|| format!("`{id}` is neither an e-mail address nor the id of a user"))
}
