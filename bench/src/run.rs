//! One run: starts the stack and all servers, checks that they answer alike, measures, and writes
//! the results. What counts are ratios within the run.

use std::collections::BTreeMap;
use std::future::pending;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::data::cases::{self, Case};
use crate::data::{self, World};
use crate::load::rounds::{Meter, Plan};
use crate::memory;
use crate::peers::{self, SERVERS, Setup, answers, wait_for_port};
use crate::report::summary::{Summary, rounded};
use crate::report::{DIR, Results, machine};
use crate::tool::{
    Claim, HOST, Help, Keys, OWNER, Ports, Processes, Programs, Spec, Stack, Steps, Upstreams,
    command, functions, gateway, lite, paths, ports, supervisor, tools, wasm,
};

/// The name of the API gateway's process.
pub const API: &str = "bench-api";

const FULL: Plan = Plan {
    quick: false,
    rounds: 5,
    seconds: 1.5,
    memory_after: 100_000,
};
const QUICK: Plan = Plan {
    quick: true,
    rounds: 3,
    seconds: 0.25,
    memory_after: 6_000,
};

pub async fn run(quick: bool) -> Result<()> {
    // It was never tried elsewhere.
    ensure!(cfg!(target_os = "linux"), "`bench` runs on Linux only");
    let state = paths::bench_state();
    let _claim = Claim::take(&state, "`cargo xtask bench`").await?;
    let processes = Processes::new(&state)?;
    let work = whole_run(quick, &state, &processes);
    supervisor::until_stopped(&state, &processes, work).await
}

/// The stack's API gateway, in another process than the load.
pub async fn serve_api(port: u16, postgrest: u16) -> Result<()> {
    let keys = Keys::load_or_make(&paths::bench_state().join("secrets.env"))?;
    // Nobody signs in here or stores files.
    let upstreams = Upstreams { postgrest, lite: 0 };
    gateway::start(port, upstreams, &keys, Path::new("/dev/null")).await?;
    pending().await
}

async fn whole_run(quick: bool, state: &Path, processes: &Processes) -> Result<()> {
    let steps = Steps::new();
    let (meter, cases) = start(state, processes, &steps).await?;
    let plan = if quick { &QUICK } else { &FULL };
    let results = measure(plan, &meter, cases, &steps).await?;
    let kept = paths::root().join(DIR);
    let earlier = Summary::read(&kept)?;
    let own = state.join("results");
    // The figures of a quick run are too uncertain to be kept.
    results.write(if quick { &own } else { &kept }, &own, earlier.as_ref())?;
    println!("done in {:.0} s", steps.total());
    Ok(())
}

/// Builds and starts everything. Returns what measures, and the cases. All targets have answered
/// them alike.
async fn start(state: &Path, processes: &Processes, steps: &Steps) -> Result<(Meter, Vec<Case>)> {
    tools::npm_packages(processes, steps).await?;
    let oha = tools::oha(processes, steps).await?;
    let functions = functions::all()?;
    wasm::build(&functions, processes, steps).await?;
    let npm = "npm must reach its registry: `npm ping`";
    let help = Help::log(processes.log("npm-peers"), npm);
    let work = peers::prepare(state, processes);
    steps
        .run("peers", "the peers are bundled", help, work)
        .await?;

    data::forget_outdated(state)?;
    let [api, database] = ports::free_many()?;
    let ports = Ports { api, database };
    let stack = Stack::start(state, ports, true, Programs::default(), processes, steps).await?;
    // Auth has made its schema, and nobody signs in here.
    processes.stop(lite::NAME).await?;
    let help = Help::mend("remove .dev/bench and run again");
    let load = World::load(state, &stack.postgres, &stack.keys);
    let what = "1,000,000 messages are there";
    let world = steps.run("data", what, help, load).await?;

    let project = start_api(&stack, processes).await?;
    let mut vars = stack.vars();
    vars.insert("SUPABASE_URL".to_owned(), project.clone());
    let functions = functions
        .into_iter()
        .map(|function| function.with_limits(&Default::default()));
    let setup = Setup {
        state: state.to_owned(),
        processes: processes.clone(),
        functions: functions.collect(),
        vars,
        database_url: stack.postgres.url(OWNER),
    };
    let mut servers = BTreeMap::new();
    for server in SERVERS {
        servers.insert(server.name(), setup.start(server, server.name()).await?);
    }
    world.restore().await?;
    let cases = cases::all(&world).await?;
    let meter = Meter {
        setup,
        world,
        project,
        servers,
        oha,
    };
    let help = Help::mend("mend the peer in bench/peers: another answer cannot be compared");
    let check = answers::same_answers(&cases, &meter);
    steps
        .run("answers", "all give the same answers", help, check)
        .await?;
    Ok((meter, cases))
}

/// Starts the API gateway. Returns the project's URL.
async fn start_api(stack: &Stack, processes: &Processes) -> Result<String> {
    let port = ports::free()?;
    let postgrest = stack.postgrest_url();
    let (_, postgrest) = postgrest.rsplit_once(':').context("a URL has a port")?;
    let api = command(paths::program()?, ["api", &port.to_string(), postgrest]);
    processes.start(Spec::new(API, api))?;
    let url = format!("http://{HOST}:{port}");
    wait_for_port(&url, API, processes).await?;
    Ok(url)
}

async fn measure(plan: &Plan, meter: &Meter, cases: Vec<Case>, steps: &Steps) -> Result<Results> {
    let page = &cases[0].calls[0];
    let help = Help::default;
    let work = memory::measure(meter, page, plan);
    let memory = steps.run("memory", "many requests", help(), work).await?;
    let work = meter.warm_up(&cases, plan.seconds / 2.0);
    steps.run("warm-up", "all cases", help(), work).await?;
    let work = meter.closed_loops(plan, &cases);
    let mut series = steps.run("rounds", "all cases", help(), work).await?;
    let work = meter.tails(plan, &cases, &mut series);
    steps.run("open loops", "the reads", help(), work).await?;
    let kb = |size: usize| rounded(size as f64 / 1024.0);
    let sizes = wasm::sizes(&meter.setup.functions)?.into_iter();
    Ok(Results {
        machine: machine::look(&meter.world).await?,
        quick: plan.quick,
        series,
        memory,
        gzipped_kb: sizes.map(|(name, _, size)| (name, kb(size))).collect(),
        cases,
    })
}
