//! Tokens that were verified a moment ago, so that a client's next request spares the signature.
//!
//! An entry is found by the token's SHA-256 and holds nothing of the token but what it proved. It
//! ends with the token's `exp`, without any leeway, and with the key set that verified it.

use std::collections::{BTreeMap, VecDeque};

use crate::auth::Claims;

/// About 100 KB of an instance's memory.
const CAPACITY: usize = 1_000;

/// The SHA-256 of a token.
pub(super) type Fingerprint = [u8; 32];

/// Which key verified a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// The secret of the configuration.
    Secret,
    /// A key of the key set of this number.
    SigningKey(u32),
}

/// What a verified token proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verified {
    /// Whom it speaks for.
    pub claims: Claims,
    /// Its `exp` in seconds.
    pub expires: u64,
    /// What verified it.
    pub proof: Proof,
}

/// The tokens, the oldest first in `order`.
#[derive(Default)]
pub(super) struct VerifiedTokens {
    entries: BTreeMap<Fingerprint, Verified>,
    order: VecDeque<Fingerprint>,
}

impl VerifiedTokens {
    /// What a token proved, unless it has expired; `now` in milliseconds.
    pub fn get(&self, fingerprint: &Fingerprint, now: u64) -> Option<Verified> {
        let entry = self.entries.get(fingerprint)?;
        (now / 1_000 < entry.expires).then_some(*entry)
    }

    /// Remembers a token; the one that has been here longest makes room for it.
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
    fn an_entry_ends_with_its_token() {
        let mut tokens = VerifiedTokens::default();
        tokens.insert(fingerprint(1), verified(100));
        assert_eq!(tokens.get(&fingerprint(1), 99_999), Some(verified(100)));
        assert_eq!(tokens.get(&fingerprint(1), 100_000), None);
        assert_eq!(tokens.get(&fingerprint(2), 0), None);
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut tokens = VerifiedTokens::default();
        for number in 0..CAPACITY {
            tokens.insert(fingerprint(number), verified(100));
        }
        // One that is there already takes no further place.
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
