//! Stands between the functions on one side, PostgREST and Storage on the other, and fails as it is told to.

mod http;

use crate::{
    env::{Env, FaultsEnv},
    proxy::http::{Answer, Request, hung_up, said},
};
use std::{
    collections::HashMap,
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Nobody listens.
    Refused,
    /// It is read, and no word comes back.
    Silent,
    /// It waits here until another fault, or none, is set; then that befalls it.
    Held,
    /// The connection is reset before PostgREST has seen the request.
    ResetBefore,
    /// PostgREST does it; the connection is reset before a word of the answer.
    ResetAfter,
    /// PostgREST does it; the head of the answer comes a byte at a time and never ends.
    SlowHead,
    /// PostgREST does it; of the body a byte comes from time to time and never the last.
    SlowBody,
    /// PostgREST does it; the body ends in the middle of its Content-Length.
    CutLength,
    /// PostgREST does it; the body ends in the middle of its chunks.
    CutChunks,
    /// PostgREST does it; the body ends in the middle, and nothing tells how long it should be.
    CutUnframed,
    /// Something else answers in PostgREST's place, which never sees the request.
    Instead(Canned),
    /// PostgREST does it, and something else answers.
    After(Canned),
}

/// Whom a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// `/rest/v1`
    PostgRest,
    /// `/storage/v1`
    Storage,
}

/// Status line, content type and body of an answer that is not PostgREST's.
pub type Canned = (&'static str, &'static str, &'static str);

/// The proxy; it ends with the test.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    fault: watch::Sender<Plan>,
    listening: Mutex<Option<JoinHandle<()>>>,
}

/// Which fault applies to which service, and how often.
#[derive(Debug, Clone, Copy)]
struct Plan {
    fault: Fault,
    times: Times,
    /// Requests to the other service are not changed.
    only: Option<Service>,
}

/// How often a fault applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Times {
    Always,
    Once,
}

#[derive(Debug, Default)]
struct Shared {
    http: reqwest::Client,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// How often a request of this id has come for this service.
    by_id: HashMap<(Service, String), usize>,
    /// The head of the last one of an id.
    heads: HashMap<String, String>,
    open: usize,
    most_open: usize,
}

impl Proxy {
    /// Listens, and passes everything on.
    pub async fn start() -> Proxy {
        let proxy = Proxy {
            shared: Arc::default(),
            fault: watch::Sender::new(Plan {
                fault: Fault::None,
                times: Times::Always,
                only: None,
            }),
            listening: Mutex::default(),
        };
        proxy.set(Fault::None).await;
        proxy
    }

    /// From now on every request meets this.
    pub async fn set(&self, fault: Fault) {
        self.set_times(fault, Times::Always, None).await;
    }

    /// From now on every request for this service meets this, and none for the other.
    pub async fn set_for(&self, service: Service, fault: Fault) {
        self.set_times(fault, Times::Always, Some(service)).await;
    }

    /// From now on every request for this service meets this the first time it is made.
    pub async fn set_once_for(&self, service: Service, fault: Fault) {
        self.set_times(fault, Times::Once, Some(service)).await;
    }

    /// From now on every request meets this the first time it is made; made again, nothing.
    pub async fn set_once(&self, fault: Fault) {
        self.set_times(fault, Times::Once, None).await;
    }

    async fn set_times(&self, fault: Fault, times: Times, only: Option<Service>) {
        self.fault.send_replace(Plan { fault, times, only });
        let before = lock(&self.listening).take();
        if fault == Fault::Refused {
            if let Some(listening) = before {
                listening.abort();
                // Whether it ended so or otherwise: the port is free after it.
                let _ = listening.await;
            }
        } else {
            let listening = match before {
                Some(listening) => listening,
                None => self.listen().await,
            };
            *lock(&self.listening) = Some(listening);
        }
    }

    async fn listen(&self) -> JoinHandle<()> {
        let port = FaultsEnv::get().proxy_port;
        let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => listener,
            Err(error) => panic!("the proxy cannot listen on {port}: {error}"),
        };
        let (shared, fault) = (Arc::clone(&self.shared), self.fault.subscribe());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, fault) = (Arc::clone(&shared), fault.clone());
                tokio::spawn(async move {
                    shared.opened();
                    // A client that has hung up reads nothing.
                    let _ = shared.serve(stream, fault).await;
                    lock(&shared.counts).open -= 1;
                });
            }
        })
    }

    /// How often a request of this id has come for PostgREST.
    pub fn attempts(&self, request_id: &str) -> usize {
        self.attempts_at(Service::PostgRest, request_id)
    }

    /// How often a request of this id has come for this service.
    pub fn attempts_at(&self, service: Service, request_id: &str) -> usize {
        let counts = lock(&self.shared.counts);
        let key = (service, request_id.to_owned());
        counts.by_id.get(&key).copied().unwrap_or_default()
    }

    /// The header lines of the last request of this id, in lower case and in order.
    pub fn head(&self, request_id: &str) -> Vec<String> {
        let counts = lock(&self.shared.counts);
        let head = counts.heads.get(request_id).cloned().unwrap_or_default();
        let mut lines: Vec<_> = head.lines().skip(1).map(str::to_lowercase).collect();
        lines.sort();
        lines
    }

    /// How many connections there are.
    pub fn open(&self) -> usize {
        lock(&self.shared.counts).open
    }

    /// How many there have been at the same time.
    pub fn most_open(&self) -> usize {
        lock(&self.shared.counts).most_open
    }

    /// Returns once there are exactly this many connections.
    ///
    /// # Panics
    /// When that does not come.
    pub async fn wait_for_open(&self, connections: usize) {
        for _ in 0..1500 {
            if self.open() == connections {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{} connections, not {connections}", self.open());
    }
}

impl Shared {
    fn opened(&self) {
        let mut counts = lock(&self.counts);
        counts.open += 1;
        counts.most_open = counts.most_open.max(counts.open);
    }

    /// One request, one answer, as every answer says that it is the connection's last.
    async fn serve(
        &self,
        mut stream: TcpStream,
        mut fault: watch::Receiver<Plan>,
    ) -> io::Result<()> {
        let request = Request::read(&mut stream).await?;
        let attempt = {
            let mut counts = lock(&self.counts);
            let head = request.head.clone();
            counts.heads.insert(request.id().to_owned(), head);
            let key = (request.service(), request.id().to_owned());
            let attempts = counts.by_id.entry(key).or_default();
            *attempts += 1;
            *attempts
        };
        let befallen = tokio::select! {
            decided = fault.wait_for(|plan| plan.fault != Fault::Held) => match decided.as_deref() {
                Ok(Plan { times: Times::Once, .. }) if attempt > 1 => Fault::None,
                Ok(Plan { only: Some(only), .. }) if *only != request.service() => Fault::None,
                Ok(Plan { fault, .. }) => *fault,
                Err(_) => return Ok(()),
            },
            _ = stream.read_u8() => return Ok(()),
        };
        match befallen {
            // A connection from before nobody listened.
            Fault::Held | Fault::Refused | Fault::ResetBefore => stream.set_zero_linger(),
            Fault::Silent => hung_up(&mut stream).await,
            Fault::Instead(canned) => stream.write_all(said(canned).as_bytes()).await,
            Fault::After(canned) => {
                self.pass_on(&request).await?;
                stream.write_all(said(canned).as_bytes()).await
            }
            forwarded => {
                let answer = self.pass_on(&request).await?;
                answer.write(&mut stream, forwarded).await
            }
        }
    }

    async fn pass_on(&self, request: &Request) -> io::Result<Answer> {
        let url = match request.service() {
            Service::PostgRest => format!("{}{}", FaultsEnv::get().postgrest_url, request.target()),
            Service::Storage => format!("{}{}", Env::get().supabase_url, request.target()),
        };
        let method = request.method().parse().map_err(io::Error::other)?;
        let mut forwarded = self.http.request(method, url).body(request.body.clone());
        for line in request.head.lines().skip(1) {
            match line.split_once(": ") {
                Some((name, value)) if !["host", "connection"].contains(&&*name.to_lowercase()) => {
                    forwarded = forwarded.header(name, value);
                }
                _ => {}
            }
        }
        let response = forwarded.send().await.map_err(io::Error::other)?;
        let status = response.status();
        let kind = response.headers().get("content-type");
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\n");
        let body = response.bytes().await.map_err(io::Error::other)?.to_vec();
        let bodiless = status.as_u16() == 204;
        Ok(Answer {
            head,
            body,
            bodiless,
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
