//! Keys: one algorithm each, judged when they are loaded, so that no weak one is ever used.

mod error;
mod jwk;
mod pem;
mod public;
mod ring;
mod rsa;
mod signing;
mod verifying;

pub use self::{error::KeyError, ring::KeyRing, signing::SigningKey, verifying::VerifyingKey};
