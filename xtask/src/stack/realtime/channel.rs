//! One joined channel: what its client asks for and sends, and what is said to it.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::frame::Frame;
use super::hub::{Hub, Topic};
use super::policies::Allowed;
use super::socket::Outbox;
use super::tokens::Claims;
use crate::stack::keys;

/// More calls than these within the time end the channel, as on the real server.
const PRESENCE_CALLS: u32 = 5;
const PRESENCE_TIME: Duration = Duration::from_secs(30);

/// The part `config` of a join.
pub struct Config {
    pub private: bool,
    /// Broadcasts are acknowledged.
    ack: bool,
    /// Broadcasts come back to their sender.
    hears_itself: bool,
    pub wants_ready: bool,
    pub wants_presence: bool,
    pub presence_key: String,
    /// What is asked of `postgres_changes`, each with an id.
    pub changes: Vec<Value>,
}

impl Config {
    /// What is not of the expected type counts as left out.
    pub fn read(payload: &Value) -> Self {
        let config = &payload["config"];
        let flag = |value: &Value| value.as_bool().unwrap_or(false);
        let key = config["presence"]["key"].as_str();
        let key = key.filter(|key| !key.is_empty()).map(str::to_owned);
        let changes = config["postgres_changes"].as_array();
        let changes = changes.into_iter().flatten().filter_map(Value::as_object);
        let with_id = |(asked, id): (&Map<String, Value>, u64)| {
            let mut asked = asked.clone();
            asked.insert("id".to_owned(), id.into());
            Value::Object(asked)
        };
        Self {
            private: flag(&config["private"]),
            ack: flag(&config["broadcast"]["ack"]),
            hears_itself: flag(&config["broadcast"]["self"]),
            wants_ready: flag(&config["broadcast"]["replication_ready"]),
            wants_presence: config["presence"]["enabled"].as_bool().unwrap_or(true),
            presence_key: key.unwrap_or_else(|| keys::random().unwrap_or_default()),
            changes: changes.zip(1..).map(with_id).collect(),
        }
    }
}

/// One channel.
pub struct Channel {
    pub id: u64,
    pub topic: Topic,
    pub config: Config,
    pub token: String,
    pub claims: Claims,
    pub allowed: Allowed,
    pub join_ref: Value,
    /// How often presence was told since when.
    pub presence_calls: (u32, Instant),
}

impl Channel {
    pub fn sees_presence(&self) -> bool {
        self.config.wants_presence && self.allowed.see_presence
    }

    pub fn push(&self, event: &str, payload: Value) -> Frame {
        Frame::push(&self.topic.wire(), self.join_ref.clone(), event, payload)
    }

    pub fn system(&self, extension: &str, status: &str, message: &str) -> Frame {
        let channel = &self.topic.name;
        self.push(
            "system",
            json!({ "extension": extension, "status": status, "message": message, "channel": channel }),
        )
    }

    /// A client's broadcast. Without a policy for it, it is dropped and nothing is said.
    pub fn broadcast(&self, hub: &Hub, outbox: &Outbox, frame: &Frame) {
        if !self.allowed.broadcast || !frame.payload["event"].is_string() {
            return;
        }
        let except = (!self.config.hears_itself).then_some(self.id);
        let payload = frame.payload.clone();
        hub.broadcast(&self.topic, payload, except);
        if self.config.ack {
            outbox.push(&frame.reply("ok", json!({})));
        }
    }

    /// `track` and `untrack`; an error ends the channel.
    pub fn presence(&mut self, hub: &Hub, outbox: &Outbox, frame: &Frame) -> Result<(), String> {
        let (calls, since) = &mut self.presence_calls;
        if since.elapsed() > PRESENCE_TIME {
            (*calls, *since) = (0, Instant::now());
        }
        *calls += 1;
        if *calls > PRESENCE_CALLS {
            return Err("Client presence rate limit exceeded".to_owned());
        }
        let told = &frame.payload["payload"];
        let meta = match frame.payload["event"].as_str() {
            Some("untrack") => Some(None),
            Some("track") if !self.allowed.be_present => None,
            Some("track") if told.is_null() => Some(Some(Map::new())),
            Some("track") => told.as_object().cloned().map(Some),
            _ => None,
        };
        let status = if meta.is_some() { "ok" } else { "error" };
        if let Some(meta) = meta {
            hub.tell(self.id, meta);
        }
        outbox.push(&frame.reply(status, json!({})));
        Ok(())
    }
}
