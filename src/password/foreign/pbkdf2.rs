//! PBKDF2, as Django, passlib and the PHC form write it.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2::{self, Algorithm};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD},
};

use super::sized;
use crate::password::Password;

/// The most iterations that are computed: one to two seconds. Django 6 makes 1,200,000.
const ITERATIONS_MAX: u32 = 4_000_000;

pub(in crate::password) struct Pbkdf2 {
    algorithm: Algorithm,
    iterations: NonZeroU32,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Pbkdf2 {
    pub(super) fn read(text: &str) -> Option<Self> {
        Self::read_django(text).or_else(|| Self::read_modular(text))
    }

    /// `pbkdf2_sha256$600000$salt$tag`: the salt is text, the tag base64.
    fn read_django(text: &str) -> Option<Self> {
        let mut fields = text.split('$');
        let algorithm = match fields.next()? {
            "pbkdf2_sha1" => pbkdf2::PBKDF2_HMAC_SHA1,
            "pbkdf2_sha256" => pbkdf2::PBKDF2_HMAC_SHA256,
            _ => return None,
        };
        let (iterations, salt, tag) = (fields.next()?, fields.next()?, fields.next()?);
        let salt_and_tag = sized(salt.as_bytes().to_vec(), BASE64_STANDARD.decode(tag).ok()?);
        fields.next().is_none().then(|| Self::of(algorithm, iterations, salt_and_tag?))?
    }

    /// `$pbkdf2-sha256$29000$salt$tag`, where passlib writes `.` for base64's `+`, or `$i=600000,l=32$` for the
    /// iterations.
    fn read_modular(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix('$')?.split('$');
        let algorithm = match fields.next()? {
            "pbkdf2" => pbkdf2::PBKDF2_HMAC_SHA1,
            "pbkdf2-sha256" => pbkdf2::PBKDF2_HMAC_SHA256,
            "pbkdf2-sha512" => pbkdf2::PBKDF2_HMAC_SHA512,
            _ => return None,
        };
        let (costs, salt, tag) = (fields.next()?, fields.next()?, fields.next()?);
        let iterations = costs.split(',').find_map(|cost| cost.strip_prefix("i=")).unwrap_or(costs);
        let decode = |text: &str| BASE64_STANDARD_NO_PAD.decode(text.replace('.', "+")).ok();
        let salt_and_tag = sized(decode(salt)?, decode(tag)?);
        fields.next().is_none().then(|| Self::of(algorithm, iterations, salt_and_tag?))?
    }

    fn of(algorithm: Algorithm, iterations: &str, (salt, tag): (Vec<u8>, Vec<u8>)) -> Option<Self> {
        Some(Self { algorithm, iterations: iterations.parse().ok()?, salt, tag })
    }

    pub(super) const fn is_bounded(&self) -> bool {
        self.iterations.get() <= ITERATIONS_MAX
    }

    pub(super) fn matches(&self, password: &Password) -> bool {
        // It compares in constant time.
        pbkdf2::verify(self.algorithm, self.iterations, &self.salt, password.expose().as_bytes(), &self.tag).is_ok()
    }
}
