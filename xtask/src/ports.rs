//! Ports: asked for, or free ones.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result, bail};

/// Everything listens here only: the stack's secrets are a developer's.
pub const HOST: &str = "127.0.0.1";

/// Fails when something listens on the port already, naming the flag that moves ours.
pub fn check_free(port: u16, flag: &str, what: &str) -> Result<()> {
    if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
        bail!(
            "port {port} is in use, and {what} wants it: end what listens there, or choose another with `{flag} N`"
        );
    }
    Ok(())
}

/// A port that was free a moment ago.
pub fn free() -> Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port of this machine is free")?;
    Ok(listener.local_addr()?.port())
}

/// Several different free ports: all are held until the last one is known.
pub fn free_many<const N: usize>() -> Result<[u16; N]> {
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .context("no port of this machine is free")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}
