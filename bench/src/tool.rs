//! What the benchmark uses of `xtask`, in one place.

pub use xtask::env_file::Vars;
pub use xtask::functions::{self, Function};
pub use xtask::gateway::{self, Upstreams};
pub use xtask::keys::Keys;
pub use xtask::migrations;
pub use xtask::placement::Placement;
pub use xtask::ports::{self, HOST};
pub use xtask::postgres::programs::Major;
pub use xtask::postgres::{OWNER, Postgres, SUPERUSER};
pub use xtask::run::{Run, command};
pub use xtask::stack::{Settings, Stack};
pub use xtask::steps::print_failure;
pub use xtask::supervisor::{self, Claim};
pub use xtask::{leftovers, lite, paths, postgrest, tools, wasm, workerd};
