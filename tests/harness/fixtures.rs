//! The host application's side, as its own code would change it: friendships, events, groups.
//! And history, put in by the owner of the tables where sending it would take minutes.

use crate::{person::Person, shapes::Chat, stack::Stack};
use uuid::Uuid;

impl Stack {
    /// Makes two people friends.
    pub async fn friends(&self, one: &Person, other: &Person) {
        self.friendship(one, other, "accepted").await;
    }

    /// Sets the friendship of two people; `asked_by` asked, or blocks the other.
    pub async fn friendship(&self, asked_by: &Person, other: &Person, status: &str) {
        let sql = format!(
            "insert into public.friendships (user_low, user_high, status, requested_by)
             values (least($1::uuid, $2::uuid), greatest($1::uuid, $2::uuid), '{status}', $1)
             on conflict (user_low, user_high)
             do update set status = excluded.status, requested_by = excluded.requested_by"
        );
        self.execute(&sql, &[&asked_by.id, &other.id]).await;
    }

    /// Ends the friendship of two people.
    pub async fn no_longer_friends(&self, one: &Person, other: &Person) {
        let gone = self
            .execute(
                "delete from public.friendships
                 where user_low = least($1::uuid, $2::uuid)
                   and user_high = greatest($1::uuid, $2::uuid)",
                &[&one.id, &other.id],
            )
            .await;
        assert_eq!(gone, 1);
    }

    /// Makes two people friends and opens their chat through the API.
    pub async fn direct_chat(&self, one: &Person, other: &Person) -> Uuid {
        self.friends(one, other).await;
        Chat::read(&one.open(other.id).await.created()).id
    }

    /// A draft event with these authors, created by the first.
    pub async fn event(&self, title: &str, authors: &[&Person]) -> Uuid {
        let event = Uuid::new_v4();
        self.execute(
            "insert into public.events (id, title, status, created_by)
             values ($1, $2, 'draft', $3)",
            &[&event, &title, &authors[0].id],
        )
        .await;
        for author in authors {
            self.add_author(event, author).await;
        }
        event
    }

    /// Publishes an event, with everything that comes with it.
    pub async fn publish(&self, event: Uuid) {
        self.set_event_status(event, "published").await;
    }

    /// Sets an event's status.
    pub async fn set_event_status(&self, event: Uuid, status: &str) {
        let sql = format!("update public.events set status = '{status}' where id = $1");
        assert_eq!(self.execute(&sql, &[&event]).await, 1);
    }

    /// Adds an author. Someone who is one already has left the chat and is added anew.
    pub async fn add_author(&self, event: Uuid, author: &Person) {
        self.execute(
            "insert into public.event_authors (event_id, user_id) values ($1, $2)",
            &[&event, &author.id],
        )
        .await;
    }

    /// Takes an author away.
    pub async fn remove_author(&self, event: Uuid, author: &Person) {
        let sql = "delete from public.event_authors where event_id = $1 and user_id = $2";
        assert_eq!(self.execute(sql, &[&event, &author.id]).await, 1);
    }

    /// A pending group of an event.
    pub async fn group(&self, event: Uuid, name: &str, members: &[&Person]) -> Uuid {
        let group = Uuid::new_v4();
        self.execute(
            "insert into public.event_groups (id, event_id, name, status)
             values ($1, $2, $3, 'pending')",
            &[&group, &event, &name],
        )
        .await;
        for member in members {
            self.add_member(group, member).await;
        }
        group
    }

    /// Approves a group, with everything that comes with it.
    pub async fn approve(&self, group: Uuid) {
        self.set_group_status(group, "approved").await;
    }

    /// Sets a group's status.
    pub async fn set_group_status(&self, group: Uuid, status: &str) {
        let sql = format!("update public.event_groups set status = '{status}' where id = $1");
        assert_eq!(self.execute(&sql, &[&group]).await, 1);
    }

    /// Adds a member to a group.
    pub async fn add_member(&self, group: Uuid, member: &Person) {
        self.execute(
            "insert into public.event_group_members (group_id, user_id) values ($1, $2)",
            &[&group, &member.id],
        )
        .await;
    }

    /// Takes a member out of a group.
    pub async fn remove_member(&self, group: Uuid, member: &Person) {
        let sql = "delete from public.event_group_members where group_id = $1 and user_id = $2";
        assert_eq!(self.execute(sql, &[&group, &member.id]).await, 1);
    }

    /// An approved group of a published event; returns the group and its chat.
    pub async fn group_chat(&self, author: &Person, members: &[&Person]) -> (Uuid, Uuid) {
        let event = self.event("Harvest Fair", &[author]).await;
        self.publish(event).await;
        let group = self.group(event, "The Fiddlers", members).await;
        self.approve(group).await;
        let chat = self
            .value("select id from chat.chats where group_id = $1", &[&group])
            .await;
        (group, chat)
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
