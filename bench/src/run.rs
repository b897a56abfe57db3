//! One run: starts the stack and all servers, checks that they answer alike, measures, and writes
//! the results. What counts are ratios within the run.

use std::collections::BTreeMap;
use std::future::pending;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::data::cases::{self, Case};
use crate::data::{self, World};
use crate::load::rounds::{Meter, Plan};
use crate::memory;
use crate::peers::{self, SERVERS, Setup, answers, wait_for_port};
use crate::report::summary::{Summary, rounded};
use crate::report::{DIR, Results, machine};
use crate::tool::{
    Claim, Keys, LOOPBACK, OWNER, Run, Settings, Stack, Upstreams, api_gateway, build, command,
    functions, lite, paths, ports, supervisor, tools,
};

/// The version of the load generator.
const OHA: &str = "1.16.0";
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
    let state = own_state();
    let _claim = Claim::take(&state, "`cargo xtask bench`").await?;
    let run = Run::new(&state)?;
    supervisor::until_stopped(&run, whole_run(quick, &run)).await
}

/// The stack's API gateway, in another process than the load.
pub async fn serve_api(port: u16, postgrest: u16) -> Result<()> {
    let keys = Keys::load_or_make(&own_state().join("secrets.env"))?;
    // Nobody signs in here or stores files.
    let upstreams = Upstreams {
        postgrest,
        lite: 0,
        realtime: None,
    };
    // No page calls, and the demo is not there.
    let nothing = Path::new("/dev/null");
    api_gateway::start(port, upstreams, &keys, "", nothing, nothing).await?;
    pending().await
}

/// State of the stack that is measured; its data is kept between runs.
fn own_state() -> PathBuf {
    paths::root().join(".dev/bench")
}

async fn whole_run(quick: bool, run: &Run) -> Result<()> {
    let (meter, cases) = start(run).await?;
    let plan = if quick { &QUICK } else { &FULL };
    let results = measure(plan, &meter, cases).await?;
    let kept = paths::root().join(DIR);
    let earlier = Summary::read(&kept)?;
    let own = run.state.join("results");
    // The figures of a quick run are too uncertain to be kept.
    results.write(if quick { &own } else { &kept }, &own, earlier.as_ref())?;
    println!("done in {:.0} s", run.seconds());
    Ok(())
}

/// Builds and starts everything. Returns what measures, and the cases. All targets have answered
/// them alike.
async fn start(run: &Run) -> Result<(Meter, Vec<Case>)> {
    tools::npm_packages(run).await?;
    let oha = tools::install(run, "oha", OHA, &["--locked"])
        .await?
        .join("oha");
    let functions = functions::all()?;
    build::build(&functions, run).await?;
    let repair = "npm must reach its registry: `npm ping`";
    let work = peers::prepare(run);
    run.step("peers", "the peers are bundled", repair, work)
        .await?;

    data::forget_outdated(&run.state)?;
    let [api, database] = ports::free_many()?;
    let settings = Settings {
        api,
        database,
        durable: true,
        ..Settings::default()
    };
    let stack = Stack::start(run, settings).await?;
    // Auth has made its schema, and nobody signs in here.
    run.stop(lite::NAME).await?;
    let repair = "remove .dev/bench and run again";
    let load = World::load(&run.state, &stack.postgres, &stack.keys);
    let what = "1,000,000 messages are there";
    let world = run.step("data", what, repair, load).await?;

    let project = start_api(&stack, run).await?;
    let mut vars = stack.vars();
    vars.insert("SUPABASE_URL".to_owned(), project.clone());
    let functions = functions
        .into_iter()
        .map(|function| function.with_limits(&Default::default()));
    let setup = Setup {
        run: run.clone(),
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
    let repair = "repair the peer in bench/peers: another answer cannot be compared";
    let check = answers::same_answers(&cases, &meter);
    run.step("answers", "all give the same answers", repair, check)
        .await?;
    Ok((meter, cases))
}

/// Starts the API gateway. Returns the project's URL.
async fn start_api(stack: &Stack, run: &Run) -> Result<String> {
    let port = ports::free()?;
    let postgrest = stack.postgrest_url();
    let (_, postgrest) = postgrest.rsplit_once(':').context("a URL has a port")?;
    let api = command(paths::program()?, ["api", &port.to_string(), postgrest]);
    run.start(API, api)?;
    let url = format!("http://{LOOPBACK}:{port}");
    wait_for_port(&url, API, run).await?;
    Ok(url)
}

async fn measure(plan: &Plan, meter: &Meter, cases: Vec<Case>) -> Result<Results> {
    let page = &cases[0].calls[0];
    let run = &meter.setup.run;
    let work = memory::measure(meter, page, plan);
    let memory = run.step("memory", "many requests", "", work).await?;
    let work = meter.warm_up(&cases, plan.seconds / 2.0);
    run.step("warm-up", "all cases", "", work).await?;
    let work = meter.closed_loops(plan, &cases);
    let mut series = run.step("rounds", "all cases", "", work).await?;
    let work = meter.tails(plan, &cases, &mut series);
    run.step("open loops", "the reads", "", work).await?;
    let kb = |size: usize| rounded(size as f64 / 1024.0);
    let sizes = build::sizes(&meter.setup.functions)?.into_iter();
    Ok(Results {
        machine: machine::look(&meter.world).await?,
        quick: plan.quick,
        series,
        memory,
        gzipped_kb: sizes.map(|(name, _, size)| (name, kb(size))).collect(),
        cases,
    })
}
