//! Verifies access tokens: signature, time, audience, issuer, role and subject.
//!
//! The algorithm belongs to the key and never to the token: HS256 goes with the secret of the
//! configuration, ES256 and RS256 with a key that the project publishes under the token's `kid`.
//! A token names a key among those; it can bring none, and nothing that it names is fetched.
//!
//! PostgREST checks less than this (it takes tokens without `exp` or role, of any issuer and
//! audience, and `service_role` passes every policy), so a token that fails here goes nowhere.

mod claims;
mod header;
mod key_cache;
mod keys;
mod verified;

use std::cell::RefCell;

use jsonwebtoken::{Algorithm, DecodingKey};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::auth::header::Header;
use crate::auth::key_cache::KeyCache;
use crate::auth::verified::{Proof, Verified, VerifiedTokens};
use crate::config::TokenConfig;
use crate::crypto;
use crate::error::{ApiError, ErrorCode};
use crate::plain::is_plain;
use crate::platform::Platform;
use crate::trace::{Scope, TokenCache};

/// Supabase's tokens have about 1 KB; a custom claims hook may add to that.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Who a verified token speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The user's id.
    pub sub: Uuid,
}

/// Takes the token out of an `Authorization` header.
///
/// # Errors
/// `missing_token` where there is none, `token_too_large`, `invalid_token` for what cannot be a JWT.
pub fn bearer_token(header: Option<&str>) -> Result<&str, ApiError> {
    let (scheme, rest) = header
        .unwrap_or_default()
        .trim()
        .split_once(' ')
        .unwrap_or_default();
    let token = rest.trim_start_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(ErrorCode::MissingToken.into());
    }
    if token.len() > MAX_TOKEN_BYTES {
        return Err(ErrorCode::TokenTooLarge.into());
    }
    // Three parts of base64url. Two headers arrive joined by a comma and fail here, as do
    // Supabase's `sb_...` keys, which are no JWTs.
    if !is_plain(token) || token.bytes().filter(|byte| *byte == b'.').count() != 2 {
        return Err(refused("not a JWT"));
    }
    Ok(token)
}

/// What an instance knows about keys and tokens, for as long as it lives. It belongs to one
/// configuration.
#[derive(Default)]
pub struct Verifier {
    keys: KeyCache,
    tokens: RefCell<VerifiedTokens>,
}

impl Verifier {
    /// Verifies a token, and notes how long that took and whether it was known.
    ///
    /// # Errors
    /// `token_expired` for one that was valid once, `token_not_yet_valid` for one that will be,
    /// `invalid_token`, `forbidden` for an anonymous user where those are kept out, `unavailable` while
    /// no signing keys can be had.
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

    /// Whether the keys that verified a token are still the project's.
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
        crypto::install();
        let header = Header::read(token)?;
        if header.algorithm == Algorithm::HS256 {
            let Some(secret) = &config.jwt_secret else {
                return Err(refused("HS256 without a configured secret"));
            };
            // The name of a public key on a token by the secret: somebody tries things out.
            let known = self.keys.known();
            if let (Some(known), Some(kid)) = (known, &header.kid)
                && known.keys.get(kid).is_some()
            {
                return Err(refused("algorithm of another key"));
            }
            let key = DecodingKey::from_secret(secret.as_bytes());
            return claims::verify(token, &key, Algorithm::HS256, Proof::Secret, config);
        }
        let kid = header.kid.ok_or_else(|| refused("no kid"))?;
        let verify = |key: &keys::Key, generation: u32| {
            if key.algorithm != header.algorithm {
                return Err(refused("algorithm of another key"));
            }
            let proof = Proof::SigningKey(generation);
            claims::verify(token, &key.decoding, key.algorithm, proof, config)
        };
        self.keys
            .find(&kid, &config.keys_url, platform, verify)
            .await?
    }
}

fn refused(reason: &str) -> ApiError {
    ApiError::with_detail(ErrorCode::InvalidToken, format!("token refused: {reason}"))
}

#[cfg(test)]
mod tests;
