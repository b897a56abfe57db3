//! What the functions log.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Env, Stack};

impl Stack {
    /// The one line of a request, which this function has written.
    ///
    /// # Panics
    /// When there are more of them, or none in ten seconds.
    pub async fn log_line(&self, request_id: &str, function: &str) -> Value {
        let mut found: Vec<Value> = Vec::new();
        for _ in 0..500 {
            // Whatever the request still had to log comes before the line of a later one.
            let last = Uuid::new_v4().to_string();
            let later = self.edge().call(Method::GET, "/health");
            later.request_id(&last).send().await.ok();
            let log = tokio::fs::read(&Env::get().functions_log).await.unwrap();
            let log = String::from_utf8_lossy(&log).into_owned();
            found = log
                .lines()
                .filter(|line| line.contains(request_id))
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            if log.contains(&last) && !found.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0]["function"], json!(function));
        found.remove(0)
    }
}
