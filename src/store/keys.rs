//! What is kept of the keys that sign tokens.

use crate::{clock::Timestamp, secret::Sealed};

/// A signing key as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// The key's id, in the header of every token it signs.
    pub kid: String,
    /// Its one algorithm, by its JOSE name.
    pub algorithm: String,
    /// The private key, sealed under the data key; nothing once it is retired.
    pub sealed: Sealed,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it begins to sign.
    pub signs_from: Timestamp,
    /// When its tokens stopped being good, on the operator's word.
    pub retired_at: Option<Timestamp>,
}
