//! `cargo xtask bench`: the built functions beside what a team would build instead, in one run, on
//! one Postgres. What counts are ratios within the run: rounds are interleaved, medians are taken.

mod bars;
mod calls;
mod cases;
mod check;
mod client;
mod cold;
mod machine;
mod modules;
mod oha;
mod plots;
mod report;
mod rounds;
mod sample;
mod servers;
mod target;
mod usage;
mod world;

use std::fs;
use std::future::pending;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::bench::bars::Figures;
use crate::bench::cases::Case;
use crate::bench::report::Results;
use crate::bench::rounds::{Meter, Parts, Plan};
use crate::bench::sample::{Load, median};
use crate::bench::servers::{Server, Setup, wait_for_port};
use crate::bench::target::{Places, Target};
use crate::bench::world::World;
use crate::gateway::Upstreams;
use crate::keys::Keys;
use crate::ports::{self, HOST};
use crate::postgres::OWNER;
use crate::processes::{Processes, Spec, command};
use crate::stack::{Ports, Programs, Stack};
use crate::steps::{Help, Steps, Told};
use crate::supervisor::{self, Claim};
use crate::{functions, gateway, lite, paths, tools, wasm};

/// The name of the API gateway's process.
pub const API: &str = "bench-api";
/// Where the results are put.
const RESULTS: &str = "docs/benchmarks";

const FULL: Plan = Plan {
    rounds: 5,
    seconds: 1.5,
    connections: &[1, 16, 64],
    open_loop: (3.0, usize::MAX),
    memory_after: 100_000,
    memory_of: &[Server::Ours, Server::HonoSupabase, Server::PassThrough],
};
const QUICK: Plan = Plan {
    rounds: 3,
    seconds: 0.25,
    connections: &[1, 16],
    open_loop: (0.5, 1),
    memory_after: 6_000,
    memory_of: &[Server::Ours],
};

/// `cargo xtask bench [--quick]`
pub async fn run(quick: bool) -> Result<()> {
    anyhow::ensure!(
        cfg!(target_os = "linux"),
        "`bench` runs on Linux alone: it reads /proc"
    );
    if cfg!(debug_assertions) {
        return run_optimised(quick).await;
    }
    let state = paths::bench_state();
    let _claim = Claim::take(&state, "`cargo xtask bench`").await?;
    let processes = Processes::new(&state)?;
    let work = measure(quick, &state, &processes);
    supervisor::until_stopped(&state, &processes, work).await
}

/// The same by a build of this tool that is optimised: it makes the load, and is the stack's API gateway.
async fn run_optimised(quick: bool) -> Result<()> {
    println!("  cargo        an optimised build of this tool (some minutes, once)");
    let mut cargo = command(
        "cargo",
        [
            "run",
            "--quiet",
            "--package=xtask",
            "--profile=load",
            "--",
            "bench",
        ],
    );
    cargo
        .args(quick.then_some("--quick"))
        .current_dir(paths::root());
    // Ctrl-C reaches both: the other one ends what it has started, and then this one sees it end.
    let mut bench = cargo.spawn().context("cargo does not start")?;
    let _interrupt = signal(SignalKind::interrupt())?;
    if !bench.wait().await?.success() {
        return Err(Told.into());
    }
    Ok(())
}

/// The stack's API gateway, apart from what makes the load.
pub async fn serve_api(port: u16, postgrest: u16) -> Result<()> {
    let keys = Keys::load_or_make(&paths::bench_state().join("secrets.env"))?;
    // Nothing here signs in or stores files: there is nobody for the other paths.
    let upstreams = Upstreams { postgrest, lite: 0 };
    gateway::start(port, upstreams, &keys, Path::new("/dev/null")).await?;
    pending().await
}

async fn measure(quick: bool, state: &Path, processes: &Processes) -> Result<()> {
    let plan = if quick { &QUICK } else { &FULL };
    let steps = Steps::new();
    tools::npm_packages(processes, &steps).await?;
    let oha = tools::oha(processes, &steps).await?;
    let functions = functions::all()?;
    wasm::build(&functions, processes, &steps).await?;
    let help = Help::log(
        processes.log("npm-peers"),
        "npm must reach its registry: `npm ping`",
    );
    let peers = servers::prepare_peers(state, processes);
    steps
        .run("peers", "the peers are installed and bundled", help, peers)
        .await?;

    world::forget_outdated(state)?;
    let [api, database] = ports::free_many()?;
    let stack = Stack::start(
        state,
        Ports { api, database },
        true,
        Programs::default(),
        processes,
        &steps,
    )
    .await?;
    // Auth has made its schema, and nothing here signs in.
    processes.stop(lite::NAME).await?;
    let load = World::load(state, &stack.postgres, &stack.keys);
    let help = Help::mend("remove .dev/bench and run again");
    let world = steps
        .run("data", "1,000,000 messages are there", help, load)
        .await?;

    let project = start_api(&stack, processes).await?;
    let mut vars = stack.vars();
    vars.insert("SUPABASE_URL".to_owned(), project.clone());
    let setup = Setup {
        state,
        processes,
        functions: functions
            .into_iter()
            .map(|function| function.with_limits(&Default::default()))
            .collect(),
        vars,
        database_url: stack.postgres.url(OWNER),
    };
    let places = start_servers(project, &stack, &setup).await?;
    world.restore().await?;
    let compared = cases::compared(&world).await?;
    let alone = cases::variants(&world)?;
    let help =
        Help::mend("mend the peer in tests/bench/peers: what answers otherwise is not compared");
    let check = check::same_answers(&compared, &places, &world);
    steps
        .run("answers", "all give the same answers", help, check)
        .await?;

    let meter = Meter {
        places: &places,
        world: &world,
        parts: Parts::find(processes)?,
        oha,
    };
    let results = results(
        quick,
        plan,
        &meter,
        &setup,
        &compared,
        &alone,
        stack.postgrest_url(),
        &steps,
    )
    .await?;
    println!("\n{}", results.bars_table());
    print!("{}", results.errors());
    // A quick run is for whoever looks at it now; the page shows a full one.
    let dir = if quick {
        state.join("results")
    } else {
        paths::root().join(RESULTS)
    };
    write(&results, &dir)?;
    println!("done in {:.0} s", steps.total());
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "each is another part of the run")]
async fn results(
    quick: bool,
    plan: &Plan,
    meter: &Meter<'_>,
    setup: &Setup<'_>,
    compared: &[Case],
    variants: &[Case],
    postgrest: String,
    steps: &Steps,
) -> Result<Results> {
    let page = &compared[0];
    let help = Help::default;
    let modules = modules::measure(setup);
    let modules = steps
        .run(
            "modules",
            "instances of each module are made",
            help(),
            modules,
        )
        .await?;
    let starts = cold::starts(setup, &page.calls[0]);
    let cold_starts = steps
        .run("starts", "each server is started anew", help(), starts)
        .await?;
    let memory = async {
        let mut found = Vec::new();
        for server in plan.memory_of {
            found.push(
                cold::memory(*server, setup, meter, &page.calls[0], plan.memory_after).await?,
            );
        }
        Ok(found)
    };
    let memory = steps
        .run(
            "memory",
            "a fresh workerd is asked many times",
            help(),
            memory,
        )
        .await?;
    let warm = meter.warm_up(compared, if quick { 0.1 } else { 1.0 });
    steps
        .run("warm-up", "all have answered for a while", help(), warm)
        .await?;
    let own_client_to_oha = own_client_to_oha(meter, page).await?;
    let without_api_gateway = without_api_gateway(meter, page, postgrest).await?;
    let alone = with_loads(compared, variants);
    let rounds = meter.closed_loops(plan, compared, &alone);
    let closed = steps
        .run("rounds", "all cases at all targets", help(), rounds)
        .await?;
    let open = meter.open_loops(plan, compared, &closed);
    let open = steps
        .run("open loops", "at 70 % of what each can do", help(), open)
        .await?;
    let bars = bars::all(&Figures(&closed), &modules, &memory[0]);
    Ok(Results {
        machine: machine::look(meter.world).await?,
        quick,
        rounds: plan.rounds,
        bars,
        cases: compared
            .iter()
            .chain(variants)
            .map(|case| (case.name, case.about))
            .collect(),
        series: closed.into_iter().chain(open).collect(),
        cold_starts,
        memory,
        modules,
        own_client_to_oha,
        without_api_gateway,
    })
}

/// What ours is compared with itself by, and at how many connections: latencies at one, sends by sixteen.
fn with_loads<'c>(compared: &'c [Case], variants: &'c [Case]) -> Vec<(&'c Case, usize)> {
    let mut loads: Vec<_> = variants
        .iter()
        .map(|case| (case, if case.writes { 16 } else { 1 }))
        .collect();
    loads.extend(
        compared
            .iter()
            .filter(|case| case.name == "send-hot")
            .map(|case| (case, 64)),
    );
    loads
}

/// The one check of the two load generators against each other.
async fn own_client_to_oha(meter: &Meter<'_>, page: &Case) -> Result<f64> {
    let load = Load {
        connections: 16,
        rate: None,
        seconds: 0.5,
    };
    let (mut own, mut by_oha) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let timed = meter.by_own_client(page, Target::Ours, &load).await?;
        own.push(timed.requests as f64 / timed.seconds);
        by_oha.push(meter.measure(page, Target::Ours, &load).await?.rate());
    }
    Ok(median(&own) / median(&by_oha))
}

/// What the hop that stands for Supabase's API gateway takes.
async fn without_api_gateway(meter: &Meter<'_>, page: &Case, postgrest: String) -> Result<f64> {
    let load = Load {
        connections: 1,
        rate: None,
        seconds: 0.3,
    };
    let with = meter.places.wire(Target::Postgrest, &page.calls[0]);
    let mut without = with.clone();
    without.url = with
        .url
        .replace(&format!("{}/rest/v1", meter.places.project), &postgrest);
    let (mut times_with, mut times_without) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        times_with.push(oha::run(&meter.oha, &with, &load).await?.p50_ms);
        times_without.push(oha::run(&meter.oha, &without, &load).await?.p50_ms);
    }
    Ok(median(&times_without) / median(&times_with))
}

/// Starts the API gateway; returns the project's URL.
async fn start_api(stack: &Stack, processes: &Processes) -> Result<String> {
    let port = ports::free()?;
    let postgrest = stack.postgrest_url();
    let (_, postgrest) = postgrest.rsplit_once(':').context("a URL has a port")?;
    let own: PathBuf = paths::program()?;
    let api = command(own, ["bench-api", &port.to_string(), postgrest]);
    processes.start(Spec::new(API, api))?;
    let url = format!("http://{HOST}:{port}");
    wait_for_port(&url, API, processes).await?;
    Ok(url)
}

async fn start_servers(project: String, stack: &Stack, setup: &Setup<'_>) -> Result<Places> {
    let ours = Server::Ours.start(setup).await?;
    let plain = Server::Plain.start(setup).await?;
    Ok(Places {
        project,
        anon_key: stack.keys.anon.clone(),
        pass_through: Server::PassThrough.start(setup).await?.edge,
        hono_supabase: Server::HonoSupabase.start(setup).await?.edge,
        hono_drizzle: Server::HonoDrizzle.start(setup).await?.edge,
        edge: ours.edge,
        chats: ours.chats,
        messages: ours.messages,
        plain_function: plain.messages,
        plain: plain.edge,
    })
}

fn write(results: &Results, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir)?;
    let json = serde_json::to_string_pretty(results)?;
    fs::write(dir.join("results.json"), json + "\n")?;
    fs::write(dir.join("results.md"), results.page())?;
    for (name, plot) in plots::all(&results.series) {
        fs::write(dir.join(name), plot)?;
    }
    println!("all figures: {}", dir.join("results.md").display());
    Ok(())
}
