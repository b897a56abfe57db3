//! The signing keys in the memory of this instance. They are fetched when they are needed, and used for
//! ten minutes; if their endpoint does not answer then, they are used for longer.
//!
//! On Workers a request must not wait for I/O that another request has started. So if a request finds
//! that the keys are being fetched, it looks again a little later.

use std::cell::RefCell;
use std::rc::Rc;

use crate::auth::keys::{Key, KeySet};
use crate::error::{ApiError, ErrorCode};
use crate::runtime::platform::{Platform, within};

/// How long fetched keys are used, in milliseconds: the `max-age` of the endpoint. A revoked key works
/// for as long.
pub(super) const LIFETIME: u64 = 600_000;
/// The shortest time between two fetches for an unknown `kid`, and after a failed fetch if there are
/// older keys.
pub(super) const UNKNOWN_KID_INTERVAL: u64 = 30_000;
/// The shortest time between two fetches if there are no keys: as long as clients are told to wait.
pub(super) const COLD_RETRY_INTERVAL: u64 = 2_000;
/// How long a fetch may take. After that it counts as failed.
pub(super) const FETCH_LIMIT: u64 = 5_000;
/// How long the cache that instances share may take.
const SHARED_LIMIT: u64 = 1_000;
/// The pause before a request looks again whether another request has fetched the keys.
const LOOK_AGAIN: u64 = 10;

#[derive(Default)]
pub(super) struct KeyCache(RefCell<State>);

#[derive(Default)]
struct State {
    loaded: Option<Loaded>,
    /// When the last fetch failed; `None` if it succeeded.
    failed_at: Option<u64>,
    /// Until when a request is fetching the keys.
    busy_until: u64,
    generation: u32,
}

pub(super) struct Loaded {
    keys: Rc<KeySet>,
    bytes: Vec<u8>,
    fetched_at: u64,
}

/// A key set, and a number that changes whenever the set changes.
#[derive(Clone)]
pub(super) struct Current {
    pub keys: Rc<KeySet>,
    pub generation: u32,
}

impl KeyCache {
    /// Finds a key by its name, and calls `with` with it.
    ///
    /// # Errors
    /// `invalid_token` if the endpoint has no key of this name, `unavailable` if the endpoint does not
    /// answer.
    pub async fn find<T>(
        &self,
        kid: &str,
        url: &str,
        platform: &dyn Platform,
        with: impl FnOnce(&Key, u32) -> T,
    ) -> Result<T, ApiError> {
        let current = self.current(url, platform).await?;
        if let Some(key) = current.keys.get(kid) {
            return Ok(with(key, current.generation));
        }
        self.refresh(UNKNOWN_KID_INTERVAL, url, platform).await;
        let current = self.known().ok_or_else(unavailable)?;
        match current.keys.get(kid) {
            Some(key) => Ok(with(key, current.generation)),
            // The endpoint did not answer, so this may be a new key.
            None if self.0.borrow().failed_at.is_some() => Err(unavailable()),
            None => Err(ApiError::invalid_token("unknown kid")),
        }
    }

    /// The keys; they are fetched again if they are older than [`LIFETIME`].
    ///
    /// # Errors
    /// `unavailable` if there are no keys.
    pub async fn current(&self, url: &str, platform: &dyn Platform) -> Result<Current, ApiError> {
        // If there are keys, only the request that fetches waits for the new ones.
        let busy = platform.now() < self.0.borrow().busy_until;
        if !(busy && self.known().is_some()) {
            self.refresh(LIFETIME, url, platform).await;
        }
        self.known().ok_or_else(unavailable)
    }

    /// The keys in memory, of any age.
    pub fn known(&self) -> Option<Current> {
        let state = self.0.borrow();
        let loaded = state.loaded.as_ref()?;
        Some(Current {
            keys: Rc::clone(&loaded.keys),
            generation: state.generation,
        })
    }

    /// Gets keys that are younger than `max_age`, unless a fetch has failed a short time ago.
    async fn refresh(&self, max_age: u64, url: &str, platform: &dyn Platform) {
        loop {
            let now = platform.now();
            if self.0.borrow().needs_no_fetch(max_age, now) {
                return;
            }
            if self.0.borrow().busy_until <= now {
                break;
            }
            platform.sleep(LOOK_AGAIN).await;
        }
        let begun = platform.now();
        let busy = Busy::until(&self.0, begun.saturating_add(FETCH_LIMIT));
        let shared = within(platform, SHARED_LIMIT, platform.read_shared(url)).await;
        let fetched = match shared
            .flatten()
            .and_then(|entry| unpack(&entry, begun, max_age))
        {
            Some(shared) => Some(shared),
            None => self.fetch(url, platform).await,
        };
        drop(busy);
        let now = platform.now();
        let mut state = self.0.borrow_mut();
        match fetched {
            Some(loaded) => state.adopt(loaded),
            None => state.failed_at = Some(now),
        }
    }

    async fn fetch(&self, url: &str, platform: &dyn Platform) -> Option<Loaded> {
        let bytes = within(platform, FETCH_LIMIT, fetch_keys(url, platform)).await??;
        let fetched_at = platform.now();
        let loaded = Loaded::new(bytes, fetched_at)?;
        let entry = pack(&loaded);
        let written = platform.write_shared(url, entry, LIFETIME / 1_000);
        within(platform, SHARED_LIMIT, written).await;
        Some(loaded)
    }
}

/// Says that a request is fetching the keys, for as long as it lives. The runtime drops the work of a
/// request whose client has closed the connection; the next request then fetches at once.
struct Busy<'a>(&'a RefCell<State>);

impl<'a> Busy<'a> {
    fn until(state: &'a RefCell<State>, time: u64) -> Self {
        state.borrow_mut().busy_until = time;
        Busy(state)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().busy_until = 0;
    }
}

impl State {
    fn needs_no_fetch(&self, max_age: u64, now: u64) -> bool {
        let pause = match &self.loaded {
            Some(loaded) if loaded.age(now) < max_age => return true,
            Some(_) => UNKNOWN_KID_INTERVAL,
            None => COLD_RETRY_INTERVAL,
        };
        self.failed_at
            .is_some_and(|failed_at| now.saturating_sub(failed_at) < pause)
    }

    fn adopt(&mut self, loaded: Loaded) {
        self.failed_at = None;
        let same = self.loaded.as_ref().map(|before| &before.bytes) == Some(&loaded.bytes);
        if !same {
            self.generation = self.generation.wrapping_add(1);
        }
        self.loaded = Some(loaded);
    }
}

impl Loaded {
    fn new(bytes: Vec<u8>, fetched_at: u64) -> Option<Self> {
        let keys = Rc::new(KeySet::parse(&bytes)?);
        Some(Loaded {
            keys,
            bytes,
            fetched_at,
        })
    }

    pub fn age(&self, now: u64) -> u64 {
        now.saturating_sub(self.fetched_at)
    }
}

/// The entry of the shared cache: when the keys were fetched, a newline, the keys.
fn pack(loaded: &Loaded) -> Vec<u8> {
    let mut entry = format!("{}\n", loaded.fetched_at).into_bytes();
    entry.extend_from_slice(&loaded.bytes);
    entry
}

pub(super) fn unpack(entry: &[u8], now: u64, max_age: u64) -> Option<Loaded> {
    let end = entry.iter().position(|byte| *byte == b'\n')?;
    let (stamp, rest) = entry.split_at_checked(end)?;
    let fetched_at: u64 = std::str::from_utf8(stamp).ok()?.parse().ok()?;
    // The clock of the machine that wrote the entry may be ahead of this one's.
    let fetched_at = fetched_at.min(now);
    let young = now.saturating_sub(fetched_at) < max_age;
    young
        .then(|| Loaded::new(rest.get(1..)?.to_vec(), fetched_at))
        .flatten()
}

async fn fetch_keys(url: &str, platform: &dyn Platform) -> Option<Vec<u8>> {
    let answer = platform
        .fetch("Auth", reqwest::Client::new().get(url))
        .await;
    match answer {
        Ok((200, keys)) => Some(keys),
        _ => None,
    }
}

fn unavailable() -> ApiError {
    ApiError::with_detail(ErrorCode::Unavailable, "the signing keys cannot be fetched")
}
