//! What a client asks for on its connection: joins, leaves, tokens.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, interval, timeout};

use super::Relay;
use super::channel::{Channel, Config};
use super::frame::Frame;
use super::hub::{Member, Topic};
use super::rows::Subscription;
use super::socket::Outbox;
use super::tokens::Refusal;

/// As many as the real server allows on one connection.
const MAX_CHANNELS: usize = 100;
/// How long a join waits for the database's stream. The real server does not wait at all.
const REPLICATION_TIME: Duration = Duration::from_secs(5);

/// One connection's channels, by their topics as they stand in frames.
pub struct Session {
    relay: Arc<Relay>,
    outbox: Arc<Outbox>,
    /// The token of a client that has no user's.
    key: String,
    channels: HashMap<String, Channel>,
}

impl Session {
    pub fn new(relay: Arc<Relay>, outbox: Arc<Outbox>, key: String) -> Self {
        relay.hub.sockets.send_modify(|count| *count += 1);
        Self {
            relay,
            outbox,
            key,
            channels: HashMap::new(),
        }
    }

    /// Does what a frame asks.
    pub async fn handle(&mut self, frame: Frame) {
        if frame.topic == "phoenix" {
            return self.outbox.push(&frame.reply("ok", json!({})));
        }
        if frame.event == "phx_join" {
            return self.join(&frame).await;
        }
        let Some(channel) = self.channels.get_mut(&frame.topic) else {
            let unmatched = json!({ "reason": "unmatched topic" });
            return self.outbox.push(&frame.reply("error", unmatched));
        };
        match frame.event.as_str() {
            "phx_leave" => {
                self.outbox.push(&frame.reply("ok", json!({})));
                self.close(&frame.topic, None);
            }
            "access_token" => self.renew(&frame).await,
            "broadcast" => channel.broadcast(&self.relay.hub, &self.outbox, &frame),
            "presence" => {
                if let Err(message) = channel.presence(&self.relay.hub, &self.outbox, &frame) {
                    self.close(&frame.topic, Some(&message));
                }
            }
            _ => {}
        }
    }

    async fn join(&mut self, frame: &Frame) {
        // A second join ends the first.
        self.close(&frame.topic, None);
        self.relay
            .hub
            .behaviour
            .wait(|told| told.join_delay_ms)
            .await;
        let channel = match self.admit(frame).await {
            Ok(channel) => channel,
            Err(Refusal(code, message)) => {
                self.wait_for_refusal().await;
                let reason = json!({ "reason": format!("{code}: {message}") });
                return self.outbox.push(&frame.reply("error", reason));
            }
        };
        let (hub, outbox) = (&self.relay.hub, &self.outbox);
        let changes = json!({ "postgres_changes": channel.config.changes });
        outbox.push(&frame.reply("ok", changes));
        let member = Member {
            topic: channel.topic.clone(),
            outbox: outbox.clone(),
            hears_broadcasts: channel.allowed.hear_broadcasts,
            sees_presence: channel.sees_presence(),
            presence_key: channel.config.presence_key.clone(),
            present: None,
            rows: None,
        };
        hub.join(channel.id, member);
        if channel.sees_presence() {
            outbox.push(&channel.push("presence_state", hub.present(&channel.topic)));
        }
        if channel.config.wants_ready {
            outbox.push(&channel.system("system", "ok", "Replication connection established"));
        }
        self.channels.insert(frame.topic.clone(), channel);
        self.subscribe(&self.channels[&frame.topic]).await;
    }

    /// Everything else on this connection waits too, but tokens end in time.
    async fn wait_for_refusal(&mut self) {
        let relay = Arc::clone(&self.relay);
        let mut wait = pin!(relay.hub.behaviour.wait(|told| told.refusal_delay_ms));
        let mut tenths = interval(Duration::from_millis(100));
        loop {
            tokio::select! {
                () = &mut wait => return,
                _ = tenths.tick() => self.end_expired(),
            }
        }
    }

    /// The channel that a join opens, or why it does not.
    async fn admit(&self, frame: &Frame) -> Result<Channel, Refusal> {
        let refuse = |code, message: &str| Err(Refusal(code, message.to_owned()));
        let Some(name) = frame.topic.strip_prefix("realtime:") else {
            return refuse("UnmatchedTopic", "unmatched topic");
        };
        if name.is_empty() {
            return refuse("TopicNameRequired", "You must provide a topic name");
        }
        let config = Config::read(&frame.payload);
        if self.relay.hub.behaviour.told().private_only && !config.private {
            return refuse("PrivateOnly", "This project only allows private channels");
        }
        if self.channels.len() >= MAX_CHANNELS {
            return refuse("ChannelRateLimitReached", "Too many channels");
        }
        let token = user_token(frame).unwrap_or(&self.key);
        let topic = Topic {
            name: name.to_owned(),
            private: config.private,
        };
        let (claims, allowed) = self.relay.access(&topic, token).await?;
        let mut replicates = self.relay.hub.replicates.subscribe();
        let replicates = replicates.wait_for(|replicates| *replicates);
        if timeout(REPLICATION_TIME, replicates).await.is_err() {
            let message = "Realtime is initializing the project connection";
            return refuse("InitializingProjectConnection", message);
        }
        Ok(Channel {
            id: self.relay.hub.new_id(),
            topic,
            config,
            token: token.to_owned(),
            claims,
            allowed,
            join_ref: frame.join_ref.clone(),
            presence_calls: (0, Instant::now()),
        })
    }

    /// Begins with `postgres_changes`, or goes on with another token. Without the right to them, the rows of the token
    /// before end too.
    async fn subscribe(&self, channel: &Channel) {
        if channel.config.changes.is_empty() {
            return;
        }
        let subscription = Subscription::new(&self.relay.database, channel, &self.outbox);
        let (rows, told) = match subscription.await {
            Ok(subscription) => {
                let told = channel.system("postgres_changes", "ok", "Subscribed to PostgreSQL");
                (Some(Arc::new(subscription)), told)
            }
            Err(error) => {
                let told = channel.system("postgres_changes", "error", &format!("{error:#}"));
                (None, told)
            }
        };
        self.relay
            .hub
            .change(channel.id, |member| member.rows = rows);
        self.outbox.push(&told);
    }

    /// Another token for a channel: everything is asked again.
    async fn renew(&mut self, frame: &Frame) {
        let token = user_token(frame).unwrap_or_default();
        let Some(channel) = self.channels.get_mut(&frame.topic) else {
            return;
        };
        if token.is_empty() || token == channel.token {
            return;
        }
        match self.relay.access(&channel.topic, token).await {
            Ok((claims, allowed)) => {
                channel.token = token.to_owned();
                (channel.claims, channel.allowed) = (claims, allowed);
                self.relay.hub.change(channel.id, |member| {
                    member.hears_broadcasts = channel.allowed.hear_broadcasts;
                    member.sees_presence = channel.sees_presence();
                });
            }
            Err(Refusal(_, message)) => return self.close(&frame.topic, Some(&message)),
        }
        self.subscribe(&self.channels[&frame.topic]).await;
    }

    /// Ends the channels whose token has ended.
    pub fn end_expired(&mut self) {
        let expired = self.channels.iter().filter_map(|(topic, channel)| {
            let message = channel.claims.expired()?;
            Some((topic.clone(), message))
        });
        for (topic, message) in expired.collect::<Vec<_>>() {
            self.close(&topic, Some(&message));
        }
    }

    /// Ends a channel. `message` says why, if the server ends it.
    fn close(&mut self, topic: &str, message: Option<&str>) {
        let Some(channel) = self.channels.remove(topic) else {
            return;
        };
        self.relay.hub.leave(channel.id);
        if let Some(message) = message {
            self.outbox
                .push(&channel.system("system", "error", message));
        }
        self.outbox.push(&channel.push("phx_close", json!({})));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for channel in self.channels.values() {
            self.relay.hub.leave(channel.id);
        }
        self.relay.hub.sockets.send_modify(|count| *count -= 1);
    }
}

/// A user's token in a frame. A publishable key in its place is none.
fn user_token(frame: &Frame) -> Option<&str> {
    let token = frame.payload["access_token"].as_str()?;
    (!token.is_empty() && !token.starts_with("sb_")).then_some(token)
}
