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
//! To replace a key without a gap, make the new one, put it in place, and delete the old one: both are good meanwhile.

mod access;
mod authenticate;
mod key;
mod manage;
mod record;

pub use self::{
    access::ApiAccess,
    authenticate::{AccountAuthentication, AccountAuthenticator},
    key::{ApiKeyId, PlainApiKey},
    manage::{API_KEY_LIFETIME_MAX, API_KEY_LIFETIME_MIN, API_KEY_NAME_MAX, API_KEY_SCOPES_MAX, NewKey},
    record::ApiKey,
};
pub(crate) use access::KeyCache;
