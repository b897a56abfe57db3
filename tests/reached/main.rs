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
    let is_missed = |answer: &&Reached| match answer.status {
        // The same code as for GET: `tests/http/head.rs` compares both.
        300.. if answer.operation.starts_with("head") => false,
        // A part behind the API has failed. The same code answers for every operation, so one of them is enough.
        500.. => {
            let same =
                |other: &Reached| (other.status, &other.code) == (answer.status, &answer.code);
            after_faults && !seen.iter().any(same)
        }
        _ => !seen.contains(answer),
    };
    let answers = Contract::get().answers();
    let missed: Vec<String> = answers
        .iter()
        .filter(is_missed)
        .map(Reached::to_string)
        .collect();
    assert!(missed.is_empty(), "never seen:\n{}", missed.join("\n"));
}
