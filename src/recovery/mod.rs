//! Recovery codes: what someone keeps on paper for the day their second factor is lost.
//!
//! There are ten, shown once. Each has 80 random bits and is stored as a keyed hash, under a key that the database alone
//! does not tell. A code replaces the second factor once, and only that: a password goes before it. Whoever asks for new
//! ones makes the old ones worthless in the same moment.

mod code;
mod codes;

pub use self::{
    code::{RECOVERY_CODES, RecoveryCode, RecoveryCodes, RecoveryHash},
    codes::{RECOVERY_CODES_FEW, RecoveryCodeSpent},
};
