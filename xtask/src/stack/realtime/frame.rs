//! Phoenix' frames in both serializers: an object (1.0.0), or an array (2.0.0). The second has a binary form for
//! a client's broadcasts as well.

use axum::extract::ws::Message;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Which serializer a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 1.0.0
    One,
    /// 2.0.0
    Two,
}

/// One message, in either direction. Serde reads both forms: the fields stand in the order of the array.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    #[serde(default)]
    pub join_ref: Value,
    #[serde(default, rename = "ref")]
    pub message_ref: Value,
    pub topic: String,
    pub event: String,
    #[serde(default)]
    pub payload: Value,
}

impl Frame {
    /// What the server says on a channel by itself.
    pub fn push(topic: &str, join_ref: Value, event: &str, payload: Value) -> Self {
        Self {
            join_ref,
            message_ref: Value::Null,
            topic: topic.to_owned(),
            event: event.to_owned(),
            payload,
        }
    }

    /// The answer to this frame.
    pub fn reply(&self, status: &str, response: Value) -> Self {
        Self {
            event: "phx_reply".to_owned(),
            payload: json!({ "status": status, "response": response }),
            ..self.clone()
        }
    }

    /// Reads what a client sends, if it is a frame.
    pub fn decode(version: Version, message: &Message) -> Option<Self> {
        match (version, message) {
            (_, Message::Text(text)) => serde_json::from_str(text).ok(),
            (Version::Two, Message::Binary(bytes)) => Self::from_binary(bytes),
            _ => None,
        }
    }

    /// A client's broadcast: kind 3, five lengths, the encoding, five strings, the payload.
    fn from_binary(bytes: &[u8]) -> Option<Self> {
        const BROADCAST: u8 = 3;
        const JSON: u8 = 1;
        let ([BROADCAST, lengths @ .., JSON], mut rest) = bytes.split_first_chunk::<7>()? else {
            return None;
        };
        let mut strings = [""; 5];
        for (string, length) in strings.iter_mut().zip(lengths) {
            let (head, tail) = rest.split_at_checked(usize::from(*length))?;
            *string = str::from_utf8(head).ok()?;
            rest = tail;
        }
        let [join_ref, message_ref, topic, event, _metadata] = strings;
        let payload: Value = serde_json::from_slice(rest).ok()?;
        Some(Self {
            join_ref: join_ref.into(),
            message_ref: message_ref.into(),
            topic: topic.to_owned(),
            event: "broadcast".to_owned(),
            payload: json!({ "type": "broadcast", "event": event, "payload": payload }),
        })
    }

    /// As a client of that version reads it.
    pub fn encode(&self, version: Version) -> Message {
        let Self {
            join_ref,
            message_ref,
            topic,
            event,
            payload,
        } = self;
        let text = match version {
            Version::One => serde_json::to_string(self),
            Version::Two => serde_json::to_string(&(join_ref, message_ref, topic, event, payload)),
        };
        // Only maps whose keys are no strings cannot be written.
        Message::text(text.unwrap_or_default())
    }
}

/// A frame for many clients, written once for each serializer.
pub struct Copies<'f> {
    frame: &'f Frame,
    one: Option<Message>,
    two: Option<Message>,
}

impl<'f> Copies<'f> {
    pub fn new(frame: &'f Frame) -> Self {
        Self {
            frame,
            one: None,
            two: None,
        }
    }

    pub fn of(&mut self, version: Version) -> Message {
        let copy = match version {
            Version::One => &mut self.one,
            Version::Two => &mut self.two,
        };
        copy.get_or_insert_with(|| self.frame.encode(version))
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_serializers_read_what_they_write() {
        let mut frame = Frame::push("realtime:a", "1".into(), "broadcast", json!({ "a": 1 }));
        frame.message_ref = "2".into();
        for version in [Version::One, Version::Two] {
            let read = Frame::decode(version, &frame.encode(version));
            assert_eq!(read.as_ref(), Some(&frame));
        }
    }

    #[test]
    fn a_clients_broadcast_may_be_binary() {
        let mut bytes = vec![3, 1, 1, 10, 1, 0, 1];
        bytes.extend(b"12realtime:aE{\"a\":1}");
        let read = Frame::decode(Version::Two, &Message::binary(bytes.clone())).unwrap();
        let payload = json!({ "type": "broadcast", "event": "E", "payload": { "a": 1 } });
        assert_eq!((read.topic.as_str(), read.payload), ("realtime:a", payload));
        for length in 0..bytes.len() {
            let cut = Message::binary(bytes[..length].to_vec());
            assert_eq!(Frame::decode(Version::Two, &cut), None, "{length} bytes");
        }
    }

    #[test]
    fn other_messages_are_no_frames() {
        for text in [
            "",
            "x",
            "[]",
            "{}",
            "[1,2,3,4,5]",
            r#"["1","1",null,"phx_join",{}]"#,
        ] {
            for version in [Version::One, Version::Two] {
                assert_eq!(Frame::decode(version, &Message::text(text)), None, "{text}");
            }
        }
    }
}
