//! Verifies a bearer token, or finds it among those that were verified a moment ago.

use std::cell::RefCell;

use jsonwebtoken::{Algorithm, DecodingKey};
use sha2::{Digest, Sha256};

use crate::auth::claims::{self, Claims, Proof, Verified};
use crate::auth::header::Header;
use crate::auth::key_cache::KeyCache;
use crate::auth::keys;
use crate::auth::signatures;
use crate::auth::token_cache::TokenEntries;
use crate::error::ApiError;
use crate::runtime::config::TokenConfig;
use crate::runtime::platform::Platform;
use crate::runtime::request_log::{Scope, TokenCache};

/// The keys and tokens in the memory of an instance. They belong to one configuration.
#[derive(Default)]
pub struct Verifier {
    keys: KeyCache,
    tokens: RefCell<TokenEntries>,
}

impl Verifier {
    /// Verifies a token, and records for the log how long that took and whether it was in the cache.
    ///
    /// # Errors
    /// - `token_expired`, `token_not_yet_valid`, `invalid_token`
    /// - `forbidden` if anonymous users are not accepted and this is one
    /// - `unavailable` if the signing keys cannot be fetched
    pub async fn verify(
        &self,
        token: &str,
        config: &TokenConfig,
        scope: &Scope<'_>,
    ) -> Result<Claims, ApiError> {
        let begun = scope.platform.now();
        let fingerprint = Sha256::digest(token).into();
        let known = self.tokens.borrow().get(&fingerprint, begun);
        let known = match known {
            Some(known) if self.still_stands(known.proof, config, scope.platform).await => {
                Some(known)
            }
            _ => None,
        };
        let (cache, result) = match known {
            Some(known) => (TokenCache::Hit, Ok(known)),
            None => (
                TokenCache::Miss,
                self.examine(token, config, scope.platform).await,
            ),
        };
        let took = scope.platform.now().saturating_sub(begun);
        scope.trace.verified(cache, took);
        let verified = result?;
        if cache == TokenCache::Miss {
            self.tokens.borrow_mut().insert(fingerprint, verified);
        }
        scope.trace.user(verified.claims.sub);
        Ok(verified.claims)
    }

    /// Whether the project still has the keys that verified a token.
    async fn still_stands(
        &self,
        proof: Proof,
        config: &TokenConfig,
        platform: &dyn Platform,
    ) -> bool {
        match proof {
            Proof::Secret => true,
            Proof::SigningKey(generation) => {
                let current = self.keys.current(&config.keys_url, platform).await;
                current.is_ok_and(|current| current.generation == generation)
            }
        }
    }

    async fn examine(
        &self,
        token: &str,
        config: &TokenConfig,
        platform: &dyn Platform,
    ) -> Result<Verified, ApiError> {
        signatures::install();
        let header = Header::read(token)?;
        if header.algorithm == Algorithm::HS256 {
            let Some(secret) = &config.jwt_secret else {
                return Err(ApiError::invalid_token("HS256 without a configured secret"));
            };
            // A token that is signed with the secret but names a public key is an attack.
            let known = self.keys.known();
            if let (Some(known), Some(kid)) = (known, &header.kid)
                && known.keys.get(kid).is_some()
            {
                return Err(ApiError::invalid_token("algorithm of another key"));
            }
            let key = DecodingKey::from_secret(secret.as_bytes());
            return claims::verify(token, &key, Algorithm::HS256, Proof::Secret, config);
        }
        let kid = header
            .kid
            .ok_or_else(|| ApiError::invalid_token("no kid"))?;
        let verify = |key: &keys::Key, generation: u32| {
            if key.algorithm != header.algorithm {
                return Err(ApiError::invalid_token("algorithm of another key"));
            }
            let proof = Proof::SigningKey(generation);
            claims::verify(token, &key.decoding, key.algorithm, proof, config)
        };
        self.keys
            .find(&kid, &config.keys_url, platform, verify)
            .await?
    }
}

#[cfg(test)]
mod tests;
