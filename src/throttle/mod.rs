//! How often something may be tried: a few attempts are free, then each failure makes the next wait longer.
//!
//! An attempt is counted before it is made and taken back if it succeeds, in one statement each, so that a burst of
//! simultaneous attempts cannot slip past the count. There is no lock: a wait always ends by itself.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{account::UserId, clock::Timestamp, secret::TokenHash, session::SessionId};

/// How a bucket of attempts fills and drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// How many attempts may fail before the next one has to wait.
    pub free: u32,
    /// The wait after that many failures; it doubles with each further one.
    pub first_delay: Duration,
    /// The longest wait.
    pub longest_delay: Duration,
    /// A bucket that saw no failure for this long is empty again.
    pub forget_after: Duration,
}

impl Limit {
    /// Attempts on one account from one network: 5 free, then 1 s doubling to 15 min, forgotten after a day.
    pub const ACCOUNT_FROM_NETWORK: Self = Self {
        free: 5,
        first_delay: Duration::from_secs(1),
        longest_delay: Duration::from_mins(15),
        forget_after: Duration::from_hours(24),
    };

    /// Attempts from one network on any account: 30 free, then 1 s doubling to 1 min, forgotten after 10 min.
    pub const NETWORK: Self = Self {
        free: 30,
        first_delay: Duration::from_secs(1),
        longest_delay: Duration::from_mins(1),
        forget_after: Duration::from_mins(10),
    };

    /// Registrations from one network, whether or not they succeed: 60 free, then 1 s doubling to 1 min, forgotten after
    /// an hour. They cost a hash and a row each, and tell which names are taken.
    pub const REGISTRATION: Self = Self {
        free: 60,
        first_delay: Duration::from_secs(1),
        longest_delay: Duration::from_mins(1),
        forget_after: Duration::from_hours(1),
    };

    /// Codes shown as second factor of one account, from anywhere: 5 free, then 1 s doubling to 15 min, forgotten after a
    /// day. Only who knows the password gets to try one, so no stranger can make the owner wait. At about a hundred a
    /// day, of a million codes three of which are right, guessing takes years.
    pub const SECOND_FACTOR: Self = Self {
        free: 5,
        first_delay: Duration::from_secs(1),
        longest_delay: Duration::from_mins(15),
        forget_after: Duration::from_hours(24),
    };

    /// Refreshes of one session, which succeed: 1000 free, then 1 s doubling to 1 min, forgotten after an hour without one.
    /// Each leaves a row until the session is forgotten.
    pub const REFRESH: Self = Self {
        free: 1000,
        first_delay: Duration::from_secs(1),
        longest_delay: Duration::from_mins(1),
        forget_after: Duration::from_hours(1),
    };

    /// When the next attempt is allowed, after this many failures the last of which was at `last`.
    #[must_use]
    pub fn next_allowed(&self, failures: u32, last: Timestamp) -> Timestamp {
        let Some(beyond) = failures.checked_sub(self.free) else {
            return last;
        };
        let factor = 2_u32.checked_pow(beyond).unwrap_or(u32::MAX);
        last + self.first_delay.saturating_mul(factor).min(self.longest_delay)
    }
}

/// What attempts are counted under: an opaque key, made of hashes where it would name someone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// The key in the store.
    pub key: String,
    /// How it fills and drains.
    pub limit: Limit,
}

impl Bucket {
    /// Attempts on the account that goes by `identifier`, whether or not there is one, from this network.
    #[must_use]
    pub fn account(identifier: &str, address: IpAddr) -> Self {
        let name = URL_SAFE_NO_PAD.encode(TokenHash::of(identifier.as_bytes()).as_bytes());
        Self { key: format!("account:{name}:{}", network(address)), limit: Limit::ACCOUNT_FROM_NETWORK }
    }

    /// Attempts from this network on any account.
    #[must_use]
    pub fn network(address: IpAddr) -> Self {
        Self { key: format!("network:{}", network(address)), limit: Limit::NETWORK }
    }

    /// Codes shown as this user's second factor, on whatever route and from wherever.
    #[must_use]
    pub fn second_factor(user: UserId) -> Self {
        Self { key: format!("second-factor:{user}"), limit: Limit::SECOND_FACTOR }
    }

    /// Registrations from this network.
    #[must_use]
    pub fn registration(address: IpAddr) -> Self {
        Self { key: format!("registration:{}", network(address)), limit: Limit::REGISTRATION }
    }

    /// Refreshes of this session.
    #[must_use]
    pub fn refresh(session: SessionId) -> Self {
        Self { key: format!("refresh:{session}"), limit: Limit::REFRESH }
    }
}

/// The network an address belongs to: an IPv4 address itself, or an IPv6 /64, which is what one customer gets.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        IpAddr::V4(v4) => IpAddr::V4(v4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_longest() {
        let limit = Limit::ACCOUNT_FROM_NETWORK;
        let last = Timestamp::from_secs(1000);
        let wait = |failures| limit.next_allowed(failures, last).since(last).as_secs();
        assert_eq!([4, 5, 6, 7, 15, 40, u32::MAX].map(wait), [0, 1, 2, 4, 900, 900, 900]);
    }

    #[test]
    fn an_ipv6_customer_is_one_network_and_a_mapped_ipv4_is_itself() {
        let key = |address: &str| Bucket::network(address.parse().unwrap()).key;
        assert_eq!(key("2001:db8:0:1::1"), key("2001:db8:0:1:ffff::2"));
        assert_ne!(key("2001:db8:0:1::1"), key("2001:db8:0:2::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }
}
