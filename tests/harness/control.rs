//! Words to the supervisor, which stops and starts the stack's parts.

use crate::env::FaultsEnv;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Has the supervisor do this, `stop postgres` for example, and returns when it is done.
///
/// # Panics
/// When it could not.
pub async fn command(line: &str) {
    let address = &FaultsEnv::get().control;
    let mut answer = String::new();
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("{line}\n").as_bytes()).await?;
        stream.read_to_string(&mut answer).await
    };
    if let Err(error) = asked.await {
        panic!("{line}: {error}");
    }
    assert_eq!(answer, "ok", "{line}");
}
