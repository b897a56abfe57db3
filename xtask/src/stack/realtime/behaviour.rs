//! How a test makes the relay misbehave: `PUT /realtime/v1/stand-in` with the service role key.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::time::sleep;

const MAX_BODY_BYTES: usize = 4096;

/// A field that is left out has its default, so `{}` ends all misbehaviour.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Told {
    /// The share of all deliveries of broadcasts that are lost, 0 to 1.
    pub drop_share: f64,
    /// How long each join waits for its answer.
    pub join_delay_ms: u64,
    /// How long a refused join waits, and everything else on its connection. The real server's time by default.
    pub refusal_delay_ms: u64,
    /// As though no Realtime were there, for new connections.
    pub absent: bool,
    /// The project's setting "Allow public access" is off.
    pub private_only: bool,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            drop_share: 0.0,
            join_delay_ms: 0,
            refusal_delay_ms: 5000,
            absent: false,
            private_only: false,
        }
    }
}

/// What it is told, and the fraction of a broadcast that the share still has to lose.
#[derive(Default)]
pub struct Behaviour(Mutex<(Told, f64)>);

impl Behaviour {
    pub fn told(&self) -> Told {
        self.lock().0
    }

    /// Whether this delivery is lost: every second one, where the share is a half.
    pub fn drops(&self) -> bool {
        let (told, owed) = &mut *self.lock();
        *owed += told.drop_share;
        let drops = *owed >= 1.0;
        if drops {
            *owed -= 1.0;
        }
        drops
    }

    /// Waits for one of the delays.
    pub async fn wait(&self, delay_ms: impl Fn(Told) -> u64) {
        sleep(Duration::from_millis(delay_ms(self.told()))).await;
    }

    pub async fn tell(&self, request: Request) -> Response {
        let body = to_bytes(request.into_body(), MAX_BODY_BYTES).await;
        match serde_json::from_slice::<Told>(&body.unwrap_or_default()) {
            Ok(told) if !(0.0..=1.0).contains(&told.drop_share) => {
                (StatusCode::BAD_REQUEST, "dropShare is from 0 to 1").into_response()
            }
            Ok(told) => {
                *self.lock() = (told, 0.0);
                StatusCode::NO_CONTENT.into_response()
            }
            Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, (Told, f64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_deliveries_is_lost() {
        let behaviour = Behaviour::default();
        assert!((0..10).all(|_| !behaviour.drops()));
        behaviour.lock().0.drop_share = 0.25;
        assert_eq!((0..100).filter(|_| behaviour.drops()).count(), 25);
    }
}
