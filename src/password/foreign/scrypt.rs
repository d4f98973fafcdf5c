//! scrypt (RFC 7914), as Django and the PHC form write it.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD},
};
use scrypt::{Params, scrypt};
use zeroize::Zeroizing;

use super::{are_equal, sized};
use crate::password::Password;

/// The most memory that one hash may take, in bytes; the same as for Argon2.
const MEMORY_MAX: u64 = 256 << 20;

/// The most that `N · r · p` may come to: about a second and a half. The usual `N=2^17, r=8, p=1` is a quarter of it.
const WORK_MAX: u64 = 1 << 22;

pub(in crate::password) struct Scrypt {
    log_n: u8,
    r: u32,
    p: u32,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Scrypt {
    pub(super) fn read(text: &str) -> Option<Self> {
        let read = Self::read_django(text).or_else(|| Self::read_phc(text))?;
        (read.log_n > 0 && read.r > 0 && read.p > 0).then_some(read)
    }

    /// `scrypt$16384$salt$8$5$tag`: N, the salt as text, r, p, and the tag in base64.
    fn read_django(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix("scrypt$")?.split('$');
        let n: u64 = fields.next()?.parse().ok()?;
        let salt = fields.next()?.as_bytes().to_vec();
        let (r, p) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let (salt, tag) = sized(salt, BASE64_STANDARD.decode(fields.next()?).ok()?)?;
        let log_n = n.is_power_of_two().then(|| u8::try_from(n.ilog2()).ok())??;
        fields.next().is_none().then_some(Self { log_n, r, p, salt, tag })
    }

    /// `$scrypt$ln=17,r=8,p=1$salt$tag`, salt and tag in base64.
    fn read_phc(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix("$scrypt$")?.split('$');
        let mut costs = fields.next()?.split(',');
        let mut cost = |name: &str| costs.next()?.strip_prefix(name);
        let (log_n, r, p) = (cost("ln=")?.parse().ok()?, cost("r=")?.parse().ok()?, cost("p=")?.parse().ok()?);
        let decode = |text: &str| BASE64_STANDARD_NO_PAD.decode(text).ok();
        let (salt, tag) = sized(decode(fields.next()?)?, decode(fields.next()?)?)?;
        (costs.next().is_none() && fields.next().is_none()).then_some(Self { log_n, r, p, salt, tag })
    }

    pub(super) fn is_bounded(&self) -> bool {
        let (r, p) = (u64::from(self.r), u64::from(self.p));
        let Some(blocks) = 1_u64.checked_shl(self.log_n.into()).and_then(|n| n.checked_mul(r)) else { return false };
        blocks.saturating_mul(128) <= MEMORY_MAX && blocks.saturating_mul(p) <= WORK_MAX
    }

    pub(super) fn matches(&self, password: &Password) -> bool {
        let mut tag = Zeroizing::new(vec![0; self.tag.len()]);
        let computed = Params::new(self.log_n, self.r, self.p)
            .is_ok_and(|params| scrypt(password.expose().as_bytes(), &self.salt, &params, &mut tag).is_ok());
        computed && are_equal(&self.tag, &tag)
    }
}
