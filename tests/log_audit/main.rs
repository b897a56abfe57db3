//! The functions' log of the tests that ran before: `cargo xtask test` runs this after its suites `http` and `faults`.

use harness::log_audit::{Hidden, Others, faults};
use harness::variable;

/// How many faults are shown.
const SHOWN: usize = 10;

#[tokio::test]
async fn the_functions_log_no_token_secret_text_or_url() {
    let file = variable("FUNCTIONS_LOG");
    let bytes = std::fs::read(&file).unwrap();
    let log = String::from_utf8_lossy(&bytes);
    let hidden = Hidden::of_stack().await;
    let others = match variable("SUITE").as_str() {
        "faults-log" => Others::OfFaults,
        _ => Others::None,
    };
    assert!(log.lines().count() > 0, "{file} is empty");
    // With a filter, the tests that ran may have sent no text.
    assert!(
        hidden.texts() > 0 || variable("FILTERED") == "true",
        "there is no text to look for"
    );
    let found = faults(&log, &hidden, others);
    // The lines themselves stay where they are: they would be logged once more.
    let shown = found.iter().take(SHOWN);
    let shown: String = shown
        .map(|(line, fault)| format!("{file}:{line}: {fault}\n"))
        .collect();
    assert!(found.is_empty(), "{} wrong lines:\n{shown}", found.len());
}
