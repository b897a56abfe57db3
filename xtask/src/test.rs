//! `cargo xtask test`: the suites in turn, on a stack of their own.

mod browser;
mod stage;
mod suites;

pub mod control;
pub mod placement;
pub mod workerd;

use std::env;
use std::fs;
use std::path::absolute;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use suites::{Filter, SUITES, Stage, Suite};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::build::tools;
use crate::cli::{Part, TestArgs};
use crate::env_file::Vars;
use crate::paths;
use crate::run::{Run, command};
use crate::stack::demo;
use crate::stack::host::Host;
use crate::stack::ports::{self, LOOPBACK};
use crate::stack::{Settings, Stack};
use crate::steps::{Told, print_failure};
use crate::supervisor::{self, Claim};

/// How many passed and failed.
type Counts = (usize, usize);

/// `cargo xtask test [all|unit|sql|host|lint|install|restore|http|client|realtime|browser|faults] [filter]`
pub async fn run(args: TestArgs) -> Result<()> {
    let state = paths::dev_state().join("test");
    let _claim = Claim::take(&state, "`cargo xtask test`").await?;
    let _ = fs::remove_dir_all(state.join("logs"));
    let run = Run::new(&state)?;
    let mut suites = Suites::new(args, run.clone()).await?;
    let done = supervisor::until_stopped(&run, suites.run()).await;
    let (passed, mut failed) = suites.print_summary();
    if let Err(error) = &done {
        // What could not be run has not passed.
        failed += 1;
        print_failure(error);
    }
    if failed > 0 {
        println!("\nlogs of every process: {}", state.join("logs").display());
    }
    println!("{passed} passed, {failed} failed");
    if let Some(missing) = suites.missing {
        println!("{missing}");
    }
    if failed > 0 {
        return Err(Told.into());
    }
    Ok(())
}

struct Suites {
    args: TestArgs,
    host: Host,
    run: Run,
    stack: Option<Stack>,
    reached: Stage,
    /// Where the tests of faults say what to stop and to start.
    control: TcpListener,
    /// The environment of the tests.
    vars: Vars,
    /// Name, counts and duration of each suite that has run.
    done: Vec<(&'static str, Counts, Duration)>,
    /// What was not run, and why.
    missing: Option<&'static str>,
}

impl Suites {
    async fn new(args: TestArgs, run: Run) -> Result<Self> {
        ensure!(
            args.host.is_none() || matches!(args.part, Part::Sql | Part::Host | Part::Http),
            "--host goes with `test sql`, `test host` and `test http`"
        );
        let host = Host::new(args.host.as_deref().map(absolute).transpose()?)?;
        let control = TcpListener::bind((LOOPBACK, 0)).await?;
        let vars = [
            ("XTASK", paths::program()?.display().to_string()),
            ("FILTERED", args.filter.is_some().to_string()),
            ("REQUIRE_LINT", args.require_lint.to_string()),
            ("PART_OF_ALL", (args.part == Part::All).to_string()),
            ("CONTROL", control.local_addr()?.to_string()),
        ];
        Ok(Self {
            host,
            run,
            stack: None,
            reached: Stage::Nothing,
            control,
            vars: Vars::from(vars.map(|(name, value)| (name.to_owned(), value))),
            done: Vec::new(),
            missing: None,
            args,
        })
    }

    async fn run(&mut self) -> Result<()> {
        let mut suites = Vec::new();
        for suite in SUITES {
            if self.wants(suite) && self.has_programs(suite)? {
                suites.push(suite);
            }
        }
        for suite in suites {
            self.reach(suite.needs).await?;
            println!("{}", suite.name);
            let begun = Instant::now();
            let counts = self.suite(suite).await?;
            self.done.push((suite.name, counts, begun.elapsed()));
        }
        Ok(())
    }

    fn wants(&self, suite: &Suite) -> bool {
        let wanted = match self.args.part {
            Part::All => {
                suite.part != Part::Restore
                    && (self.args.filter.is_none() || suite.filter != Filter::Own)
            }
            part => part == suite.part,
        };
        if wanted && suite.name == "reads" && self.args.host.is_some() {
            println!("not run with this host: direct reads (tests/reads)");
            return false;
        }
        wanted
    }

    /// Looks for what a suite needs beside the stack. Without it the suite is not run, and the last line says so.
    fn has_programs(&mut self, suite: &Suite) -> Result<bool> {
        if suite.part != Part::Browser {
            return Ok(true);
        }
        let Some(browser) = browser::find() else {
            ensure!(env::var("CI").as_deref() != Ok("true"), browser::MISSING);
            self.missing = Some(browser::MISSING);
            return Ok(false);
        };
        let browser = browser.display().to_string();
        self.vars.insert("CHROME_BIN".to_owned(), browser);
        Ok(true)
    }

    /// Starts what of the stack is not there yet.
    async fn reach(&mut self, needed: Stage) -> Result<()> {
        for stage in [
            Stage::Database,
            Stage::Helpers,
            Stage::Functions,
            Stage::Demo,
        ] {
            if self.reached < stage && stage <= needed {
                self.start(stage).await?;
                self.reached = stage;
            }
        }
        Ok(())
    }

    async fn start(&mut self, stage: Stage) -> Result<()> {
        let (args, run) = (&self.args, &self.run);
        let Some(stack) = &self.stack else {
            println!("the stack for the tests");
            tools::npm_packages(run).await?;
            tools::postgres(args.postgres, run).await?;
            let [api, database] = ports::free_many()?;
            let settings = Settings {
                api,
                database,
                durable: false,
                postgres: args.postgres,
                postgrest: args.postgrest.clone(),
                origins: None,
                without_realtime: false,
            };
            let stack = Stack::start_database(run, settings, &self.host).await?;
            let vars = stage::database_vars(&stack.postgres, &self.host)?;
            self.vars.extend(vars);
            self.stack = Some(stack);
            return Ok(());
        };
        if stage == Stage::Helpers {
            return stage::make_helpers(&stack.postgres, &self.host).await;
        }
        if stage == Stage::Demo {
            demo::build(run, "development").await?;
            let url = demo::configure(run, &self.vars)?;
            self.vars.insert("DEMO_URL".to_owned(), url);
            return Ok(());
        }
        stack.start_api(run).await?;
        let faults = matches!(args.part, Part::All | Part::Faults);
        let vars = stage::start_functions(run, stack, faults).await?;
        self.vars.extend(vars);
        stage::allow_many_writes(&stack.postgres).await
    }

    /// Runs a suite's commands, and obeys the tests where there is a stack.
    async fn suite(&self, suite: &Suite) -> Result<Counts> {
        let Some(stack) = &self.stack else {
            return self.commands(suite).await;
        };
        tokio::select! {
            ended = control::serve(&self.control, stack, &self.run) => ended.map(|()| (0, 1)),
            counts = self.commands(suite) => counts,
        }
    }

    /// Shows what the commands say, and counts.
    async fn commands(&self, suite: &Suite) -> Result<Counts> {
        let mut counts = (0, 0);
        for words in suite.commands {
            let mut command = command(words[0], &words[1..]);
            if suite.name == "http" && !self.host.is_example()? {
                println!(
                    "not run with this host: tests/http/example_host (they count as filtered out)"
                );
                command.arg("--skip=example_host::");
            }
            if suite.filter != Filter::Ignored {
                command.args(&self.args.filter);
            }
            command.current_dir(paths::root());
            command.envs(&self.vars).env("SUITE", suite.name);
            let status = self.run.finish_shown(suite.name, command).await?;
            let log = self.run.log(suite.name);
            let said = fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
            let (passed, failed) = count(&String::from_utf8_lossy(&said));
            // Tests that do not compile report nothing.
            let at_least = usize::from(!status.success());
            counts = (counts.0 + passed, counts.1 + failed.max(at_least));
        }
        Ok(counts)
    }

    /// A line for each suite; returns the sums.
    fn print_summary(&self) -> Counts {
        println!();
        let mut sums = (0, 0);
        for (name, (passed, failed), took) in &self.done {
            let seconds = took.as_secs_f64();
            println!("  {name:<12} {passed:>5} passed {failed:>4} failed {seconds:>7.1} s");
            sums = (sums.0 + passed, sums.1 + failed);
        }
        sums
    }
}

/// Adds up libtest's result lines.
fn count(output: &str) -> Counts {
    let of = |word: &str| {
        let results = output
            .lines()
            .filter(|line| line.starts_with("test result:"));
        let before = results.filter_map(|line| line.split_once(word)?.0.rsplit(' ').next());
        before
            .filter_map(|number| number.parse::<usize>().ok())
            .sum()
    };
    (of(" passed"), of(" failed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_added_up() {
        let output = "running 3 tests\n\
            test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
            test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n\
            test result: ok. 1 passed; 0 failed\n";
        assert_eq!(count(output), (14, 2));
        assert_eq!(count("error: could not compile"), (0, 0));
    }
}
