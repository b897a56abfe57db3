//! Removes what is left over: uploads that no message ever held, and the attachments of messages
//! deleted long ago.
//!
//! The database says what that is, and Storage removes it, both by policies that let an account with
//! `app_metadata.role` `sweeper` see and delete exactly this. So there is no service key here, and
//! nothing that a fault of this code could remove besides. It runs in the Worker by a trigger, and
//! as `cargo xtask sweep`; neither minds the other, or being run twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::error::{ApiError, ErrorCode};
use shared::http::request_id::RequestId;
use shared::runtime::config::{SupabaseConfig, optional, wrong};
use shared::runtime::platform::Local;
use shared::runtime::request_log::Scope;
use shared::supabase::client::{self, Method};
use shared::supabase::postgrest_errors;
use shared::supabase::storage::BUCKET;
use shared::supabase::storage_errors;

/// How many objects are listed and removed at once.
const PAGE: usize = 100;
/// How many pages one run of the Worker removes. Cloudflare allows 50 requests a run on the free plan:
/// this takes two a page, and four besides.
const PAGES_OF_A_RUN: u32 = 20;
/// How often a run asks for old reservations to be forgotten, a thousand at a time.
const FORGETTINGS: u32 = 3;
/// What the database takes for less: an upload may be put into a message for 24 hours.
const LEAST_UNATTACHED_HOURS: u32 = 25;
const DELETED_DAYS: u32 = 30;

/// Supabase, as a sweep asks it.
pub trait Supabase {
    /// Status and body of the answer to a request with a JSON body; `path` follows the project's URL.
    ///
    /// # Errors
    /// Where there was no answer.
    fn ask<'a>(
        &'a self,
        method: Method,
        path: &'a str,
        token: Option<&'a str>,
        body: Vec<u8>,
    ) -> Local<'a, Result<(u16, Vec<u8>), ApiError>>;
}

/// Who sweeps, and what. Holds a secret, hence no `Debug`.
pub struct Settings {
    /// The sweeper's e-mail address.
    pub email: String,
    /// The sweeper's password.
    pub password: String,
    /// How old an upload gets that no message holds.
    pub unattached_hours: u32,
    /// How long the attachment of a deleted message stays.
    pub deleted_days: u32,
    /// Whether the whole bucket is searched for what was never reserved.
    pub strays: bool,
    /// Whether anything is removed.
    pub apply: bool,
    /// How many pages at most; `None` goes on to the end.
    pub pages: Option<u32>,
}

impl Settings {
    /// Reads `SWEEPER_EMAIL`, `SWEEPER_PASSWORD`, `SWEEP_UNATTACHED_HOURS` and `SWEEP_DELETED_DAYS` for
    /// a run of the Worker; `None` where there is no account.
    ///
    /// # Errors
    /// `internal`, with a detail that names the variable.
    pub fn load(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, ApiError> {
        let number = |name, default: u32, fault| match optional(lookup, name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| wrong(fault)),
        };
        let account = (
            optional(lookup, "SWEEPER_EMAIL"),
            optional(lookup, "SWEEPER_PASSWORD"),
        );
        let (Some(email), Some(password)) = account else {
            return Ok(None);
        };
        Ok(Some(Settings {
            email,
            password,
            unattached_hours: number(
                "SWEEP_UNATTACHED_HOURS",
                LEAST_UNATTACHED_HOURS,
                "SWEEP_UNATTACHED_HOURS must be a whole number of hours",
            )?,
            deleted_days: number(
                "SWEEP_DELETED_DAYS",
                DELETED_DAYS,
                "SWEEP_DELETED_DAYS must be a whole number of days",
            )?,
            strays: false,
            apply: true,
            pages: Some(PAGES_OF_A_RUN),
        }))
    }
}

/// What a sweep has done so far, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many objects for each reason that the database gives.
    pub objects: BTreeMap<String, u64>,
    /// Their bytes.
    pub bytes: u64,
    /// How many old reservations were forgotten.
    pub forgotten: u64,
    /// Whether there may be more.
    pub more: bool,
}

impl Swept {
    /// How many objects.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.objects
            .values()
            .fold(0, |sum, n| sum.saturating_add(*n))
    }

    fn add(&mut self, reason: String, objects: u64, bytes: u64) {
        let count = self.objects.entry(reason).or_default();
        *count = count.saturating_add(objects);
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// An object that is left over.
#[derive(Deserialize)]
struct Leftover {
    path: String,
    reason: String,
    size: Option<u64>,
}

/// How much is left over for one reason.
#[derive(Deserialize)]
struct Count {
    reason: String,
    objects: u64,
    bytes: u64,
}

/// Removes what is left over, page by page, or counts it; `progress` hears of each page.
///
/// # Errors
/// What Auth, PostgREST or Storage refuses, and `bad_upstream` where Storage removes nothing of what it
/// was asked to. What was removed by then stays so.
pub async fn sweep(
    supabase: &dyn Supabase,
    settings: &Settings,
    progress: &mut dyn FnMut(&Swept),
) -> Result<Swept, ApiError> {
    let sweeper = Sweeper::sign_in(supabase, settings).await?;
    let mut swept = Swept::default();
    if !settings.apply {
        for count in sweeper.count(settings).await? {
            swept.add(count.reason, count.objects, count.bytes);
        }
        return Ok(swept);
    }
    let mut pages = settings.pages.unwrap_or(u32::MAX);
    loop {
        let page = sweeper.list(settings).await?;
        if page.is_empty() {
            break;
        }
        if pages == 0 {
            swept.more = true;
            break;
        }
        pages = pages.saturating_sub(1);
        let removed = sweeper.remove(&page).await?;
        if removed.is_empty() {
            // The next page would be the same.
            let detail = format!("Storage removed none of {} objects", page.len());
            return Err(ApiError::with_detail(ErrorCode::BadUpstream, detail));
        }
        let gone = page.into_iter();
        for object in gone.filter(|object| removed.contains(&object.path)) {
            swept.add(object.reason, 1, object.size.unwrap_or_default());
        }
        progress(&swept);
    }
    for _ in 0..FORGETTINGS {
        let forgotten = sweeper.forget().await?;
        swept.forgotten = swept.forgotten.saturating_add(forgotten);
        if forgotten == 0 {
            break;
        }
    }
    Ok(swept)
}

/// Supabase in the sweeper's name.
struct Sweeper<'a> {
    supabase: &'a dyn Supabase,
    token: String,
}

impl<'a> Sweeper<'a> {
    async fn sign_in(supabase: &'a dyn Supabase, settings: &Settings) -> Result<Self, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
        }
        let body = json!({ "email": settings.email, "password": settings.password });
        let path = "/auth/v1/token?grant_type=password";
        let (status, body) = supabase.ask(Method::POST, path, None, bytes(&body)).await?;
        match serde_json::from_slice(&body) {
            Ok(Answer { access_token }) if status == 200 => Ok(Sweeper {
                supabase,
                token: access_token,
            }),
            _ => {
                let detail = format!("Auth answered {status}: the sweeper cannot sign in");
                Err(ApiError::with_detail(ErrorCode::Internal, detail))
            }
        }
    }

    async fn list(&self, settings: &Settings) -> Result<Vec<Leftover>, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            data: Vec<Leftover>,
        }
        let body = json!({
            "unattached_hours": settings.unattached_hours,
            "deleted_days": settings.deleted_days,
            "page_limit": PAGE,
            "strays": settings.strays,
        });
        let Answer { data } = self.call("list_leftover_uploads", &body).await?;
        Ok(data)
    }

    async fn count(&self, settings: &Settings) -> Result<Vec<Count>, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            data: Vec<Count>,
        }
        let body = json!({
            "unattached_hours": settings.unattached_hours,
            "deleted_days": settings.deleted_days,
            "strays": settings.strays,
        });
        let Answer { data } = self.call("count_leftover_uploads", &body).await?;
        Ok(data)
    }

    async fn forget(&self) -> Result<u64, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            forgotten: u64,
        }
        let Answer { forgotten } = self.call("forget_swept_uploads", &json!({})).await?;
        Ok(forgotten)
    }

    async fn call<T: for<'de> Deserialize<'de>>(
        &self,
        function: &str,
        body: &serde_json::Value,
    ) -> Result<T, ApiError> {
        let path = format!("/rest/v1/rpc/{function}");
        let (status, body) = self.ask(Method::POST, &path, body).await?;
        if status != 200 {
            return Err(postgrest_errors::from_response(status, &body));
        }
        let read = serde_json::from_slice(&body);
        read.map_err(|_| postgrest_errors::from_false_success(status, body.len()))
    }

    /// The paths of those that Storage removed.
    async fn remove(&self, page: &[Leftover]) -> Result<Vec<String>, ApiError> {
        #[derive(Deserialize)]
        struct Removed {
            name: String,
        }
        let prefixes: Vec<&str> = page.iter().map(|object| object.path.as_str()).collect();
        let path = format!("/storage/v1/object/{BUCKET}");
        let body = json!({ "prefixes": prefixes });
        let (status, body) = self.ask(Method::DELETE, &path, &body).await?;
        if status != 200 {
            return Err(storage_errors::from_response(status, &body));
        }
        let removed: Vec<Removed> = serde_json::from_slice(&body)
            .map_err(|_| storage_errors::from_false_success(body.len()))?;
        Ok(removed.into_iter().map(|object| object.name).collect())
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<(u16, Vec<u8>), ApiError> {
        let token = Some(self.token.as_str());
        self.supabase.ask(method, path, token, bytes(body)).await
    }
}

fn bytes(body: &impl Serialize) -> Vec<u8> {
    // Strings and numbers always serialise.
    serde_json::to_vec(body).unwrap_or_default()
}

/// Sweeps when the Worker's trigger fires; tells what came of it, for the log.
///
/// # Errors
/// Those of [`sweep`] and of the variables.
pub async fn on_schedule(scope: &Scope<'_>, id: &RequestId) -> Result<String, ApiError> {
    scope.trace.route("sweep");
    let lookup = |name: &str| scope.platform.variable(name);
    let Some(settings) = Settings::load(&lookup)? else {
        return Ok("nothing is swept: SWEEPER_EMAIL or SWEEPER_PASSWORD is not set".to_owned());
    };
    let worker = Worker {
        config: SupabaseConfig::load(lookup)?,
        scope,
        id,
    };
    let swept = sweep(&worker, &settings, &mut |_| {}).await?;
    let more = if swept.more {
        ", and there is more"
    } else {
        ""
    };
    Ok(format!(
        "{} objects of {} bytes removed, {} reservations forgotten{more}",
        swept.total(),
        swept.bytes,
        swept.forgotten
    ))
}

/// Supabase as the Worker asks it.
struct Worker<'a> {
    config: SupabaseConfig,
    scope: &'a Scope<'a>,
    id: &'a RequestId,
}

impl Supabase for Worker<'_> {
    fn ask<'a>(
        &'a self,
        method: Method,
        path: &'a str,
        token: Option<&'a str>,
        body: Vec<u8>,
    ) -> Local<'a, Result<(u16, Vec<u8>), ApiError>> {
        Box::pin(async move {
            // One deadline for each request, as nobody waits for the whole.
            let mut supabase = client::Supabase::unasked(&self.config, self.scope, self.id);
            if let Some(token) = token {
                supabase = supabase.acting_for(token);
            }
            supabase.ask_json("Supabase", method, path, body).await
        })
    }
}

#[cfg(test)]
mod tests;
