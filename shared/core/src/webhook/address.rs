//! Which addresses may be called: those of the public internet, and nothing that only a machine inside can reach.
//!
//! A name may lead anywhere, and elsewhere a moment later: who connects asks here of each address that it is about to connect to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why `address` is not called; none if it may be. By IANA's registries of special-purpose addresses: what is not globally
/// reachable is refused, and so is what carries an address of the other family inside it.
///
/// `also_loopback`: this machine itself may be called, too. Only for stacks that run on one machine.
pub fn refused(address: IpAddr, also_loopback: bool) -> Option<&'static str> {
    if address.is_loopback() {
        return (!also_loopback).then_some("loopback");
    }
    match address {
        IpAddr::V4(address) => refused_v4(address),
        IpAddr::V6(address) => refused_v6(address),
    }
}

/// Why the host of an address is not called, where that can be said without looking it up: it is an address itself, or a name
/// that never leads out. Brackets around an IPv6 address are its writing.
pub fn refused_host(host: &str, also_loopback: bool) -> Option<&'static str> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    if let Ok(address) = bare.unwrap_or(host).parse::<IpAddr>() {
        return refused(address, also_loopback);
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let is = |suffix: &str| name == suffix || name.ends_with(&format!(".{suffix}"));
    if is("localhost") {
        return (!also_loopback).then_some("loopback");
    }
    // `127.1` and `0x7f.1` are addresses to some resolvers; no name of the internet ends in a number.
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.starts_with(|c: char| c.is_ascii_digit()) {
        return Some("a number that is no whole address");
    }
    let inside = ["internal", "local", "lan", "home.arpa"];
    inside
        .into_iter()
        .any(is)
        .then_some("a name of an inner network")
}

const fn refused_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (0, ..) => Some("unspecified"),
        (169, 254, _) => Some("link-local, where a cloud keeps its credentials"),
        (100, 64..=127, _) => Some("carrier-grade NAT"),
        (192, 0, 0) => Some("reserved for protocols"),
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => Some("for documentation"),
        (192, 88, 99) => Some("a relay of 6to4"),
        (198, 18 | 19, _) => Some("for benchmarks"),
        (224..=239, ..) => Some("multicast"),
        (240.., ..) => Some("reserved"),
        _ if address.is_private() => Some("private"),
        _ => None,
    }
}

fn refused_v6(address: Ipv6Addr) -> Option<&'static str> {
    match address.segments() {
        // NAT64 (RFC 6052): a network without IPv4 reaches it so; what counts is the address inside.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            let inside = Ipv4Addr::new(a, b, c, d);
            let why = inside.is_loopback().then_some("loopback");
            why.or_else(|| refused_v4(inside))
        }
        [0, 0, 0, 0, 0, 0xffff, ..] => Some("IPv4 in the form of IPv6"),
        [0xfc00..=0xfdff, ..] => Some("private"),
        [0xfe80..=0xfebf, ..] => Some("link-local"),
        [0xff00..=0xffff, ..] => Some("multicast"),
        [0x2001, 0..=0x01ff, ..] => Some("reserved for protocols"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Some("for documentation"),
        [0x2002, ..] => Some("IPv4 in 6to4"),
        [0x2000..=0x3fff, ..] => None,
        _ => Some("not of the public internet"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_may_be_called() {
        let inside = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.0.1",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::2",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:93.184.216.34",
            "64:ff9b::10.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:a00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fdff::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ];
        for text in inside {
            assert!(refused(text.parse().unwrap(), false).is_some(), "{text}");
        }
        let outside = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "93.184.216.34",
            "100.63.255.255",
            "100.128.0.1",
            "169.253.255.255",
            "169.255.0.1",
            "172.15.255.255",
            "172.32.0.1",
            "192.167.255.255",
            "192.169.0.1",
            "198.17.255.255",
            "198.20.0.1",
            "223.255.255.255",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00:1450::1",
            "3ffe::1",
            "64:ff9b::93.184.216.34",
        ];
        for text in outside {
            assert_eq!(refused(text.parse().unwrap(), false), None, "{text}");
        }
    }

    #[test]
    fn the_exception_is_for_loopback_and_nothing_else() {
        for text in ["127.0.0.1", "127.1.2.3", "::1"] {
            assert_eq!(refused(text.parse().unwrap(), true), None, "{text}");
        }
        let never = [
            "10.0.0.1",
            "169.254.169.254",
            "192.168.1.1",
            "0.0.0.0",
            "::",
            "::ffff:127.0.0.1",
            "64:ff9b::127.0.0.1",
            "fd00:ec2::254",
            "fe80::1",
        ];
        for text in never {
            assert!(refused(text.parse().unwrap(), true).is_some(), "{text}");
        }
    }

    #[test]
    fn hosts_that_never_lead_out_are_known_without_a_look_up() {
        let inside = [
            "127.0.0.1",
            "[::1]",
            "[fd00:ec2::254]",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "169.254.169.254",
            "metadata.google.internal",
            "db.local",
            "127.1",
            "0x7f.0.0.1",
            "2130706433",
            "0177.0.0.1",
            "10.1",
        ];
        for host in inside {
            assert!(refused_host(host, false).is_some(), "{host}");
        }
        for host in [
            "api.example.com",
            "93.184.216.34",
            "[2606:4700::1111]",
            "local.example.com",
            "xn--bcher-kva.example",
        ] {
            assert_eq!(refused_host(host, false), None, "{host}");
        }
        assert_eq!(refused_host("localhost", true), None);
        assert_eq!(refused_host("127.0.0.1", true), None);
    }
}
