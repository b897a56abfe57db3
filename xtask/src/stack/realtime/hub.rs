//! The channels of all connections: what each hears, and who is present.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::behaviour::Behaviour;
use super::frame::{Copies, Frame};
use super::rows::Subscription;
use super::socket::Outbox;

/// A private and a public topic of the same name have nothing to do with each other.
#[derive(Clone, PartialEq, Eq)]
pub struct Topic {
    pub name: String,
    pub private: bool,
}

impl Topic {
    /// As it stands in frames.
    pub fn wire(&self) -> String {
        format!("realtime:{}", self.name)
    }
}

/// A channel that is joined.
pub struct Member {
    pub topic: Topic,
    pub outbox: Arc<Outbox>,
    pub hears_broadcasts: bool,
    pub sees_presence: bool,
    /// The name of its user among those present.
    pub presence_key: String,
    /// What it tells of its user, who is present then.
    pub present: Option<Value>,
    pub rows: Option<Arc<Subscription>>,
}

/// What all connections share.
#[derive(Default)]
pub struct Hub {
    members: Mutex<BTreeMap<u64, Member>>,
    last_id: AtomicU64,
    pub behaviour: Behaviour,
    /// How many connections there are.
    pub sockets: watch::Sender<usize>,
    /// Says to all connections that they end.
    pub closing: watch::Sender<()>,
    /// Whether the database's changes arrive.
    pub replicates: watch::Sender<bool>,
}

impl Hub {
    pub fn new_id(&self) -> u64 {
        self.last_id.fetch_add(1, Ordering::Relaxed)
    }

    pub fn close_sockets(&self) {
        self.closing.send_replace(());
    }

    pub fn join(&self, channel: u64, member: Member) {
        self.members().insert(channel, member);
    }

    /// Changes what a channel hears.
    pub fn change(&self, channel: u64, change: impl FnOnce(&mut Member)) {
        self.members().get_mut(&channel).map(change);
    }

    pub fn leave(&self, channel: u64) {
        self.tell(channel, None);
        self.members().remove(&channel);
    }

    /// Sends an event to every channel that hears the topic, except one.
    pub fn broadcast(&self, topic: &Topic, payload: Value, except: Option<u64>) {
        let frame = Frame::push(&topic.wire(), Value::Null, "broadcast", payload);
        let mut copies = Copies::new(&frame);
        for (channel, member) in &*self.members() {
            let hears = member.hears_broadcasts && member.topic == *topic;
            if hears && Some(*channel) != except && !self.behaviour.drops() {
                member.outbox.push_copy(&mut copies);
            }
        }
    }

    /// Who is present, by their keys.
    pub fn present(&self, topic: &Topic) -> Value {
        let mut present: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for member in self.members().values().filter(|each| each.topic == *topic) {
            let metas = member.present.clone();
            if metas.is_some() {
                present
                    .entry(member.presence_key.clone())
                    .or_default()
                    .extend(metas);
            }
        }
        let keys = present
            .into_iter()
            .map(|(key, metas)| (key, json!({ "metas": metas })));
        Value::Object(keys.collect())
    }

    /// Tells the topic that a channel's user is present with this, or no longer.
    pub fn tell(&self, channel: u64, meta: Option<Map<String, Value>>) {
        let joins = meta.map(|mut meta| {
            meta.insert("phx_ref".to_owned(), self.new_id().to_string().into());
            Value::Object(meta)
        });
        let mut members = self.members();
        let Some(member) = members.get_mut(&channel) else {
            return;
        };
        let leaves = std::mem::replace(&mut member.present, joins.clone());
        if joins.is_none() && leaves.is_none() {
            return;
        }
        let (topic, key) = (member.topic.clone(), member.presence_key.clone());
        let side = |meta: Option<Value>| {
            meta.map_or(json!({}), |meta| json!({ &key: { "metas": [meta] } }))
        };
        let diff = json!({ "joins": side(joins), "leaves": side(leaves) });
        let frame = Frame::push(&topic.wire(), Value::Null, "presence_diff", diff);
        let seers = members
            .values()
            .filter(|each| each.sees_presence && each.topic == topic);
        seers.for_each(|member| member.outbox.push(&frame));
    }

    pub fn subscriptions(&self) -> Vec<Arc<Subscription>> {
        self.members()
            .values()
            .filter_map(|member| member.rows.clone())
            .collect()
    }

    fn members(&self) -> MutexGuard<'_, BTreeMap<u64, Member>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
