//! The document, read: its operations with compiled schemas.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::reached::Reached;
use super::schema::{Schema, Schemas};

/// The methods that a path of the document can have.
const METHODS: [&str; 6] = ["get", "head", "put", "post", "patch", "delete"];

/// Where an error's response has the list of its codes.
const CODES: &str =
    "/content/application~1json/schema/allOf/1/properties/error/properties/code/enum";

/// What the document says.
pub struct Contract {
    pub operations: Vec<Operation>,
    /// The answer to a path that the document does not have.
    pub(super) route_not_found: Response,
    /// The answer to a method that a path does not have.
    pub(super) method_not_allowed: Response,
}

/// A method of a path.
pub struct Operation {
    /// Its `operationId`.
    pub id: String,
    /// In upper case.
    pub method: String,
    /// With `{…}` in the place of an id.
    pub path: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
    /// Whether it needs a token.
    pub secured: bool,
    pub(super) responses: BTreeMap<u16, Response>,
}

impl Operation {
    /// Whether it reads a body.
    pub fn has_body(&self) -> bool {
        self.body.is_some()
    }

    /// A path of this operation, with ids that nobody has.
    pub fn some_path(&self) -> String {
        let parts = self.path.split('/').map(|part| match part {
            "{file}" => "start.js".to_owned(),
            part if part.starts_with('{') => Uuid::new_v4().to_string(),
            part => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

pub(super) struct Parameter {
    /// `path`, `query` or `header`.
    pub place: String,
    pub name: String,
    pub required: bool,
    pub schema: Schema,
}

pub(super) struct Body {
    pub required: bool,
    /// By media type.
    pub content: BTreeMap<String, Schema>,
}

pub(super) struct Response {
    pub headers: Vec<Parameter>,
    /// By media type; none if the answer is empty.
    pub content: BTreeMap<String, Schema>,
    /// The codes of an error. One empty text if the answer has no code.
    pub codes: Vec<String>,
}

impl Contract {
    /// Reads a document.
    ///
    /// # Panics
    /// When a part of it is missing, or a schema is none.
    pub fn new(document: &Value) -> Contract {
        let reader = Reader(Schemas::new(document));
        let mut operations = Vec::new();
        for path in keys(&document["paths"]) {
            for method in METHODS {
                if document["paths"][&path].get(method).is_some() {
                    operations.push(reader.operation(document, &path, method));
                }
            }
        }
        let response = |name| reader.response(&format!("/components/responses/{name}"));
        Contract {
            route_not_found: response("RouteNotFound"),
            method_not_allowed: response("MethodNotAllowed"),
            operations,
        }
    }

    /// Every answer that the document has: an error is one for each of its codes.
    pub fn answers(&self) -> BTreeSet<Reached> {
        let mut answers = BTreeSet::new();
        for Operation { id, responses, .. } in &self.operations {
            for (status, response) in responses {
                let codes = response.codes.iter();
                answers.extend(codes.map(|code| Reached::new(id, *status, code)));
            }
        }
        answers
    }
}

struct Reader<'d>(Schemas<'d>);

impl Reader<'_> {
    fn operation(&self, document: &Value, path: &str, method: &str) -> Operation {
        let item = format!("/paths/{}", escape(path));
        let pointer = format!("{item}/{method}");
        let (_, value) = self.0.follow(&pointer);
        let own = self.parameters(&format!("{pointer}/parameters"));
        let shared = self.parameters(&format!("{item}/parameters"));
        let body = value.get("requestBody").map(|_| {
            let (pointer, body) = self.0.follow(&format!("{pointer}/requestBody"));
            Body {
                required: body["required"] == true,
                content: content(&self.0, &pointer, body),
            }
        });
        let security = value.get("security").unwrap_or(&document["security"]);
        let responses = keys(&value["responses"]).into_iter().map(|status| {
            let number = status.parse();
            let number = number.unwrap_or_else(|_| panic!("{path}: the status `{status}`"));
            let response = self.response(&format!("{pointer}/responses/{status}"));
            (number, response)
        });
        Operation {
            id: value["operationId"].as_str().unwrap_or_default().to_owned(),
            method: method.to_uppercase(),
            path: path.to_owned(),
            parameters: own.into_iter().chain(shared).collect(),
            body,
            secured: security.as_array().is_some_and(|list| !list.is_empty()),
            responses: responses.collect(),
        }
    }

    fn parameters(&self, pointer: &str) -> Vec<Parameter> {
        let (_, list) = self.0.follow(pointer);
        let count = list.as_array().map_or(0, Vec::len);
        let read = |index| {
            let (pointer, value) = self.0.follow(&format!("{pointer}/{index}"));
            let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            Parameter {
                place: text("in"),
                name: text("name"),
                required: value["required"] == true,
                schema: self.0.compile(&format!("{pointer}/schema")),
            }
        };
        (0..count).map(read).collect()
    }

    fn response(&self, pointer: &str) -> Response {
        let (pointer, value) = self.0.follow(pointer);
        let headers = keys(&value["headers"]).into_iter().map(|name| {
            let header = format!("{pointer}/headers/{}", escape(&name));
            let (header, value) = self.0.follow(&header);
            Parameter {
                place: "header".to_owned(),
                name: name.to_lowercase(),
                required: value["required"] == true,
                schema: self.0.compile(&format!("{header}/schema")),
            }
        });
        let codes = value.pointer(CODES).and_then(Value::as_array);
        let text = |code: &Value| code.as_str().unwrap_or_default().to_owned();
        Response {
            codes: codes.map_or(vec![String::new()], |codes| {
                codes.iter().map(text).collect()
            }),
            headers: headers.collect(),
            content: content(&self.0, &pointer, value),
        }
    }
}

fn content(schemas: &Schemas<'_>, pointer: &str, value: &Value) -> BTreeMap<String, Schema> {
    let read = |media: String| {
        let schema = format!("{pointer}/content/{}/schema", escape(&media));
        let schema = schemas.compile(&schema);
        (media, schema)
    };
    keys(&value["content"]).into_iter().map(read).collect()
}

fn keys(value: &Value) -> Vec<String> {
    let members = value.as_object();
    members.map_or_else(Vec::new, |members| members.keys().cloned().collect())
}

/// A name as a part of a JSON pointer.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
