//! The secrets of the service itself: the master key, the data key it wraps, and the signing keys sealed under that.
//!
//! The master key lives outside the database, everything else inside it, so that a stolen copy of either is worthless.
//!
//! # Signing keys rotate without a gap
//!
//! What a key does follows from the rows of the database and the time alone, so that every process on one database comes
//! to the same answer, and exactly one key signs at any moment.
//!
//! | a key is | it is in the key set and its tokens are good | it signs |
//! |---|---|---|
//! | published | from when it was made | not yet: every cached copy of the key set is to have it first, [`PUBLISHED_FOR`] |
//! | signing | yes | until the next key begins to |
//! | old | until its last token has expired, and a minute longer | no more |
//! | expired | no more, and 30 days later, when keys are rotated, it is forgotten | no more |
//! | retired | no more, at once, on the operator's word; its private part is erased | no more |
//!
//! [`SigningKeys::rotate`] publishes a key; one at a time waits for its moment. [`SigningKeys::rotate_now`] makes one that
//! signs at once, for when the one that signs is in other hands; [`SigningKeys::retire`] that one then.
//!
//! Every process looks whether the keys have changed: when PostgreSQL tells it, twice a second, and once more before it
//! refuses a token for a key that it does not know, however many such tokens come: at most ten times a second. So a key that
//! is retired elsewhere counts for half a second more at most, and a token by a new key is never refused. While the database
//! cannot be reached, the keys are those that were there last.
//!
//! # The master key
//!
//! [`rotate_master_key`] wraps the data key anew, which is one row, and replaces the file. Processes that are running hold
//! the data key and go on; the next start needs the new file, which has to be copied to every machine that starts one.
//! Copies of the database that were made before still need the old key.

mod data_key;
mod follow;
mod master_key;
mod master_rotation;
mod signing_keys;
mod standing;

pub use self::{
    data_key::DataKey,
    master_key::{MasterKeyError, MasterKeyFile},
    master_rotation::rotate_master_key,
    signing_keys::{KEY_SET_MAX_AGE, PUBLISHED_FOR, Rotation, SigningKeys},
    standing::{KeyState, KeyStatus},
};
use crate::{jwt::KeyError, secret::RandomUnavailable, store::StoreError};

/// Why the keys could not be had, or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The database's data key was wrapped by another master key.
    #[error("the master key does not open this database; use the one that it was set up with, or last rotated to")]
    WrongMasterKey,
    /// The master key was rotated by someone else at the same time.
    #[error("the master key was rotated elsewhere at the same time; nothing was changed here")]
    MasterKeyChanged,
    /// The master key's file cannot be used.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The key that signs is damaged in the database. Another one that is damaged is left out, with a warning in the log.
    #[error("the signing key `{kid}` in the database is damaged; `portcullis key rotate --now` replaces it")]
    Damaged {
        /// The key's id.
        kid: String,
    },
    /// No signing key has this id.
    #[error("there is no signing key `{kid}`")]
    UnknownKey {
        /// The id.
        kid: String,
    },
    /// The key that is to be retired is the one that signs.
    #[error("the key `{kid}` is the one that signs; let another one sign first, with `portcullis key rotate --now`")]
    StillSigning {
        /// The key's id.
        kid: String,
    },
    /// The program ended while a key was being made.
    #[error("a key was not made because the program is ending")]
    Ending,
    /// A key cannot be made, or the keys do not make a key ring.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no randomness to be had.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}
