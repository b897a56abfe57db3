//! Which requests went upstream, by the access log of the stack's API gateway.

use crate::{env::Env, stack::Stack};
use std::time::Duration;
use uuid::Uuid;

impl Stack {
    /// `<METHOD> <path> <status>` of every request that reached Supabase under this request id.
    ///
    /// A request of our own is sent after them and waited for in the log, so an empty list
    /// means that nothing went upstream, not that the log is late.
    ///
    /// # Panics
    /// When our own request does not show up: the log cannot be trusted then.
    pub async fn upstream(&self, request_id: &str) -> Vec<String> {
        let last = Uuid::new_v4().to_string();
        self.anonymous()
            .call(reqwest::Method::GET, "/chats?limit=0")
            .request_id(&last)
            .send()
            .await;
        for _ in 0..500 {
            let log = read_log().await;
            if !lines_of(&log, &last).is_empty() {
                return lines_of(&log, request_id);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the access log does not show the request {last}");
    }
}

async fn read_log() -> String {
    let path = &Env::get().api_log;
    match tokio::fs::read(path).await {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => panic!("cannot read the access log {path}: {error}"),
    }
}

/// The request lines of one request id, without queries: those differ from test to test.
fn lines_of(log: &str, request_id: &str) -> Vec<String> {
    log.lines()
        .filter_map(|line| line.strip_prefix(request_id)?.strip_prefix(' '))
        .map(|line| {
            let mut words = line.split(' ');
            let method = words.next().unwrap_or_default();
            let target = words.next().unwrap_or_default();
            let path = target.split('?').next().unwrap_or_default();
            let status = words.next().unwrap_or_default();
            format!("{method} {path} {status}")
        })
        .collect()
}
