//! The configuration: the Worker's variables and secrets.
//!
//! | name | value | secret |
//! |---|---|---|
//! | `SUPABASE_URL` | the project, `https://<ref>.supabase.co` | no |
//! | `SUPABASE_PUBLISHABLE_KEY` | the publishable or anon key, sent as `apikey`; if it is unset, `SUPABASE_ANON_KEY`, its older name, is read | no |
//! | `SUPABASE_JWT_SECRET` | optional: the legacy secret, 32 bytes or more; without it HS256 tokens are refused | yes |
//! | `SUPABASE_JWT_ISSUER` | optional: the `iss` that tokens must have, `<SUPABASE_URL>/auth/v1` when unset; `any` turns the check off | no |
//! | `ALLOW_ANONYMOUS_USERS` | optional: `false` refuses users of anonymous sign-ins | no |
//! | `UPSTREAM_TIMEOUT_MS` | optional: how long a request may wait for Supabase, 10000 when unset | no |
//! | `CORS_ALLOWED_ORIGINS` | optional: see [`cors`](crate::http::cors) | no |

use crate::error::{ApiError, ErrorCode};

/// Longer than the database's limit for a statement (8 seconds on hosted Supabase), so that the
/// database stops first: no statement runs on after the client has got its reply.
const DEFAULT_UPSTREAM_TIMEOUT_MS: u64 = 10_000;
/// The value of `SUPABASE_JWT_ISSUER` that turns the check off, for an Auth that writes no `iss`, such
/// as that of the development stack. It is a word and not an empty value, because a deployment script
/// can set an empty value by mistake.
const ANY_ISSUER: &str = "any";

/// The length of HS256's hash (RFC 7518, 3.2). With one token in hand, shorter secrets can be found by
/// trying.
const MIN_SECRET_BYTES: usize = 32;

/// The configuration of a function that acts for a user. Holds a secret, so it has no `Debug`.
#[derive(Clone)]
pub struct Config {
    pub supabase: SupabaseConfig,
    pub tokens: TokenConfig,
}

/// How to reach Supabase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupabaseConfig {
    /// The project's URL, without a slash at its end.
    pub url: String,
    /// The `apikey` header, which Supabase's gateway requires in addition to the user's token.
    pub anon_key: String,
    /// How long one request may wait for Supabase, in milliseconds, all attempts together.
    pub timeout_ms: u64,
}

/// Which tokens are accepted. Holds a secret, so it has no `Debug`.
#[derive(Clone)]
pub struct TokenConfig {
    /// The secret of HS256 tokens, for projects that still have such tokens.
    pub jwt_secret: Option<String>,
    /// The URL of the project's signing keys.
    pub keys_url: String,
    /// The only `iss` that a token may have; `None` turns the check off.
    pub issuer: Option<String>,
    /// Whether users of anonymous sign-ins are accepted. They are by default: a project has such users
    /// only if it has turned them on in Auth, and the database decides what they may do.
    pub allow_anonymous: bool,
}

impl Config {
    /// Reads all variables; `lookup` gives the value of one by its name.
    ///
    /// # Errors
    /// `internal`, with a detail that names the variable.
    pub fn load(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ApiError> {
        let supabase = SupabaseConfig::load(&lookup)?;
        let tokens = TokenConfig::load(&lookup, &supabase.url)?;
        Ok(Config { supabase, tokens })
    }
}

impl TokenConfig {
    fn load(lookup: impl Fn(&str) -> Option<String>, url: &str) -> Result<Self, ApiError> {
        let issuer = optional(&lookup, "SUPABASE_JWT_ISSUER");
        Ok(TokenConfig {
            jwt_secret: match optional(&lookup, "SUPABASE_JWT_SECRET") {
                Some(secret) if secret.len() < MIN_SECRET_BYTES => {
                    return Err(wrong("SUPABASE_JWT_SECRET must have at least 32 bytes"));
                }
                secret => secret,
            },
            keys_url: format!("{url}/auth/v1/.well-known/jwks.json"),
            issuer: match issuer {
                None => Some(format!("{url}/auth/v1")),
                Some(issuer) if issuer == ANY_ISSUER => None,
                Some(issuer) => Some(issuer),
            },
            allow_anonymous: match optional(&lookup, "ALLOW_ANONYMOUS_USERS").as_deref() {
                None | Some("true") => true,
                Some("false") => false,
                Some(_) => return Err(wrong("ALLOW_ANONYMOUS_USERS must be true or false")),
            },
        })
    }
}

impl SupabaseConfig {
    /// Reads the part that every function needs; `lookup` gives the value of a variable by its name.
    ///
    /// # Errors
    /// `internal`, with a detail that names the variable.
    pub fn load(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ApiError> {
        let url = required(&lookup, "SUPABASE_URL")?
            .trim_end_matches('/')
            .to_owned();
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(wrong("SUPABASE_URL must begin with https:// or http://"));
        }
        Ok(SupabaseConfig {
            url,
            anon_key: required(&lookup, "SUPABASE_PUBLISHABLE_KEY")
                .or_else(|missing| optional(&lookup, "SUPABASE_ANON_KEY").ok_or(missing))?,
            timeout_ms: timeout_ms(&lookup)?,
        })
    }
}

fn timeout_ms(lookup: impl Fn(&str) -> Option<String>) -> Result<u64, ApiError> {
    let Some(text) = optional(lookup, "UPSTREAM_TIMEOUT_MS") else {
        return Ok(DEFAULT_UPSTREAM_TIMEOUT_MS);
    };
    let milliseconds = text.parse().ok();
    milliseconds
        .filter(|milliseconds| (100..=60_000).contains(milliseconds))
        .ok_or_else(|| wrong("UPSTREAM_TIMEOUT_MS must be a number from 100 to 60000"))
}

/// The error for a variable with a wrong value; the detail says what the value must be.
#[must_use]
pub fn wrong(detail: &'static str) -> ApiError {
    ApiError::with_detail(ErrorCode::Internal, detail)
}

/// The value of a variable, trimmed; a blank value counts as unset.
pub fn optional(lookup: impl Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    lookup(name)
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
}

fn required(lookup: impl Fn(&str) -> Option<String>, name: &str) -> Result<String, ApiError> {
    optional(lookup, name).ok_or_else(|| {
        let detail = format!("{name} is not set: set it as a variable or secret of this Worker");
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

    const COMPLETE: [(&str, &str); 2] = [
        ("SUPABASE_URL", "http://127.0.0.1:54321/"),
        ("SUPABASE_PUBLISHABLE_KEY", "anon"),
    ];

    fn load_with(name: &str, value: &str) -> Result<Config, ApiError> {
        load(&[COMPLETE.as_slice(), &[(name, value)]].concat())
    }

    #[test]
    fn two_variables_are_enough() {
        let config = load(&COMPLETE).ok().unwrap();
        assert_eq!(
            config.supabase,
            SupabaseConfig {
                url: "http://127.0.0.1:54321".to_owned(),
                anon_key: "anon".to_owned(),
                timeout_ms: 10_000,
            }
        );
        let tokens = config.tokens;
        assert_eq!(
            tokens.keys_url,
            "http://127.0.0.1:54321/auth/v1/.well-known/jwks.json"
        );
        assert_eq!(tokens.jwt_secret, None);
        assert_eq!(
            tokens.issuer.as_deref(),
            Some("http://127.0.0.1:54321/auth/v1")
        );
        assert!(tokens.allow_anonymous);
    }

    #[test]
    fn the_older_name_of_the_key_is_read_if_the_new_one_is_blank() {
        let key = |new: &str| {
            let old = load(&[
                COMPLETE[0],
                ("SUPABASE_ANON_KEY", "old"),
                (COMPLETE[1].0, new),
            ]);
            old.ok().unwrap().supabase.anon_key
        };
        assert_eq!(key("new"), "new");
        assert_eq!(key(" "), "old");
    }

    #[test]
    fn only_the_word_turns_the_issuer_check_off() {
        let issuer = |value| {
            let config = load_with("SUPABASE_JWT_ISSUER", value).ok().unwrap();
            config.tokens.issuer
        };
        assert_eq!(issuer("https://iss").as_deref(), Some("https://iss"));
        assert_eq!(issuer("any"), None);
        for unset in ["", " "] {
            assert_eq!(
                issuer(unset).as_deref(),
                Some("http://127.0.0.1:54321/auth/v1")
            );
        }
        assert_eq!(issuer("ANY").as_deref(), Some("ANY"));
    }

    #[test]
    fn the_optional_variables_are_read() {
        let secret = "x".repeat(32);
        let with_secret = load_with("SUPABASE_JWT_SECRET", &secret).ok().unwrap();
        assert_eq!(with_secret.tokens.jwt_secret, Some(secret));
        let closed = load_with("ALLOW_ANONYMOUS_USERS", "false").ok().unwrap();
        assert!(!closed.tokens.allow_anonymous);
        let hasty = load_with("UPSTREAM_TIMEOUT_MS", "2500").ok().unwrap();
        assert_eq!(hasty.supabase.timeout_ms, 2_500);
    }

    #[test]
    fn a_wrong_value_is_an_error_and_never_the_default() {
        for (name, values) in [
            ("ALLOW_ANONYMOUS_USERS", ["no", "0", "False"]),
            ("UPSTREAM_TIMEOUT_MS", ["10s", "0", "60001"]),
            // White space around the value is not counted.
            (
                "SUPABASE_JWT_SECRET",
                [
                    "secret",
                    "31-bytes-31-bytes-31-bytes-31-b",
                    "  secret-with-white-space-around  ",
                ],
            ),
        ] {
            for value in values {
                let error = load_with(name, value).err().unwrap();
                assert_eq!(error.code, ErrorCode::Internal);
                assert!(error.detail.unwrap().starts_with(name), "{value}");
            }
        }
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
                        "{name} is not set: set it as a variable or secret of this Worker"
                    ))
                );
                if blank.is_some() {
                    variables.remove(index);
                }
            }
        }
    }

    #[test]
    fn a_url_without_a_scheme_is_an_error() {
        let mut variables = COMPLETE;
        variables[0].1 = "example.supabase.co";
        assert_eq!(
            load(&variables).err().unwrap().detail.as_deref(),
            Some("SUPABASE_URL must begin with https:// or http://")
        );
    }
}
