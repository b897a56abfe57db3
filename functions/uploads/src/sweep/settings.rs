//! The settings of a sweep.

use shared::error::ApiError;
use shared::runtime::config::{optional, wrong};

/// How many pages one run of the Worker removes. Cloudflare's free plan allows 50 requests a run; a run
/// needs two for each page and four more.
pub(super) const PAGES_OF_A_RUN: u32 = 20;
/// The database raises lower values to this: for 24 hours an upload can still be sent in a message.
const LEAST_UNATTACHED_HOURS: u32 = 25;
const DELETED_DAYS: u32 = 30;

/// The account that sweeps, and what is swept. Holds a secret, so it has no `Debug`.
pub struct Settings {
    pub email: String,
    pub password: String,
    /// How many hours an upload stays that is in no message.
    pub unattached_hours: u32,
    /// How many days the attachment of a deleted message stays.
    pub deleted_days: u32,
    /// Whether the whole bucket is searched for objects that were never reserved.
    pub strays: bool,
    /// Whether leftovers are removed, and not only counted.
    pub apply: bool,
    /// The largest number of pages; `None` means all.
    pub pages: Option<u32>,
}

impl Settings {
    /// Reads `SWEEPER_EMAIL`, `SWEEPER_PASSWORD`, `SWEEP_UNATTACHED_HOURS` and `SWEEP_DELETED_DAYS` for
    /// a run of the Worker. `None` if there is no account.
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
