//! Before anything is timed: every target gives the same answer to every case.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::data::cases::Case;
use crate::load::client::Client;
use crate::load::rounds::Meter;
use crate::peers::target::Target;

/// How many requests of a case are compared.
const COMPARED: usize = 3;
/// The fields that differ from one write to the next.
const MADE_ANEW: &str = "id text clientId rev createdAt editedAt editableUntil";

/// Fails where a target's answer differs from PostgREST's.
pub async fn same_answers(cases: &[Case], meter: &Meter) -> Result<()> {
    for case in cases {
        let expected = answers(case, Target::Postgrest, meter).await?;
        for target in case.targets() {
            let given = answers(case, target, meter).await?;
            ensure!(
                given == expected,
                "{} answers {} otherwise than PostgREST: {given:?} and not {expected:?}",
                target.title(),
                case.name
            );
        }
    }
    Ok(())
}

/// Status and body of the first requests of a case.
async fn answers(case: &Case, target: Target, meter: &Meter) -> Result<Vec<(u16, Value)>> {
    let client = Client::new()?;
    if let Some(before) = &case.before {
        meter.world.sql.batch_execute(before).await?;
    }
    let mut answers = Vec::new();
    for call in case.calls.iter().take(COMPARED) {
        let (status, body) = client.send(&meter.wire(target, call)).await?;
        let what = || format!("{} answers {status} to {}", target.title(), case.name);
        let mut body: Value = serde_json::from_slice(&body).with_context(what)?;
        ensure!(status.is_success(), "{}: {body}", what());
        if case.writes() {
            normalise(&mut body);
        }
        answers.push((status.as_u16(), body));
    }
    Ok(answers)
}

/// Replaces a value that is made anew by its kind, so that a missing one still shows.
fn normalise(body: &mut Value) {
    for name in MADE_ANEW.split(' ') {
        if let Some(value) = body.get_mut(name) {
            *value = match value {
                Value::String(text) => format!("text of {} characters", text.len()).into(),
                Value::Number(_) => "number".into(),
                _ => continue,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_made_anew_keeps_its_kind() {
        let mut body = json!({ "id": "abc", "rev": 7, "editedAt": null, "chatId": "x" });
        normalise(&mut body);
        assert_eq!(
            body,
            json!({ "id": "text of 3 characters", "rev": "number", "editedAt": null, "chatId": "x" })
        );
    }
}
