//! PostgREST called directly, as anyone with a token and the public key can: what must not work.

mod calling;
mod misusing;
mod reading;
mod size;
mod writing;

use harness::{Answer, Client, Method, Person, Stack};
use serde_json::Value;

/// Who attacks, as a caller of PostgREST, and the status of a refusal to them.
fn attackers(stack: &Stack, participant: &Person, stranger: &Person) -> [(Client, u16); 3] {
    [
        (stack.postgrest(participant), 403),
        (stack.postgrest(stranger), 403),
        (stack.anonymous(), 401),
    ]
}

/// Asserts that a write is refused to a participant, a stranger and nobody, for lack of a
/// privilege, and that the tables are as they were.
async fn refused_to_all(stack: &Stack, people: [&Person; 3], writes: &[(Method, String, Value)]) {
    for (answer, status) in written_by_all(stack, people, writes).await {
        answer.denied(status, "42501");
    }
}

/// Asserts that these writes find no table at all, for every role.
pub async fn unreachable_to_all(
    stack: &Stack,
    people: [&Person; 3],
    writes: &[(Method, String, Value)],
) {
    for (answer, _) in written_by_all(stack, people, writes).await {
        assert_eq!(answer.status, 404, "{answer:?}");
    }
}

/// Tries each write as a participant, a stranger and nobody, in three ways, and asserts that the tables
/// are as they were. Returns the answers, and the status that a refusal would have.
async fn written_by_all(
    stack: &Stack,
    [participant, other, stranger]: [&Person; 3],
    writes: &[(Method, String, Value)],
) -> Vec<(Answer, u16)> {
    let people = [participant, other, stranger];
    let mut answers = Vec::new();
    for (method, path, body) in writes {
        for (attacker, status) in attackers(stack, participant, stranger) {
            for prefer in [
                "return=minimal",
                "return=representation",
                "resolution=merge-duplicates",
            ] {
                let call = attacker.call(method.clone(), path).header("prefer", prefer);
                let answer = stack.unchanged_by(&people, call.json(body).send()).await;
                answers.push((answer, status));
            }
        }
    }
    answers
}
