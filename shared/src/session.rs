//! A request whose token has been verified: who calls, and Supabase in their name.

use std::rc::Rc;

use uuid::Uuid;

use crate::auth::{self, Verifier};
use crate::config::Config;
use crate::error::ApiError;
use crate::limits::Limit;
use crate::postgrest::Postgrest;
use crate::request::Request;
use crate::storage::Storage;
use crate::supabase::Supabase;
use crate::trace::Scope;

/// What a function has at hand for a request besides the request.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The variables and secrets.
    pub config: &'a Config,
    /// What this instance knows of keys and tokens.
    pub verifier: &'a Verifier,
    /// The machine and the measurements.
    pub scope: &'a Scope<'a>,
}

/// The caller of one request.
pub struct Session<'a> {
    /// The caller's id.
    pub user: Uuid,
    /// PostgREST, acting for the caller.
    pub postgrest: Postgrest<'a>,
    /// Storage, acting for the caller; what both are asked for ends by one deadline.
    pub storage: Storage<'a>,
    scope: &'a Scope<'a>,
}

impl<'a> Session<'a> {
    /// Verifies the request's token and counts the request. Nothing of its body has been read by
    /// then, nor anything asked of Supabase but its signing keys.
    ///
    /// # Errors
    /// `missing_token`, those of [`Verifier::verify`], and `rate_limited`.
    pub async fn open<B>(request: &Request<B>, context: &Context<'a>) -> Result<Self, ApiError> {
        let token = auth::bearer_token(request.authorization.as_deref())?;
        let Context {
            config,
            verifier,
            scope,
        } = *context;
        let claims = verifier.verify(token, &config.tokens, scope).await?;
        Limit::Requests.charge(claims.sub, scope).await?;
        let supabase = Supabase::new(&config.supabase, scope, request).acting_for(token);
        let supabase = Rc::new(supabase);
        Ok(Session {
            user: claims.sub,
            postgrest: Postgrest::of(&supabase),
            storage: Storage::of(&supabase),
            scope,
        })
    }

    /// Counts what the caller is about to do, whatever comes of it.
    ///
    /// # Errors
    /// `rate_limited`.
    pub async fn charge(&self, limit: Limit) -> Result<(), ApiError> {
        limit.charge(self.user, self.scope).await
    }
}
