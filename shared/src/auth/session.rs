//! The session of a request whose token has been verified: the caller, and the clients of Supabase on
//! the caller's behalf.

use std::rc::Rc;

use uuid::Uuid;

use crate::auth::header::bearer_token;
use crate::auth::verifier::Verifier;
use crate::error::ApiError;
use crate::http::request::Request;
use crate::runtime::config::Config;
use crate::runtime::rate_limits::Limit;
use crate::runtime::request_log::Scope;
use crate::supabase::client::Supabase;
use crate::supabase::postgrest::Postgrest;
use crate::supabase::storage::Storage;

/// What a function has for a request in addition to the request itself.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub config: &'a Config,
    pub verifier: &'a Verifier,
    pub scope: &'a Scope<'a>,
}

pub struct Session<'a> {
    pub user: Uuid,
    pub postgrest: Postgrest<'a>,
    /// Shares its deadline with `postgrest`.
    pub storage: Storage<'a>,
    scope: &'a Scope<'a>,
}

impl<'a> Session<'a> {
    /// Verifies the token and counts the request. The body is not read, and of Supabase only the signing
    /// keys are requested.
    ///
    /// # Errors
    /// `missing_token`, those of [`Verifier::verify`], and `rate_limited`.
    pub async fn open<B>(request: &Request<B>, context: &Context<'a>) -> Result<Self, ApiError> {
        let token = bearer_token(request.authorization.as_deref())?;
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

    /// Counts an action of the caller, before it is carried out.
    ///
    /// # Errors
    /// `rate_limited`.
    pub async fn charge(&self, limit: Limit) -> Result<(), ApiError> {
        limit.charge(self.user, self.scope).await
    }
}
