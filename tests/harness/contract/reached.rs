//! Which answers of which operations the tests have seen.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use super::document::Contract;
use crate::env::variable;

/// An answer of an operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reached {
    pub operation: String,
    pub status: u16,
    /// The error's code, or an empty text.
    pub code: String,
}

impl Reached {
    pub(super) fn new(operation: &str, status: u16, code: &str) -> Reached {
        Reached {
            operation: operation.to_owned(),
            status,
            code: code.to_owned(),
        }
    }

    /// Adds it to the file of this run of the tests, once a process.
    pub(super) fn note(self) {
        static NOTED: Mutex<BTreeSet<Reached>> = Mutex::new(BTreeSet::new());
        let line = format!("{} {} {}\n", self.operation, self.status, self.code);
        let new = NOTED
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(self);
        if new {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(variable("REACHED"));
            let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
            written.unwrap_or_else(|error| panic!("{}: {error}", variable("REACHED")));
        }
    }

    /// Reads a file of lines.
    pub fn read(text: &str) -> BTreeSet<Reached> {
        let line = |line: &str| {
            let mut words = line.split(' ');
            let (operation, status) = (words.next()?, words.next()?.parse().ok()?);
            Some(Reached::new(operation, status, words.next()?))
        };
        text.lines().filter_map(line).collect()
    }
}

/// The answers of the document, of which `wanted` says that the tests must see them, that none has seen.
pub fn never_seen(
    contract: &Contract,
    seen: &BTreeSet<Reached>,
    wanted: impl Fn(&str, u16) -> bool,
) -> Vec<String> {
    let answers = contract.answers();
    let missed = answers.filter(|(operation, status)| {
        let mut same = seen.iter();
        let same = same.any(|seen| seen.operation == *operation && seen.status == *status);
        wanted(operation, *status) && !same
    });
    missed
        .map(|(operation, status)| format!("{operation} {status}"))
        .collect()
}
