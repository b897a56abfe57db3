//! One damage each: the doctor names the object and gives a repair that works.

use super::examine_as_owner;
use crate::catalog;
use crate::database::Database;
use crate::migrations;

/// Does the damage, and expects one line of what is wrong, and a repair that holds the words. A repair that can be
/// run is run.
async fn damaged(sql: &str, told: &str, repair: &str) {
    let database = Database::migrated().await;
    database.prepare(sql).await;
    let before = catalog::snapshot(&database.superuser).await;
    let report = examine_as_owner(&database).await;
    assert_eq!(report.status, 1, "{}", report.text);
    assert_eq!(report.wrong().len(), 1, "{}", report.text);
    let line: Vec<_> = report.wrong()[0].split_whitespace().collect();
    assert!(line.join(" ").starts_with(told), "{}", report.text);
    assert!(report.repair().contains(repair), "{}", report.text);
    assert!(
        report.text.ends_with("\nproblems to repair: 1\n"),
        "{}",
        report.text
    );
    let after = catalog::snapshot(&database.superuser).await;
    assert_eq!(
        catalog::difference(&before, &after),
        "",
        "it changed something"
    );

    let statement = report.repair().split("; or all at once: ").next().unwrap();
    let owner = database.owner().await;
    if let Some((_, file)) =
        statement.split_once("psql \"$DATABASE_URL\" -v ON_ERROR_STOP=1 -1 -f ")
    {
        migrations::apply_one(&owner, &migrations::root().join(file))
            .await
            .unwrap();
    } else if let Some(place) = statement.strip_prefix("make it as in ") {
        let (file, words) = place.split_once(" (\"").unwrap();
        let file = std::fs::read_to_string(migrations::root().join(file)).unwrap();
        assert!(file.contains(words.trim_end_matches("\")")), "{words}");
        return database.drop().await;
    } else {
        owner.batch_execute(statement).await.expect(statement);
    }
    let report = examine_as_owner(&database).await;
    assert_eq!(report.status, 0, "{statement}\n{}", report.text);
    drop(owner);
    database.drop().await;
}

macro_rules! damages {
    ($($name:ident: $sql:expr, $told:expr, $repair:expr;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                damaged($sql, $told, $repair).await;
            }
        )*
    };
}

const OF_SUPABASE: &str = "_supabase_schemas.sql";
const OF_GRANTS: &str = "_privileges.sql";

damages! {
    a_policy_of_messages_is_gone:
        "drop policy \"participants read messages, and moderators the deleted ones\" on public.messages",
        "MISSING policy public.messages: participants read messages, and moderators the deleted ones",
        "create policy \"participants read messages, and moderators the deleted ones\" on public.messages as permissive";
    a_policy_too_many_on_messages:
        "create policy \"all of it\" on public.messages for select to anon using (true)",
        "DIFFERS policy public.messages: all of it is not the chat's",
        "drop policy \"all of it\" on public.messages";
    a_policy_of_storage_is_gone:
        "drop policy \"nobody else reads attachments\" on storage.objects",
        "MISSING policy storage.objects: nobody else reads attachments", OF_SUPABASE;
    a_policy_of_storage_has_another_condition:
        "alter policy \"people upload what they have reserved\" on storage.objects with check (bucket_id = chat.bucket())",
        "DIFFERS policy storage.objects: people upload what they have reserved", OF_SUPABASE;
    a_policy_of_realtime_has_another_role:
        "alter policy \"people listen to their chats and to their own channel\" on realtime.messages to public",
        "DIFFERS policy realtime.messages: people listen to their chats and to their own channel", OF_SUPABASE;
    a_trigger_is_disabled:
        "alter table public.messages disable trigger _100_broadcast_message",
        "DIFFERS trigger public.messages._100_broadcast_message",
        "alter table public.messages enable trigger _100_broadcast_message";
    a_trigger_is_gone:
        "drop trigger _100_announce_deleted on chat.chat_participants",
        "MISSING trigger chat.chat_participants._100_announce_deleted",
        "CREATE TRIGGER _100_announce_deleted AFTER DELETE";
    the_trigger_on_accounts_is_gone:
        "drop trigger _100_leave_chats on auth.users",
        "MISSING trigger auth.users._100_leave_chats", OF_SUPABASE;
    a_user_may_insert_messages:
        "grant insert on public.messages to authenticated",
        "DIFFERS grant table public.messages to authenticated: too much: insert",
        "revoke insert on table public.messages from authenticated; or all at once: psql";
    a_user_may_update_a_column:
        "grant update (text) on public.messages to authenticated",
        "DIFFERS grant table public.messages to authenticated: too much: update (text)",
        "revoke update (text) on table public.messages from authenticated";
    a_user_may_select_each_column:
        "grant select on public.messages to authenticated",
        "DIFFERS grant table public.messages to authenticated: too much: select",
        "revoke select on table public.messages from authenticated; grant select (attachment_content_type)";
    a_user_may_pass_a_privilege_on:
        "grant usage on schema chat to authenticated with grant option",
        "DIFFERS grant schema chat to authenticated: too much: usage with grant option",
        "revoke usage on schema chat from authenticated; grant usage on schema chat to authenticated; or all at once";
    users_may_not_use_the_schema_of_the_api:
        "revoke usage on schema public from public, authenticated",
        "MISSING rights authenticated lacks usage on schema public",
        "grant usage on schema public to authenticated";
    updates_are_not_published:
        "alter publication supabase_realtime set (publish = 'insert')",
        "DIFFERS publication supabase_realtime: public.messages: insert; should be insert, update, delete",
        "alter publication supabase_realtime set (publish = 'insert, update, delete, truncate')";
    some_rows_are_published:
        "alter publication supabase_realtime set table public.messages (id) where (id is not null)",
        "DIFFERS publication supabase_realtime: public.messages: insert, update, delete where",
        "alter publication supabase_realtime drop table public.messages; alter publication supabase_realtime add table";
    strangers_may_select_messages:
        "grant select on public.messages to anon",
        "DIFFERS grant table public.messages to anon: too much: select",
        OF_GRANTS;
    everybody_may_call_a_function:
        "grant execute on function public.get_chat(uuid) to public",
        "DIFFERS grant function public.get_chat(uuid) to public: too much: execute",
        "revoke execute on function public.get_chat(uuid) from public";
    strangers_may_use_the_schema:
        "grant usage on schema chat to anon",
        "DIFFERS grant schema chat to anon: too much: usage",
        "revoke usage on schema chat from anon";
    a_user_may_not_call_a_function:
        "revoke execute on function public.send_typing(uuid) from authenticated",
        "MISSING grant function public.send_typing(uuid) to authenticated: execute",
        "grant execute on function public.send_typing(uuid) to authenticated";
    a_function_runs_as_its_caller:
        "alter function public.send_message(uuid, text, uuid, text, uuid, uuid[]) security invoker",
        "DIFFERS function public.send_message(uuid,text,uuid,text,uuid,uuid[]): security invoker; should be security definer",
        "_sending.sql (\"function public.send_message(\")";
    a_function_has_a_search_path:
        "alter function chat.refuse_position() reset search_path",
        "DIFFERS function chat.refuse_position(): lacks set search_path=\"\"",
        "_changes.sql (\"function chat.refuse_position(\")";
    a_function_has_another_body:
        "create or replace function chat.is_participant(chat_id uuid) returns boolean \
         language plpgsql stable security definer set search_path = '' as $$ begin return true; end $$",
        "DIFFERS function chat.is_participant(uuid): body",
        "_participants.sql (\"function chat.is_participant(\")";
    a_function_is_gone:
        "drop function public.send_typing(uuid)",
        "MISSING function public.send_typing(uuid)",
        "_typing.sql (\"function public.send_typing(\")";
    messages_are_not_published:
        "alter publication supabase_realtime drop table public.messages",
        "MISSING publication supabase_realtime: public.messages", OF_SUPABASE;
    deleted_rows_are_published_whole:
        "alter table public.messages replica identity full",
        "DIFFERS replica identity public.messages: full; should be default",
        "alter table public.messages replica identity default";
    the_bucket_is_public:
        "update storage.buckets set public = true where id = 'chat-attachments'",
        "DIFFERS bucket chat-attachments: public; should be private", OF_SUPABASE;
    the_bucket_takes_files_of_any_size:
        "update storage.buckets set file_size_limit = null where id = 'chat-attachments'",
        "MISSING bucket limit chat-attachments file_size_limit",
        "update storage.buckets set file_size_limit = 26214400 where id = 'chat-attachments'";
    the_bucket_takes_files_of_any_type:
        "update storage.buckets set allowed_mime_types = null where id = 'chat-attachments'",
        "MISSING bucket limit chat-attachments allowed_mime_types",
        "update storage.buckets set allowed_mime_types = '{application/msword,";
    row_security_is_off:
        "alter table chat.uploads disable row level security",
        "DIFFERS row security chat.uploads: disabled, forced; should be enabled, forced",
        "alter table chat.uploads enable row level security";
    an_index_is_gone:
        "drop index chat.chat_participants_of_user_idx",
        "MISSING index chat.chat_participants_of_user_idx",
        "CREATE INDEX chat_participants_of_user_idx ON chat.chat_participants";
    a_constraint_is_gone:
        "alter table chat.rate_limits drop constraint rate_limits_allow_something",
        "MISSING constraint chat.rate_limits.rate_limits_allow_something",
        "alter table chat.rate_limits add constraint rate_limits_allow_something CHECK";
    a_constraint_allows_more:
        "alter table chat.rate_limits drop constraint rate_limits_allow_something;
         alter table chat.rate_limits add constraint rate_limits_allow_something check (max_count >= 0)",
        "DIFFERS constraint chat.rate_limits.rate_limits_allow_something: CHECK ((max_count >= 0)); should be CHECK",
        "alter table chat.rate_limits drop constraint if exists rate_limits_allow_something; alter table";
    statistics_tell_of_messages:
        "alter table public.messages alter text set statistics 100",
        "DIFFERS column public.messages.text: text; should be text statistics 0",
        "_messages.sql (\"table public.messages (\")";
    a_setting_is_gone:
        "delete from chat.settings where name = 'told_participants'",
        "MISSING setting told_participants",
        "insert into chat.settings (name, value, meaning) values ('told_participants', 10, '')";
    a_refusal_has_another_status:
        "update chat.refusals set status = 500 where code = 'blocked'",
        "DIFFERS refusal blocked: 500; should be 403", "('blocked', 403, '') on conflict (code) do update";
    a_refusal_is_gone:
        "delete from chat.refusals where code = 'blocked'",
        "MISSING refusal blocked", "('blocked', 403, '')";
}

#[tokio::test]
async fn a_migration_is_not_recorded() {
    let database = Database::migrated().await;
    let gone = "delete from supabase_migrations.schema_migrations where name = 'realtime' returning version";
    let version: String = database
        .superuser
        .query_one(gone, &[])
        .await
        .unwrap()
        .get(0);
    let report = examine_as_owner(&database).await;
    assert_eq!(report.status, 1, "{}", report.text);
    assert_eq!(report.wrong().len(), 1, "{}", report.text);
    let told = format!("{version}_realtime is not recorded as applied");
    assert!(report.wrong()[0].ends_with(&told), "{}", report.text);
    let repair = format!("npx supabase migration repair --remote --status applied {version}");
    assert!(report.repair().ends_with(&repair), "{}", report.text);

    // A project may have taken the file under another number.
    database
        .prepare("insert into supabase_migrations.schema_migrations (version, name) values ('20300101000000', 'realtime')")
        .await;
    let report = examine_as_owner(&database).await;
    assert_eq!(report.status, 0, "{}", report.text);
    assert!(!report.text.contains("unknown here"), "{}", report.text);
    database.drop().await;
}

#[tokio::test]
async fn a_schema_that_is_gone_is_told_object_by_object() {
    let database = Database::migrated().await;
    database.prepare("drop schema chat cascade").await;
    let report = examine_as_owner(&database).await;
    assert_eq!(report.status, 1, "{}", report.text);
    let wrong = report.wrong().join("\n");
    for object in [
        "chat",
        "chat.chats",
        "chat.refuse_position()",
        "told_participants",
    ] {
        assert!(wrong.contains(object), "{object}\n{wrong}");
    }
    database.drop().await;
}
