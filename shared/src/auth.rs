//! Verifies access tokens: signature, time, audience, issuer, role and subject.
//!
//! The algorithm belongs to the key and never to the token. HS256 goes with the secret of the
//! configuration; ES256 and RS256 go with a key that the project publishes under the token's `kid`.
//! A token chooses among those keys. It cannot bring a key, and no URL that it names is fetched.
//!
//! PostgREST checks less than this: it takes tokens without `exp` or role, of any issuer and
//! audience, and `service_role` passes every policy. So a token that fails here is not forwarded.

pub mod claims;
pub mod header;
mod key_cache;
mod keys;
pub mod session;
mod signatures;
mod token_cache;
pub mod verifier;
