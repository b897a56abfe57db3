//! What was found, and how it is printed.

use std::collections::BTreeMap;

/// How a thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Ok,
    /// Worth knowing; nothing is wrong.
    Notice,
    /// It is not there.
    Missing,
    /// It is there, and not as it should be.
    Differs,
}

impl State {
    /// From the name that a query gives.
    pub fn named(name: &str) -> Self {
        match name {
            "ok" => Self::Ok,
            "notice" => Self::Notice,
            "missing" => Self::Missing,
            _ => Self::Differs,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Notice => "notice",
            Self::Missing => "MISSING",
            Self::Differs => "DIFFERS",
        }
    }
}

/// One line of the table.
#[derive(Debug)]
pub struct Finding {
    /// How it stands.
    pub state: State,
    /// What kind of thing it is.
    pub check: String,
    /// Its name, and what is the matter with it.
    pub found: String,
    /// What to do.
    pub repair: String,
}

/// All that was found.
#[derive(Default)]
pub struct Findings {
    /// How many objects of a kind are as they should be.
    as_they_should_be: BTreeMap<String, usize>,
    lines: Vec<Finding>,
}

impl Findings {
    /// Counts an object that is as it should be. Those of a kind share a line.
    pub fn count(&mut self, kind: &str) {
        *self.as_they_should_be.entry(kind.to_owned()).or_default() += 1;
    }

    /// A line of its own.
    pub fn add(&mut self, state: State, check: &str, found: String, repair: String) {
        self.lines.push(Finding {
            state,
            check: check.to_owned(),
            found,
            repair,
        });
    }

    /// How many must be repaired.
    pub fn wrong(&self) -> usize {
        let is_wrong = |line: &&Finding| matches!(line.state, State::Missing | State::Differs);
        self.lines.iter().filter(is_wrong).count()
    }

    /// Prints the table. What must be repaired comes last, as a terminal shows the end.
    pub fn print(&self) {
        for (kind, count) in &self.as_they_should_be {
            print(State::Ok, kind, &format!("{count} as they should be"), "");
        }
        for state in [State::Ok, State::Notice, State::Missing, State::Differs] {
            for line in self.lines.iter().filter(|line| line.state == state) {
                print(line.state, &line.check, &line.found, &line.repair);
            }
        }
    }
}

fn print(state: State, check: &str, found: &str, repair: &str) {
    println!("  {:<8} {check:<18} {found}", state.label());
    if state != State::Ok && !repair.is_empty() {
        println!("{:30}repair: {repair}", "");
    }
}
