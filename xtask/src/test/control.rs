//! Stops and starts parts of the stack for the tests of faults. A connection carries one line, such as
//! `stop postgres`, and is answered by `ok` or by what went wrong.

use anyhow::{Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::run::Run;
use crate::stack::Stack;

/// Carries out commands until it is dropped.
pub async fn serve(listener: &TcpListener, stack: &Stack, run: &Run) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        // A test that has ended needs no answer.
        let _ = answer(stream, stack, run).await;
    }
}

async fn answer(stream: TcpStream, stack: &Stack, run: &Run) -> Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let answer = match carry_out(&words, stack, run).await {
        Ok(()) => "ok".to_owned(),
        Err(error) => format!("{error:#}"),
    };
    Ok(stream.write_all(answer.as_bytes()).await?)
}

async fn carry_out(words: &[&str], stack: &Stack, run: &Run) -> Result<()> {
    match *words {
        ["stop", part] => run.stop(part).await,
        ["kill", part] => run.kill(part).await,
        ["start", "postgres"] => stack.postgres.start(run).await,
        // Whatever follows are settings of PostgREST's own: `PGRST_DB_POOL=2`.
        ["start", "postgrest", ref settings @ ..] => {
            stack.start_postgrest_alone(settings, run).await
        }
        _ => bail!("there is no command `{}`", words.join(" ")),
    }
}
