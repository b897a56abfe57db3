//! The sweep: removes leftover uploads. These are uploads that no message has ever had as its attachment,
//! and attachments of messages that were deleted long ago.
//!
//! The database lists the leftovers, and Storage removes them. Both have policies that let an account
//! whose `app_metadata.role` is `sweeper` see and delete only leftovers. So no service role key is needed,
//! and no fault of this code can remove another object. A sweep runs as a scheduled Worker and as
//! `cargo xtask sweep`. Two sweeps may run at the same time.

mod settings;
mod sweeper;

use std::collections::BTreeMap;

use shared::error::{ApiError, ErrorCode};
use shared::http::request_id::RequestId;
use shared::runtime::config::SupabaseConfig;
use shared::runtime::platform::Local;
use shared::runtime::request_log::Scope;
use shared::supabase::client::{self, Method};

pub use crate::sweep::settings::Settings;
pub use crate::sweep::sweeper::Supabase;
use crate::sweep::sweeper::Sweeper;

/// How many times a run deletes old reservations; the database deletes a thousand at a time.
const MAX_FORGETS: u32 = 3;

/// What a sweep has removed so far, or, in a dry run, would remove.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// The number of objects for each reason; the database names the reasons.
    pub objects: BTreeMap<String, u64>,
    /// The bytes of all these objects.
    pub bytes: u64,
    /// The number of old reservations that were deleted.
    pub forgotten: u64,
    /// Whether there may be more leftovers.
    pub more: bool,
}

impl Swept {
    /// The number of objects for all reasons together.
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

/// Removes the leftovers page by page, or only counts them. `progress` is called after each page.
///
/// # Errors
/// The errors of Auth, PostgREST and Storage, and `bad_upstream` if Storage removes no object of a page.
/// What has been removed before stays removed.
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
            // The next page would be the same one.
            let detail = format!("Storage removed none of {} objects", page.len());
            return Err(ApiError::with_detail(ErrorCode::BadUpstream, detail));
        }
        let gone = page.into_iter();
        for object in gone.filter(|object| removed.contains(&object.path)) {
            swept.add(object.reason, 1, object.size.unwrap_or_default());
        }
        progress(&swept);
    }
    for _ in 0..MAX_FORGETS {
        let forgotten = sweeper.forget().await?;
        swept.forgotten = swept.forgotten.saturating_add(forgotten);
        if forgotten == 0 {
            break;
        }
    }
    Ok(swept)
}

/// Runs a sweep for the cron trigger of the Worker, and gives the result for the log.
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

/// Supabase, for a sweep of the Worker.
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
            // Each request has its own deadline, because no client waits for the whole sweep.
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
