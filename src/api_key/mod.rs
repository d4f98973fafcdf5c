//! API keys: what programs show in place of a login.
//!
//! A key is made by a user, for a program of theirs, and may do some of what its owner may: of the scopes it was given,
//! those that the owner holds at the time of each call. It has no roles, belongs to no session and never counts as the user
//! being there: [`RouteRule::in_person`](crate::guard::RouteRule::in_person) and
//! [`fresh`](crate::guard::RouteRule::fresh) do not let it pass, and so it makes no keys and changes no credentials.
//!
//! It is `pc_<id>_<secret>_<checksum>`, all in lower-case hexadecimal: the id finds its row, the secret has 256 bits, and
//! the checksum tells a key from what merely looks like one, without a look into the database. The store knows the hash of
//! the whole.
//!
//! To replace a key without a gap, [rotate](crate::account::Accounts::rotate_api_key) it: its successor is good at
//! once, and it stays good for a while. Each key may make so many requests a minute
//! ([`api_key_rate`](crate::config::Config::api_key_rate)), then the guard answers 429 with `Retry-After`.

mod access;
mod authenticate;
mod key;
mod manage;
mod rate;
mod record;
mod rotate;

pub use self::{
    access::ApiAccess,
    authenticate::{AccountAuthentication, AccountAuthenticator},
    key::{ApiKeyId, PlainApiKey},
    manage::{API_KEY_LIFETIME_MAX, API_KEY_LIFETIME_MIN, API_KEY_NAME_MAX, API_KEY_SCOPES_MAX, NewKey},
    record::ApiKey,
    rotate::{API_KEY_OVERLAP, API_KEY_OVERLAP_MAX, API_KEY_OVERLAP_MIN},
};
pub(crate) use self::{access::KeyCache, rate::KeyRates};
