//! `--supabase-url`: a Supabase that runs already, in place of the embedded stack.

use anyhow::{Context, Result};

use crate::cli::DevArgs;
use crate::env_file::Vars;

/// The lines of stack.env, from flags and environment.
pub fn vars(url: &str, args: &DevArgs) -> Result<Vars> {
    let url = url.trim_end_matches('/');
    let need = |value: &Option<String>, flag: &str, variable: &str| {
        value.clone().filter(|value| !value.is_empty()).with_context(|| {
            format!(
                "--supabase-url needs {flag} or the variable {variable}; \
                 `supabase status` shows it for a local one, the dashboard's API settings for a hosted one"
            )
        })
    };
    let mut vars = Vars::from([
        ("SUPABASE_URL".to_owned(), url.to_owned()),
        ("REST_URL".to_owned(), format!("{url}/rest/v1")),
        (
            "SUPABASE_ANON_KEY".to_owned(),
            need(&args.anon_key, "--anon-key", "SUPABASE_ANON_KEY")?,
        ),
    ]);
    // The first two are optional for the functions, and the others are no business of theirs: they
    // are there for `token` and for a person's own scripts.
    for (name, value) in [
        ("SUPABASE_JWT_SECRET", &args.jwt_secret),
        ("SUPABASE_JWT_ISSUER", &args.jwt_issuer),
        ("DATABASE_URL", &args.database_url),
        ("SUPABASE_SERVICE_ROLE_KEY", &args.service_role_key),
    ] {
        if let Some(value) = value {
            vars.insert(name.to_owned(), value.clone());
        }
    }
    Ok(vars)
}
