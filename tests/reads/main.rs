//! Direct reads of `messages` where there is much to read: what they cost, and what the planner tells.
//!
//! Runs alone on the stack after the tests by HTTP, as it loads 200,000 messages with the triggers off.

mod data;
mod scans;
mod statistics;
