//! The clients of Supabase's services, and what their answers mean for our client.

pub mod client;
pub mod expected_answer;
pub mod postgrest;
pub mod postgrest_errors;
pub mod storage;
pub mod storage_errors;
#[cfg(test)]
mod test_server;
