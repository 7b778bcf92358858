//! Refuses to start where a port is taken.
//!
//! By themselves the parts of a node go on: the RPC server takes any free port, so that clients talk to
//! whatever runs on the one that they know, and the network and the metrics do without.

use std::{
    io::ErrorKind,
    net::{IpAddr, SocketAddr, TcpListener},
};

use sc_network::{multiaddr::Protocol, Multiaddr};
use sc_service::{error::Error, Configuration};

/// Makes sure that the ports for RPC, the network and metrics are free, and that RPC is answered on
/// its own port or not at all.
///
/// # Errors
///
/// Something listens on one of them; the error names the option that chooses another.
pub fn require_free(config: &mut Configuration) -> Result<(), Error> {
    for endpoint in config.rpc.addr.iter_mut().flatten() {
        endpoint.retry_random_port = false;
        if !endpoint.is_optional {
            require(endpoint.listen_addr, "RPC", "--rpc-port")?;
        }
    }
    for address in config.network.listen_addresses.iter().filter_map(tcp_address) {
        require(address, "other nodes", "--port")?;
    }
    if let Some(prometheus) = &config.prometheus_config {
        require(prometheus.port, "metrics", "--prometheus-port")?;
    }
    Ok(())
}

fn require(address: SocketAddr, purpose: &str, option: &str) -> Result<(), Error> {
    match TcpListener::bind(address) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(Error::Other(format!(
            "cannot listen on {address} for {purpose}: something else does; stop it, or choose \
             another port with {option}"
        ))),
        // Any other failure is for the part that listens to judge: a machine may lack IPv6.
        _ => Ok(()),
    }
}

/// The TCP socket in an address such as `/ip4/0.0.0.0/tcp/30333/ws`.
fn tcp_address(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => IpAddr::from(ip),
        Protocol::Ip6(ip) => IpAddr::from(ip),
        _ => return None,
    };
    match parts.next()? {
        Protocol::Tcp(port) => Some(SocketAddr::new(ip, port)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn require_should_name_the_option_when_a_port_is_taken() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = require(address, "RPC", "--rpc-port").unwrap_err().to_string();
        assert!(error.contains(&address.to_string()) && error.contains("--rpc-port"), "{error}");
        drop(taken);
        require(address, "RPC", "--rpc-port").unwrap();
    }

    #[test]
    fn tcp_address_should_be_found_when_there_is_one() {
        let found = |text: &str| tcp_address(&text.parse().unwrap());
        assert_eq!(found("/ip4/0.0.0.0/tcp/30333/ws"), "0.0.0.0:30333".parse().ok());
        assert_eq!(found("/ip6/::/tcp/1"), "[::]:1".parse().ok());
        assert_eq!(found("/ip4/0.0.0.0/udp/30333/quic-v1"), None);
        assert_eq!(found("/dns/localhost/tcp/1"), None);
    }
}
