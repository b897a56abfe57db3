//! The list of the objects that the chat consists of: one line an object, as Postgres names and describes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use tokio_postgres::Client;

/// Where the list of a freshly migrated database is kept.
pub const FILE: &str = "supabase/inventory.tsv";
/// Asks the catalog.
const OBJECTS: &str = include_str!("../sql/objects.sql");
/// A table, and what to ask it. A table that is missing is not asked.
const ROWS: [(&str, &str); 5] = [
    (
        "storage.buckets",
        "select 'bucket', id, case when public then 'public' else 'private' end from storage.buckets",
    ),
    (
        "storage.buckets",
        "select 'bucket limit', b.id || ' ' || l.name, l.value
         from storage.buckets b, lateral (values
           ('file_size_limit', b.file_size_limit::text),
           ('allowed_mime_types', array_to_string(array(select t from unnest(b.allowed_mime_types) t order by t collate \"C\"), ', '))
         ) as l (name, value) where l.value <> ''",
    ),
    (
        "chat.settings",
        "select 'setting', name, value::text from chat.settings",
    ),
    (
        "chat.rate_limits",
        "select 'rate limit', name, max_count || ' in ' || extract(epoch from period)::bigint || ' s' from chat.rate_limits",
    ),
    (
        "chat.refusals",
        "select 'refusal', code, status::text from chat.refusals",
    ),
];

/// Definitions by kind and name.
#[derive(Default)]
pub struct Inventory(pub BTreeMap<(String, String), String>);

impl Inventory {
    /// What a database has. Its search_path must be empty.
    pub async fn of(client: &Client) -> Result<Self> {
        let mut found = Self::default();
        found.add(client, OBJECTS).await?;
        for (table, query) in ROWS {
            let there = client
                .query_one("select to_regclass($1) is not null", &[&table])
                .await?;
            if there.get(0) {
                found.add(client, query).await?;
            }
        }
        Ok(found)
    }

    async fn add(&mut self, client: &Client, query: &str) -> Result<()> {
        let rows = client.query(query, &[]).await?;
        let rows = rows
            .iter()
            .map(|row| ((row.get(0), row.get(1)), row.get(2)));
        self.0.extend(rows);
        Ok(())
    }

    /// What there should be.
    pub fn read(checkout: &Path) -> Result<Self> {
        let text = fs::read_to_string(checkout.join(FILE))
            .with_context(|| format!("cannot read {FILE}, the list of what there should be"))?;
        let lines = text.lines().filter_map(|line| {
            let mut fields = line.splitn(3, '\t').map(str::to_owned);
            Some(((fields.next()?, fields.next()?), fields.next()?))
        });
        Ok(Self(lines.collect()))
    }

    /// Keeps this as what there should be.
    pub fn write(&self, checkout: &Path) -> Result<()> {
        fs::write(checkout.join(FILE), self.lines().concat())?;
        println!("{FILE}: {} objects", self.0.len());
        Ok(())
    }

    /// Whether the object of a grant is there: of `function public.f() to anon` the function.
    pub fn has_object_of(&self, grant: &str) -> bool {
        let object = grant
            .rsplit_once(" to ")
            .map_or(grant, |(object, _)| object);
        let key = object
            .split_once(' ')
            .map(|(kind, name)| (kind.to_owned(), name.to_owned()));
        key.is_some_and(|key| self.0.contains_key(&key))
    }

    fn lines(&self) -> Vec<String> {
        // A host may leave a function as it is.
        let lines = self.0.iter().filter(|((kind, _), _)| kind != "stub");
        lines
            .map(|((kind, name), definition)| format!("{kind}\t{name}\t{definition}\n"))
            .collect()
    }

    /// The first line in which another list is different.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let (ours, theirs) = (self.lines(), other.lines());
        let lost = ours.iter().find(|line| !theirs.contains(line));
        let new = theirs.iter().find(|line| !ours.contains(line));
        match (lost, new) {
            (None, None) => None,
            (lost, new) => Some(
                [("-", lost), ("+", new)]
                    .into_iter()
                    .filter_map(|(sign, line)| Some(format!("\n{sign} {}", line?.trim_end())))
                    .collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_object_on_both_sides() {
        let list = |definition: &str| {
            let key = ("table".to_owned(), "chat.chats".to_owned());
            Inventory(BTreeMap::from([(key, definition.to_owned())]))
        };
        assert_eq!(list("a").difference(&list("a")), None);
        assert_eq!(
            list("a").difference(&list("b")).unwrap(),
            "\n- table\tchat.chats\ta\n+ table\tchat.chats\tb"
        );
        let gone = list("a").difference(&Inventory::default()).unwrap();
        assert_eq!(gone, "\n- table\tchat.chats\ta");
    }
}
