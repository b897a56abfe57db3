//! Configuration: the Worker's vars and secrets, read by name.
//!
//! | name | what | secret |
//! |---|---|---|
//! | `SUPABASE_URL` | the project, `https://<ref>.supabase.co` | no |
//! | `SUPABASE_ANON_KEY` | the publishable or anon key, sent as `apikey` | no |
//! | `SUPABASE_JWT_SECRET` | the key of HS256 tokens | yes |
//! | `SUPABASE_JWT_ISSUER` | when set, the only `iss` a token may have | no |

use crate::error::{ApiError, ErrorCode};

/// All that a function which acts for a user needs. Holds a secret, hence no `Debug`.
#[derive(Clone)]
pub struct Config {
    /// How to reach Supabase.
    pub supabase: SupabaseConfig,
    /// Which tokens to believe.
    pub tokens: TokenConfig,
}

/// How to reach Supabase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupabaseConfig {
    /// The project's URL, without a slash at its end.
    pub url: String,
    /// The `apikey` that Supabase's gateway asks for beside the user's token.
    pub anon_key: String,
}

/// Which tokens to believe. Holds a secret, hence no `Debug`.
#[derive(Clone)]
pub struct TokenConfig {
    /// The key of HS256 tokens.
    pub jwt_secret: String,
    /// The only `iss` a token may have, where one is configured.
    pub issuer: Option<String>,
}

impl Config {
    /// Reads everything; `lookup` gives a variable's value by name.
    ///
    /// # Errors
    /// `internal`, with a detail that names the variable.
    pub fn load(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ApiError> {
        Ok(Config {
            supabase: SupabaseConfig::load(&lookup)?,
            tokens: TokenConfig {
                jwt_secret: required(&lookup, "SUPABASE_JWT_SECRET")?,
                issuer: optional(&lookup, "SUPABASE_JWT_ISSUER"),
            },
        })
    }
}

impl SupabaseConfig {
    /// Reads how to reach Supabase; `lookup` gives a variable's value by name.
    ///
    /// # Errors
    /// `internal`, with a detail that names the variable.
    pub fn load(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ApiError> {
        let url = required(&lookup, "SUPABASE_URL")?
            .trim_end_matches('/')
            .to_owned();
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(ApiError::with_detail(
                ErrorCode::Internal,
                "SUPABASE_URL must begin with https:// or http://",
            ));
        }
        Ok(SupabaseConfig {
            url,
            anon_key: required(&lookup, "SUPABASE_ANON_KEY")?,
        })
    }
}

fn optional(lookup: impl Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    lookup(name)
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
}

fn required(lookup: impl Fn(&str) -> Option<String>, name: &str) -> Result<String, ApiError> {
    optional(lookup, name).ok_or_else(|| {
        let detail = format!("{name} is not set: give this Worker the var or secret");
        ApiError::with_detail(ErrorCode::Internal, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Config, ApiError> {
        Config::load(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    const COMPLETE: [(&str, &str); 3] = [
        ("SUPABASE_URL", "http://127.0.0.1:54321/"),
        ("SUPABASE_ANON_KEY", "anon"),
        ("SUPABASE_JWT_SECRET", "secret"),
    ];

    #[test]
    fn the_issuer_is_optional() {
        let config = load(&COMPLETE).ok().unwrap();
        assert_eq!(
            config.supabase,
            SupabaseConfig {
                url: "http://127.0.0.1:54321".to_owned(),
                anon_key: "anon".to_owned()
            }
        );
        assert_eq!(config.tokens.jwt_secret, "secret");
        assert_eq!(config.tokens.issuer, None);
        let with_issuer = [
            COMPLETE.as_slice(),
            &[("SUPABASE_JWT_ISSUER", "https://iss")],
        ]
        .concat();
        assert_eq!(
            load(&with_issuer).ok().unwrap().tokens.issuer.as_deref(),
            Some("https://iss")
        );
    }

    #[test]
    fn a_missing_variable_is_named_in_the_log() {
        for (index, (name, _)) in COMPLETE.iter().enumerate() {
            let mut variables = COMPLETE.to_vec();
            for blank in [None, Some(""), Some(" ")] {
                match blank {
                    None => drop(variables.remove(index)),
                    Some(blank) => variables.insert(index, (name, blank)),
                }
                let error = load(&variables).err().unwrap();
                assert_eq!(error.code, ErrorCode::Internal);
                assert_eq!(
                    error.detail,
                    Some(format!(
                        "{name} is not set: give this Worker the var or secret"
                    ))
                );
                if blank.is_some() {
                    variables.remove(index);
                }
            }
        }
    }

    #[test]
    fn a_url_without_a_scheme_is_told() {
        let mut variables = COMPLETE;
        variables[0].1 = "example.supabase.co";
        assert_eq!(
            load(&variables).err().unwrap().detail.as_deref(),
            Some("SUPABASE_URL must begin with https:// or http://")
        );
    }
}
