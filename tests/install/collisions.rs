//! What a project may have that is in the way: each alone, and all together.

use crate::database::Database;
use crate::refusals::assert_refused;

/// What a project has, and what the first migration says of it, in the order of the whole list.
pub struct Collision {
    pub sql: &'static str,
    pub finding: &'static str,
    pub repair: &'static str,
}

pub const COLLISIONS: [Collision; 19] = [
    Collision {
        sql: "alter table storage.objects disable row level security",
        finding: "row level security is off on storage.objects: policies there would do nothing",
        repair: "as its owner, supabase_storage_admin: alter table storage.objects enable row level security;",
    },
    Collision {
        sql: "drop function realtime.send",
        finding: "there is no function realtime.send(jsonb, text, text, boolean)",
        repair: "update that part of Supabase, or take the URL of a hosted project's database",
    },
    Collision {
        sql: "create schema chat",
        finding: "schema chat exists",
        repair: "alter schema chat rename to …; and take chat out of the exposed schemas (Dashboard, API), as this one must not be",
    },
    Collision {
        sql: "create schema example_host",
        finding: "schema example_host exists",
        repair: "alter schema example_host rename to …;",
    },
    Collision {
        sql: "create table public.notes (id int constraint messages_pkey primary key)",
        finding: "index public.messages_pkey exists",
        repair: "alter index public.messages_pkey rename to …;",
    },
    Collision {
        sql: "create sequence public.messages_page_idx",
        finding: "sequence public.messages_page_idx exists",
        repair: "alter sequence public.messages_page_idx rename to …;",
    },
    Collision {
        sql: "create table public.messages (id bigint, text text)",
        finding: "table public.messages exists",
        repair: "alter table public.messages rename to …;",
    },
    Collision {
        sql: "create procedure public.get_chat(uuid) language sql as ''",
        finding: "function public.get_chat(uuid) exists",
        repair: "alter routine public.get_chat(uuid) rename to …;",
    },
    Collision {
        sql: "create function public.list_chats() returns setof text language sql as 'select null'",
        finding: "function public.list_chats() exists: PostgREST could not tell it from the chat's \
            (integer, timestamp with time zone, uuid, boolean)",
        repair: "alter routine public.list_chats() rename to …;",
    },
    Collision {
        sql: "create function public.send_typing(room uuid) returns void language sql as ''",
        finding: "function public.send_typing(uuid) exists",
        repair: "alter routine public.send_typing(uuid) rename to …;",
    },
    Collision {
        sql: "create policy \"nobody else listens to chats and people's own channels\" on realtime.messages \
            for select using (true)",
        finding: "policy \"nobody else listens to chats and people's own channels\" on realtime.messages exists",
        repair: "create it again under another name, then: \
            drop policy \"nobody else listens to chats and people's own channels\" on realtime.messages;",
    },
    Collision {
        sql: "create policy \"nobody else reads attachments\" on storage.objects for select using (true)",
        finding: "policy \"nobody else reads attachments\" on storage.objects exists",
        repair: "create it again under another name, then: drop policy \"nobody else reads attachments\" on storage.objects;",
    },
    Collision {
        sql: "create function public.note() returns trigger language plpgsql as 'begin return null; end'; \
            create trigger _100_leave_chats after delete on auth.users for each row execute function public.note()",
        finding: "trigger _100_leave_chats on auth.users exists",
        repair: "create it again under another name, then: drop trigger _100_leave_chats on auth.users;",
    },
    Collision {
        sql: "insert into storage.buckets (id, name, public) values ('chat-attachments', 'chat-attachments', true); \
            insert into storage.objects (bucket_id, name) values ('chat-attachments', 'invoice.pdf')",
        finding: "bucket chat-attachments exists, and has files: they would become the chat's, and be removed as left over",
        repair: "move them into a bucket of another name, then delete this one (Dashboard, Storage)",
    },
    Collision {
        sql: "alter publication supabase_realtime owner to supabase_admin",
        finding: "publication supabase_realtime belongs to supabase_admin, so postgres may not add a table to it",
        repair: "as a superuser: alter publication supabase_realtime owner to postgres;",
    },
    // These stand for others above, so they are not among those that go together.
    Collision {
        sql: "create type public.messages as enum ('sent')",
        finding: "type public.messages exists",
        repair: "alter type public.messages rename to …;",
    },
    Collision {
        sql: "insert into storage.buckets (id, name) values ('chat-attachments', 'chat-attachments')",
        finding: "bucket chat-attachments exists; it is empty",
        repair: "delete it (Dashboard, Storage)",
    },
    Collision {
        sql: "insert into storage.buckets (id, name) values ('files', 'chat-attachments')",
        finding: "bucket files, named chat-attachments, exists; it is empty",
        repair: "delete it (Dashboard, Storage)",
    },
    Collision {
        sql: "create function public.refuse() returns trigger language plpgsql as 'begin raise exception ''no more buckets''; end'; \
            create trigger refuse before insert on storage.buckets for each row execute function public.refuse()",
        finding: "bucket chat-attachments cannot be made: no more buckets",
        repair: "let what refuses it, such as a trigger on storage.buckets, allow a private bucket of this name",
    },
];

/// How many of them one database can have together.
const TOGETHER: usize = 15;

/// All that one database can have.
pub fn together() -> &'static [Collision] {
    COLLISIONS.get(..TOGETHER).expect("so many")
}

#[tokio::test]
async fn each_alone_is_refused_and_nothing_is_changed() {
    for Collision {
        sql,
        finding,
        repair,
    } in &COLLISIONS
    {
        let database = Database::pristine().await;
        database.prepare(sql).await;
        assert_refused(&database, "postgres", &[(finding, repair)]).await;
        database.drop().await;
    }
}

#[tokio::test]
async fn all_together_are_told_at_once_and_nothing_is_changed() {
    let database = Database::pristine().await;
    for collision in together() {
        database.prepare(collision.sql).await;
    }
    let findings: Vec<_> = together()
        .iter()
        .map(|collision| (collision.finding, collision.repair))
        .collect();
    assert_refused(&database, "postgres", &findings).await;
    database.drop().await;
}

#[tokio::test]
async fn every_kind_of_relation_is_named_with_a_mend_that_works() {
    for (make, kind) in [
        ("create view public.messages as select 1 as id", "view"),
        (
            "create materialized view public.messages as select 1 as id",
            "materialized view",
        ),
        (
            "create table public.messages (id int) partition by range (id)",
            "table",
        ),
        ("create type public.messages as (id int)", "type"),
    ] {
        let database = Database::pristine().await;
        database.owner().await.batch_execute(make).await.unwrap();
        let repair = format!("alter {kind} public.messages rename to …;");
        assert_refused(
            &database,
            "postgres",
            &[(&format!("{kind} public.messages exists"), &repair)],
        )
        .await;
        let owner = database.owner().await;
        owner
            .batch_execute(&repair.replace('…', "notes"))
            .await
            .unwrap();
        crate::migrations::apply(&owner).await.unwrap();
        drop(owner);
        database.drop().await;
    }
}
