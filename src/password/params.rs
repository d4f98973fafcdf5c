//! What one hash costs.

use std::{fmt, str::FromStr};

use argon2::{KeyId, Params, ParamsBuilder};

use super::HashError;

/// The settings of equal strength that OWASP's Password Storage Cheat Sheet accepts, as memory in KiB and passes.
const OWASP: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

/// The most that one hash may cost, our own or a stored one: memory in KiB, passes, lanes.
const MOST: (u32, u32, u32) = (256 * 1024, 32, 16);

/// What one Argon2id hash costs: memory in KiB, passes over it, and lanes.
///
/// The default is `m=19456,t=2,p=1`, OWASP's minimum. Nothing weaker is taken, except one of the settings that OWASP
/// holds to be equal: `m=47104,t=1`, `m=12288,t=3`, `m=9216,t=4`, `m=7168,t=5`. Nothing above 256 MiB, 32 passes or
/// 16 lanes is taken either. Lanes are computed one after the other: on a server the other cores have other logins.
///
/// ```
/// use portcullis::password::Argon2Params;
///
/// let params: Argon2Params = "m=65536,t=3,p=1".parse().unwrap();
/// assert_eq!(params.m_kib(), 65_536);
/// assert_eq!(Argon2Params::default().to_string(), "m=19456,t=2,p=1");
/// assert!("m=19456,t=1,p=1".parse::<Argon2Params>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argon2Params(Params);

/// Why these cannot be the costs of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Argon2ParamsError {
    /// Not written as `m=19456,t=2,p=1`.
    #[error("Argon2 parameters are written m=19456,t=2,p=1")]
    Malformed,
    /// Weaker than OWASP's minimum.
    #[error("Argon2 parameters must not be weaker than m=19456,t=2,p=1 or its equals")]
    TooWeak,
    /// More than 256 MiB, 32 passes or 16 lanes, or numbers that Argon2 has no use for (RFC 9106 section 3.1).
    #[error("Argon2 parameters must stay within m=262144,t=32,p=16 and m must be at least 8 times p")]
    OutOfBounds,
}

impl Argon2Params {
    /// `m_kib` KiB of memory, `t` passes, `p` lanes.
    ///
    /// # Errors
    ///
    /// [`Argon2ParamsError::TooWeak`] or [`Argon2ParamsError::OutOfBounds`].
    pub fn new(m_kib: u32, t: u32, p: u32) -> Result<Self, Argon2ParamsError> {
        if OWASP.iter().any(|&(least_m, least_t)| m_kib >= least_m && t >= least_t) {
            Self::within_bounds(m_kib, t, p)
        } else {
            Err(Argon2ParamsError::TooWeak)
        }
    }

    /// The same, however weak: for tests that hash a lot and protect nothing.
    ///
    /// # Errors
    ///
    /// [`Argon2ParamsError::OutOfBounds`].
    #[cfg(any(test, feature = "testing"))]
    pub fn insecure_for_tests(m_kib: u32, t: u32, p: u32) -> Result<Self, Argon2ParamsError> {
        Self::within_bounds(m_kib, t, p)
    }

    fn within_bounds(m_kib: u32, t: u32, p: u32) -> Result<Self, Argon2ParamsError> {
        let params = Params::new(m_kib, t, p, None).map_err(|_| Argon2ParamsError::OutOfBounds)?;
        if is_bounded(&params) { Ok(Self(params)) } else { Err(Argon2ParamsError::OutOfBounds) }
    }

    /// Memory, in KiB.
    #[must_use]
    pub const fn m_kib(&self) -> u32 {
        self.0.m_cost()
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn t(&self) -> u32 {
        self.0.t_cost()
    }

    /// Lanes.
    #[must_use]
    pub const fn p(&self) -> u32 {
        self.0.p_cost()
    }

    pub(super) const fn as_argon2(&self) -> &Params {
        &self.0
    }

    /// The same, as a hash states them that is made with the pepper of this id.
    pub(super) fn keyed(&self, id: KeyId) -> Result<Params, HashError> {
        let mut params = ParamsBuilder::new();
        params.m_cost(self.m_kib()).t_cost(self.t()).p_cost(self.p()).keyid(id);
        params.build().map_err(|_| HashError::Abandoned)
    }
}

/// Whether a hash with these parameters costs no more than one may.
pub(super) fn is_bounded(params: &Params) -> bool {
    let (m_kib, t, p) = MOST;
    params.m_cost() <= m_kib && params.t_cost() <= t && params.p_cost() <= p
}

impl Default for Argon2Params {
    fn default() -> Self {
        Self(Params::DEFAULT)
    }
}

impl fmt::Display for Argon2Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={},t={},p={}", self.m_kib(), self.t(), self.p())
    }
}

impl FromStr for Argon2Params {
    type Err = Argon2ParamsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(',');
        let mut number = |name: &str| {
            let digits = parts.next()?.strip_prefix(name)?.strip_prefix('=')?;
            digits.bytes().all(|c| c.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let (Some(m_kib), Some(t), Some(p)) = (number("m"), number("t"), number("p")) else {
            return Err(Argon2ParamsError::Malformed);
        };
        if parts.next().is_some() { Err(Argon2ParamsError::Malformed) } else { Self::new(m_kib, t, p) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pw_7_nothing_weaker_than_owasp_is_taken() {
        assert_eq!(Argon2Params::default(), Argon2Params::new(19_456, 2, 1).unwrap());
        for (m_kib, t) in OWASP {
            assert!(Argon2Params::new(m_kib, t, 1).is_ok());
            assert_eq!(Argon2Params::new(m_kib - 1, t, 1), Err(Argon2ParamsError::TooWeak));
        }
        assert_eq!(Argon2Params::new(7_168, 4, 1), Err(Argon2ParamsError::TooWeak));
        assert_eq!(Argon2Params::new(1024, 32, 1), Err(Argon2ParamsError::TooWeak));
    }

    #[test]
    fn nothing_beyond_the_bounds_is_taken() {
        assert!(Argon2Params::new(262_144, 32, 16).is_ok());
        for (m_kib, t, p) in [(262_145, 2, 1), (19_456, 33, 1), (19_456, 2, 17), (19_456, 2, 0), (u32::MAX, 2, 1)] {
            assert_eq!(Argon2Params::new(m_kib, t, p), Err(Argon2ParamsError::OutOfBounds));
        }
        assert_eq!(Argon2Params::insecure_for_tests(8, 1, 2), Err(Argon2ParamsError::OutOfBounds));
        assert_eq!(Argon2Params::insecure_for_tests(8, 0, 1), Err(Argon2ParamsError::OutOfBounds));
    }

    #[test]
    fn parameters_are_read_in_one_form_only() {
        let params = "m=47104,t=1,p=2";
        assert_eq!(params.parse::<Argon2Params>().unwrap().to_string(), params);
        let malformed =
            ["", "m=19456", "m=19456,t=2", "m=19456,t=2,p=1,", "t=2,m=19456,p=1", "m=+19456,t=2,p=1", "m=,t=2,p=1"];
        for text in malformed {
            assert_eq!(text.parse::<Argon2Params>(), Err(Argon2ParamsError::Malformed), "{text}");
        }
    }
}
