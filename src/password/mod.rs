//! Passwords: what one may be, how it is hashed, and the proof that it was right.
//!
//! Hashes are Argon2id (RFC 9106) in PHC strings. Hashing costs memory and time on purpose, so a server must not do
//! more of it at once than it has cores for: [`HashPool`] has a fixed number of threads, each with memory that it
//! uses again and again, and a bounded queue before them. Whoever finds the queue full is told so at once.
//!
//! ```
//! use portcullis::password::{HashPool, HashPoolSettings, Password, PasswordPolicy, Verdict};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pool = HashPool::start(HashPoolSettings::default())?;
//! let password = Password::parse("correct horse battery staple")?;
//! assert!(PasswordPolicy::default().accept(password.clone()).is_ok());
//!
//! let stored = pool.hash(password.clone()).await?;
//! assert_eq!(pool.verify(password, Some(stored)).await?, Verdict::Match { needs_rehash: false });
//! # Ok(())
//! # }
//! ```

mod arena;
mod change;
mod error;
mod forgot;
mod hash;
mod hasher;
mod params;
mod phc;
mod plain;
mod policy;
mod pool;
mod proof;
mod reset;

pub use self::{
    error::{HashError, PasswordProblem},
    forgot::Forgetful,
    hash::{PasswordHash, hash_password, verify_password},
    hasher::Verdict,
    params::{Argon2Params, Argon2ParamsError},
    plain::{PASSWORD_MAX, Password},
    policy::{MIN_LENGTH_FLOOR, MinLengthTooLow, NewPassword, PasswordPolicy},
    pool::{HashPool, HashPoolSettings},
    proof::PasswordVerified,
};
