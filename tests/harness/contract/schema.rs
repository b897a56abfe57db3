//! Schemas of the document, compiled.

use jsonschema::{Draft, Registry, Validator};
use serde_json::Value;

/// The document's name among schemas.
const DOCUMENT: &str = "urn:openapi";

/// Of what is told of a fault, which may quote a whole page of messages.
const LONGEST: usize = 300;
/// OpenAPI's formats of numbers. `minimum` and `maximum` say the same.
const NUMBERS: [&str; 3] = ["int32", "int64", "uint32"];

/// All schemas of the document.
pub struct Schemas<'d> {
    document: &'d Value,
    registry: Registry<'static>,
}

impl<'d> Schemas<'d> {
    pub fn new(document: &'d Value) -> Self {
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .add(DOCUMENT, document.clone())
            .and_then(|registry| registry.prepare());
        let registry = registry.unwrap_or_else(|error| panic!("a reference: {error}"));
        Schemas { document, registry }
    }

    /// Compiles the schema at `pointer`.
    pub fn compile(&self, pointer: &str) -> Schema {
        // A path's braces and a content type's space have no place in a URI.
        let fragment = pointer
            .replace('{', "%7B")
            .replace('}', "%7D")
            .replace(' ', "%20");
        let reference = serde_json::json!({ "$ref": format!("{DOCUMENT}#{fragment}") });
        let mut options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(&self.registry)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false);
        for name in NUMBERS {
            options = options.with_format(name, |_: &str| true);
        }
        match options.build(&reference) {
            Ok(validator) => Schema(validator),
            Err(error) => panic!("{pointer}: {error}"),
        }
    }

    /// The pointer of what stands at `pointer`, or of what a `$ref` there leads to, and the value.
    pub fn follow(&self, pointer: &str) -> (String, &'d Value) {
        let value = self.document.pointer(pointer).unwrap_or(&Value::Null);
        match value["$ref"].as_str().and_then(|to| to.strip_prefix('#')) {
            Some(to) => self.follow(to),
            None => (pointer.to_owned(), value),
        }
    }
}

/// A compiled schema.
pub struct Schema(Validator);

impl Schema {
    /// What is wrong with a value: where in it, and which line of the document says so.
    pub fn faults(&self, value: &Value) -> Vec<String> {
        let fault = |error: jsonschema::ValidationError<'_>| {
            let rule = error.absolute_keyword_location().map(ToString::to_string);
            let rule = rule.unwrap_or_else(|| error.schema_path().to_string());
            let rule = rule.trim_start_matches(DOCUMENT);
            let told: String = error.to_string().chars().take(LONGEST).collect();
            format!("at `{}`: {told} ({rule})", error.instance_path())
        };
        self.0.iter_errors(value).map(fault).collect()
    }

    /// The same for a text, which stands for itself, or for a number or a truth value.
    pub fn faults_of_text(&self, text: &str) -> Vec<String> {
        let as_json = serde_json::from_str::<Value>(text).ok();
        let scalar = as_json.filter(|value| value.is_number() || value.is_boolean());
        let text = Value::from(text);
        let is_no_text = self
            .0
            .iter_errors(&text)
            .any(|error| error.kind().keyword() == "type");
        match scalar {
            Some(scalar) if is_no_text => self.faults(&scalar),
            _ => self.faults(&text),
        }
    }
}
