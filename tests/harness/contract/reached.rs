//! Which answers of which operations the tests have seen.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use crate::env::variable;

/// An answer of an operation, of those that the document has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reached {
    pub operation: String,
    pub status: u16,
    /// The error's code, or an empty text.
    pub code: String,
}

impl fmt::Display for Reached {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} {}", self.operation, self.status, self.code)
    }
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
        let line = format!("{self}\n");
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

    /// Reads such a file.
    pub fn read(text: &str) -> BTreeSet<Reached> {
        let line = |line: &str| {
            let mut words = line.split(' ');
            let (operation, status) = (words.next()?, words.next()?.parse().ok()?);
            Some(Reached::new(operation, status, words.next()?))
        };
        text.lines().filter_map(line).collect()
    }
}
