//! People, chats, messages and files that are there, for requests that succeed.

use std::fmt::Write;
use std::io;
use std::path::Path;

use harness::{Person, Stack, messages_path};
use uuid::Uuid;

/// How many chats, messages and files there are of each kind.
const MANY: usize = 12;

/// What is there, and the dictionaries that name it.
pub struct Fixtures {
    stack: Stack,
    /// Alice's, who sends all requests.
    pub token: String,
    dictionaries: Vec<(&'static str, Vec<String>)>,
}

impl Fixtures {
    pub async fn new() -> Self {
        let stack = Stack::connect().await;
        // Alice opens more uploads than one person may.
        limit_uploads(&stack, 1_000_000).await;
        let [alice] = stack.people().await;
        let (friends, chats) = direct_chats(&stack, &alice).await;
        let (_, chats_to_leave) = direct_chats(&stack, &alice).await;
        // Most requests are about one chat, so that its messages are found by them.
        let chat = chats[0];
        let mut messages = Vec::new();
        let mut messages_to_delete = Vec::new();
        let mut attachments = Vec::new();
        for n in 0..MANY {
            messages.push(alice.send(chat, &format!("message {n}")).await.id);
            messages_to_delete.push(alice.send(chat, &format!("to be deleted {n}")).await.id);
            let upload = stack.uploaded(&alice, chat, b"12345").await;
            attachments.push(upload.attachment_url);
        }
        let cursors = async |path: String| {
            let mut cursors = Vec::new();
            for limit in 1..4 {
                let page = alice.get(&format!("{path}?limit={limit}")).await.ok();
                cursors.push(page["nextCursor"].as_str().unwrap().to_owned());
            }
            cursors
        };
        let texts = |ids: &[Uuid]| ids.iter().map(Uuid::to_string).collect();
        let dictionaries = vec![
            ("chats", texts(&[chat])),
            ("messages", texts(&messages)),
            ("friends", texts(&friends)),
            ("attachments", attachments),
            ("cursors-of-chats", cursors("/chats".to_owned()).await),
            ("cursors-of-messages", cursors(messages_path(chat)).await),
            ("chats-to-leave", texts(&chats_to_leave)),
            ("messages-to-delete", texts(&messages_to_delete)),
        ];
        let token = alice.token.clone();
        Fixtures {
            stack,
            token,
            dictionaries,
        }
    }

    /// Writes the dictionaries, in the form of libFuzzer.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        for (name, values) in &self.dictionaries {
            let mut lines = String::new();
            for value in values {
                let _ = writeln!(lines, "\"{value}\"");
            }
            std::fs::write(folder.join(name), lines)?;
        }
        Ok(())
    }

    /// Sets the limit of the other tests again.
    pub async fn end(self) {
        limit_uploads(&self.stack, 20).await;
    }
}

async fn limit_uploads(stack: &Stack, max_count: i32) {
    let sql = "update chat.rate_limits set max_count = $1 where name = 'upload'";
    stack.execute(sql, &[&max_count]).await;
}

/// Chats of this person, each with a friend of their own.
async fn direct_chats(stack: &Stack, person: &Person) -> (Vec<Uuid>, Vec<Uuid>) {
    let others: [Person; MANY] = stack.people().await;
    let mut chats = Vec::new();
    for other in &others {
        chats.push(stack.direct_chat(person, other).await);
    }
    (others.iter().map(|other| other.id).collect(), chats)
}
