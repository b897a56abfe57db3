//! What the benchmark uses of `xtask`, in one place.

pub use xtask::build::functions::{self, Function};
pub use xtask::build::{self, tools};
pub use xtask::env_file::Vars;
pub use xtask::run::{Run, command};
pub use xtask::stack::api_gateway::{self, Upstreams};
pub use xtask::stack::keys::Keys;
pub use xtask::stack::migrations;
pub use xtask::stack::ports::{self, LOOPBACK};
pub use xtask::stack::postgres::programs::Major;
pub use xtask::stack::postgres::{OWNER, Postgres, SUPERUSER};
pub use xtask::stack::{Settings, Stack};
pub use xtask::stack::{lite, postgrest};
pub use xtask::steps::print_failure;
pub use xtask::supervisor::{self, Claim};
pub use xtask::test::placement::Placement;
pub use xtask::test::workerd;
pub use xtask::{orphans, paths};
