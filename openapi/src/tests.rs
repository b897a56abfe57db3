//! Compares the documents with the committed files, with the route table, and with what stands in SQL.

mod facts;

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use shared::error::ErrorCode;
use shared::routes::ROUTES;

use crate::document::{operation_id, path};
use crate::{document, files, root};

fn openapi() -> Value {
    serde_json::from_str(&document::text()).unwrap()
}

/// Every operation, with its method and path.
fn operations(openapi: &Value) -> Vec<(String, &Value)> {
    let paths = openapi["paths"].as_object().unwrap();
    let mut found = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            found.push((format!("{} {path}", method.to_uppercase()), operation));
        }
    }
    found
}

#[test]
fn the_committed_documents_are_those_of_the_code() {
    for (name, text) in files() {
        let committed = fs::read_to_string(root().join(name)).unwrap_or_default();
        assert!(
            committed == text,
            "{name} differs from the code: `cargo xtask openapi --write` writes it"
        );
    }
}

#[test]
fn the_operations_are_those_of_the_route_table() {
    let openapi = openapi();
    let found: BTreeSet<String> = operations(&openapi).into_iter().map(|(of, _)| of).collect();
    let mut table = BTreeSet::new();
    for route in ROUTES {
        let path = path(route.pattern);
        table.insert(format!("{} {path}", route.method));
        if route.method == "GET" {
            table.insert(format!("HEAD {path}"));
        }
    }
    assert_eq!(found, table);
}

#[test]
fn each_operation_has_its_own_id() {
    let openapi = openapi();
    let operations = operations(&openapi);
    let ids: BTreeSet<&str> = operations
        .iter()
        .map(|(_, operation)| operation["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), operations.len());
    for route in ROUTES {
        assert!(ids.contains(&*operation_id(route.operation)), "{route:?}");
    }
}

#[test]
fn each_operation_but_those_of_the_service_needs_a_token() {
    let openapi = openapi();
    for (of, operation) in operations(&openapi) {
        let public = operation["security"] == serde_json::json!([]);
        assert_eq!(public, operation["tags"][0] == "Service", "{of}");
        let codes = operation["responses"].as_object().unwrap();
        assert_eq!(codes.contains_key("401"), !public, "{of}");
    }
}

/// The codes in the answers, and in the components that have no operation.
#[test]
fn each_code_is_an_answer_somewhere() {
    let openapi = openapi();
    let mut found = BTreeSet::new();
    let mut answers: Vec<&Value> = openapi["components"]["responses"]
        .as_object()
        .unwrap()
        .values()
        .collect();
    for (_, operation) in operations(&openapi) {
        answers.extend(operation["responses"].as_object().unwrap().values());
    }
    for answer in answers {
        let examples = &answer["content"]["application/json"]["examples"];
        found.extend(examples.as_object().into_iter().flat_map(|all| all.keys()));
    }
    for code in ErrorCode::ALL {
        assert!(found.contains(&code.as_str().to_owned()), "{code:?}");
    }
}

#[test]
fn each_reference_leads_somewhere() {
    for (name, text) in files()
        .into_iter()
        .filter(|(name, _)| name.ends_with(".json"))
    {
        let document: Value = serde_json::from_str(&text).unwrap();
        let mut references = Vec::new();
        collect(&document, &mut references);
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{name}: {reference}");
        }
    }
}

fn collect<'v>(value: &'v Value, references: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str));
            members
                .values()
                .for_each(|member| collect(member, references));
        }
        Value::Array(all) => all.iter().for_each(|one| collect(one, references)),
        _ => {}
    }
}
