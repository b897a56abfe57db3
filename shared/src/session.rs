//! A request whose token has been verified: who calls, and the database in their name.

use uuid::Uuid;

use crate::auth;
use crate::config::Config;
use crate::error::ApiError;
use crate::postgrest::Postgrest;
use crate::request::Request;

/// The caller of one request.
pub struct Session<'c> {
    /// The caller's id.
    pub user: Uuid,
    /// PostgREST, acting for the caller.
    pub postgrest: Postgrest<'c>,
}

impl<'c> Session<'c> {
    /// Verifies the request's token. Nothing of the request's body has been read by then.
    ///
    /// # Errors
    /// `missing_token`, `invalid_token` or `token_expired`.
    pub fn open<B>(request: &Request<B>, config: &'c Config) -> Result<Self, ApiError> {
        let token = auth::bearer_token(request.authorization.as_deref())?;
        let claims = auth::verify(token, &config.tokens)?;
        let postgrest = Postgrest::new(&config.supabase, token.to_owned(), request.id.clone());
        Ok(Session {
            user: claims.sub,
            postgrest,
        })
    }
}
