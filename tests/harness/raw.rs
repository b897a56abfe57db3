//! HTTP by hand, for what a proper client would not send.

use crate::answer::Answer;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Writes `request` to the server of `base` as it stands, sends nothing after it, and reads one answer.
///
/// # Panics
/// When the server hangs up before its answer is whole.
pub async fn exchange(base: &str, request: &str) -> Answer {
    converse(base, request, false).await
}

/// The same of a client that says that nothing more will come, and still listens.
///
/// # Panics
/// When the server hangs up before its answer is whole.
pub async fn exchange_and_end(base: &str, request: &str) -> Answer {
    converse(base, request, true).await
}

async fn converse(base: &str, request: &str, ends: bool) -> Answer {
    let address = base.trim_start_matches("http://");
    let mut stream = match TcpStream::connect(address).await {
        Ok(stream) => stream,
        Err(error) => panic!("{address}: {error}"),
    };
    if let Err(error) = stream.write_all(request.as_bytes()).await {
        panic!("{address}: {error}");
    }
    if ends && let Err(error) = stream.shutdown().await {
        panic!("{address}: {error}");
    }
    let mut received = Vec::new();
    loop {
        if let Some(answer) = whole_answer(&received, request) {
            return answer;
        }
        match stream.read_buf(&mut received).await {
            Ok(length) if length > 0 => {}
            ended => panic!("{ended:?} after {}", String::from_utf8_lossy(&received)),
        }
    }
}

/// The answer, once all of it has come.
fn whole_answer(received: &[u8], request: &str) -> Option<Answer> {
    let text = std::str::from_utf8(received).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_str(value.trim()).ok()?);
    }
    let length: usize = headers.get("content-length")?.to_str().ok()?.parse().ok()?;
    let name = request.lines().next().unwrap_or_default().to_owned();
    (body.len() == length).then(|| Answer::new(name, status, headers, body.as_bytes().to_vec()))
}
