//! Which host a request is for: a page in a browser may reach a service under a name that was made to lead to it (DNS
//! rebinding), and then says this name.

use std::{collections::BTreeSet, net::IpAddr};

use axum::http::{header::HOST, HeaderMap, Uri};

/// The host that a request is for, with its port: of its target, or of its header.
pub fn asked<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let header = || headers.get(HOST).and_then(|host| host.to_str().ok());
    uri.authority().map(|authority| authority.as_str()).or_else(header)
}

/// A host without its port, and without the brackets of IPv6.
pub fn name(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    host.split(':').next().unwrap_or(host)
}

/// Whether this is a name of the own machine.
pub fn is_local(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a request for this host is one for a service of these names, written in lower case: also for localhost, and
/// for a number, which cannot be made to mean another machine.
pub fn is_own(host: &str, names: &BTreeSet<String>) -> bool {
    let name = name(host);
    is_local(name) || name.parse::<IpAddr>().is_ok() || names.contains(&name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_own_should_refuse_names_that_are_not_ours() {
        let names = ["gateway.example".to_string()].into();
        for host in [
            "localhost",
            "LocalHost:9966",
            "127.0.0.1:9966",
            "[::1]:9966",
            "192.0.2.7",
            "gateway.example",
            "Gateway.Example:443",
        ] {
            assert!(is_own(host, &names), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "gateway.example.evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:9966",
        ] {
            assert!(!is_own(host, &names), "{host}");
        }
    }
}
