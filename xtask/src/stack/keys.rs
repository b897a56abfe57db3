//! The stack's secrets, random and kept per checkout, and the keys signed with them.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;

use crate::env_file::{self, Vars};
use crate::paths::hex;
use crate::signing_keys::SigningKeys;

/// Ten years: a development key that expires only confuses.
const KEY_SECONDS: u64 = 10 * 365 * 24 * 60 * 60;

/// What the parts of the stack share.
#[derive(Clone)]
pub struct Keys {
    /// Signs the tokens of Auth and the two keys below (HS256).
    pub jwt_secret: String,
    /// Password of supabase_admin, postgres and authenticator.
    pub database_password: String,
    /// JWT with role anon, the `apikey` of clients.
    pub anon: String,
    /// JWT with role service_role; no function gets it.
    pub service_role: String,
    /// What Auth could sign with instead.
    pub signing: SigningKeys,
}

impl Keys {
    /// Reads the secrets of a checkout, and makes them the first time.
    pub fn load_or_make(file: &Path) -> Result<Self> {
        let mut vars = env_file::read(file)?;
        let before = vars.len();
        for name in ["JWT_SECRET", "DATABASE_PASSWORD"] {
            if !vars.contains_key(name) {
                vars.insert(name.to_owned(), random()?);
            }
        }
        let signing = SigningKeys::load_or_make(&mut vars)?;
        if vars.len() != before {
            env_file::write(
                file,
                "Random secrets of this checkout's stack, made by cargo xtask.",
                &vars,
            )?;
        }
        Self::from_vars(&vars, signing)
    }

    fn from_vars(vars: &Vars, signing: SigningKeys) -> Result<Self> {
        let get = |name: &str| vars.get(name).cloned().context("a secret is missing");
        let jwt_secret = get("JWT_SECRET")?;
        Ok(Self {
            anon: api_key(&jwt_secret, "anon")?,
            service_role: api_key(&jwt_secret, "service_role")?,
            database_password: get("DATABASE_PASSWORD")?,
            jwt_secret,
            signing,
        })
    }
}

/// 32 random bytes in hexadecimal.
pub fn random() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("no randomness: {error}"))?;
    Ok(hex(&bytes))
}

/// A key as Supabase makes them: a JWT that carries a role and no user.
fn api_key(secret: &str, role: &str) -> Result<String> {
    // A fixed time of issue keeps the key the same at each start.
    const ISSUED: u64 = 1_750_000_000;
    let claims = json!({
        "iss": "supabase-chat-api",
        "role": role,
        "iat": ISSUED,
        "exp": ISSUED + KEY_SECONDS,
    });
    encode(
        &Header::new(Algorithm::HS256),
        &claims,
        &EncodingKey::from_secret(secret.as_bytes()),
    )
    .with_context(|| format!("cannot sign the {role} key"))
}
