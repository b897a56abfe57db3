//! The checkout, and others for the tool with nothing in them.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::env::variable;

/// This checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// An empty folder that the tool takes for its checkout.
#[derive(Debug)]
pub struct Checkout(TempDir);

impl Checkout {
    /// A new one.
    ///
    /// # Panics
    /// When the folder cannot be made.
    #[expect(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Self {
        let checkout = Self(TempDir::new().expect("a folder"));
        std::fs::create_dir(checkout.state()).expect("a folder");
        checkout
    }

    /// Where `dev` keeps its state.
    pub fn state(&self) -> PathBuf {
        self.0.path().join(".dev")
    }

    /// The tool in this checkout, without variables that name a Supabase.
    pub fn xtask(&self) -> Command {
        let mut xtask = Command::new(variable("XTASK"));
        xtask.env("CARGO_MANIFEST_DIR", self.0.path().join("xtask"));
        for name in [
            "XTASK_STATE",
            "DATABASE_URL",
            "POSTGREST",
            "SUPABASE_ANON_KEY",
            "SUPABASE_JWT_ISSUER",
            "SUPABASE_JWT_SECRET",
            "SUPABASE_PUBLISHABLE_KEY",
        ] {
            xtask.env_remove(name);
        }
        xtask
    }

    /// All that it says to a command.
    ///
    /// # Panics
    /// When it does not start.
    pub fn said(&self, arguments: &[&str]) -> String {
        let output = self.xtask().args(arguments).output().expect("the tool");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }
}
