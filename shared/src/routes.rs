//! Where the gateway sends a request.

/// The function that answers what the gateway passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Its service binding.
    pub binding: &'static str,
    /// The path without its ids, for the log.
    pub pattern: &'static str,
}
