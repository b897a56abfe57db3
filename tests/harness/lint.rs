//! What the linters of the official CLI found, and which of it is accepted.

mod accepted;
mod findings;

pub use accepted::{Accepted, FILE, Verdict};
pub use findings::{Finding, Linter, of_advisors, of_lint};
