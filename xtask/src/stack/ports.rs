//! Ports: asked for, or free ones.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result, bail};

/// Everything listens here only: the stack's secrets are a developer's.
pub const LOOPBACK: &str = "127.0.0.1";

/// Fails when something listens on the port already, naming the flag that moves ours.
pub fn check_free(port: u16, flag: &str, what: &str) -> Result<()> {
    if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
        bail!(
            "port {port} is in use, and {what} wants it: end what listens there, or choose another with `{flag} N`"
        );
    }
    Ok(())
}

/// A port that is free now.
pub fn free() -> Result<u16> {
    FreePorts::default().take()
}

/// Several different free ports.
pub fn free_many<const N: usize>() -> Result<[u16; N]> {
    let mut free = FreePorts::default();
    let mut ports = [0; N];
    ports
        .iter_mut()
        .try_for_each(|port| free.take().map(|found| *port = found))?;
    Ok(ports)
}

/// Free ports, all different: each is held until the last one is known.
#[derive(Default)]
pub struct FreePorts(Vec<TcpListener>);

impl FreePorts {
    pub fn take(&mut self) -> Result<u16> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .context("no port of this machine is free")?;
        let port = listener.local_addr()?.port();
        self.0.push(listener);
        Ok(port)
    }
}
