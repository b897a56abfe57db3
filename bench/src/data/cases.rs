//! The cases, of cases.toml: what is asked, in the API's form and in that of the PostgREST call behind it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde::Deserialize;
use uuid::Uuid;

use crate::data::World;
use crate::peers::target::Target;

const FILE: &str = include_str!("../../data/cases.toml");
const FRESH_ID: &str = "{fresh id}";

/// One kind of request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub about: String,
    /// Whether only ours is measured.
    #[serde(default)]
    pub ours_only: bool,
    /// Who has no counterpart of it.
    #[serde(default)]
    pub without: Vec<Target>,
    /// The function that answers behind the gateway.
    function: String,
    /// SQL that runs before each measurement.
    pub before: Option<String>,
    /// SQL whose rows are the requests.
    rows: String,
    /// Method and path of the API, and of the database function.
    api: String,
    api_body: Option<String>,
    rpc: String,
    rpc_body: Option<String>,
    #[serde(skip)]
    pub calls: Vec<Call>,
}

/// One request in its two forms.
pub struct Call {
    pub function: String,
    api: Wire,
    rpc: Wire,
}

/// A request as it is sent. That of a call has a path in place of the URL.
#[derive(Clone)]
pub struct Wire {
    pub method: Method,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<String>,
}

/// All cases with their calls.
pub async fn all(world: &World) -> Result<Vec<Case>> {
    let mut cases = parse()?;
    for case in &mut cases {
        for row in world.rows(&case.rows).await? {
            case.calls.push(case.call(&row, world)?);
        }
        ensure!(!case.calls.is_empty(), "{} has no rows", case.name);
    }
    Ok(cases)
}

pub fn parse() -> Result<Vec<Case>> {
    let mut file: BTreeMap<String, Vec<Case>> = toml::from_str(FILE).context("cases.toml")?;
    file.remove("case").context("cases.toml has cases")
}

impl Case {
    pub fn writes(&self) -> bool {
        !self.api.starts_with("GET ")
    }

    /// Who answers it, without the limits.
    pub fn servers(&self) -> Vec<Target> {
        if self.ours_only {
            return vec![Target::Ours];
        }
        let all = Target::ALL.into_iter();
        all.filter(|target| !self.without.contains(target))
            .collect()
    }

    /// Who answers it. The limits only read.
    pub fn targets(&self) -> Vec<Target> {
        let has_limits = !self.ours_only && !self.writes();
        let limits = Target::LIMITS.into_iter().filter(|_| has_limits);
        self.servers().into_iter().chain(limits).collect()
    }

    fn call(&self, row: &BTreeMap<String, String>, world: &World) -> Result<Call> {
        let person = row.get("person").context("a row has a person")?;
        let token = world.token(person)?;
        Ok(Call {
            function: self.function.clone(),
            api: wire(&self.api, "", self.api_body.as_deref(), row, &token)?,
            rpc: wire(
                &self.rpc,
                "/rest/v1/rpc/",
                self.rpc_body.as_deref(),
                row,
                &token,
            )?,
        })
    }
}

fn wire(
    request: &str,
    prefix: &str,
    body: Option<&str>,
    row: &BTreeMap<String, String>,
    token: &str,
) -> Result<Wire> {
    let filled = |text: &str| {
        row.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    };
    let (method, path) = request.split_once(' ').context("a method and a path")?;
    let mut headers = vec![("authorization", format!("Bearer {token}"))];
    headers.extend(body.map(|_| ("content-type", "application/json".to_owned())));
    Ok(Wire {
        method: method.parse()?,
        url: format!("{prefix}{}", filled(path)),
        headers,
        body: body.map(filled),
    })
}

impl Call {
    /// To a server that has the API's paths.
    pub fn to_api(&self, base: &str) -> Wire {
        self.api.at(base)
    }

    /// To PostgREST, or to a server that passes its requests on.
    pub fn to_postgrest(&self, base: &str, anon_key: &str) -> Wire {
        let mut wire = self.rpc.at(base);
        wire.headers.push(("apikey", anon_key.to_owned()));
        wire
    }
}

impl Wire {
    fn at(&self, base: &str) -> Wire {
        Wire {
            url: format!("{base}{}", self.url),
            ..self.clone()
        }
    }

    /// The body of one request.
    pub fn fresh_body(&self) -> Option<String> {
        let id = Uuid::new_v4().to_string();
        self.body.as_ref().map(|body| body.replace(FRESH_ID, &id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cases_can_be_read() {
        let cases = parse().unwrap();
        let compared = cases.iter().filter(|case| !case.ours_only);
        let (writes, reads): (Vec<_>, Vec<_>) = compared.partition(|case| case.writes());
        assert_eq!((reads.len(), writes.len(), cases.len()), (8, 5, 18));
    }

    #[test]
    fn a_row_fills_the_request_and_each_request_has_an_id_of_its_own() {
        let row = BTreeMap::from([("chat".to_owned(), "c1".to_owned())]);
        let body = r#"{"chat":"{chat}","id":"{fresh id}"}"#;
        let wire = wire("PATCH /chats/{chat}", "", Some(body), &row, "t").unwrap();
        assert_eq!((wire.method.as_str(), &*wire.url), ("PATCH", "/chats/c1"));
        let bodies = [wire.fresh_body().unwrap(), wire.fresh_body().unwrap()];
        assert!(
            bodies[0].starts_with(r#"{"chat":"c1","id":""#),
            "{bodies:?}"
        );
        assert_ne!(bodies[0], bodies[1]);
    }
}
