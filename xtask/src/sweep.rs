//! `cargo xtask sweep`: the scheduled sweep of the uploads function, run by hand and to its end.

use anyhow::{Context, Result, anyhow};
use axum::http::Method;
use shared::error::{ApiError, ErrorCode};
use shared::runtime::platform::Local;
use uploads::sweep::{Settings, Supabase, Swept, sweep};

use crate::cli::SweepArgs;
use crate::{existing_supabase, http};

/// `cargo xtask sweep [--apply]`
pub async fn run(args: SweepArgs) -> Result<()> {
    let stack = existing_supabase::dev_stack(args.supabase_url.is_some())?;
    let need = |given: Option<String>, name: &str, flag: &str| {
        let given = given.filter(|value| !value.is_empty());
        given
            .or_else(|| stack.get(name).cloned())
            .with_context(|| format!("{name} is missing: start `cargo xtask dev`, or give {flag}"))
    };
    let url = need(args.supabase_url, "SUPABASE_URL", "--supabase-url")?;
    let project = Project {
        url: existing_supabase::project_url(&url)?.to_owned(),
        key: need(
            args.key.key(),
            "SUPABASE_PUBLISHABLE_KEY",
            "--publishable-key",
        )?,
    };
    let settings = Settings {
        email: need(args.email, "SWEEPER_EMAIL", "--email")?,
        password: need(args.password, "SWEEPER_PASSWORD", "the variable")?,
        unattached_hours: args.unattached_hours,
        deleted_days: args.deleted_days,
        strays: true,
        apply: args.apply,
        pages: None,
    };
    existing_supabase::check_project(&project.url, &project.key).await?;
    let mut progress = |swept: &Swept| println!("  removed so far: {}", described(swept));
    let swept = sweep(&project, &settings, &mut progress).await;
    let swept = swept.map_err(|error| match error.code {
        ErrorCode::Forbidden => anyhow!(
            "{} is not a sweeper: its app_metadata needs {{\"role\": \"sweeper\"}}",
            settings.email
        ),
        code => anyhow!(error.detail.unwrap_or(code.as_str().into())),
    })?;
    match (args.apply, swept.total()) {
        (_, 0) => println!("nothing is left over"),
        (false, _) => println!("left over: {}; `--apply` removes them", described(&swept)),
        (true, _) => println!("removed: {}", described(&swept)),
    }
    if swept.forgotten > 0 {
        println!("forgotten: {} reservations", swept.forgotten);
    }
    Ok(())
}

/// `3 objects, 120 bytes (2 deleted, 1 unattached)`
fn described(swept: &Swept) -> String {
    let reasons = swept.objects.iter();
    let reasons: Vec<_> = reasons.map(|(reason, n)| format!("{n} {reason}")).collect();
    format!(
        "{} objects, {} bytes ({})",
        swept.total(),
        swept.bytes,
        reasons.join(", ")
    )
}

/// A Supabase, over this tool's own HTTP client, as the functions' has no TLS.
struct Project {
    url: String,
    key: String,
}

impl Supabase for Project {
    fn ask<'a>(
        &'a self,
        method: Method,
        path: &'a str,
        token: Option<&'a str>,
        body: Vec<u8>,
    ) -> Local<'a, Result<(u16, Vec<u8>), ApiError>> {
        Box::pin(async move {
            let url = format!("{}{path}", self.url);
            let answer = http::json(method, &url, &self.key, token, body).await;
            let (status, body) = answer.map_err(|error| {
                let detail = format!("{} does not answer: {error:#}", self.url);
                ApiError::with_detail(ErrorCode::Unavailable, detail)
            })?;
            Ok((status.as_u16(), body))
        })
    }
}
