//! The functions with other rate limits than their configuration has, for tests and benchmarks.

use crate::env_file::Vars;
use crate::functions::Function;

/// More than any test sends.
const OUT_OF_REACH: u32 = 1_000_000;
/// Small enough to be reached, and for requests large enough for tests of the other two.
const SMALL: [(&str, u32); 3] = [
    ("SEND_LIMIT_10S", 3),
    ("OPEN_LIMIT_60S", 3),
    ("REQUEST_LIMIT_10S", 40),
];

/// The function with limits that no test reaches by accident.
pub fn out_of_reach(mut function: Function) -> Function {
    for limit in &mut function.config.ratelimits {
        limit.simple.limit = OUT_OF_REACH;
    }
    function
}

/// The function with limits that tests reach, counted apart from the others'.
pub fn within_reach(mut function: Function) -> Function {
    for limit in &mut function.config.ratelimits {
        limit.namespace_id = format!("small-{}", limit.namespace_id);
        if let Some((_, small)) = SMALL.iter().find(|(name, _)| limit.name == *name) {
            limit.simple.limit = *small;
        }
    }
    function
}

/// The function without limits, and variables that have their names and are no limiters.
pub fn without(mut function: Function) -> (Function, Vars) {
    let limits = std::mem::take(&mut function.config.ratelimits);
    let no_limiters = limits
        .into_iter()
        .map(|limit| (limit.name, "no limiter".to_owned()));
    (function, no_limiters.collect())
}
