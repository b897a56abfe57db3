//! What no migration makes: Realtime, the publication, roles and settings.

use super::examine_as_owner;
use crate::database::Database;

/// Prepares a database, and looks for the lines.
async fn found(sql: &str, status: i32, lines: &[&str]) {
    let database = Database::migrated().await;
    database.prepare(sql).await;
    let report = examine_as_owner(&database).await;
    assert_eq!(report.status, status, "{}", report.text);
    let text: Vec<_> = report.text.split_whitespace().collect();
    let text = text.join(" ");
    for line in lines {
        assert!(text.contains(line), "{line}\n{}", report.text);
    }
    database.drop().await;
}

#[tokio::test]
async fn row_security_of_files_is_off() {
    let lines = [
        "DIFFERS row security storage.objects: disabled, so no policy counts there",
        "alter table storage.objects enable row level security",
    ];
    found(
        "alter table storage.objects disable row level security",
        1,
        &lines,
    )
    .await;
}

#[tokio::test]
async fn realtime_cannot_send() {
    let lines = [
        "MISSING realtime realtime.send()",
        "ok realtime realtime.topic()",
    ];
    found("drop function realtime.send", 1, &lines).await;
}

#[tokio::test]
async fn a_later_realtime_takes_more_arguments() {
    let sql = "drop function realtime.send;
        create function realtime.send(jsonb, text, text, boolean default true, text default '') returns void
        language sql as ''";
    found(sql, 0, &["ok realtime realtime.send()"]).await;
}

#[tokio::test]
async fn there_is_no_publication() {
    let lines = [
        "MISSING publication supabase_realtime does not exist repair: create publication supabase_realtime;",
        "MISSING publication supabase_realtime: public.messages",
    ];
    found("drop publication supabase_realtime", 1, &lines).await;
}

#[tokio::test]
async fn a_publication_of_all_tables_is_told() {
    for (of, told) in [
        (
            "all tables",
            "notice publication supabase_realtime has all tables repair:",
        ),
        (
            "tables in schema public",
            "notice publication supabase_realtime has all tables of schema public repair:",
        ),
    ] {
        let sql = "drop publication supabase_realtime; create publication supabase_realtime for ";
        found(&format!("{sql}{of}"), 0, &[told]).await;
    }
}

#[tokio::test]
async fn a_realtime_of_ones_own_tells_whether_it_refuses_public_channels() {
    let table = "create schema _realtime; create table _realtime.tenants (external_id text, private_only boolean);
        insert into _realtime.tenants values ('chat', true), ('open', false)";
    let lines = [
        "ok private channels tenant chat refuses public channels",
        "notice private channels tenant open has public channels, where anyone can forge events repair: update \
         _realtime.tenants set private_only = true where external_id = 'open'",
    ];
    found(table, 0, &lines).await;
    found(
        "",
        0,
        &["notice private channels cannot be seen from the database"],
    )
    .await;
}

#[tokio::test]
async fn broadcasts_were_lost() {
    let sql = "select setval('chat.lost_broadcasts', 3)";
    found(sql, 0, &["notice realtime 3 broadcasts could not be sent"]).await;
}

#[tokio::test]
async fn a_sweeper_is_there_or_not() {
    let sql = "insert into auth.users (id, raw_app_meta_data) values (gen_random_uuid(), '{\"role\": \"sweeper\"}')";
    found(sql, 0, &["ok sweeper 1 account(s)"]).await;
    found("", 0, &["notice sweeper 0 account(s)"]).await;
}

#[tokio::test]
async fn the_schema_is_exposed_by_a_setting() {
    let database = Database::migrated().await;
    let set = |schemas: &str| {
        format!(
            "alter role authenticator in database {} set pgrst.db_schemas = {schemas}",
            database.name
        )
    };
    for (schemas, exposed) in [
        ("'public, chat, graphql_public'", true),
        ("'chat'", true),
        ("'public,chatter'", false),
    ] {
        database.prepare(&set(schemas)).await;
        let report = examine_as_owner(&database).await;
        assert_eq!(report.status, i32::from(exposed), "{}", report.text);
        let line = "the setting pgrst.db_schemas of role authenticator has chat";
        assert_eq!(report.text.contains(line), exposed, "{}", report.text);
        if exposed {
            assert!(
                report
                    .repair()
                    .starts_with("take chat out of the exposed schemas: ")
            );
        }
    }
    database.drop().await;
}

/// A project that has moved its API away from `public`.
#[tokio::test]
async fn the_api_is_not_exposed() {
    let database = Database::migrated().await;
    let name = &database.name;
    let sql = format!("alter role authenticator in database {name} set pgrst.db_schemas = 'api'");
    database.prepare(&sql).await;
    let report = examine_as_owner(&database).await;
    assert_eq!(report.status, 1, "{}", report.text);
    let told = "the setting pgrst.db_schemas of role authenticator lacks public: api";
    assert!(report.wrong()[0].ends_with(told), "{}", report.text);
    database.drop().await;
}

/// These decide how Postgres prints a definition.
#[tokio::test]
async fn settings_of_the_projects_own_do_not_matter() {
    let database = Database::migrated().await;
    for setting in [
        "intervalstyle = iso_8601",
        "quote_all_identifiers = on",
        "datestyle = German",
        "timezone = 'Asia/Kathmandu'",
    ] {
        let sql = format!("alter database {} set {setting}", database.name);
        database.prepare(&sql).await;
    }
    let report = examine_as_owner(&database).await;
    assert_eq!(report.status, 0, "{}", report.text);
    database.drop().await;
}

#[tokio::test]
async fn what_is_the_projects_own_and_touches_the_chat_is_told() {
    let sql = "create policy only_avatars on storage.objects as restrictive for all using (bucket_id = 'avatars');
        create function public.get_chat(chat_id uuid, lang text default 'en') returns int language sql return 1";
    let lines = [
        "notice policy storage.objects: only_avatars is not the chat's, and restrictive",
        "notice function public.get_chat(uuid,text) is not the chat's, and has the name of one of its functions",
    ];
    found(sql, 0, &lines).await;
}

#[tokio::test]
async fn auth_lacks_a_function() {
    let lines = ["MISSING auth auth.jwt()", "ok auth auth.uid()"];
    found("drop function auth.jwt cascade", 1, &lines).await;
}

/// As after a restore by another role.
#[tokio::test]
async fn a_table_is_somebody_elses() {
    let lines = [
        "DIFFERS owner of tables table chat.chats belongs to supabase_admin, whose rights postgres has not \
         repair: as a superuser: alter table chat.chats owner to postgres",
    ];
    found("alter table chat.chats owner to supabase_admin", 1, &lines).await;
}
