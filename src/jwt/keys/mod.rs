//! Keys: one algorithm each, judged when they are loaded, so that no weak one is ever used.

mod error;
mod jwk;
#[cfg(feature = "accounts")]
mod live;
mod pem;
mod public;
mod ring;
mod rsa;
mod signing;
mod verifying;

#[cfg(feature = "accounts")]
pub(crate) use self::live::{Board, LiveKey, LiveKeys, Renewal, Renewing, Shown, Timetable};
pub use self::{error::KeyError, ring::KeyRing, signing::SigningKey, verifying::VerifyingKey};
