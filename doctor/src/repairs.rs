//! What to do about an object that is missing or differs.

use super::migrations::Migration;

/// The migration that makes what lies in Supabase's own schemas. It may be run at any time.
const OF_SUPABASE: &str = "supabase_schemas";
/// The migration that revokes all and grants what is needed. It may be run at any time.
const OF_GRANTS: &str = "privileges";

/// Writes the repairs, some of which name a migration.
pub struct Repairs<'a>(pub &'a [Migration]);

impl Repairs<'_> {
    /// The repair for an object.
    pub fn repair(&self, kind: &str, name: &str, definition: &str) -> String {
        let (table, part) = name.rsplit_once('.').unwrap_or((name, ""));
        match kind {
            "bucket limit" => {
                let (bucket, limit) = name.split_once(' ').unwrap_or((name, ""));
                let list = limit == "allowed_mime_types";
                let value = if list {
                    format!("'{{{definition}}}'")
                } else {
                    definition.to_owned()
                };
                format!("update storage.buckets set {limit} = {value} where id = '{bucket}'")
            }
            "bucket" | "publication" => self.run_again(OF_SUPABASE),
            "policy" if name.starts_with("storage.") || name.starts_with("realtime.") => {
                self.run_again(OF_SUPABASE)
            }
            "trigger" if table == "auth.users" => self.run_again(OF_SUPABASE),
            "trigger" => format!(
                "drop trigger if exists {part} on {table}; {definition}; alter table {table} enable trigger {part}"
            ),
            "row security" => format!(
                "alter table {name} enable row level security; alter table {name} force row level security"
            ),
            "replica identity" => format!("alter table {name} replica identity default"),
            "index" => format!("drop index if exists {name}; {definition}"),
            "constraint" => format!(
                "alter table {table} drop constraint if exists {part}; alter table {table} add constraint {part} {definition}"
            ),
            "policy" => {
                let (table, policy) = name.split_once(": ").unwrap_or((name, ""));
                format!(
                    "drop policy if exists \"{policy}\" on {table}; create policy \"{policy}\" on {table} {definition}"
                )
            }
            "setting" => format!(
                "insert into chat.settings (name, value, meaning) values ('{name}', {definition}, '')"
            ),
            "refusal" => format!(
                "insert into chat.refusals (code, status, meaning) values ('{name}', {definition}, '') \
             on conflict (code) do update set status = excluded.status"
            ),
            "function" => {
                let bare = name.split_once('(').map_or(name, |(bare, _)| bare);
                self.named_in(&format!("function {bare}("))
            }
            "column" => self.named_in(&format!("table {table} (")),
            _ => self.named_in(&format!("{kind} {name}")),
        }
    }

    /// A statement for one grant, and the file for all of them.
    pub fn also_all_grants(&self, statement: &str) -> String {
        format!("{statement}; or all at once: {}", self.run_again(OF_GRANTS))
    }

    fn run_again(&self, name: &str) -> String {
        let file = self.0.iter().find(|file| file.name == name);
        let file = file.map_or_else(|| name.to_owned(), Migration::path);
        format!("psql \"$DATABASE_URL\" -v ON_ERROR_STOP=1 -1 -f {file}")
    }

    /// The migration that makes the object, which the words name.
    fn named_in(&self, words: &str) -> String {
        let makes = |file: &&Migration| {
            ["create", "create or replace"]
                .iter()
                .any(|verb| file.sql.contains(&format!("{verb} {words}")))
        };
        match self.0.iter().find(makes) {
            Some(file) => format!("make it as in {} (\"{words}\")", file.path()),
            None => "make it as in supabase/migrations".to_owned(),
        }
    }
}

/// For a publication that has the table and not all of its changes, which the file leaves as it is.
pub fn published_otherwise(found: &str) -> String {
    let publication = "alter publication supabase_realtime";
    let all = format!("{publication} set (publish = 'insert, update, delete, truncate')");
    if !found.contains(" where ") && !found.contains(" of some columns") {
        return all;
    }
    format!(
        "{all}; {publication} drop table public.messages; {publication} add table public.messages"
    )
}
