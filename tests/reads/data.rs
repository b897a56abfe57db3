//! 200,000 messages in 5,002 chats, half of them in one; every column has a value that is common and
//! values that stand once.

use harness::{Person, Stack};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Who reads.
#[derive(Debug)]
pub struct Readers {
    /// Takes part in 1,000 chats of 20 messages.
    pub alice: Person,
    /// Takes part in 20 such chats.
    pub bob: Person,
    /// Takes part in a chat of three messages and in no other.
    pub loner: Person,
    /// Takes part in nothing.
    pub stranger: Person,
    /// Takes part in the chat of 100,000 messages and in no other.
    pub gossip: Person,
    /// The chat of 100,000 messages.
    pub busy: Uuid,
}

/// The readers, with everything that there is to read; made once.
pub async fn readers() -> &'static Readers {
    static READERS: OnceCell<Readers> = OnceCell::const_new();
    READERS.get_or_init(load).await
}

async fn load() -> Readers {
    let stack = Stack::connect().await;
    // What other tests have left would make the indexes deeper.
    stack.execute("truncate chat.chats cascade", &[]).await;
    let [alice, bob, loner, stranger, gossip] = stack.people().await;
    let [busy, alone] = [Uuid::new_v4(), Uuid::new_v4()];
    for table in ["public.messages", "chat.chats", "chat.chat_participants"] {
        let off = format!("alter table {table} disable trigger user");
        stack.execute(&off, &[]).await;
    }
    let places = "create temporary table place as
        select n, case n when 1 then $1 when 5001 then $2 else gen_random_uuid() end as id
        from generate_series(0, 5001) n";
    stack
        .execute(
            &places
                .replace("$1", &literal(busy))
                .replace("$2", &literal(alone)),
            &[],
        )
        .await;
    let crowd = "create temporary table crowd as
        select n, gen_random_uuid() as id from generate_series(0, 999) n";
    stack.execute(crowd, &[]).await;
    let chats = "insert into chat.chats (id, type, event_id, name, rev, last_message_at)
        select p.id, 'event_authors', gen_random_uuid(), 'Event ' || p.n, 100000, now() from place p";
    stack.execute(chats, &[]).await;
    // Scattered, as people come to their chats at different times.
    let participants = "insert into chat.chat_participants (chat_id, user_id)
        select seat.chat_id, seat.user_id
        from (
          select p.id as chat_id, c.id as user_id
          from place p cross join generate_series(0, 2) s join crowd c on c.n = (p.n * 7 + s * 13) % 1000
          where p.n <= 5000
          union all select p.id, $1 from place p where p.n <= 4999 and p.n % 5 = 0
          union all select p.id, $2 from place p where p.n % 250 = 7
          union all select p.id, $3 from place p where p.n = 5001
          union all select p.id, $4 from place p where p.n = 1
        ) as seat (chat_id, user_id)
        order by random()";
    stack
        .execute(participants, &[&alice.id, &bob.id, &loner.id, &gossip.id])
        .await;
    let messages = "insert into public.messages (
          chat_id, sender_id, text, client_id, rev, created_at, edited_at, deleted_at, deleted_by,
          attachment_path, attachment_file_name, attachment_content_type, attachment_size, attachment_width, attachment_height,
          reply_to_id, mentions, reactions
        )
        select p.id, c.id, case when line % 2 = 0 then 'often' else 'Line ' || line || ' of ' || p.n end,
          gen_random_uuid(), line,
          date_trunc('second', now()) - (line % 5000) * interval '7 seconds' - p.n % 3 * interval '1 second',
          case when line % 3 = 0 then date_trunc('day', now()) + line * interval '1 microsecond' * (line % 2) end,
          case when line % 19 = 0 then date_trunc('day', now()) + line * interval '1 microsecond' * (p.n % 2) end,
          case when line % 19 = 0 then case when p.n % 2 = 0 then p.id else c.id end end,
          case when line % 10 = 0 then p.id || '/' || c.id || '/' || line || '/file.png' end,
          case when line % 10 = 0 then case when p.n = 77 then line || '.png' else 'often.png' end end,
          case when line % 10 = 0 then case when p.n = 77 then 'image/gif' else 'image/png' end end,
          case when line % 10 = 0 then case when p.n = 77 then line else 4711 end end,
          case when line % 10 = 0 then case when p.n = 77 then line else 640 end end,
          case when line % 10 = 0 then case when p.n = 77 then line else 480 end end,
          case when line % 10 = 7 then case when p.n = 77 then c.id else p.id end end,
          case when line % 10 = 7 then case when p.n = 77 then array[c.id] else array[p.id] end else '{}' end,
          case when line % 10 = 7
            then jsonb_build_array(jsonb_build_object('emoji', case when p.n = 77 then line::text else '👍' end, 'count', 1, 'userIds', array[p.id]))
            else '[]'
          end
        from place p
        cross join lateral generate_series(1, case p.n when 1 then 100000 when 5001 then 3 else 20 end) line
        join crowd c on c.n = case when line % 2 = 0 then 0 else (p.n + line) % 1000 end";
    assert!(stack.execute(messages, &[]).await >= 200_000);
    for table in ["public.messages", "chat.chats", "chat.chat_participants"] {
        let on = format!("alter table {table} enable trigger user");
        stack.execute(&on, &[]).await;
        vacuum(&stack, table).await;
    }
    let files = "insert into storage.objects (bucket_id, name, metadata)
        select 'chat-attachments', m.attachment_path, '{}' from public.messages m
        where m.attachment_path is not null
        on conflict do nothing";
    assert!(stack.execute(files, &[]).await >= 20_000);
    stack.execute("analyze storage.objects", &[]).await;
    Readers {
        alice,
        bob,
        loner,
        stranger,
        gossip,
        busy,
    }
}

fn literal(id: Uuid) -> String {
    format!("'{id}'::uuid")
}

/// As autovacuum does in time: until all pages are known to be visible to all, which somebody else's
/// transaction may hold up. Vacuum passes over a few dead rows unless it is told to clean the indexes.
async fn vacuum(stack: &Stack, table: &str) {
    let visible = "select relallvisible >= relpages from pg_class where oid = $1::text::regclass";
    for _ in 0..100 {
        stack
            .execute(&format!("vacuum (analyze, index_cleanup on) {table}"), &[])
            .await;
        if stack.value(visible, &[&table]).await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{table} does not become visible to all");
}
