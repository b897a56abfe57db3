//! What is asked: the cases of the tables, and those that are asked of ours alone.

use anyhow::Result;

use crate::bench::calls::{Call, FRESH_ID, Function};
use crate::bench::target::Target;
use crate::bench::world::World;

/// One kind of request, and the requests of it.
pub struct Case {
    /// Its name in tables and results.
    pub name: &'static str,
    /// What it is, for the report.
    pub about: &'static str,
    /// Asked one after the other and round again.
    pub calls: Vec<Call>,
    /// SQL that each measurement begins with.
    pub before: Option<String>,
    /// Whether it changes the database.
    pub writes: bool,
}

impl Case {
    /// Who answers it: all that are compared, and the limits where it reads.
    pub fn targets(&self) -> Vec<Target> {
        let limits = Target::LIMITS.into_iter().filter(|_| !self.writes);
        Target::ALL.into_iter().chain(limits).collect()
    }
}

/// Numbers of tests/bench/data.sql.
const ONE_CHAT: usize = 0;
const TWO_HUNDRED_CHATS: usize = 1;
const THOUSAND_CHATS: usize = 2;
const SENDERS: std::ops::Range<usize> = 3..19;
const MARKS_READ: usize = 19;
const LONG: usize = 0;
const SHORT: usize = 1;
const ORDINARY: usize = 5;
const SENT_TO_BY_ONE: usize = 1967;
const HOT: usize = 1983;
const SENT_TO_BY_ALL: usize = 1984;

/// The cases that every target answers.
pub async fn compared(world: &World) -> Result<Vec<Case>> {
    let long = world.chat(LONG)?;
    let reader = TWO_HUNDRED_CHATS;
    let (at, cursor) = deep(world, long).await?;
    Ok(vec![
        read(
            "first-page",
            "the newest 50 of 300,000 messages, for a person in 200 chats",
            page(world, LONG, reader)?,
        ),
        read(
            "deep-page",
            "the 1,000th page of 50 of the same chat",
            Call {
                path: format!("/chats/{long}/messages?cursor={cursor}"),
                rpc: format!("list_messages?chat_id={long}&page_limit=50&before={at}"),
                ..page(world, LONG, reader)?
            },
        ),
        read(
            "chat-list",
            "the newest 50 of 200 chats, with last message and unread count",
            list(world, reader)?,
        ),
        read(
            "one-chat",
            "one chat",
            get(
                world,
                Function::Chats,
                &format!("/chats/{}", world.chat(ORDINARY)?),
                &format!("get_chat?chat_id={}", world.chat(ORDINARY)?),
                reader,
            )?,
        ),
        read(
            "changes",
            "100 changes from the middle of 300,000",
            get(
                world,
                Function::Messages,
                &format!("/chats/{long}/changes?since=150000&limit=100"),
                &format!("list_changes?chat_id={long}&since=150000&page_limit=100"),
                reader,
            )?,
        ),
        write(
            "send",
            "sends with a clientId, by 16 senders, each into a chat of three",
            sends(world, |sender| SENT_TO_BY_ONE + sender)?,
        ),
        write(
            "send-hot",
            "the same 16 into one chat of 16",
            sends(world, |_| HOT)?,
        ),
        write(
            "edit",
            "edits by 16 senders, each in a chat of their own",
            edits(world).await?,
        ),
        marks(world).await?,
    ])
}

/// The cases that ours alone is compared with itself by.
pub fn variants(world: &World) -> Result<Vec<Case>> {
    Ok(vec![
        read(
            "first-page-in-1",
            "the first page for a person in that one chat",
            page(world, LONG, ONE_CHAT)?,
        ),
        read(
            "first-page-in-1000",
            "the first page for a person in 1,000 chats",
            page(world, LONG, THOUSAND_CHATS)?,
        ),
        read(
            "first-page-of-100",
            "the first page of a chat of 100 messages",
            page(world, SHORT, TWO_HUNDRED_CHATS)?,
        ),
        read(
            "chat-list-of-1000",
            "the newest 50 of 1,000 chats",
            list(world, THOUSAND_CHATS)?,
        ),
        write(
            "send-spread",
            "sends by the 16, each into a chat of 16 of their own",
            sends(world, |sender| SENT_TO_BY_ALL + sender)?,
        ),
    ])
}

fn read(name: &'static str, about: &'static str, call: Call) -> Case {
    Case {
        name,
        about,
        calls: vec![call],
        before: None,
        writes: false,
    }
}

fn write(name: &'static str, about: &'static str, calls: Vec<Call>) -> Case {
    Case {
        name,
        about,
        calls,
        before: None,
        writes: true,
    }
}

fn get(world: &World, function: Function, path: &str, rpc: &str, person: usize) -> Result<Call> {
    Ok(Call {
        method: "GET",
        path: path.to_owned(),
        body: None,
        rpc: rpc.to_owned(),
        arguments: None,
        token: world.token(person)?,
        function,
    })
}

fn page(world: &World, chat: usize, person: usize) -> Result<Call> {
    let chat = world.chat(chat)?;
    let (path, rpc) = (
        format!("/chats/{chat}/messages"),
        format!("list_messages?chat_id={chat}&page_limit=50"),
    );
    get(world, Function::Messages, &path, &rpc, person)
}

fn list(world: &World, person: usize) -> Result<Call> {
    get(
        world,
        Function::Chats,
        "/chats",
        "list_chats?page_limit=50",
        person,
    )
}

/// Where the 1,000th page begins: the time, and the API's cursor for it.
async fn deep(world: &World, chat: &str) -> Result<(String, String)> {
    let at = world.text(&format!(
        "select chat.rfc3339(created_at) from public.messages \
         where chat_id = '{chat}' and deleted_at is null order by created_at desc offset 49949 limit 1"
    )).await?;
    let cursor = world
        .text(&format!("select chat.cursor('messages', '{chat}', '{at}')"))
        .await?;
    Ok((at, cursor))
}

fn sends(world: &World, chat_of: impl Fn(usize) -> usize) -> Result<Vec<Call>> {
    SENDERS
        .enumerate()
        .map(|(sender, person)| {
            let chat = world.chat(chat_of(sender))?;
            let text = "A message of ordinary length, as people send them all day long.";
            Ok(Call {
                method: "POST",
                path: format!("/chats/{chat}/messages"),
                body: Some(format!(r#"{{"text":"{text}","clientId":"{FRESH_ID}"}}"#)),
                rpc: "send_message".to_owned(),
                arguments: Some(format!(
                    r#"{{"chat_id":"{chat}","text":"{text}","client_id":"{FRESH_ID}"}}"#
                )),
                token: world.token(person)?,
                function: Function::Messages,
            })
        })
        .collect()
}

async fn edits(world: &World) -> Result<Vec<Call>> {
    world
        .editable()
        .await?
        .into_iter()
        .map(|message| {
            let (chat, id) = (message.chat, message.id);
            // Another text each time: the same one again changes nothing.
            let text = format!("A message that was changed, as people change them: {FRESH_ID}.");
            Ok(Call {
                method: "PATCH",
                path: format!("/chats/{chat}/messages/{id}"),
                body: Some(format!(r#"{{"text":"{text}"}}"#)),
                rpc: "edit_message".to_owned(),
                arguments: Some(format!(
                    r#"{{"chat_id":"{chat}","message_id":"{id}","text":"{text}"}}"#
                )),
                token: world.token(SENDERS.start + message.sender)?,
                function: Function::Messages,
            })
        })
        .collect()
}

async fn marks(world: &World) -> Result<Case> {
    let token = world.token(MARKS_READ)?;
    let call = |(chat, message): (String, String)| Call {
        method: "POST",
        path: format!("/chats/{chat}/read"),
        body: Some(format!(r#"{{"messageId":"{message}"}}"#)),
        rpc: "mark_read".to_owned(),
        arguments: Some(format!(
            r#"{{"chat_id":"{chat}","message_id":"{message}"}}"#
        )),
        token: token.clone(),
        function: Function::Chats,
    };
    let unread = format!(
        "update chat.read_marks set last_read_at = '-infinity' where user_id = '{}'",
        world.person(MARKS_READ)?
    );
    Ok(Case {
        before: Some(unread),
        ..write(
            "mark-read",
            "marks as read, each of which moves the mark",
            world.marks().await?.into_iter().map(call).collect(),
        )
    })
}
