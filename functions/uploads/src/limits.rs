//! Which files may be uploaded.

use shared::error::ApiError;
use shared::runtime::config::{optional, wrong};

use crate::constants::{CONTENT_TYPES, MAX_BYTES};
use crate::content_types;

/// The limits of uploads. The bucket has limits of its own, which hold in addition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub max_bytes: u64,
    content_types: String,
}

impl Limits {
    /// Reads `UPLOAD_MAX_BYTES` and `UPLOAD_CONTENT_TYPES`; `lookup` gives the value of a variable by its
    /// name.
    ///
    /// # Errors
    /// `internal`, with a detail that names the variable.
    pub fn load(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, ApiError> {
        let max_bytes = match optional(lookup, "UPLOAD_MAX_BYTES") {
            None => Some(MAX_BYTES),
            Some(text) => text.parse().ok().filter(|bytes| *bytes > 0),
        };
        let content_types = optional(lookup, "UPLOAD_CONTENT_TYPES");
        Ok(Limits {
            max_bytes: max_bytes
                .ok_or_else(|| wrong("UPLOAD_MAX_BYTES must be a number of bytes above 0"))?,
            content_types: content_types.unwrap_or_else(|| CONTENT_TYPES.to_owned()),
        })
    }

    /// Whether a type is allowed, by its canonical name. The variable may have other names of it.
    pub fn allow(&self, content_type: &str) -> bool {
        let mut allowed = self.content_types.split(',').map(content_types::canonical);
        !content_type.is_empty() && allowed.any(|one| one == content_type)
    }
}

#[cfg(test)]
mod tests {
    use shared::error::ErrorCode;

    use super::*;

    fn limits(variables: &[(&str, &str)]) -> Result<Limits, ApiError> {
        Limits::load(&|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn variables_set_other_limits() {
        let set = limits(&[
            ("UPLOAD_MAX_BYTES", "7"),
            ("UPLOAD_CONTENT_TYPES", "Image/JPG, text/html"),
        ])
        .unwrap();
        assert_eq!(set.max_bytes, 7);
        assert!(set.allow("image/jpeg") && set.allow("text/html"));
        assert!(!set.allow("image/png") && !set.allow(""));
        for wrong in ["0", "-1", "25 MiB"] {
            let error = limits(&[("UPLOAD_MAX_BYTES", wrong)]).unwrap_err();
            assert_eq!(error.code, ErrorCode::Internal);
            assert!(error.detail.unwrap().starts_with("UPLOAD_MAX_BYTES"));
        }
    }
}
