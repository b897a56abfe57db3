//! The host application's side, as its own code would change it, through the helpers that it gives its tests
//! (`supabase/tests/001_host.test.sql`): friends, events, rooms.
//! And history, put in by the owner of the tables where sending it would take minutes.

use crate::{person::Person, shapes::Chat, stack::Stack};
use uuid::Uuid;

impl Stack {
    /// Makes two people friends.
    pub async fn friends(&self, one: &Person, other: &Person) {
        let sql = "select chat_tests.befriend($1, $2)";
        self.execute(sql, &[&one.id, &other.id]).await;
    }

    /// Ends the friendship of two people.
    pub async fn no_longer_friends(&self, one: &Person, other: &Person) {
        let sql = "select chat_tests.unfriend($1, $2)";
        self.execute(sql, &[&one.id, &other.id]).await;
    }

    /// Lets one person block another.
    pub async fn block(&self, blocker: &Person, blocked: &Person) {
        let sql = "select chat_tests.block($1, $2)";
        self.execute(sql, &[&blocker.id, &blocked.id]).await;
    }

    /// Ends a block.
    pub async fn unblock(&self, blocker: &Person, blocked: &Person) {
        let sql = "select chat_tests.unblock($1, $2)";
        self.execute(sql, &[&blocker.id, &blocked.id]).await;
    }

    /// Makes two people friends and opens their chat through the API.
    pub async fn direct_chat(&self, one: &Person, other: &Person) -> Uuid {
        self.friends(one, other).await;
        Chat::read(&one.open(other.id).await.created()).id
    }

    /// A published event with these authors; returns the event and its chat, which they moderate.
    pub async fn event(&self, title: &str, authors: &[&Person]) -> (Uuid, Uuid) {
        let sql = "select chat_tests.open_event($1, $2)";
        let event: Uuid = self.value(sql, &[&title, &ids(authors)]).await;
        (event, self.chat_of(event).await)
    }

    /// Adds an author. Someone who is one already has left the chat and is added anew.
    pub async fn add_author(&self, event: Uuid, author: &Person) {
        let sql = "select chat_tests.add_authors(array[$1::uuid], array[$2::uuid])";
        self.execute(sql, &[&event, &author.id]).await;
    }

    /// Takes an author away.
    pub async fn remove_author(&self, event: Uuid, author: &Person) {
        let sql = "select chat_tests.remove_authors(array[$1::uuid], array[$2::uuid])";
        self.execute(sql, &[&event, &author.id]).await;
    }

    /// A chat of several: the author moderates it, the members do not. Returns the room, which is what the
    /// host has members in, and its chat.
    pub async fn room(&self, author: &Person, members: &[&Person]) -> (Uuid, Uuid) {
        self.room_of(&[author], members).await
    }

    /// A room of several authors. Who is both stays a member when they are no longer an author.
    pub async fn room_of(&self, authors: &[&Person], members: &[&Person]) -> (Uuid, Uuid) {
        let sql = "select chat_tests.open_room('Harvest Fair', $1, $2)";
        let room: Uuid = self.value(sql, &[&ids(authors), &ids(members)]).await;
        (room, self.chat_of(room).await)
    }

    /// The event that a room belongs to.
    pub async fn event_of(&self, room: Uuid) -> Uuid {
        self.value("select chat_tests.event_of($1)", &[&room]).await
    }

    /// Adds a member to a room.
    pub async fn add_member(&self, room: Uuid, member: &Person) {
        let sql = "select chat_tests.add_members(array[$1::uuid], array[$2::uuid])";
        self.execute(sql, &[&room, &member.id]).await;
    }

    /// Takes a member out of a room.
    pub async fn remove_member(&self, room: Uuid, member: &Person) {
        self.execute(&removal(&[room], member), &[]).await;
    }

    /// Deletes a room's event, and so its chat.
    pub async fn delete_room(&self, room: Uuid) {
        self.execute(&deletion(room), &[]).await;
    }

    async fn chat_of(&self, source: Uuid) -> Uuid {
        let sql = "select chat_tests.chat_of($1)";
        self.value(sql, &[&source]).await
    }

    /// Puts `count` messages of `sender` into a chat, a microsecond apart after its last one, their
    /// texts `1`, `2` and so on. Goes around the API, so `rev` and activity are set here too.
    pub async fn history(&self, chat: Uuid, sender: &Person, count: i32) {
        self.execute(
            "with sent as (
               insert into public.messages (id, chat_id, sender_id, text, rev, created_at)
               select gen_random_uuid(), c.id, $2, n::text, c.rev + n,
                      coalesce(c.last_message_at, c.created_at) + n * interval '1 microsecond'
               from chat.chats c, generate_series(1, $3) n
               where c.id = $1
               returning created_at
             )
             update chat.chats
             set rev = rev + $3, last_message_at = (select max(created_at) from sent)
             where id = $1",
            &[&chat, &sender.id, &count],
        )
        .await;
    }

    /// Makes a message older: its `created_at` becomes that long ago.
    pub async fn backdate(&self, message: Uuid, age: &str) {
        let sql = format!(
            "update public.messages set created_at = clock_timestamp() - interval '{age}'
             where id = $1"
        );
        assert_eq!(self.execute(&sql, &[&message]).await, 1);
    }
}

/// The statement that takes a member out of rooms, for a transaction of the host's.
pub fn removal(rooms: &[Uuid], member: &Person) -> String {
    format!(
        "select chat_tests.remove_members({}, {})",
        array(rooms),
        array(&[member.id])
    )
}

/// The statement that deletes a room with its event.
pub fn deletion(room: Uuid) -> String {
    format!("select chat_tests.delete_event(chat_tests.event_of('{room}'))")
}

/// Ids as SQL.
pub fn array(ids: &[Uuid]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    format!("array[{}]::uuid[]", ids.join(", "))
}

/// The ids of people.
pub(crate) fn ids(people: &[&Person]) -> Vec<Uuid> {
    people.iter().map(|person| person.id).collect()
}
