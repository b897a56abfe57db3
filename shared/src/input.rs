//! The readers of what a client sends. Each makes a typed value of it, or says what is wrong.

pub mod body;
pub mod cursor;
pub mod ids;
pub mod json;
pub mod object_path;
pub mod text;
