//! How many requests one address may make.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::Refusal;

/// Addresses that are remembered at once. Those that asked the least lately are forgotten first.
const ADDRESSES: usize = 10_000;
/// Seconds' worth of requests that an address may make at once.
const BURST: f64 = 10.0;

/// A bucket of requests for each address, which fills at a rate.
pub struct Rate {
    /// Requests a second.
    rate: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

struct Bucket {
    left: f64,
    at: Instant,
}

impl Rate {
    /// So many requests a second of each address.
    pub fn new(rate: u32) -> Arc<Self> {
        Arc::new(Self { rate: rate.into(), buckets: Mutex::default() })
    }

    /// Whether an address may make one more request now.
    fn take(&self, address: IpAddr, now: Instant) -> bool {
        let full = self.rate * BURST;
        let refilled = |bucket: &Bucket| {
            let waited = now.saturating_duration_since(bucket.at).as_secs_f64();
            (bucket.left + waited * self.rate).min(full)
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES {
            // A full bucket says nothing that a new one does not.
            buckets.retain(|_, bucket| refilled(bucket) < full);
        }
        if buckets.len() >= ADDRESSES && !buckets.contains_key(&network(address)) {
            let oldest =
                buckets.iter().min_by_key(|(_, bucket)| bucket.at).map(|(known, _)| *known);
            oldest.and_then(|known| buckets.remove(&known));
        }
        let bucket = buckets.entry(network(address)).or_insert(Bucket { left: full, at: now });
        bucket.left = refilled(bucket);
        bucket.at = now;
        let enough = bucket.left >= 1.0;
        if enough {
            bucket.left -= 1.0;
        }
        enough
    }
}

/// Of IPv6, the network of a subscriber: it has 2^64 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

/// Refuses what is beyond the rate.
pub async fn limit(
    State(rate): State<Arc<Rate>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if rate.take(peer.ip(), Instant::now()) {
        return next.run(request).await;
    }
    let message = format!(
        "more than {} requests a second from this address: wait a second, then ask again",
        rate.rate
    );
    Refusal::too_many("rate_limited", message).into_response()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn take_should_refuse_beyond_the_burst_and_recover_with_time() {
        let (rate, start) = (Rate::new(2), Instant::now());
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..20 {
            assert!(rate.take(one, start));
        }
        assert!(!rate.take(one, start));
        assert!(rate.take("192.0.2.2".parse().unwrap(), start), "another address");
        let later = start + Duration::from_millis(500);
        assert!(rate.take(one, later) && !rate.take(one, later), "one in half a second");
    }

    #[test]
    fn take_should_count_a_network_of_ipv6_as_one() {
        let (rate, start) = (Rate::new(1), Instant::now());
        for i in 0..10 {
            assert!(rate.take(format!("2001:db8::{i}").parse().unwrap(), start));
        }
        assert!(!rate.take("2001:db8::ffff".parse().unwrap(), start));
        assert!(rate.take("2001:db8:0:1::1".parse().unwrap(), start));
    }

    #[test]
    fn take_should_remember_a_bounded_number_of_addresses() {
        let (rate, start) = (Rate::new(1), Instant::now());
        for i in 0..(ADDRESSES as u32 + 500) {
            assert!(rate.take(IpAddr::from(i.to_be_bytes()), start));
        }
        assert!(rate.buckets.lock().unwrap().len() <= ADDRESSES);
    }
}
