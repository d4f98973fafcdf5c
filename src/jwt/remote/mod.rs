//! Keys that an issuer elsewhere publishes (feature `remote-jwks`): a JWK set (RFC 7517) from a URL, or from where the
//! issuer's metadata say (OpenID Connect Discovery, RFC 8414).
//!
//! ```no_run
//! use portcullis::{guard::AuthLayer, jwt::{JwtVerifier, RemoteKeys}};
//!
//! # async fn build() -> Result<(), Box<dyn std::error::Error>> {
//! let keys = RemoteKeys::discover("https://id.example").build()?;
//! keys.refresh().await?;                              // optional: fail at the start rather than answer 503
//! let verifier = JwtVerifier::new(keys).issuer("https://id.example").audience("notes");
//! let guard = AuthLayer::new(verifier);
//! # Ok(())
//! # }
//! ```
//!
//! Several issuers, each with its own keys: [`JwtVerifier::any_of`](crate::jwt::JwtVerifier::any_of).
//!
//! # What a request meets
//!
//! | the keys | a token | |
//! |---|---|---|
//! | are known | names one of them | is checked at once: no lock, nothing to wait for, nothing allocated |
//! | are known, and due to be fetched again | names one of them | is checked at once with the keys at hand, while a fetch goes on behind |
//! | are known | names another | waits for one fetch, unless unknown ids have just caused one: then 401 |
//! | are not known yet, or too old | any | waits for the fetch under way; if it fails, or has just failed, 503 with `Retry-After` |
//!
//! While there are no keys, a token that may be good neither passes nor is refused with 401. The same holds for one with
//! an unknown key id while keys cannot be fetched. A request waits for one fetch, or for two where the first one was under
//! way before it came and may have missed its key. Dropping it disturbs nothing: the fetch goes on, and there is never
//! more than one under way.
//!
//! # The numbers
//!
//! | | default | set by |
//! |---|---|---|
//! | a whole fetch, discovery included | 5 s | [`timeout`](RemoteKeysBuilder::timeout) |
//! | the longest document | 256 KiB | [`max_bytes`](RemoteKeysBuilder::max_bytes) |
//! | keys in a set, usable or not | 100 | [`max_keys`](RemoteKeysBuilder::max_keys) |
//! | fetched again after | `max-age` less `Age`, from 1 min to 1 h; 10 min where it is not stated | [`refresh_every`](RemoteKeysBuilder::refresh_every) |
//! | used at most, while they cannot be fetched again | 24 h | [`keep_for`](RemoteKeysBuilder::keep_for) |
//! | between two fetches that unknown key ids cause | 30 s | [`cool_down`](RemoteKeysBuilder::cool_down) |
//! | an id that was looked for and not found causes no other fetch for | 5 to 10 min; the latest 512 to 1,024 ids | |
//! | after a failure | 1 s, doubling up to 30 s | |
//!
//! # What is trusted
//!
//! Whoever can change the keys can be everybody. So both addresses have to be https
//! ([`insecure_http`](RemoteKeysBuilder::insecure_http) apart), no redirect is followed, the `issuer` in the metadata has
//! to be the one that was asked for, to the byte, and what a token itself points at (`jku`, `x5u`) is never fetched.
//!
//! In a set, a key that is of no use (another algorithm, for encryption, weak, broken, private, a shared secret, or one of
//! two with the same id) is left out with a warning in the log, and the others are used. A set in which none is left is a
//! failed fetch, and the keys at hand stay in use.
//!
//! An issuer should publish a key before it signs with it, as long before as its answers may be cached. One that does
//! not is covered too, once in a cool-down.

mod builder;
mod error;
mod fetch;
mod flight;
mod freshness;
mod https;
mod keys;
mod load;
mod schedule;
mod set;
mod shared;
mod unknown;
mod url;

pub(super) use self::keys::Snapshot;
pub use self::{
    builder::RemoteKeysBuilder,
    error::{RemoteConfigError, RemoteError},
    fetch::{Fetch, Fetching},
    keys::RemoteKeys,
};
pub(crate) use self::{
    https::{HttpsClient, Incoming},
    url::Schemes,
};
