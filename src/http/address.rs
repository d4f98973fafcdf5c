//! Where a request comes from: the connection's peer, or what a trusted proxy says of it.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use ::axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header::USER_AGENT, request::Parts},
};
use ipnet::{IpNet, Ipv4Net};

use super::{problem::Problem, state::AppState};
use crate::session::Device;

/// The longest `User-Agent` that is kept, in characters.
const USER_AGENT_MAX: usize = 256;

/// How the client's address is found.
#[derive(Clone, Debug)]
pub(super) struct ClientAddress(Arc<[IpNet]>);

impl ClientAddress {
    pub(super) fn behind(trusted_proxies: &[IpNet]) -> Self {
        Self(trusted_proxies.iter().map(|network| canonical(*network)).collect())
    }

    /// The peer, unless it is a trusted proxy: then the last address in `X-Forwarded-For` that is not one.
    ///
    /// Every proxy appends the address it saw, so only the part of the list that trusted ones wrote, its end, counts.
    /// A list that cannot be read ends the search: the nearest address that is known stands.
    fn of(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer.to_canonical();
        let lists: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
        let hops = lists.iter().rev().flat_map(|list| list.to_str().unwrap_or("unreadable").rsplit(','));
        for hop in hops {
            if !self.trusts(nearest) {
                break;
            }
            let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
            nearest = address.to_canonical();
        }
        nearest
    }

    /// Whether what this one says of others is believed.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// A network of IPv4 addresses written as IPv6 ones is one of IPv4 addresses, as they are compared.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else { return network };
    let mapped = v6.network().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    let v4 = mapped.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok());
    v4.map_or(network, IpNet::V4)
}

impl FromRequestParts<AppState> for Device {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() else {
            tracing::error!(
                "no peer address: serve the router with into_make_service_with_connect_info::<SocketAddr>()"
            );
            return Err(Problem::internal());
        };
        let user_agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self {
            address: Some(state.addresses().of(peer.ip(), &parts.headers)),
            user_agent: user_agent.map(|text| text.chars().take(USER_AGENT_MAX).collect()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for list in forwarded {
            headers.append("x-forwarded-for", list.parse().unwrap());
        }
        ClientAddress::behind(&trusted).of(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn lg_6_a_forwarded_address_counts_only_from_a_trusted_proxy() {
        assert_eq!(found(&[], "192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(found(&["10.0.0.0/8"], "192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(found(&["10.0.0.0/8"], "10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
    }

    #[test]
    fn lg_6_a_proxy_is_trusted_in_either_way_of_writing_ipv4() {
        for network in ["10.0.0.0/8", "::ffff:10.0.0.0/104", "::ffff:10.1.2.3/104"] {
            for peer in ["10.0.0.1", "::ffff:10.0.0.1"] {
                assert_eq!(found(&[network], peer, &["203.0.113.9"]), "203.0.113.9", "{network} {peer}");
            }
            assert_eq!(found(&[network], "192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        }
    }

    #[test]
    fn lg_6_only_the_end_of_the_list_that_proxies_wrote_counts() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(found(&trusted, "10.0.0.1", &["6.6.6.6, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(found(&trusted, "10.0.0.1", &["6.6.6.6, 203.0.113.9, 10.0.0.2"]), "203.0.113.9");
        assert_eq!(found(&trusted, "10.0.0.1", &["6.6.6.6", "203.0.113.9"]), "203.0.113.9");
        assert_eq!(found(&trusted, "10.0.0.1", &["6.6.6.6, nonsense"]), "10.0.0.1");
        assert_eq!(found(&trusted, "10.0.0.1", &[""]), "10.0.0.1");
        assert_eq!(found(&trusted, "::ffff:10.0.0.1", &["::ffff:203.0.113.9"]), "203.0.113.9");
    }
}
