//! Connections: how many, how long their headers may take, and how they end.

use std::{
    collections::HashMap,
    future::Future,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc, Mutex, PoisonError,
    },
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, Request},
    middleware::{from_fn, Next},
    Extension, Router,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{watch, Semaphore},
    task::JoinSet,
};

use crate::network;

/// The most bytes of a request's headers.
const HEADER_BYTES: usize = 32 * 1024;
/// The most headers of a request.
const HEADER_COUNT: usize = 64;
/// How long a connection without a request may take to end after a shutdown.
const IDLE: Duration = Duration::from_secs(1);
/// How long accepting pauses when the system has no room for another connection.
const PAUSE: Duration = Duration::from_millis(200);

/// How many connections a service has, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Connections that are served at once. Further ones wait in the system's queue.
    pub open: usize,
    /// Connections of one address (of IPv6, of one /64) at once; further ones are closed. The own machine, and so a
    /// proxy on it, may have all.
    pub each: usize,
    /// Time for the headers of a request, and for the next request of a connection.
    pub headers: Duration,
    /// Time for the answers that have begun when the service is to end.
    pub grace: Duration,
}

/// Serves the routes until `shutdown`, then until the answers that have begun are given, but no longer than the grace.
///
/// Routes learn the address of the other end as [`ConnectInfo`].
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Connections,
    shutdown: impl Future<Output = ()>,
) {
    let (stop, stopping) = watch::channel(false);
    let places = Arc::new(Semaphore::new(limits.open.clamp(1, Semaphore::MAX_PERMITS)));
    let addresses = Arc::new(Addresses::default());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = async {
            // Never closed.
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            (place, accepted) = accepted => match accepted {
                Ok((stream, peer)) => {
                    let Some(one) = addresses.enter(peer.ip(), limits.each) else { continue };
                    let (router, stopping) = (router.clone(), stopping.clone());
                    connections.spawn(async move {
                        connection(stream, peer, router, limits.headers, stopping).await;
                        drop((place, one));
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    let _ = stop.send(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.grace, ended).await.is_err() {
        tracing::warn!(open = connections.len(), "connections are cut: they did not end in time");
        connections.shutdown().await;
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    headers: Duration,
    mut stopping: watch::Receiver<bool>,
) {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = requests.clone();
    let count = from_fn(move |request: Request, next: Next| {
        let counted = Counted::new(counted.clone());
        async move {
            let answer = next.run(request).await;
            drop(counted);
            answer
        }
    });
    let service = TowerToHyperService::new(router.layer(Extension(ConnectInfo(peer))).layer(count));
    let mut connection = pin!(http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(headers)
        .max_buf_size(HEADER_BYTES)
        .max_headers(HEADER_COUNT)
        .serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // What a caller did wrong on its connection is its own affair.
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    if requests.load(Ordering::Relaxed) == 0 {
        let _ = tokio::time::timeout(IDLE, connection).await;
    } else {
        let _ = connection.await;
    }
}

/// How many connections each address has.
#[derive(Default)]
struct Addresses(Mutex<HashMap<IpAddr, usize>>);

/// One connection of an address.
struct One(Arc<Addresses>, IpAddr);

impl Addresses {
    /// One more connection of an address, unless it has as many as it may have.
    fn enter(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<One> {
        let network = network(address);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(network).or_default();
        if *count >= most && !address.to_canonical().is_loopback() {
            return None;
        }
        *count += 1;
        Some(One(self.clone(), network))
    }
}

impl Drop for One {
    fn drop(&mut self) {
        let mut open = self.0 .0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.1);
            }
        }
    }
}

/// A request that is being answered.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(requests: Arc<AtomicUsize>) -> Self {
        requests.fetch_add(1, Ordering::Relaxed);
        Self(requests)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_should_refuse_an_address_that_has_enough_until_one_ends() {
        let addresses = Arc::new(Addresses::default());
        let enter = |address: &str| addresses.enter(address.parse().unwrap(), 2);
        let (first, _second) = (enter("192.0.2.1").unwrap(), enter("192.0.2.1").unwrap());
        assert!(enter("192.0.2.1").is_none() && enter("192.0.2.2").is_some());
        drop(first);
        let _third = enter("192.0.2.1").unwrap();
        let _one_network = (enter("2001:db8::1").unwrap(), enter("2001:db8::2").unwrap());
        assert!(enter("2001:db8::3").is_none());
        let own: Vec<_> = (0..5).map(|_| enter("127.0.0.1").unwrap()).collect();
        drop(own);
        assert_eq!(addresses.0.lock().unwrap().len(), 2, "what has ended is forgotten");
    }
}
