//! One connection: its reader, its writer, and the queue between the hub and the writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, interval};

use super::Relay;
use super::frame::{Copies, Frame, Version};
use super::session::Session;

/// How many frames may wait for a client that does not read. Then the connection is closed: a client that comes
/// back asks for what it has missed.
const MAX_WAITING: usize = 1000;
/// How many bytes of frames may wait.
const MAX_WAITING_BYTES: usize = 16 * 1024 * 1024;
/// Clients send a heartbeat every 25 s.
const SILENCE: Duration = Duration::from_secs(60);

/// What waits for a client.
pub struct Outbox {
    version: Version,
    queue: mpsc::Sender<Message>,
    waiting_bytes: AtomicUsize,
    overflowed: Notify,
}

impl Outbox {
    pub fn push(&self, frame: &Frame) {
        self.queue_up(frame.encode(self.version));
    }

    pub fn push_copy(&self, copies: &mut Copies<'_>) {
        self.queue_up(copies.of(self.version));
    }

    fn queue_up(&self, message: Message) {
        let bytes = message_bytes(&message);
        let is_full = self.waiting_bytes.load(Ordering::Relaxed) > MAX_WAITING_BYTES;
        self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        // Without a reader the connection is ending, and the note is lost.
        if is_full || self.queue.try_send(message).is_err() {
            self.overflowed.notify_one();
        }
    }
}

/// Serves a connection to its end.
pub async fn serve(socket: WebSocket, relay: Arc<Relay>, version: Version, key: String) {
    let (sink, stream) = socket.split();
    let (queue, waiting) = mpsc::channel(MAX_WAITING);
    let outbox = Arc::new(Outbox {
        version,
        queue,
        waiting_bytes: AtomicUsize::new(0),
        overflowed: Notify::new(),
    });
    let mut closing = relay.hub.closing.subscribe();
    let session = Session::new(relay, outbox.clone(), key);
    tokio::select! {
        () = read(stream, session, version, &outbox) => {}
        () = write(sink, waiting, &outbox) => {}
        () = outbox.overflowed.notified() => {}
        _ = closing.changed() => {}
    }
}

/// Ends with the client, or when it says nothing for too long.
async fn read(
    mut stream: SplitStream<WebSocket>,
    mut session: Session,
    version: Version,
    outbox: &Outbox,
) {
    let mut seconds = interval(Duration::from_secs(1));
    let mut heard = Instant::now();
    while heard.elapsed() < SILENCE {
        let message = tokio::select! {
            message = stream.next() => message,
            _ = seconds.tick() => {
                session.end_expired();
                continue;
            }
        };
        heard = Instant::now();
        match message {
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            None | Some(Ok(Message::Close(_)) | Err(_)) => return,
            Some(Ok(message)) => match Frame::decode(version, &message) {
                Some(frame) => session.handle(frame).await,
                // The real server's connection ends here too. The writer ends after this message.
                None => outbox.queue_up(Message::Close(Some(CloseFrame {
                    code: close_code::ERROR,
                    reason: "no frame of this serializer".into(),
                }))),
            },
        }
    }
}

async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut waiting: mpsc::Receiver<Message>,
    outbox: &Outbox,
) {
    while let Some(message) = waiting.recv().await {
        let is_last = matches!(message, Message::Close(_));
        let bytes = message_bytes(&message);
        if sink.send(message).await.is_err() || is_last {
            return;
        }
        outbox.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

fn message_bytes(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) => bytes.len(),
        _ => 0,
    }
}
