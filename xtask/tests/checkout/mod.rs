//! A checkout for the tool, with nothing in it.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// An empty folder that the tool takes for its checkout.
pub struct Checkout(TempDir);

impl Checkout {
    pub fn new() -> Self {
        let checkout = Self(TempDir::new().unwrap());
        std::fs::create_dir(checkout.state()).unwrap();
        checkout
    }

    /// Where `dev` keeps its state.
    pub fn state(&self) -> PathBuf {
        self.0.path().join(".dev")
    }

    /// The tool in this checkout, without variables that name a Supabase.
    pub fn xtask(&self) -> Command {
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
        xtask.env("CARGO_MANIFEST_DIR", self.0.path().join("xtask"));
        for name in [
            "XTASK_STATE",
            "DATABASE_URL",
            "POSTGREST",
            "SUPABASE_ANON_KEY",
            "SUPABASE_PUBLISHABLE_KEY",
        ] {
            xtask.env_remove(name);
        }
        xtask
    }

    /// All that it says to a command.
    pub fn said(&self, arguments: &[&str]) -> String {
        let output = self.xtask().args(arguments).output().unwrap();
        let bytes = [output.stdout, output.stderr].concat();
        String::from_utf8(bytes).unwrap()
    }
}
