//! The tables before and after: what an attack must not have changed.

use crate::{person::Person, stack::Stack};
use serde_json::Value;
use std::future::Future;
use uuid::Uuid;

impl Stack {
    /// Every row that has to do with these people, of every table an attack could reach.
    pub async fn tables(&self, people: &[&Person]) -> Value {
        let people: Vec<Uuid> = people.iter().map(|person| person.id).collect();
        self.value(
            "with
             my_events as (
               select e.* from public.events e
               where e.created_by = any ($1)
                  or e.id in (select event_id from public.event_authors where user_id = any ($1))
             ),
             my_groups as (
               select g.* from public.event_groups g
               where g.event_id in (select id from my_events)
                  or g.id in (select group_id from public.event_group_members
                              where user_id = any ($1))
             ),
             my_chats as (
               select c.* from chat.chats c
               where c.direct_low = any ($1) or c.direct_high = any ($1)
                  or c.event_id in (select id from my_events)
                  or c.group_id in (select id from my_groups)
                  or c.id in (select chat_id from chat.chat_participants
                              where user_id = any ($1))
                  or c.id in (select chat_id from public.messages where sender_id = any ($1))
             )
             select json_build_object(
               'events', (select json_agg(e order by e.id) from my_events e),
               'groups', (select json_agg(g order by g.id) from my_groups g),
               'chats', (select json_agg(c order by c.id) from my_chats c),
               'authors', (select json_agg(a order by a.event_id, a.user_id)
                           from public.event_authors a
                           where a.event_id in (select id from my_events)),
               'members', (select json_agg(m order by m.group_id, m.user_id)
                           from public.event_group_members m
                           where m.group_id in (select id from my_groups)),
               'friendships', (select json_agg(f order by f.user_low, f.user_high)
                               from public.friendships f
                               where f.user_low = any ($1) or f.user_high = any ($1)),
               'participants', (select json_agg(p order by p.chat_id, p.user_id)
                                from chat.chat_participants p
                                where p.chat_id in (select id from my_chats)),
               'read marks', (select json_agg(r order by r.chat_id, r.user_id)
                              from chat.read_marks r
                              where r.chat_id in (select id from my_chats)),
               'messages', (select json_agg(m order by m.chat_id, m.id)
                            from public.messages m
                            where m.chat_id in (select id from my_chats)
                               or m.sender_id = any ($1))
             )",
            &[&people],
        )
        .await
    }

    /// Runs an attack and asserts that no row of these people's changed.
    pub async fn unchanged_by<T>(&self, people: &[&Person], attack: impl Future<Output = T>) -> T {
        let before = self.tables(people).await;
        let outcome = attack.await;
        assert_eq!(self.tables(people).await, before, "the tables changed");
        outcome
    }
}
