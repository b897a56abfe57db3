//! One run: starts the stack and all servers, checks that they answer alike, measures, and writes
//! the results. What counts are ratios within the run.

use std::future::{Future, pending};
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::data::cases::{self, Case};
use crate::data::{self, World};
use crate::fresh;
use crate::load::rounds::{Meter, Plan};
use crate::load::{Load, median};
use crate::peers::target::{Places, Target};
use crate::peers::{Server, Setup, answers, scripts, wait_for_port};
use crate::report::summary::Summary;
use crate::report::{DIR, Results, machine};
use crate::tool::{
    Claim, HOST, Help, Keys, OWNER, Ports, Processes, Programs, Spec, Stack, Steps, Upstreams,
    command, functions, gateway, lite, paths, ports, rate_limits, supervisor, tools, wasm,
};

/// The name of the API gateway's process.
pub const API: &str = "bench-api";

const FULL: Plan = Plan {
    rounds: 5,
    seconds: 1.5,
    connections: &[1, 16, 64],
    open_loop_seconds: 3.0,
    open_loop_cases: usize::MAX,
    memory_after: 100_000,
    memory_of: &[Server::Ours, Server::HonoSupabase, Server::PassThrough],
};
const QUICK: Plan = Plan {
    rounds: 3,
    seconds: 0.25,
    connections: &[1, 16],
    open_loop_seconds: 0.5,
    open_loop_cases: 1,
    memory_after: 6_000,
    memory_of: &[Server::Ours],
};

pub async fn run(quick: bool) -> Result<()> {
    // PostgREST is npm's, which has it for Linux.
    ensure!(
        cfg!(target_os = "linux"),
        "the benchmark runs on Linux only"
    );
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
    let results = measure(quick, &meter, cases, &steps).await?;
    let kept = paths::root().join(DIR);
    let earlier = Summary::read(&kept)?;
    let own = state.join("results");
    // A quick run says too little to be kept.
    results.write(if quick { &own } else { &kept }, &own, earlier.as_ref())?;
    println!("done in {:.0} s", steps.total());
    Ok(())
}

/// Builds and starts everything. Returns what measures, and the cases, which all targets have answered alike.
async fn start(state: &Path, processes: &Processes, steps: &Steps) -> Result<(Meter, Vec<Case>)> {
    tools::npm_packages(processes, steps).await?;
    let oha = tools::oha(processes, steps).await?;
    let functions = functions::all()?;
    wasm::build(&functions, processes, steps).await?;
    let npm = "npm must reach its registry: `npm ping`";
    let help = Help::log(processes.log("npm-peers"), npm);
    let prepare = scripts::prepare(state, processes);
    steps
        .run(
            "peers",
            "the peers are installed and bundled",
            help,
            prepare,
        )
        .await?;

    data::forget_outdated(state)?;
    let [api, database] = ports::free_many()?;
    let ports = Ports { api, database };
    let stack = Stack::start(state, ports, true, Programs::default(), processes, steps).await?;
    // Auth has made its schema, and nobody signs in here.
    processes.stop(lite::NAME).await?;
    let help = Help::mend("remove .dev/bench and run again");
    let load = World::load(state, &stack.postgres, &stack.keys);
    let world = steps
        .run("data", "1,000,000 messages are there", help, load)
        .await?;

    let project = start_api(&stack, processes).await?;
    let mut vars = stack.vars();
    vars.insert("SUPABASE_URL".to_owned(), project.clone());
    let functions = functions
        .into_iter()
        .map(|function| rate_limits::without(function).0);
    let setup = Setup {
        state: state.to_owned(),
        processes: processes.clone(),
        functions: functions.collect(),
        vars,
        database_url: stack.postgres.url(OWNER),
    };
    let mut servers = Vec::new();
    for server in Server::ALL {
        servers.push(server.start(server.name(), &setup).await?);
    }
    let places = Places {
        setup,
        project,
        servers,
    };
    world.restore().await?;
    let cases = cases::all(&world).await?;
    let help = Help::mend("mend the peer in bench/peers: another answer cannot be compared");
    let check = answers::same_answers(&cases, &places, &world);
    steps
        .run("answers", "all give the same answers", help, check)
        .await?;
    Ok((Meter { places, world, oha }, cases))
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

async fn measure(quick: bool, meter: &Meter, cases: Vec<Case>, steps: &Steps) -> Result<Results> {
    let plan = if quick { &QUICK } else { &FULL };
    let (page, setup) = (&cases[0], &meter.places.setup);
    let starts = fresh::starts(setup, &page.calls[0]);
    let starts = step(steps, "starts", "each server is started anew", starts).await?;
    let memory = fresh::memory_of_all(meter, &page.calls[0], plan);
    let memory = step(
        steps,
        "memory",
        "a fresh workerd is asked many times",
        memory,
    )
    .await?;
    let warm_up = meter.warm_up(&cases, plan.seconds / 2.0);
    step(steps, "warm-up", "all have answered for a while", warm_up).await?;
    let own_client_to_oha = own_client_to_oha(meter, page).await?;
    let closed = meter.closed_loops(plan, &cases);
    let mut series = step(steps, "rounds", "all cases at all targets", closed).await?;
    let open = meter.open_loops(plan, &cases, &series);
    series.extend(step(steps, "open loops", "at 70 % of what each can do", open).await?);
    let sizes = wasm::sizes(&setup.functions)?.into_iter();
    Ok(Results {
        machine: machine::look(&meter.world).await?,
        quick,
        series,
        starts,
        memory,
        gzipped_kb: sizes
            .map(|(name, _, size)| (name, size as f64 / 1024.0))
            .collect(),
        own_client_to_oha,
        cases,
    })
}

/// A step that a person can do nothing about.
async fn step<T>(
    steps: &Steps,
    name: &str,
    what: &str,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    steps.run(name, what, Help::default(), work).await
}

/// Compares the two load generators by the same page.
async fn own_client_to_oha(meter: &Meter, page: &Case) -> Result<f64> {
    let load = Load::closed(16, 0.5);
    let (mut own, mut by_oha) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        own.push(meter.by_own_client(page, Target::Ours, &load).await?.rate());
        by_oha.push(meter.by_oha(page, Target::Ours, &load).await?.rate());
    }
    Ok(median(&own) / median(&by_oha))
}
