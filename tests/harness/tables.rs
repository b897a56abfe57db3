//! The tables before and after: what an attack must not have changed.

use crate::{person::Person, stack::Stack};
use serde_json::Value;
use std::future::Future;
use uuid::Uuid;

impl Stack {
    /// Every row of the chat's that has to do with these people.
    pub async fn tables(&self, people: &[&Person]) -> Value {
        let people: Vec<Uuid> = people.iter().map(|person| person.id).collect();
        self.value(
            "with
             my_chats as (
               select c.* from chat.chats c
               where c.direct_low = any ($1) or c.direct_high = any ($1)
                  or c.id in (select chat_id from chat.chat_participants
                              where user_id = any ($1))
                  or c.id in (select chat_id from public.messages where sender_id = any ($1))
             )
             select json_build_object(
               'chats', (select json_agg(c order by c.id) from my_chats c),
               'participants', (select json_agg(p order by p.chat_id, p.user_id)
                                from chat.chat_participants p
                                where p.chat_id in (select id from my_chats)),
               'read marks', (select json_agg(r order by r.chat_id, r.user_id)
                              from chat.read_marks r
                              where r.chat_id in (select id from my_chats)),
               'settings', (select json_agg(s order by s.chat_id, s.user_id)
                            from chat.participant_settings s
                            where s.chat_id in (select id from my_chats)),
               'reactions', (select json_agg(r order by r.chat_id, r.rev)
                             from chat.reactions r
                             where r.chat_id in (select id from my_chats)),
               'mentions', (select json_agg(n order by n.chat_id, n.created_at, n.user_id)
                            from chat.mentions n
                            where n.chat_id in (select id from my_chats)),
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
