//! HTTP by hand, as no proper server would answer as badly as it is asked to here.

use super::{Canned, Fault, Service};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A request as it came.
pub(super) struct Request {
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    pub async fn read(stream: &mut TcpStream) -> io::Result<Request> {
        let mut received = Vec::new();
        let end = loop {
            if stream.read_buf(&mut received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
        };
        let mut body = received.split_off(end + 4);
        let head = String::from_utf8_lossy(&received).trim_end().to_owned();
        let mut request = Request { head, body: vec![] };
        let length = request.header("content-length").parse().unwrap_or_default();
        while body.len() < length {
            if stream.read_buf(&mut body).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        request.body = body;
        Ok(request)
    }

    fn header(&self, wanted: &str) -> &str {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map_or("", |(_, value)| value)
    }

    pub fn id(&self) -> &str {
        self.header("x-request-id")
    }

    pub fn method(&self) -> &str {
        self.head.split(' ').next().unwrap_or_default()
    }

    pub fn service(&self) -> Service {
        match self.target().starts_with("/storage/v1/") {
            true => Service::Storage,
            false => Service::PostgRest,
        }
    }

    /// The path; PostgREST's without the API gateway's prefix.
    pub fn target(&self) -> &str {
        let target = self.head.split(' ').nth(1).unwrap_or_default();
        target.strip_prefix("/rest/v1").unwrap_or(target)
    }
}

/// PostgREST's answer.
pub(super) struct Answer {
    /// Without its framing and the empty line.
    pub head: String,
    pub body: Vec<u8>,
    pub bodiless: bool,
}

impl Answer {
    pub async fn write(&self, stream: &mut TcpStream, fault: Fault) -> io::Result<()> {
        let Answer { head, body, .. } = self;
        let (half, _) = body.split_at(body.len() / 2);
        let sized = match self.bodiless {
            true => format!("{head}\r\n"),
            false => format!("{head}content-length: {}\r\n\r\n", body.len()),
        };
        match fault {
            Fault::ResetAfter => return stream.set_zero_linger(),
            Fault::SlowHead => return trickle(stream, head.as_bytes()).await,
            Fault::SlowBody => {
                stream.write_all(sized.as_bytes()).await?;
                return trickle(stream, half).await;
            }
            Fault::CutLength => {
                stream.write_all(sized.as_bytes()).await?;
                stream.write_all(half).await?;
            }
            Fault::CutChunks => {
                let length = half.len();
                let head = format!("{head}transfer-encoding: chunked\r\n\r\n{length:x}\r\n");
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(&[half, b"\r\n"].concat()).await?;
            }
            Fault::CutUnframed => {
                stream.write_all(format!("{head}\r\n").as_bytes()).await?;
                stream.write_all(half).await?;
            }
            _ => {
                stream.write_all(sized.as_bytes()).await?;
                stream.write_all(body).await?;
            }
        }
        stream.shutdown().await
    }
}

/// Writes a byte from time to time, nothing after the last, until the other side hangs up.
async fn trickle(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        let pause = tokio::time::sleep(Duration::from_millis(100));
        tokio::select! {
            () = pause => {}
            hung_up = hung_up(stream) => return hung_up,
        }
    }
    hung_up(stream).await
}

/// Waits until the other side hangs up.
pub(super) async fn hung_up(stream: &mut TcpStream) -> io::Result<()> {
    stream.read_u8().await.map(|_| ())
}

/// An answer that is not PostgREST's, as it goes over the wire.
pub(super) fn said((status, kind, body): Canned) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
