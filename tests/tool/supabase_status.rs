//! `dev --supabase-url` without a key asks the official CLI. A script with the CLI's name prints what it prints, because
//! the CLI itself needs a Supabase that runs.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use harness::Checkout;

/// What CLI 2 and 3 print for `status -o env`, with the names of 3.1.0. CLI 2 tells stopped services on stderr.
const ENV: &str = r#"echo 'Stopped services: [supabase_imgproxy_chat]' >&2
printf '%s\n' 'ANON_KEY="older-key"' 'API_URL="URL"' \
  'DB_URL="postgresql://postgres:postgres@127.0.0.1:9/postgres"' 'FUNCTIONS_URL="URL/functions/v1"' \
  'JWT_SECRET="super-secret-jwt-token-with-at-least-32-characters-long"' 'PUBLISHABLE_KEY="newer-key"' \
  'S3_PROTOCOL_REGION="local"' 'SECRET_KEY="sb_secret_x"' 'SERVICE_ROLE_KEY="service-key"'"#;
/// What CLI 3.1.0 says where no Docker runs.
const NO_DOCKER: &str =
    "echo 'failed to inspect container health: Cannot connect to the Docker daemon' >&2
echo 'Try rerunning the command with --debug to troubleshoot the error.' >&2
exit 1";

/// A checkout with a program of the CLI's name, which is the only one in PATH.
struct Installed {
    checkout: Checkout,
    path: PathBuf,
}

impl Installed {
    fn new(script: Option<&str>) -> Self {
        let checkout = Checkout::new();
        let path = checkout.state().join("bin");
        std::fs::create_dir(&path).unwrap();
        if let Some(script) = script {
            let file = path.join("supabase");
            let asked = checkout.state().join("asked");
            let asked = format!("echo \"$*\" >> '{}'", asked.display());
            std::fs::write(&file, format!("#!/bin/sh\n{asked}\n{script}\n")).unwrap();
            std::fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
        }
        Self { checkout, path }
    }

    /// What `dev` says, with further flags.
    fn dev(&self, url: &str, more: &[&str]) -> String {
        let mut dev = self.checkout.xtask();
        dev.args(["dev", "--port", "0", "--supabase-url", url])
            .args(more);
        let output = dev.env("PATH", &self.path).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(!self.checkout.state().join("stack.env").exists());
        String::from_utf8(output.stderr).unwrap()
    }

    /// The questions that the CLI was asked.
    fn asked(&self) -> Vec<String> {
        let asked = std::fs::read_to_string(self.checkout.state().join("asked"));
        let asked = asked.unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }
}

#[test]
fn its_key_and_database_are_used() {
    let (health, requests) = super::bad_input::answering_and_telling(r#"{"name":"GoTrue"}"#);
    let installed = Installed::new(Some(&ENV.replace("URL\"'", &format!("{health}\"'"))));
    let said = installed.dev(&health, &[]);
    assert_eq!(installed.asked(), ["status -o env"]);
    // The key was sent; and the database of `DB_URL`, which is none, is what is wrong.
    let request = requests.recv().unwrap().to_lowercase();
    assert!(request.contains("apikey: newer-key\r\n"), "{request}");
    assert!(
        said.contains("DATABASE_URL or --database-url is not right"),
        "{said}"
    );
    assert!(said.contains("Connection refused"), "{said}");
    assert!(!said.contains("postgres:postgres"), "{said}");
}

#[test]
fn what_a_flag_names_wins_and_with_a_key_it_is_not_asked() {
    let (health, requests) = super::bad_input::answering_and_telling(r#"{"name":"GoTrue"}"#);
    let installed = Installed::new(Some(&ENV.replace("URL\"'", &format!("{health}\"'"))));
    let database = "postgres://postgres:hush@127.0.0.1:8/other";
    installed.dev(
        &health,
        &["--publishable-key", "mine", "--database-url", database],
    );
    assert!(
        requests
            .recv()
            .unwrap()
            .to_lowercase()
            .contains("apikey: mine\r\n")
    );
    assert_eq!(installed.asked(), [""; 0]);
    let said = installed.dev(&health, &["--database-url", "none"]);
    assert!(said.contains("this is not a connection string"), "{said}");
}

#[test]
fn a_stack_of_cli_3_that_knows_another_question_is_asked_it() {
    let (health, requests) = super::bad_input::answering_and_telling(r#"{"name":"GoTrue"}"#);
    let only_the_second =
        format!("case \"$*\" in *-o*) echo 'not supported here' >&2; exit 1;; esac\n{ENV}");
    let script = only_the_second.replace("URL\"'", &format!("{health}\"'"));
    let installed = Installed::new(Some(&script));
    installed.dev(&health, &[]);
    assert_eq!(installed.asked(), ["status -o env", "status --env"]);
    assert!(
        requests
            .recv()
            .unwrap()
            .to_lowercase()
            .contains("apikey: newer-key\r\n")
    );
}

#[test]
fn where_it_cannot_tell_the_cause_and_the_ways_out_are_told() {
    let elsewhere = ENV.replace("URL\"'", "http://127.0.0.1:54329\"'");
    for (script, cause) in [
        (
            None,
            "the Supabase CLI is neither in PATH nor in node_modules",
        ),
        (
            Some(NO_DOCKER),
            "`supabase status -o env` says: failed to inspect container health",
        ),
        (Some("exit 0"), "`supabase status -o env` says: nothing"),
        (
            Some(&*elsewhere),
            "the Supabase CLI knows one at http://127.0.0.1:54329",
        ),
    ] {
        let said = Installed::new(script).dev("http://127.0.0.1:54321", &[]);
        assert!(said.contains(cause), "{said}");
        assert!(
            said.contains("--supabase-url needs --publishable-key"),
            "{said}"
        );
    }
    let said = Installed::new(Some(NO_DOCKER)).dev("http://127.0.0.1:54321", &[]);
    assert!(
        said.contains("start it with `npx supabase start`"),
        "{said}"
    );
}

#[test]
fn it_is_not_asked_for_a_hosted_project() {
    let installed = Installed::new(Some(ENV));
    let said = installed.dev("https://ref.supabase.co", &[]);
    assert!(
        said.contains("--supabase-url needs --publishable-key"),
        "{said}"
    );
    assert_eq!(installed.asked(), [""; 0]);
}
