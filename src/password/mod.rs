//! Passwords: what one may be, how it is hashed, and the proof that it was right.
//!
//! Hashes are Argon2id (RFC 9106) in PHC strings. Hashing costs memory and time on purpose, so a server must not do
//! more of it at once than it has cores for: [`HashPool`] has a fixed number of threads, each with memory that it
//! uses again and again, and a bounded queue before them. Whoever finds the queue full is told so at once.
//!
//! A secret that is kept apart from the database can go into every hash: see [`Peppers`].
//!
//! A new password has to meet a [`PasswordPolicy`]: long enough, not common, not made of the user's own words, not easy
//! to guess.
//!
//! ```
//! use portcullis::password::{HashPool, HashPoolSettings, OwnWords, Password, PasswordPolicy, Verdict};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pool = HashPool::start(HashPoolSettings::default())?;
//! let password = Password::parse("correct horse battery staple")?;
//! let new = PasswordPolicy::default().accept(password.clone(), &OwnWords::default(), &pool).await?;
//!
//! let stored = pool.hash(new.into_password()).await?;
//! assert_eq!(pool.verify(password, Some(stored)).await?, Verdict::Match { needs_rehash: false });
//! # Ok(())
//! # }
//! ```

mod arena;
mod breach;
mod change;
mod common;
mod error;
#[cfg(feature = "import")]
mod foreign;
mod forgot;
mod hash;
mod hasher;
mod new;
mod params;
mod pepper;
mod phc;
mod plain;
mod policy;
mod pool;
mod proof;
mod reset;
mod stored;
mod strength;

pub use self::{
    breach::{BreachFile, BreachLookup},
    change::PasswordRenewed,
    error::{HashError, PasswordProblem},
    forgot::Forgetful,
    hash::{PasswordHash, hash_password, verify_password},
    hasher::Verdict,
    params::{Argon2Params, Argon2ParamsError},
    pepper::{PEPPER_ID_MAX, Pepper, PepperError, Peppers},
    plain::{PASSWORD_MAX, Password},
    policy::{MIN_LENGTH_FLOOR, MinLengthTooLow, NewPassword, PasswordPolicy, PasswordPreset, PolicyError},
    pool::{HashPool, HashPoolSettings},
    proof::PasswordVerified,
    strength::{OwnWords, Pattern, Rating, Strength},
};
