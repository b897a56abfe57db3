//! HTTP as every function sees it: the request, the reply, and the rules that both follow.

pub mod cors;
pub mod document;
pub mod path;
pub mod query;
pub mod reply;
pub mod request;
pub mod request_id;
