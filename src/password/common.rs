//! Passwords that everyone tries first.

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

/// How much of a password's SHA-256 is kept, in bytes.
const KEPT: usize = 8;

/// The beginning of the SHA-256 of each common password, in order. They come from the list of 19,640 that Django refuses,
/// as far as an entry is long enough for any policy; a test makes them anew from that list. Digests do what is needed
/// of them, and nobody has to read what people type.
static COMMON: &[u8] = include_bytes!("common.bin");

/// Whether this is one of the common passwords, in any case. What merely holds one is not.
pub(super) fn is_common(password: &str) -> bool {
    let lower = Zeroizing::new(password.to_lowercase());
    let (known, _) = COMMON.as_chunks::<KEPT>();
    digest(&SHA256, lower.as_bytes()).as_ref().first_chunk().is_some_and(|kept| known.binary_search(kept).is_ok())
}
