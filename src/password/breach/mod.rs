//! Passwords that are known from breaches, asked for without giving the password away.

mod file;

use std::{error::Error, fmt, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokio::time::timeout;

pub use self::file::BreachFile;
use super::Password;
use crate::secret::hex;

/// How many hexadecimal digits of a password's SHA-1 are shown to whoever is asked. One password in a million
/// begins like another.
const SHOWN: usize = 5;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Who knows which passwords are known from breaches: in the manner of the range look-up of Pwned Passwords, where
/// whoever is asked learns five digits of a hash and not the password.
///
/// An implementation over the network is one request; [`BreachFile`] needs none. If a look-up fails or takes more than
/// three seconds, that is logged and the password passes: nobody is to be kept from changing a password by an outage
/// elsewhere.
///
/// ```
/// use portcullis::password::{BreachLookup, PasswordPolicy};
///
/// #[derive(Debug)]
/// struct Mirror;
///
/// #[async_trait::async_trait]
/// impl BreachLookup for Mirror {
///     async fn range(&self, beginning: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
///         // GET https://breaches.example/range/{beginning}
///         # let _ = beginning;
///         Ok("003D68EB55068C33ACE09247EE4C639306B:3\r\n".into())
///     }
/// }
///
/// let policy = PasswordPolicy::default().with_breaches(Mirror);
/// ```
#[async_trait]
pub trait BreachLookup: fmt::Debug + Send + Sync + 'static {
    /// The known hashes that begin with these five hexadecimal digits, in capitals: a line for each, with the other 35
    /// digits of its SHA-1, a colon, and how often it was seen. A count of 0 marks a line that only pads the answer.
    async fn range(&self, beginning: &str) -> Result<String, Box<dyn Error + Send + Sync>>;
}

/// Whether this password is known from a breach. `false` if that cannot be told.
pub(super) async fn knows(lookup: &dyn BreachLookup, password: &Password) -> bool {
    let hash = hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.expose().as_bytes()).as_ref()).to_ascii_uppercase();
    let (shown, kept) = hash.split_at(SHOWN);
    let error = match timeout(PATIENCE, lookup.range(shown)).await {
        Ok(Ok(range)) => return holds(&range, kept),
        Ok(Err(error)) => error.to_string(),
        Err(elapsed) => elapsed.to_string(),
    };
    tracing::warn!(error, "no breach look-up could be made for a new password; it was taken without");
    false
}

fn holds(range: &str, ending: &str) -> bool {
    range
        .lines()
        .filter_map(|line| line.trim_end().split_once(':'))
        .any(|(known, count)| known.eq_ignore_ascii_case(ending) && count != "0")
}
