//! Attempts to show who one is, counted before they are made, so that a burst of them cannot slip past the count.
//!
//! They are counted by name and network, by network, and by name across all networks. Where the user has logged in from
//! before, only their own count there matters: strangers elsewhere cannot make them wait, and one on the same network not
//! for long. All of that is told, and is the same for names that nobody has.
//!
//! One count is not told: that of the account, whichever of its names was tried. A wait that a name earned by what was
//! tried under an address would tell that the two are one account. Past that limit an attempt fails like any other.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use uuid::Uuid;

use super::{Accounts, Email, User, UserId, UserRecord, Username};
use crate::{error::Error, session::Device, store::Forgiven, throttle, throttle::Bucket};

/// For how long a network is known after a login from it.
const KNOWN_FOR: Duration = Duration::from_hours(30 * 24);

/// An attempt to show who one is, and what it is counted under.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    /// Emptied by a success.
    own: Vec<Bucket>,
    /// Emptied by a success, and not told.
    quiet: Vec<Bucket>,
    /// Given back one by a success.
    shared: Option<Bucket>,
    in_vain: bool,
}

impl Attempt {
    /// An attempt by someone who is logged in already, or has been on this network: strangers do not make them wait.
    pub(crate) fn by_known(username: &Username, device: &Device) -> Self {
        let own = vec![Bucket::known(username.key(), address_of(device))];
        Self { own, quiet: Vec::new(), shared: None, in_vain: false }
    }

    /// Whether it must fail whatever is shown, although it looks like any other.
    pub(crate) fn is_in_vain(&self) -> bool {
        self.in_vain
    }

    fn told(&self) -> Vec<Bucket> {
        self.own.iter().chain(&self.shared).cloned().collect()
    }

    fn all(&self) -> Vec<Bucket> {
        self.own.iter().chain(&self.quiet).chain(&self.shared).cloned().collect()
    }
}

impl Accounts {
    /// An attempt on whoever goes by `name`, which is this user or nobody.
    pub(crate) async fn attempt_on(
        &self,
        name: &str,
        record: Option<&UserRecord>,
        device: &Device,
    ) -> Result<Attempt, Error> {
        let key = key_of(name);
        // Asked for nobody too, so that it takes the same time.
        let user = record.map_or(UserId(Uuid::nil()), |record| record.user.id);
        let network = throttle::network(address_of(device)).to_string();
        let known = self.store().knows_network(user, &network, self.now() - KNOWN_FOR).await?;
        if let (true, Some(record)) = (known, record) {
            return Ok(Attempt::by_known(&record.user.username, device));
        }
        let account = record.map_or_else(|| key.clone(), |record| record.user.id.to_string());
        Ok(Attempt {
            own: vec![Bucket::account(&key, address_of(device)), Bucket::name(&key)],
            quiet: vec![Bucket::anyone(&account)],
            shared: device.address.map(Bucket::network),
            in_vain: false,
        })
    }

    /// Counts an attempt before it is made.
    pub(crate) async fn begin_attempt(&self, attempt: Attempt) -> Result<Attempt, Error> {
        if self.config().insecure_no_limits {
            return Ok(attempt);
        }
        let now = self.now();
        let Some(retry_after) = self.store().begin_attempt(&attempt.all(), now).await? else { return Ok(attempt) };
        if attempt.quiet.is_empty() {
            return Err(self.turned_away(retry_after));
        }
        match self.store().begin_attempt(&attempt.told(), now).await? {
            Some(retry_after) => Err(self.turned_away(retry_after)),
            None => Ok(Attempt { quiet: Vec::new(), in_vain: true, ..attempt }),
        }
    }

    /// Counts what may be done so often and no more, before it is done.
    pub(crate) async fn count_attempt(&self, buckets: &[Bucket]) -> Result<(), Error> {
        if self.config().insecure_no_limits {
            return Ok(());
        }
        match self.store().begin_attempt(buckets, self.now()).await? {
            Some(retry_after) => Err(self.turned_away(retry_after)),
            None => Ok(()),
        }
    }

    /// Why someone is not listened to who has tried too often. It is counted.
    pub(crate) fn turned_away(&self, retry_after: Duration) -> Error {
        self.inner().figures.turned_away.count();
        Error::TooManyAttempts { retry_after }
    }

    /// Takes an attempt back that was not made.
    pub(crate) async fn take_back(&self, attempt: &Attempt) -> Result<(), Error> {
        if self.config().insecure_no_limits {
            return Ok(());
        }
        Ok(self.store().take_back_attempt(&attempt.all()).await?)
    }

    /// Takes an attempt back that did not fail. The account's own counts start afresh.
    pub(crate) async fn forgive(&self, attempt: &Attempt) -> Result<(), Error> {
        let Forgiven { cleared, taken_back } = self.forgiven(attempt);
        self.store().clear_attempts(&cleared).await?;
        Ok(self.store().take_back_attempt(&taken_back).await?)
    }

    /// What [`forgive`](Self::forgive) does, to be done with the act that the attempt opens.
    pub(crate) fn forgiven(&self, attempt: &Attempt) -> Forgiven {
        if self.config().insecure_no_limits {
            return Forgiven::default();
        }
        let cleared = attempt.own.iter().chain(&attempt.quiet).cloned().collect();
        Forgiven { cleared, taken_back: attempt.shared.iter().cloned().collect() }
    }

    /// Forgets what was tried on an account from all networks, because its owner has taken it in hand.
    pub(crate) async fn forgive_everywhere(&self, user: &User) -> Result<(), Error> {
        let names = [user.username.key(), user.email.key()].map(Bucket::name);
        let own = [Bucket::anyone(&user.id.to_string()), Bucket::reset(user.id)];
        let buckets = [names.as_slice(), &own].concat();
        Ok(self.store().clear_attempts(&buckets).await?)
    }
}

fn key_of(name: &str) -> String {
    Username::parse(name)
        .map(|username| username.key().to_owned())
        .or_else(|| Email::parse(name).map(|email| email.key().to_owned()))
        .unwrap_or_else(|| name.to_lowercase())
}

fn address_of(device: &Device) -> IpAddr {
    device.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}
