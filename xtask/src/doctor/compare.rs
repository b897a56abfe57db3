//! The database's objects beside those that there should be.

use std::collections::BTreeSet;

use super::findings::{Findings, State};
use super::inventory::Inventory;
use super::mends::{self, mend};

/// The roles that requests come as. What others were granted is the project's own business.
const API_ROLES: [&str; 4] = ["public", "anon", "authenticated", "service_role"];

/// Compares, object by object.
pub fn compare(expected: &Inventory, found: &Inventory, findings: &mut Findings) {
    let is_hosts = |name: &str| {
        let key = ("host interface".to_owned(), name.to_owned());
        expected.0.contains_key(&key)
    };
    for ((kind, name), definition) in &expected.0 {
        let there = found.0.get(&(kind.clone(), name.clone()));
        match (kind.as_str(), there) {
            // The function itself has a line of its own.
            ("host interface", _) => {}
            ("function", Some(there)) if is_hosts(name) => {
                let is_stub = found.0.contains_key(&("stub".to_owned(), name.clone()));
                host_function(name, there, is_stub, findings);
            }
            // Told of with the object.
            ("grant", None) if !found.has_object_of(name) => {}
            ("grant", _) => grant(name, definition, there.map_or("", String::as_str), findings),
            (_, Some(there)) if there == definition => findings.count(kind),
            ("setting" | "rate limit" | "bucket limit", Some(there)) => findings.add(
                State::Notice,
                kind,
                format!("{name} is {there}; it was {definition} at first"),
                String::new(),
            ),
            (_, Some(there)) => {
                let found = format!("{name}: {}", different_part(there, definition));
                findings.add(State::Differs, kind, found, mend(kind, name, definition));
            }
            ("rate limit", None) => findings.add(
                State::Notice,
                kind,
                format!("{name} has no row, so nothing limits it; it was {definition} at first"),
                String::new(),
            ),
            (_, None) => findings.add(
                State::Missing,
                kind,
                name.clone(),
                mend(kind, name, definition),
            ),
        }
    }
    for ((kind, name), definition) in &found.0 {
        if !expected.0.contains_key(&(kind.clone(), name.clone())) {
            surplus(kind, name, definition, expected, findings);
        }
    }
}

/// A function of the host's interface: what it does is the host's, how it is run is not.
fn host_function(name: &str, definition: &str, is_stub: bool, findings: &mut Findings) {
    let check = "host interface";
    let needed = ["security definer", "set search_path=\"\""];
    let has = |part: &&str| definition.split("; ").any(|found| found == *part);
    if is_stub {
        let found = format!("{name} is still the stub, which allows nothing");
        let mend = "write a host of your own: the function's comment says what it answers";
        findings.add(State::Notice, check, found, mend.to_owned());
    } else if needed.iter().all(has) {
        let found = format!("{name} is the host's");
        findings.add(State::Ok, check, found, String::new());
    } else {
        let found = format!("{name}: {definition}; should be {}", needed.join("; "));
        let mend = format!("alter function {name} security definer set search_path = ''");
        findings.add(State::Differs, check, found, mend);
    }
}

/// What a role may do with an object, too little and too much.
fn grant(name: &str, expected: &str, found: &str, findings: &mut Findings) {
    let (expected, found) = (privileges(expected), privileges(found));
    if expected == found {
        findings.count("grant");
    }
    let (object, role) = name.rsplit_once(" to ").unwrap_or((name, ""));
    let lacking = listed(expected.difference(&found));
    if !lacking.is_empty() {
        let mend = format!("grant {lacking} on {object} to {role}");
        findings.add(
            State::Missing,
            "grant",
            format!("{name}: {lacking}"),
            mends::also_all_grants(&mend),
        );
    }
    let surplus = listed(found.difference(&expected));
    if !surplus.is_empty() {
        let state = if API_ROLES.contains(&role) {
            State::Differs
        } else {
            State::Notice
        };
        let mend = format!("revoke {surplus} on {object} from {role}");
        findings.add(
            state,
            "grant",
            format!("{name}: too much: {surplus}"),
            mends::also_all_grants(&mend),
        );
    }
}

fn privileges(definition: &str) -> BTreeSet<&str> {
    let each = definition.split(", ");
    each.filter(|privilege| !privilege.is_empty()).collect()
}

fn listed<'a>(privileges: impl Iterator<Item = &'a &'a str>) -> String {
    privileges.copied().collect::<Vec<_>>().join(", ")
}

/// What is there and in no inventory.
fn surplus(kind: &str, name: &str, definition: &str, ours: &Inventory, findings: &mut Findings) {
    let is_ours = |kind: &str, name: &str| ours.0.contains_key(&(kind.to_owned(), name.to_owned()));
    match kind {
        // Of the project's own.
        "host interface" | "stub" | "setting" | "rate limit" | "refusal" | "bucket"
        | "bucket limit" => {}
        "function" if name.starts_with("public.") => {}
        "policy" if !name.starts_with("chat.") && !name.starts_with("public.") => {}
        // Told of with its table.
        "row security" | "column" | "replica identity" if !is_ours("table", table_of(name)) => {}
        "grant" if ours.has_object_of(name) => grant(name, "", definition, findings),
        "grant" => {}
        "policy" => {
            let (table, policy) = name.split_once(": ").unwrap_or((name, ""));
            let mend = format!("drop policy \"{}\" on {table}", policy.replace('"', "\"\""));
            let found = format!("{name} is not the chat's, and policies are joined by \"or\"");
            findings.add(State::Differs, kind, found, mend);
        }
        _ => findings.add(
            State::Notice,
            kind,
            format!("{name} is not the chat's"),
            String::new(),
        ),
    }
}

fn table_of(column: &str) -> &str {
    column.rsplit_once('.').map_or(column, |(table, _)| table)
}

/// Where definitions have parts, only those that are not as they should be.
fn different_part(found: &str, expected: &str) -> String {
    let parts = |text: &str, other: &str| {
        let other: BTreeSet<_> = other.split("; ").collect();
        let different = text.split("; ").filter(|part| !other.contains(part));
        different.collect::<Vec<_>>().join("; ")
    };
    let (is, should_be) = (parts(found, expected), parts(expected, found));
    match (is.is_empty(), should_be.is_empty()) {
        (true, _) => format!("lacks {should_be}"),
        (_, true) => format!("has {is}"),
        _ => format!("{is}; should be {should_be}"),
    }
}
