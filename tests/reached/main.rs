//! The answers that the tests before have seen: `cargo xtask test` runs this after its suites `http` and `faults`, and
//! it compares them with all answers that `openapi.json` has.

use harness::contract::{Contract, Reached};
use harness::variable;

#[test]
fn each_answer_of_the_document_is_seen_by_a_test() {
    if variable("FILTERED") == "true" || variable("CHAT_HOST") != "example" {
        println!("not checked: only some of the tests have run");
        return;
    }
    let after_faults = variable("SUITE") == "faults-reached";
    if after_faults && variable("PART_OF_ALL") != "true" {
        println!("not checked: the suite `http` has not run");
        return;
    }
    let file = variable("REACHED");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let seen = Reached::read(&text);
    let mut answers = Contract::get().answers();
    answers.retain(|answer| match answer.status {
        // What is behind the API has failed. The tests of faults see some of these answers.
        500.. => after_faults,
        // The same code as for GET: `tests/http/head.rs` compares both.
        300.. if answer.operation.starts_with("head") => false,
        _ => true,
    });
    let missed: Vec<String> = answers.difference(&seen).map(Reached::to_string).collect();
    assert!(missed.is_empty(), "never seen:\n{}", missed.join("\n"));
}
