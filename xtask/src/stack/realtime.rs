//! The relay: the stack's stand-in for Supabase Realtime, for development and tests only.
//!
//! It speaks Realtime's protocol at `/realtime/v1/websocket`: private channels after the policies on
//! `realtime.messages`, public channels, broadcasts, presence, and `postgres_changes` for INSERT and UPDATE. Where
//! the real server refuses, it refuses, in the same words. It has no quota, no replay, no DELETE events and no HTTP
//! endpoint for broadcasts.
//!
//! | file | holds |
//! |---|---|
//! | `socket`, `frame` | one connection, with a bounded queue; the two serializers |
//! | `session`, `channel` | joins, leaves and tokens; what a client asks for and sends on a channel |
//! | `tokens`, `policies` | whether it may |
//! | `hub` | the channels of all connections: who hears what, and who is present |
//! | `stream` | what the database commits, in the order of the commits |
//! | `bindings`, `rows` | `postgres_changes`: what is asked, and who gets which row |
//! | `behaviour` | how a test makes it misbehave |

mod behaviour;
mod bindings;
mod channel;
mod frame;
mod hub;
mod policies;
mod rows;
mod session;
mod socket;
mod stream;
mod tokens;

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc;

use crate::stack::keys::Keys;
use crate::stack::postgres::Postgres;
use frame::Version;
use hub::Hub;
use policies::Database;
use tokens::Tokens;

/// Every path of Realtime begins with it.
pub const PREFIX: &str = "/realtime/v1/";
/// Realtime's own limit on a message.
const MAX_FRAME_BYTES: usize = 3_000_000;
/// How many changed rows may wait for their readers' policies before the stream waits too.
const WAITING_ROWS: usize = 1024;

/// What all connections share.
pub struct Relay {
    hub: Hub,
    tokens: Tokens,
    database: Database,
    postgres: Postgres,
    keys: [String; 2],
}

impl Relay {
    /// Begins to follow the database; it goes on until the process ends.
    pub fn start(postgres: &Postgres, keys: &Keys) -> Arc<Self> {
        let relay = Arc::new(Self {
            hub: Hub::default(),
            tokens: Tokens::new(keys),
            database: Database::new(postgres),
            postgres: postgres.clone(),
            keys: [keys.anon.clone(), keys.service_role.clone()],
        });
        let (changed, rows) = mpsc::channel(WAITING_ROWS);
        tokio::spawn(stream::follow(relay.clone(), changed));
        tokio::spawn(rows::deliver(relay.clone(), rows));
        relay
    }

    /// Answers a request whose path begins with [`PREFIX`]. It does not look at the origin, as the real server does
    /// not: every page may connect.
    pub async fn answer(self: &Arc<Self>, request: Request) -> Response {
        let header = request.headers().get("apikey");
        let query = request.uri().query().unwrap_or_default();
        let key = header.and_then(|key| key.to_str().ok());
        let key = key
            .or_else(|| parameter(query, "apikey"))
            .map(str::to_owned);
        let Some(key) = key.filter(|key| self.keys.contains(key)) else {
            return StatusCode::UNAUTHORIZED.into_response();
        };
        let path = request.uri().path().to_owned();
        match (path.strip_prefix(PREFIX), request.method()) {
            (Some("websocket"), &Method::GET) if !self.hub.behaviour.told().absent => {
                self.upgrade(request, key).await
            }
            (Some("stand-in"), &Method::PUT) if key == self.keys[1] => {
                self.hub.behaviour.tell(request).await
            }
            (Some("stand-in/sockets"), &Method::DELETE) if key == self.keys[1] => {
                self.hub.close_sockets();
                StatusCode::NO_CONTENT.into_response()
            }
            (Some("stand-in" | "stand-in/sockets"), _) => StatusCode::FORBIDDEN.into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    }

    async fn upgrade(self: &Arc<Self>, request: Request, key: String) -> Response {
        let query = request.uri().query().unwrap_or_default();
        let version = match parameter(query, "vsn") {
            None | Some("1.0.0") => Version::One,
            Some("2.0.0") => Version::Two,
            Some(_) => return StatusCode::FORBIDDEN.into_response(),
        };
        let relay = self.clone();
        let (mut parts, _) = request.into_parts();
        match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            Ok(upgrade) => upgrade
                .max_message_size(MAX_FRAME_BYTES)
                .max_frame_size(MAX_FRAME_BYTES)
                .on_upgrade(move |socket| socket::serve(socket, relay, version, key)),
            Err(refused) => refused.into_response(),
        }
    }
}

/// A parameter whose value needs no decoding.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}
