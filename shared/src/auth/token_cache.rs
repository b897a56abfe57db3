//! The token cache: tokens that were verified before, so that the signature is not checked again for the
//! client's next request.
//!
//! The key of an entry is the SHA-256 of the token; the token itself is not kept. An entry is valid until
//! the token's `exp`, without leeway, and as long as the key set that verified it is current.

use std::collections::{BTreeMap, VecDeque};

use crate::auth::claims::Verified;

/// So many entries take about 100 KB of memory.
const CAPACITY: usize = 1_000;

/// The SHA-256 of a token.
pub(super) type Fingerprint = [u8; 32];

/// The entries; `order` has the oldest first.
#[derive(Default)]
pub(super) struct TokenEntries {
    entries: BTreeMap<Fingerprint, Verified>,
    order: VecDeque<Fingerprint>,
}

impl TokenEntries {
    /// Finds a token that has not expired; `now` is in milliseconds.
    pub fn get(&self, fingerprint: &Fingerprint, now: u64) -> Option<Verified> {
        let entry = self.entries.get(fingerprint)?;
        (now / 1_000 < entry.expires).then_some(*entry)
    }

    /// Adds a token. If the cache is full, the oldest entry is removed.
    pub fn insert(&mut self, fingerprint: Fingerprint, verified: Verified) {
        if self.entries.insert(fingerprint, verified).is_none() {
            self.order.push_back(fingerprint);
        }
        if self.order.len() > CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::auth::claims::{Claims, Proof};

    fn verified(expires: u64) -> Verified {
        Verified {
            claims: Claims {
                sub: Uuid::from_u128(expires.into()),
            },
            expires,
            proof: Proof::Secret,
        }
    }

    fn fingerprint(number: usize) -> Fingerprint {
        let mut fingerprint = [0; 32];
        fingerprint[..8].copy_from_slice(&number.to_be_bytes());
        fingerprint
    }

    #[test]
    fn an_entry_expires_with_its_token() {
        let mut tokens = TokenEntries::default();
        tokens.insert(fingerprint(1), verified(100));
        assert_eq!(tokens.get(&fingerprint(1), 99_999), Some(verified(100)));
        assert_eq!(tokens.get(&fingerprint(1), 100_000), None);
        assert_eq!(tokens.get(&fingerprint(2), 0), None);
    }

    #[test]
    fn the_oldest_entry_is_removed_if_the_cache_is_full() {
        let mut tokens = TokenEntries::default();
        for number in 0..CAPACITY {
            tokens.insert(fingerprint(number), verified(100));
        }
        // A token that is in the cache already takes no further place.
        tokens.insert(fingerprint(1), verified(200));
        assert!(tokens.get(&fingerprint(0), 0).is_some());
        tokens.insert(fingerprint(CAPACITY), verified(100));
        assert_eq!(tokens.get(&fingerprint(0), 0), None);
        assert_eq!(tokens.get(&fingerprint(1), 0), Some(verified(200)));
        assert!(tokens.get(&fingerprint(CAPACITY), 0).is_some());
        for number in 0..10 * CAPACITY {
            tokens.insert(fingerprint(number), verified(100));
        }
        assert_eq!((tokens.entries.len(), tokens.order.len()), (1_000, 1_000));
    }
}
