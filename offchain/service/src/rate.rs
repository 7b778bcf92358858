//! How often each address may do something.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// Addresses that are remembered at once. Those that asked the least lately are forgotten first.
const ADDRESSES: usize = 10_000;

/// A bucket for each address, which fills at a rate.
#[derive(Debug)]
pub struct Rate {
    per_second: f64,
    /// What a full bucket holds.
    most: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Rate {
    /// So many times a second for each address, and as many at once as in so many seconds.
    pub fn new(per_second: u32, seconds: u32) -> Self {
        let per_second = f64::from(per_second);
        Self { per_second, most: per_second * f64::from(seconds), buckets: Mutex::default() }
    }

    /// Times a second.
    pub fn per_second(&self) -> f64 {
        self.per_second
    }

    /// Whether an address may do it once more at this time. If so, it counts as done.
    pub fn take(&self, address: IpAddr, now: Instant) -> bool {
        let refilled = |bucket: &Bucket| {
            let waited = now.saturating_duration_since(bucket.at).as_secs_f64();
            (bucket.left + waited * self.per_second).min(self.most)
        };
        let network = network(address);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES && !buckets.contains_key(&network) {
            // A full bucket says nothing that a new one does not.
            buckets.retain(|_, bucket| refilled(bucket) < self.most);
            if buckets.len() >= ADDRESSES {
                let oldest =
                    buckets.iter().min_by_key(|(_, bucket)| bucket.at).map(|(known, _)| *known);
                oldest.and_then(|known| buckets.remove(&known));
            }
        }
        let bucket = buckets.entry(network).or_insert(Bucket { left: self.most, at: now });
        bucket.left = refilled(bucket);
        bucket.at = now.max(bucket.at);
        let enough = bucket.left >= 1.0;
        if enough {
            bucket.left -= 1.0;
        }
        enough
    }
}

/// An address; of IPv6, the network of a subscriber, which has 2^64 of them.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn take_should_refuse_beyond_the_burst_and_recover_with_time() {
        let (rate, start) = (Rate::new(2, 10), Instant::now());
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
        let (rate, start) = (Rate::new(1, 10), Instant::now());
        for i in 0..10 {
            assert!(rate.take(format!("2001:db8::{i}").parse().unwrap(), start));
        }
        assert!(!rate.take("2001:db8::ffff".parse().unwrap(), start));
        assert!(rate.take("2001:db8:0:1::1".parse().unwrap(), start));
    }

    #[test]
    fn take_should_remember_a_bounded_number_of_addresses() {
        let (rate, start) = (Rate::new(1, 10), Instant::now());
        for i in 0..(ADDRESSES as u32 + 500) {
            assert!(rate.take(IpAddr::from(i.to_be_bytes()), start));
        }
        assert!(rate.buckets.lock().unwrap().len() <= ADDRESSES);
    }

    #[test]
    fn take_should_give_nothing_for_a_clock_that_goes_back() {
        let (rate, start) = (Rate::new(1, 1), Instant::now() + Duration::from_secs(60));
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        assert!(rate.take(one, start) && !rate.take(one, start - Duration::from_secs(9)));
        assert!(!rate.take(one, start) && rate.take(one, start + Duration::from_secs(1)));
    }
}
