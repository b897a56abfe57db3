//! Completeness: whatever several people do at the same time, a client that keeps the list by deltas alone has what
//! `GET /chats` shows, at every quiet moment.

use crate::changes::Random;
use futures_util::{FutureExt, StreamExt, future::join_all, join, stream};
use harness::{
    Answer, ListReplica, Method, Person, Stack, deletion, message_path, messages_path, removal,
    shown,
};
use serde_json::{Value, json};
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use uuid::Uuid;

/// How often a history becomes quiet, and how many things happen before that, at the same time.
const ROUNDS: usize = 8;
const AT_ONCE: usize = 5;
/// Histories that run side by side.
const SIDE_BY_SIDE: usize = 4;
const PEOPLE: usize = 5;

#[tokio::test]
async fn the_list_kept_by_deltas_is_the_list() {
    let stack = &Stack::connect().await;
    stream::iter(seeds())
        .for_each_concurrent(SIDE_BY_SIDE, |seed| async move {
            let history = AssertUnwindSafe(history(stack, seed)).catch_unwind();
            if let Err(failure) = history.await {
                let text = failure.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| failure.downcast_ref::<&str>().copied());
                panic!("DELTA_SEED={seed}: {}", text.unwrap_or("no message"));
            }
        })
        .await;
}

/// Those of `DELTA_SEED=7` or `DELTA_SEED=1-1000`; a few where it is not set.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let named = std::env::var("DELTA_SEED").unwrap_or_else(|_| "1-12".to_owned());
    let (first, last) = named.split_once('-').unwrap_or((&named, &named));
    first.parse().unwrap()..=last.parse().unwrap()
}

async fn history(stack: &Stack, seed: u64) {
    let random = &mut Random::new(seed);
    let mut story = Story::begin(stack).await;
    for _ in 0..ROUNDS {
        let deeds: Vec<Deed> = (0..AT_ONCE).map(|_| story.choose(random)).collect();
        let limits: Vec<usize> = story.replicas.iter().map(|_| 1 + random.below(6)).collect();
        let mut replicas = std::mem::take(&mut story.replicas);
        let pulls = replicas.iter_mut().zip(&limits);
        join!(
            join_all(deeds.iter().map(|deed| story.act(deed))),
            join_all(pulls.map(|(replica, limit)| replica.pull(*limit))),
        );
        // An account that is deleted here is deleted when nothing else happens, because its client ends then.
        if random.percent(15) && replicas.len() > 2 {
            let gone = replicas.remove(random.below(replicas.len()));
            let delete = "delete from auth.users where id = $1";
            stack.execute(delete, &[&gone.person.id]).await;
        }
        for replica in &mut replicas {
            replica.catch_up(1 + random.below(6)).await;
            assert_eq!(replica.chats, shown(&replica.person).await, "caught up");
        }
        story.replicas = replicas;
    }
}

/// What somebody does. Others may be faster, so it may be refused.
#[derive(Debug)]
enum Deed {
    Send {
        actor: usize,
        chat: Uuid,
        mentions: Vec<Uuid>,
    },
    Edit {
        actor: usize,
        chat: Uuid,
        message: Uuid,
    },
    Delete {
        actor: usize,
        chat: Uuid,
        message: Uuid,
    },
    React {
        actor: usize,
        chat: Uuid,
        message: Uuid,
    },
    Read {
        actor: usize,
        chat: Uuid,
        message: Uuid,
    },
    Choose {
        actor: usize,
        chat: Uuid,
        settings: Value,
    },
    Leave {
        actor: usize,
        chat: Uuid,
    },
    Open {
        actor: usize,
        other: Uuid,
    },
    /// Several in one transaction, which is committed some time later.
    Together {
        actor: usize,
        chats: Vec<Uuid>,
    },
    Add {
        actor: usize,
        room: Uuid,
    },
    Remove {
        actor: usize,
        room: Uuid,
    },
    NewRoom {
        author: usize,
        member: usize,
    },
    DeleteRoom {
        room: Uuid,
    },
    DeleteChat {
        chat: Uuid,
    },
}

struct Story<'s> {
    stack: &'s Stack,
    people: Vec<Person>,
    replicas: Vec<ListReplica>,
    /// The rooms, with their chats. Some are deleted.
    rooms: Mutex<Vec<(Uuid, Uuid)>>,
    direct: Mutex<Vec<Uuid>>,
    /// What was said, and where.
    said: Mutex<Vec<(Uuid, Uuid)>>,
}

impl<'s> Story<'s> {
    async fn begin(stack: &'s Stack) -> Story<'s> {
        let people: [Person; PEOPLE] = stack.people().await;
        let mut direct = Vec::new();
        for (index, one) in people.iter().enumerate() {
            for other in &people[index + 1..] {
                stack.friends(one, other).await;
                if (index + direct.len()) % 2 == 0 {
                    direct.push(stack.direct_chat(one, other).await);
                }
            }
        }
        let [a, b, c, d, _] = &people;
        let rooms = vec![
            stack.room(a, &[b, c]).await,
            stack.room(d, &[a, b, c]).await,
        ];
        let replicas = join_all(people.iter().map(ListReplica::load)).await;
        Story {
            stack,
            people: people.to_vec(),
            replicas,
            rooms: Mutex::new(rooms),
            direct: Mutex::new(direct),
            said: Mutex::new(Vec::new()),
        }
    }

    fn choose(&self, random: &mut Random) -> Deed {
        let actor = random.below(PEOPLE);
        let rooms = self.rooms.lock().unwrap().clone();
        let direct = self.direct.lock().unwrap().clone();
        let said = self.said.lock().unwrap().clone();
        let room = rooms[random.below(rooms.len())];
        let chats: Vec<Uuid> = rooms
            .iter()
            .map(|(_, chat)| *chat)
            .chain(direct.clone())
            .collect();
        let chat = chats[random.below(chats.len())];
        let other = (actor + 1 + random.below(PEOPLE - 1)) % PEOPLE;
        let other = self.people[other].id;
        let send = || Deed::Send {
            actor,
            chat,
            mentions: Vec::new(),
        };
        let message = random.pick(&said).copied();
        let (in_chat, message) = match message {
            Some(found) => found,
            None => return send(),
        };
        match random.below(100) {
            0..24 => send(),
            24..28 => Deed::Send {
                actor,
                chat,
                mentions: vec![other],
            },
            28..36 => Deed::Edit {
                actor,
                chat: in_chat,
                message,
            },
            36..42 => Deed::Delete {
                actor,
                chat: in_chat,
                message,
            },
            42..48 => Deed::React {
                actor,
                chat: in_chat,
                message,
            },
            48..58 => Deed::Read {
                actor,
                chat: in_chat,
                message,
            },
            58..70 => Deed::Choose {
                actor,
                chat,
                settings: settings(random),
            },
            70..76 => Deed::Leave { actor, chat },
            76..82 => Deed::Open { actor, other },
            82..87 => Deed::Together {
                actor,
                chats: chats.into_iter().take(3).collect(),
            },
            87..91 => Deed::Add {
                actor,
                room: room.0,
            },
            91..94 => Deed::Remove {
                actor,
                room: room.0,
            },
            94..96 => Deed::NewRoom {
                author: actor,
                member: (actor + 1) % PEOPLE,
            },
            96..98 if rooms.len() > 1 => Deed::DeleteRoom { room: room.0 },
            _ => match random.pick(&direct) {
                Some(chat) => Deed::DeleteChat { chat: *chat },
                None => send(),
            },
        }
    }

    async fn act(&self, deed: &Deed) {
        match deed {
            Deed::Send {
                actor,
                chat,
                mentions,
            } => {
                let body = json!({ "text": "hello", "mentions": mentions });
                let answer = self.people[*actor].post(&messages_path(*chat), &body).await;
                if let Some(id) =
                    settled(&answer).and_then(|sent| sent["id"].as_str()?.parse().ok())
                {
                    self.said.lock().unwrap().push((*chat, id));
                }
            }
            Deed::Edit {
                actor,
                chat,
                message,
            } => {
                settled(
                    &self.people[*actor]
                        .try_edit(*chat, *message, "edited")
                        .await,
                );
            }
            Deed::Delete {
                actor,
                chat,
                message,
            } => {
                settled(&self.people[*actor].try_remove(*chat, *message).await);
            }
            Deed::React {
                actor,
                chat,
                message,
            } => {
                let path = format!("{}/reactions/%F0%9F%91%8D", message_path(*chat, *message));
                settled(&self.people[*actor].call(Method::PUT, &path).send().await);
            }
            Deed::Read {
                actor,
                chat,
                message,
            } => {
                settled(&self.people[*actor].try_mark_read(*chat, *message).await);
            }
            Deed::Choose {
                actor,
                chat,
                settings,
            } => {
                settled(&self.people[*actor].try_choose(*chat, settings).await);
            }
            Deed::Leave { actor, chat } => {
                settled(&self.people[*actor].delete(&harness::chat_path(*chat)).await);
            }
            Deed::Open { actor, other } => {
                let answer = self.people[*actor].open(*other).await;
                if let Some(id) =
                    settled(&answer).and_then(|chat| chat["id"].as_str()?.parse().ok())
                {
                    let mut direct = self.direct.lock().unwrap();
                    if !direct.contains(&id) {
                        direct.push(id);
                    }
                }
            }
            Deed::Together { actor, chats } => self.together(*actor, chats).await,
            Deed::Add { actor, room } => {
                // Somebody who has left by themselves is a member of the host's still.
                let person = &self.people[*actor];
                let host = Stack::sql_connection().await;
                let add = format!(
                    "select chat_tests.add_members(array['{room}'::uuid], array['{}'::uuid])",
                    person.id
                );
                let add = format!("{}; {add}", removal(&[*room], person));
                of_host(host.batch_execute(&add).await);
            }
            Deed::Remove { actor, room } => {
                let host = Stack::sql_connection().await;
                let remove = removal(&[*room], &self.people[*actor]);
                of_host(host.batch_execute(&remove).await);
            }
            Deed::NewRoom { author, member } => {
                let host = Stack::sql_connection().await;
                let (author, member) = (self.people[*author].id, self.people[*member].id);
                // One of the two may have no account any more.
                let open = "select chat_tests.open_room('New', array[$1::uuid], array[$2::uuid])";
                let made = host.query_one(open, &[&author, &member]).await;
                if let Ok(row) = made {
                    let room: Uuid = row.get(0);
                    let chat = host
                        .query_one("select chat_tests.chat_of($1)", &[&room])
                        .await;
                    self.rooms
                        .lock()
                        .unwrap()
                        .push((room, chat.unwrap().get(0)));
                }
            }
            Deed::DeleteRoom { room } => {
                self.rooms
                    .lock()
                    .unwrap()
                    .retain(|(known, _)| known != room);
                let host = Stack::sql_connection().await;
                of_host(host.batch_execute(&deletion(*room)).await);
            }
            Deed::DeleteChat { chat } => {
                self.direct.lock().unwrap().retain(|known| known != chat);
                let host = Stack::sql_connection().await;
                let delete = format!("delete from chat.chats where id = '{chat}'");
                of_host(host.batch_execute(&delete).await);
            }
        }
    }

    /// Reads and chooses in several chats in one transaction, and commits it while others go on.
    async fn together(&self, actor: usize, chats: &[Uuid]) {
        let person = &self.people[actor];
        let connection = self.stack.begin_as(person).await;
        for chat in chats {
            let choose = "select public.change_chat_settings($1, marked_unread => true)";
            if connection.execute(choose, &[chat]).await.is_err() {
                // The transaction has failed: this person does not take part.
                return;
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        connection.batch_execute("commit").await.unwrap();
    }
}

fn settings(random: &mut Random) -> Value {
    match random.below(6) {
        0 => json!({ "archived": true }),
        1 => json!({ "archived": false }),
        2 => json!({ "mutedUntil": "2100-01-01T00:00:00Z" }),
        3 => json!({ "mutedUntil": null, "pinned": true }),
        4 => json!({ "archived": true, "mutedUntil": "2100-01-01T00:00:00Z" }),
        _ => json!({ "markedUnread": true, "notify": "none" }),
    }
}

/// The body of a success. What is refused because others were faster is refused, and nothing else goes wrong.
#[track_caller]
fn settled(answer: &Answer) -> Option<Value> {
    match answer.status {
        200 | 201 => Some(answer.json(answer.status)),
        204 | 400 | 401 | 403 | 404 => None,
        _ => panic!("{answer:?}"),
    }
}

/// The host's own constraints may refuse what was done already, or what is deleted. A deadlock is a failure.
#[track_caller]
fn of_host(outcome: Result<(), tokio_postgres::Error>) {
    if let Err(error) = outcome {
        let code = error.code().map(|code| code.code().to_owned());
        assert!(
            matches!(code.as_deref(), Some("23505" | "23503" | "23502")),
            "{error:?}"
        );
    }
}
