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

    /// Attempts on one account from where its user has logged in lately: 5 free, then 1 s doubling to 30 s, forgotten after
    /// a day. A stranger on the same network can get in the user's way, but never for long.
    pub const KNOWN_NETWORK: Self = Self { longest_delay: Duration::from_secs(30), ..Self::ACCOUNT_FROM_NETWORK };

    /// Attempts on one account from all networks it is not known on: 100 free, then 1 min doubling to 15 min, forgotten
    /// after a day.
    pub const ACCOUNT: Self = Self {
        free: 100,
        first_delay: Duration::from_mins(1),
        longest_delay: Duration::from_mins(15),
        forget_after: Duration::from_hours(24),
    };

    /// Mails of one kind to one account or address: 3 free, then 1 min doubling to 30 min, forgotten after a day. That is
    /// less than any of their tokens live, so whoever gets no other has one that works.
    pub const MAIL: Self = Self {
        free: 3,
        first_delay: Duration::from_mins(1),
        longest_delay: Duration::from_mins(30),
        forget_after: Duration::from_hours(24),
    };

    /// Mails asked for from one network: 30 free, then 1 s doubling to 1 min, forgotten after an hour.
    pub const MAIL_FROM_NETWORK: Self = Self {
        free: 30,
        first_delay: Duration::from_secs(1),
        longest_delay: Duration::from_mins(1),
        forget_after: Duration::from_hours(1),
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

    /// Passwords shown with the mailed tokens of one account: 50 free, then 1 s doubling to 1 min, forgotten after an hour,
    /// which is as long as a token lives. Rating one costs up to as much as a hash, and one that is refused leaves the
    /// token good.
    pub const RESET: Self = Self {
        free: 50,
        first_delay: Duration::from_secs(1),
        longest_delay: Duration::from_mins(1),
        forget_after: Duration::from_hours(1),
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
        Self { key: format!("account:{}:{}", hashed(identifier), network(address)), limit: Limit::ACCOUNT_FROM_NETWORK }
    }

    /// Attempts on the account that goes by this user name, from a network its user has logged in from.
    #[must_use]
    pub fn known(username: &str, address: IpAddr) -> Self {
        Self { key: format!("known:{}:{}", hashed(username), network(address)), limit: Limit::KNOWN_NETWORK }
    }

    /// Attempts on whoever goes by `identifier`, from all networks.
    #[must_use]
    pub fn name(identifier: &str) -> Self {
        Self { key: format!("name:{}", hashed(identifier)), limit: Limit::ACCOUNT }
    }

    /// Attempts on an account by any of its names, from all networks; `account` is its id, or a name that nobody has.
    #[must_use]
    pub fn anyone(account: &str) -> Self {
        Self { key: format!("anyone:{}", hashed(account)), limit: Limit::ACCOUNT }
    }

    /// Mails of this kind to an account, by its id, or to a name or an address that nobody has.
    #[must_use]
    pub fn mail(kind: &str, to: &str) -> Self {
        Self { key: format!("mail:{kind}:{}", hashed(to)), limit: Limit::MAIL }
    }

    /// Mails asked for from this network.
    #[must_use]
    pub fn mail_from(address: IpAddr) -> Self {
        Self { key: format!("mail:{}", network(address)), limit: Limit::MAIL_FROM_NETWORK }
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

    /// Passwords shown with the mailed tokens of this user.
    #[must_use]
    pub fn reset(user: UserId) -> Self {
        Self { key: format!("reset:{user}"), limit: Limit::RESET }
    }

    /// Refreshes of this session.
    #[must_use]
    pub fn refresh(session: SessionId) -> Self {
        Self { key: format!("refresh:{session}"), limit: Limit::REFRESH }
    }
}

fn hashed(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(TokenHash::of(name.as_bytes()).as_bytes())
}

/// The network an address belongs to: an IPv4 address itself, or an IPv6 /64, which is what one customer gets.
pub(crate) fn network(address: IpAddr) -> IpAddr {
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
