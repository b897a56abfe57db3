//! Where the running stack is.

use std::sync::OnceLock;

/// The lines of `.dev/test/stack.env`, which `cargo xtask test` also puts into the environment.
#[derive(Debug)]
pub struct Env {
    /// The gateway function.
    pub edge_url: String,
    /// The functions `chats`, `messages` and `uploads`, each alone on workerd, without the gateway.
    pub chats_url: String,
    /// See [`Env::chats_url`].
    pub messages_url: String,
    /// See [`Env::chats_url`].
    pub uploads_url: String,
    /// Fires the trigger of `uploads`.
    pub trigger_url: String,
    /// `chats` without its anon key.
    pub unconfigured_url: String,
    /// `chats` with a SUPABASE_URL where nobody listens.
    pub unreachable_url: String,
    /// The gateway with that SUPABASE_URL.
    pub unreachable_edge_url: String,
    /// `chats` with a SUPABASE_URL where something else than PostgREST answers.
    pub misdirected_url: String,
    /// The gateway, with functions of its own that refuse people without an account.
    pub no_guests_edge_url: String,
    /// The gateway, with functions of its own that allow each user 3 sends in 10 s, 3
    /// openings in 60 s and 40 requests in 10 s.
    pub limited_edge_url: String,
    /// The `chats` behind that gateway.
    pub limited_chats_url: String,
    /// The `messages` behind that gateway.
    pub limited_messages_url: String,
    /// `messages` without any rate limit.
    pub unlimited_url: String,
    /// `messages` with rate limits that throw.
    pub failing_limits_url: String,
    /// `chats` with the cache that others share, and the keys of the project `passed-on`.
    pub keys_fetched_url: String,
    /// Another with that cache and the keys of the same project.
    pub keys_passed_on_url: String,
    /// `chats` with that cache and the keys of the project `aged`.
    pub keys_aged_url: String,
    /// `chats` with that cache and the keys of the project `flooded`.
    pub keys_flooded_url: String,
    /// `chats` without any such cache and with the keys of the project `flooded-alone`.
    pub keys_flooded_alone_url: String,
    /// The cache itself: GET and PUT of an entry, with its own host in `Host`.
    pub shared_cache_url: String,
    /// Supabase's API gateway: `/rest/v1`, `/auth/v1`, `/storage/v1`.
    pub supabase_url: String,
    /// Postgres as role `postgres`, which owns the tables and bypasses RLS.
    pub database_url: String,
    /// The key that the API gateway wants as `apikey`; a JWT of role `anon`.
    pub anon_key: String,
    /// A JWT of role `service_role`: no request of a user may ever carry it.
    pub service_role_key: String,
    /// The HS256 secret of Auth, PostgREST and the functions.
    pub jwt_secret: String,
    /// The project's ES256 key, PKCS #8 in base64.
    pub signing_key_es256: String,
    /// The project's RS256 key, PKCS #1 in base64.
    pub signing_key_rs256: String,
    /// What a test puts where nothing may log it; the run fails if it stands in the functions' log.
    pub log_marker: String,
    /// The API gateway's access log, a line a request: `<request id or -> <METHOD> <target> <status>`.
    pub api_log: String,
    /// The log of all functions.
    pub functions_log: String,
    /// The tool behind `cargo xtask`.
    pub xtask: String,
}

impl Env {
    /// Reads the environment once.
    ///
    /// # Panics
    /// When a variable is missing: there is nothing to test then.
    pub fn get() -> &'static Env {
        static ENV: OnceLock<Env> = OnceLock::new();
        ENV.get_or_init(|| Env {
            edge_url: url("EDGE_URL"),
            chats_url: url("CHATS_URL"),
            messages_url: url("MESSAGES_URL"),
            uploads_url: url("UPLOADS_URL"),
            trigger_url: url("TRIGGER_URL"),
            unconfigured_url: url("UNCONFIGURED_URL"),
            unreachable_url: url("UNREACHABLE_URL"),
            unreachable_edge_url: url("UNREACHABLE_EDGE_URL"),
            misdirected_url: url("MISDIRECTED_URL"),
            no_guests_edge_url: url("NO_GUESTS_EDGE_URL"),
            limited_edge_url: url("LIMITED_EDGE_URL"),
            limited_chats_url: url("LIMITED_CHATS_URL"),
            limited_messages_url: url("LIMITED_MESSAGES_URL"),
            unlimited_url: url("UNLIMITED_URL"),
            failing_limits_url: url("FAILING_LIMITS_URL"),
            keys_fetched_url: url("KEYS_FETCHED_URL"),
            keys_passed_on_url: url("KEYS_PASSED_ON_URL"),
            keys_aged_url: url("KEYS_AGED_URL"),
            keys_flooded_url: url("KEYS_FLOODED_URL"),
            keys_flooded_alone_url: url("KEYS_FLOODED_ALONE_URL"),
            shared_cache_url: url("SHARED_CACHE_URL"),
            supabase_url: url("SUPABASE_URL"),
            database_url: variable("DATABASE_URL"),
            anon_key: variable("SUPABASE_PUBLISHABLE_KEY"),
            service_role_key: variable("SUPABASE_SERVICE_ROLE_KEY"),
            jwt_secret: variable("SUPABASE_JWT_SECRET"),
            signing_key_es256: variable("SIGNING_KEY_ES256"),
            signing_key_rs256: variable("SIGNING_KEY_RS256"),
            log_marker: variable("LOG_MARKER"),
            api_log: variable("API_LOG"),
            functions_log: variable("FUNCTIONS_LOG"),
            xtask: variable("XTASK"),
        })
    }
}

/// What the tests of faults need besides; `cargo xtask test faults` puts it into the environment.
#[derive(Debug)]
pub struct FaultsEnv {
    /// The gateway, bound to functions whose SUPABASE_URL is [`Proxy`](crate::Proxy)'s and whose
    /// upstream has two seconds.
    pub edge_url: String,
    /// `chats` behind the same proxy, with the upstream's usual time.
    pub patient_url: String,
    /// The Worker that panics when it is asked to, behind the same proxy.
    pub panicking_url: String,
    /// A gateway bound to that one alone.
    pub panicking_edge_url: String,
    /// PostgREST itself, without the API gateway before it.
    pub postgrest_url: String,
    /// Where the proxy listens.
    pub proxy_port: u16,
    /// Where the supervisor obeys.
    pub control: String,
}

impl FaultsEnv {
    /// Reads the environment once.
    ///
    /// # Panics
    /// When a variable is missing: there is nothing to test then.
    pub fn get() -> &'static FaultsEnv {
        static ENV: OnceLock<FaultsEnv> = OnceLock::new();
        ENV.get_or_init(|| FaultsEnv {
            edge_url: url("FAULTY_EDGE_URL"),
            patient_url: url("PATIENT_URL"),
            panicking_url: url("PANICKING_URL"),
            panicking_edge_url: url("PANICKING_EDGE_URL"),
            postgrest_url: url("POSTGREST_URL"),
            proxy_port: match variable("PROXY_PORT").parse() {
                Ok(port) => port,
                Err(error) => panic!("PROXY_PORT: {error}"),
            },
            control: variable("CONTROL"),
        })
    }
}

fn url(name: &str) -> String {
    variable(name).trim_end_matches('/').to_owned()
}

/// A variable that `cargo xtask test` sets.
///
/// # Panics
/// When it is missing.
pub fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run these tests by `cargo xtask test`"))
}
