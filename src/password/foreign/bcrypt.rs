//! bcrypt, as everyone writes it, and as Django wraps it.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{
    Engine,
    alphabet::BCRYPT,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use super::are_equal;
use crate::{password::Password, secret::hex};

/// The highest cost that is computed: 2^14 rounds, about a second.
const COST_MAX: u32 = 14;

/// What bcrypt reads of a password, in bytes.
const READ: usize = 72;

const SALT_LEN: usize = 16;

/// bcrypt makes 24 bytes; everyone keeps 23.
const TAG_LEN: usize = 23;

/// How many characters the salt is written in; those of the tag follow it without a sign between.
const SALT_CHARS: usize = 22;

/// Some writers leave rubbish in the bits behind the last byte.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

pub(in crate::password) struct Bcrypt {
    cost: u32,
    salt: [u8; SALT_LEN],
    tag: Vec<u8>,
    /// It is the hash of the password's SHA-256 in hexadecimal, so that all of a long one counts.
    of_sha256: bool,
}

impl Bcrypt {
    /// `$2b$12$` with salt and tag, also as `$2a$` and `$2y$`, or that behind Django's `bcrypt_sha256$`. `$2x$` is left
    /// out: it is the mark of hashes known to be broken.
    pub(super) fn read(text: &str) -> Option<Self> {
        let unwrapped = text.strip_prefix("bcrypt_sha256$");
        let of_sha256 = unwrapped.is_some();
        let text = unwrapped.unwrap_or(text);
        let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| text.strip_prefix(prefix))?;
        let (cost, rest) = rest.split_once('$')?;
        let (salt, tag) = rest.split_at_checked(SALT_CHARS)?;
        let cost = (cost.len() == 2).then(|| cost.parse().ok())?.filter(|cost| (4..=31).contains(cost))?;
        let salt = BASE64.decode(salt).ok()?.try_into().ok()?;
        let tag = BASE64.decode(tag).ok().filter(|tag| tag.len() == TAG_LEN)?;
        Some(Self { cost, salt, tag, of_sha256 })
    }

    pub(super) const fn is_bounded(&self) -> bool {
        self.cost <= COST_MAX
    }

    /// As bcrypt has always done it, for the hash was made so: only the first 72 bytes count, and the password ends in
    /// a NUL if there is room. A password with a NUL of its own is never right: the C libraries that made these hashes
    /// took it for the end or refused it, and `a\0a` would pass for `a`.
    pub(super) fn matches(&self, password: &Password) -> bool {
        let typed = password.expose().as_bytes();
        let hexadecimal = self.of_sha256.then(|| hex(digest(&SHA256, typed).as_ref()));
        let secret = hexadecimal.as_ref().map_or(typed, |text| text.as_bytes());
        let ends = std::iter::once(0);
        let read: Zeroizing<Vec<u8>> = Zeroizing::new(secret.iter().copied().chain(ends).take(READ).collect());
        let tag = bcrypt::bcrypt(self.cost, self.salt, &read);
        are_equal(&self.tag, tag.get(..TAG_LEN).unwrap_or_default()) & !secret.contains(&0)
    }
}
