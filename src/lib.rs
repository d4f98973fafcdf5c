//! Authentication for Tower services in one crate: a [`Layer`](tower_layer::Layer) that authenticates every request,
//! and the accounts behind it.

pub mod clock;
pub mod guard;
pub mod jwt;
mod principal;
pub mod revocation;
pub mod secret;
#[cfg(feature = "testing")]
pub mod testing;

#[cfg(feature = "axum")]
pub mod axum;

#[cfg(feature = "accounts")]
pub mod access;
#[cfg(feature = "accounts")]
pub mod account;
#[cfg(feature = "accounts")]
pub mod audit;
#[cfg(feature = "accounts")]
pub mod config;
#[cfg(feature = "accounts")]
mod error;
#[cfg(all(feature = "accounts", feature = "axum"))]
pub mod http;
#[cfg(feature = "accounts")]
pub mod password;
#[cfg(feature = "accounts")]
mod portcullis;
#[cfg(feature = "accounts")]
pub mod session;
#[cfg(feature = "accounts")]
pub mod store;
#[cfg(feature = "accounts")]
pub mod throttle;
#[cfg(feature = "accounts")]
pub mod vault;

pub use self::principal::{CredentialKind, Identity, JwtUser, Principal, Scopes};
#[cfg(feature = "accounts")]
pub use self::{
    error::{Error, FieldError},
    portcullis::{BuildError, Builder, Portcullis},
};
