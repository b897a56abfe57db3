//! Compares the database's objects with the inventory.

use std::collections::BTreeSet;

use super::findings::{Findings, State};
use super::inventory::Inventory;
use super::repairs::{self, Repairs};

/// The roles that requests come as. What others were granted is the project's own business.
const API_ROLES: [&str; 4] = ["public", "anon", "authenticated", "service_role"];

/// Adds a finding for each object that is missing, differs, or is not the chat's.
pub fn compare(
    expected: &Inventory,
    found: &Inventory,
    repairs: &Repairs,
    findings: &mut Findings,
) {
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
            // The line of the object says that it is missing.
            ("grant", None) if !found.has_object_of(name) => {}
            ("grant", _) => {
                let there = there.map_or("", String::as_str);
                grant(name, definition, there, repairs, findings);
            }
            (_, Some(there)) if there == definition => findings.count(kind),
            ("setting" | "rate limit" | "bucket limit", Some(there)) => findings.add(
                State::Notice,
                kind,
                format!("{name} is {there}; it was {definition} at first"),
                String::new(),
            ),
            (_, Some(there)) => {
                let found = format!("{name}: {}", different_part(there, definition));
                let repair = match kind.as_str() {
                    "publication" => repairs::published_otherwise(there),
                    _ => repairs.repair(kind, name, definition),
                };
                findings.add(State::Differs, kind, found, repair);
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
                repairs.repair(kind, name, definition),
            ),
        }
    }
    for ((kind, name), definition) in &found.0 {
        if !expected.0.contains_key(&(kind.clone(), name.clone())) {
            surplus(kind, name, definition, expected, repairs, findings);
        }
    }
}

/// A function of the host's interface. The host decides what it does; the chat decides how it is run.
fn host_function(name: &str, definition: &str, is_stub: bool, findings: &mut Findings) {
    let check = "host interface";
    let needed = ["security definer", "set search_path=\"\""];
    let has = |part: &&str| definition.split("; ").any(|found| found == *part);
    if is_stub {
        let found = format!("{name} is still the stub, which allows nothing");
        let repair = "write a host of your own: the function's comment says what it answers";
        findings.add(State::Notice, check, found, repair.to_owned());
    } else if needed.iter().all(has) {
        let found = format!("{name} is the host's");
        findings.add(State::Ok, check, found, String::new());
    } else {
        let found = format!("{name}: {definition}; should be {}", needed.join("; "));
        let repair = format!("alter function {name} security definer set search_path = ''");
        findings.add(State::Differs, check, found, repair);
    }
}

const PASSED_ON: &str = " with grant option";

/// Which privileges a role lacks on an object, and which it should not have.
fn grant(name: &str, expected: &str, found: &str, repairs: &Repairs, findings: &mut Findings) {
    let (expected, found) = (privileges(expected), privileges(found));
    if expected == found {
        findings.count("grant");
    }
    let (object, role) = name.rsplit_once(" to ").unwrap_or((name, ""));
    // A privilege with the grant option is a privilege too.
    let has = |privilege: &str| {
        let or_more = format!("{privilege}{PASSED_ON}");
        found.contains(privilege) || found.contains(or_more.as_str())
    };
    let lacking = listed(expected.iter().filter(|privilege| !has(privilege)));
    if !lacking.is_empty() {
        let repair = format!("grant {lacking} on {object} to {role}");
        findings.add(
            State::Missing,
            "grant",
            format!("{name}: {lacking}"),
            repairs.also_all_grants(&repair),
        );
    }
    let surplus: BTreeSet<_> = found.difference(&expected).copied().collect();
    if !surplus.is_empty() {
        let state = if API_ROLES.contains(&role) {
            State::Differs
        } else {
            State::Notice
        };
        let repair = revoke(&surplus, object, role, &expected);
        let surplus = listed(surplus.iter());
        findings.add(
            state,
            "grant",
            format!("{name}: too much: {surplus}"),
            repairs.also_all_grants(&repair),
        );
    }
}

/// The statement that revokes privileges. It also revokes their grant options, and for a table the privileges on
/// its columns. Those that there should be are granted again.
fn revoke(surplus: &BTreeSet<&str>, object: &str, role: &str, expected: &BTreeSet<&str>) -> String {
    let plain = |privilege: &&str| privilege.replace(PASSED_ON, "");
    let taken: BTreeSet<String> = surplus.iter().map(plain).collect();
    let goes_too = |privilege: &&&str| {
        let verb = privilege.split(" (").next().unwrap_or(privilege);
        taken.contains(**privilege) || taken.contains(verb)
    };
    let again = listed(expected.iter().filter(goes_too));
    let taken = taken.into_iter().collect::<Vec<_>>().join(", ");
    let statement = format!("revoke {taken} on {object} from {role}");
    if again.is_empty() {
        return statement;
    }
    format!("{statement}; grant {again} on {object} to {role}")
}

fn privileges(definition: &str) -> BTreeSet<&str> {
    let each = definition.split(", ");
    each.filter(|privilege| !privilege.is_empty()).collect()
}

fn listed<'a>(privileges: impl Iterator<Item = &'a &'a str>) -> String {
    privileges.copied().collect::<Vec<_>>().join(", ")
}

/// An object that the inventory does not have.
fn surplus(
    kind: &str,
    name: &str,
    definition: &str,
    ours: &Inventory,
    repairs: &Repairs,
    findings: &mut Findings,
) {
    let is_ours = |kind: &str, name: &str| ours.0.contains_key(&(kind.to_owned(), name.to_owned()));
    match kind {
        // These belong to the project or to its host.
        "host interface" | "stub" | "setting" | "rate limit" | "refusal" | "bucket"
        | "bucket limit" => {}
        "function" if name.starts_with("public.") => overload(name, ours, findings),
        "policy" if !name.starts_with("chat.") && !name.starts_with("public.") => {
            if definition.starts_with("as restrictive") {
                let found =
                    format!("{name} is not the chat's, and restrictive: it binds the chat's too");
                let repair = "nothing, if it lets the chat's files and channels through";
                findings.add(State::Notice, kind, found, repair.to_owned());
            }
        }
        // The line of the table says that the table is not the chat's.
        "row security" | "column" | "replica identity" if !is_ours("table", table_of(name)) => {}
        "grant" if ours.has_object_of(name) => grant(name, "", definition, repairs, findings),
        "grant" => {}
        "policy" => {
            let (table, policy) = name.split_once(": ").unwrap_or((name, ""));
            let repair = format!("drop policy \"{}\" on {table}", policy.replace('"', "\"\""));
            let why = if definition.starts_with("as restrictive") {
                "it hides rows that the chat needs"
            } else {
                "policies are joined by \"or\""
            };
            let found = format!("{name} is not the chat's, and {why}");
            findings.add(State::Differs, kind, found, repair);
        }
        _ => findings.add(
            State::Notice,
            kind,
            format!("{name} is not the chat's"),
            String::new(),
        ),
    }
}

/// A function in `public` that belongs to the project, and may have the name of one of the chat's.
fn overload(name: &str, ours: &Inventory, findings: &mut Findings) {
    let bare = |name: &str| name.split_once('(').map_or("", |(bare, _)| bare).to_owned();
    let is_ours = |(kind, ours): &(String, String)| kind == "function" && bare(ours) == bare(name);
    if ours.0.keys().any(is_ours) {
        let found = format!("{name} is not the chat's, and has the name of one of its functions");
        let repair = format!(
            "nothing, if each needs an argument that the other has not; else requests get PGRST203: \
             alter routine {name} rename to …"
        );
        findings.add(State::Notice, "function", found, repair);
    }
}

fn table_of(column: &str) -> &str {
    column.rsplit_once('.').map_or(column, |(table, _)| table)
}

/// The parts in which two definitions differ.
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
