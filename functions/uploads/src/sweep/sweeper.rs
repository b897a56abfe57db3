//! The requests of a sweep.

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::error::{ApiError, ErrorCode};
use shared::runtime::platform::Local;
use shared::supabase::client::Method;
use shared::supabase::storage::BUCKET;
use shared::supabase::{postgrest_errors, storage_errors};

use crate::sweep::settings::Settings;

/// How many objects are listed and removed at once.
const PAGE: usize = 100;

/// How a sweep sends requests to Supabase.
pub trait Supabase {
    /// Sends a request with a JSON body, and gives the answer's status and body. `path` follows the
    /// project's URL.
    ///
    /// # Errors
    /// If there is no answer.
    fn ask<'a>(
        &'a self,
        method: Method,
        path: &'a str,
        token: Option<&'a str>,
        body: Vec<u8>,
    ) -> Local<'a, Result<(u16, Vec<u8>), ApiError>>;
}

/// A leftover object.
#[derive(Deserialize)]
pub(super) struct Leftover {
    pub path: String,
    pub reason: String,
    pub size: Option<u64>,
}

/// The leftovers for one reason.
#[derive(Deserialize)]
pub(super) struct Count {
    pub reason: String,
    pub objects: u64,
    pub bytes: u64,
}

/// Supabase, on behalf of the sweeper.
pub(super) struct Sweeper<'a> {
    supabase: &'a dyn Supabase,
    token: String,
}

impl<'a> Sweeper<'a> {
    pub async fn sign_in(
        supabase: &'a dyn Supabase,
        settings: &Settings,
    ) -> Result<Self, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
        }
        let body = json!({ "email": settings.email, "password": settings.password });
        let path = "/auth/v1/token?grant_type=password";
        let (status, body) = supabase.ask(Method::POST, path, None, bytes(&body)).await?;
        match serde_json::from_slice(&body) {
            Ok(Answer { access_token }) if status == 200 => Ok(Sweeper {
                supabase,
                token: access_token,
            }),
            _ => {
                let detail = format!("Auth answered {status}: the sweeper cannot sign in");
                Err(ApiError::with_detail(ErrorCode::Internal, detail))
            }
        }
    }

    pub async fn list(&self, settings: &Settings) -> Result<Vec<Leftover>, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            data: Vec<Leftover>,
        }
        let body = json!({
            "unattached_hours": settings.unattached_hours,
            "deleted_days": settings.deleted_days,
            "page_limit": PAGE,
            "strays": settings.strays,
        });
        let Answer { data } = self.call("list_leftover_uploads", &body).await?;
        Ok(data)
    }

    pub async fn count(&self, settings: &Settings) -> Result<Vec<Count>, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            data: Vec<Count>,
        }
        let body = json!({
            "unattached_hours": settings.unattached_hours,
            "deleted_days": settings.deleted_days,
            "strays": settings.strays,
        });
        let Answer { data } = self.call("count_leftover_uploads", &body).await?;
        Ok(data)
    }

    pub async fn forget(&self) -> Result<u64, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            forgotten: u64,
        }
        let Answer { forgotten } = self.call("forget_swept_uploads", &json!({})).await?;
        Ok(forgotten)
    }

    async fn call<T: for<'de> Deserialize<'de>>(
        &self,
        function: &str,
        body: &serde_json::Value,
    ) -> Result<T, ApiError> {
        let path = format!("/rest/v1/rpc/{function}");
        let (status, body) = self.ask(Method::POST, &path, body).await?;
        if status != 200 {
            return Err(postgrest_errors::from_response(status, &body));
        }
        let read = serde_json::from_slice(&body);
        read.map_err(|_| postgrest_errors::from_false_success(status, body.len()))
    }

    /// Gives the paths of the objects that Storage has removed.
    pub async fn remove(&self, page: &[Leftover]) -> Result<Vec<String>, ApiError> {
        #[derive(Deserialize)]
        struct Removed {
            name: String,
        }
        let prefixes: Vec<&str> = page.iter().map(|object| object.path.as_str()).collect();
        let path = format!("/storage/v1/object/{BUCKET}");
        let body = json!({ "prefixes": prefixes });
        let (status, body) = self.ask(Method::DELETE, &path, &body).await?;
        if status != 200 {
            return Err(storage_errors::from_response(status, &body));
        }
        let removed: Vec<Removed> = serde_json::from_slice(&body)
            .map_err(|_| storage_errors::from_false_success(body.len()))?;
        Ok(removed.into_iter().map(|object| object.name).collect())
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<(u16, Vec<u8>), ApiError> {
        let token = Some(self.token.as_str());
        self.supabase.ask(method, path, token, bytes(body)).await
    }
}

pub(super) fn bytes(body: &impl Serialize) -> Vec<u8> {
    // Serialising strings and numbers cannot fail.
    serde_json::to_vec(body).unwrap_or_default()
}
