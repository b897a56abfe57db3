//! Checks of the checkout's own files, which need no stack. Run by `cargo xtask test unit`.

mod core_knows_no_host;
