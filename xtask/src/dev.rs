//! `cargo xtask dev`: the API on this machine, in the foreground or behind.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;
use tokio::time::sleep;

use crate::build::{functions, tools};
use crate::cli::DevArgs;
use crate::env_file::{self, Vars};
use crate::refused_pages::RefusedPages;
use crate::run::{Run, show_new};
use crate::stack::api_gateway;
use crate::stack::demo;
use crate::stack::ports::{self, LOOPBACK};
use crate::stack::postgrest;
use crate::stack::{Settings, Stack};
use crate::supervisor::{self, Claim};
use crate::{build, existing_supabase, paths, summary, token, wrangler};

/// The person of the seed that the first curl line speaks for.
const SEED_PERSON: &str = "alice@example.com";

/// `cargo xtask dev`
pub async fn run(args: DevArgs) -> Result<()> {
    if args.detach && !args.background {
        return detach().await;
    }
    if args.background {
        // A session of its own, so that the terminal's Ctrl-C and its end do not reach it.
        rustix::process::setsid().context("cannot leave the terminal")?;
    }
    let state = paths::dev_state();
    let _claim = Claim::take(&state, "`cargo xtask dev`").await?;
    let run = Run::new(&state)?;
    let ready = state.join("ready");
    let _ = fs::remove_file(&ready);
    let work = async {
        serve(&args, &run).await?;
        fs::write(&ready, "")?;
        watch(&run).await
    };
    let done = supervisor::until_stopped(&run, work).await;
    let was_ready = fs::remove_file(&ready).is_ok();
    match done {
        // Being stopped is how a healthy run ends.
        Err(error) if was_ready && error.to_string().starts_with("stopped") => {
            println!("\n{error}; nothing is left running");
            Ok(())
        }
        done => done,
    }
}

/// Starts everything and prints how to use it.
async fn serve(args: &DevArgs, run: &Run) -> Result<()> {
    ports::check_free(args.port, "--port", "the edge")?;
    // Errors in the arguments come before anything that takes long.
    let attached = match &args.supabase_url {
        Some(url) => Some(existing_supabase::vars(url, args).await?),
        None => {
            ports::check_free(args.api_port, "--api-port", "the stack's API gateway")?;
            ports::check_free(args.db_port, "--db-port", "Postgres")?;
            postgrest::find(args.postgrest.as_deref()).await?;
            None
        }
    };
    if let Some(vars) = &attached {
        let repair = "`supabase status` shows URL, key and database of a local one, the dashboard those of a hosted one";
        let what = "the Supabase at --supabase-url answers";
        run.step("supabase", what, repair, existing_supabase::check(vars))
            .await?;
        println!(
            "  its migrations are yours to apply: `supabase db push --remote`, or `supabase db reset` for a local one"
        );
    }
    tools::npm_packages(run).await?;
    let functions = functions::all()?;
    // Neither needs the other, and compiling is the longer.
    let (mut vars, (), ()) = tokio::try_join!(
        supabase(attached, args, run),
        build::build(&functions, run),
        async {
            match args.supabase_url {
                None => demo::build(run, "production").await,
                Some(_) => Ok(()),
            }
        }
    )?;
    let repair = "read its log; `cargo xtask build` builds the functions alone";
    let start = wrangler::start(run, &functions, &vars, args);
    run.step(wrangler::NAME, "the functions answer", repair, start)
        .await?;
    let edge = format!("http://{LOOPBACK}:{}", args.port);
    vars.insert("EDGE_URL".to_owned(), edge.clone());
    let head = "Written by `cargo xtask dev`: where the stack is, and its keys.";
    env_file::write(&run.state.join("stack.env"), head, &vars)?;
    let demo = match args.supabase_url {
        None => demo::configure(run, &vars)?,
        Some(_) => "npm run dev --workspace client/demo".to_owned(),
    };
    print_ready(&edge, &vars, &demo, args, run).await;
    Ok(())
}

/// The embedded stack, or the one that was named.
async fn supabase(attached: Option<Vars>, args: &DevArgs, run: &Run) -> Result<Vars> {
    if let Some(vars) = attached {
        return Ok(vars);
    }
    let settings = Settings {
        api: args.api_port,
        database: args.db_port,
        durable: true,
        postgrest: args.postgrest.clone(),
        origins: Some(args.origins.join(",")),
        without_realtime: args.without_realtime,
        ..Settings::default()
    };
    let stack = Stack::start(run, settings).await?;
    Ok(stack.vars())
}

async fn print_ready(edge: &str, vars: &Vars, demo: &str, args: &DevArgs, run: &Run) {
    println!("\nready in {:.1} s\n", run.seconds());
    print!(
        "{}",
        summary::lines(edge, vars, demo, args.without_realtime).await
    );
    match token::sign_in(vars, SEED_PERSON).await {
        Ok(token) => {
            println!("\nthe chats of {SEED_PERSON}, the token below is valid for one hour:\n");
            println!("curl -s {edge}/chats -H 'Authorization: Bearer {token}'\n");
        }
        Err(_) => println!(
            "\n{SEED_PERSON} of the seed cannot sign in there; with a user's own token:\n\n\
             curl -s {edge}/chats -H 'Authorization: Bearer <token>'\n"
        ),
    }
    println!("another token:  cargo xtask token bob@example.com");
    println!("make friends:   cargo xtask befriend alice@example.com frank@example.com");
    println!("URLs and keys:  .dev/stack.env; logs: .dev/logs");
    println!("to stop it:     Ctrl-C, or cargo xtask stop");
}

/// Returns only when a part has ended by itself. Tells which pages were refused meanwhile.
async fn watch(run: &Run) -> Result<()> {
    let logs = [wrangler::NAME, api_gateway::LOG].map(|name| run.log(name));
    let mut refused = RefusedPages::new(logs);
    loop {
        sleep(Duration::from_millis(300)).await;
        refused.show_new()?;
        if let Some((name, status)) = run.first_ended() {
            let log = run.log(&name);
            bail!("{name} has ended ({status}); its log is {}", log.display());
        }
    }
}

/// Starts the same in the background, shows what it prints, and returns when it is ready.
async fn detach() -> Result<()> {
    let state = paths::dev_state();
    if supervisor::holder(&state).is_some() {
        bail!("`cargo xtask dev` is running already; `cargo xtask stop` ends it");
    }
    let ready = state.join("ready");
    let _ = fs::remove_file(&ready);
    fs::create_dir_all(state.join("logs"))?;
    let log_path = state.join("logs/dev.log");
    let log = fs::File::create(&log_path)?;
    let mut child = Command::new(paths::program()?)
        .args(std::env::args_os().skip(1))
        .arg("--background")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("cannot start in the background")?;
    let mut shown = fs::File::open(&log_path)?;
    let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        let was_ready = ready.exists();
        let ended = child.try_wait()?;
        show_new(&mut shown)?;
        if let Some(status) = ended {
            bail!(
                "it did not start ({status}); its output is above and in {}",
                log_path.display()
            );
        }
        if was_ready {
            return Ok(());
        }
        tokio::select! {
            () = sleep(Duration::from_millis(50)) => {}
            _ = &mut interrupt => return supervisor::stop().await,
        }
    }
}
