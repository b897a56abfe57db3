//! Which host application the stack's database has.

use crate::env::variable;

/// What `cargo xtask test` says in CHAT_HOST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// `example`: the example's migration is in supabase/migrations.
    Example,
    /// `installed`: supabase/migrations has another.
    Installed,
    /// `folder`: the one in the folder of `--host`.
    Folder,
}

impl Host {
    /// Reads the environment.
    ///
    /// # Panics
    /// When it does not say which.
    pub fn get() -> Self {
        match variable("CHAT_HOST").as_str() {
            "example" => Self::Example,
            "installed" => Self::Installed,
            "folder" => Self::Folder,
            other => panic!("CHAT_HOST is {other}"),
        }
    }
}
