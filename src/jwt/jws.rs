//! The signed envelope, whatever is in it: compact JWS (RFC 7515), checked against one key.

use super::{
    TokenError,
    TokenErrorKind::{BadSignature, Malformed, TooLarge, WrongAlgorithm},
    VerifyingKey,
    header::Header,
    strict,
};

/// The longest token that is looked at unless told otherwise, in bytes.
pub const DEFAULT_MAX_SIZE: usize = 8 * 1024;

/// The payload of a compact JWS that this key has signed.
///
/// This is the bare check of the envelope: size, shape, header and signature. It looks neither at `kid` and `typ` nor
/// into the payload, which need not even be JSON. What it accepts is therefore **not** an access token; use
/// [`JwtVerifier`](super::JwtVerifier) for those.
///
/// # Errors
///
/// [`TokenError`] if the text is longer than [`DEFAULT_MAX_SIZE`], is not a compact JWS in canonical encoding, has a
/// header that is never accepted or that names another algorithm than the key's, or was not signed by this key.
pub fn verify(token: &str, key: &VerifyingKey) -> Result<Vec<u8>, TokenError> {
    let token = Compact::split(token, DEFAULT_MAX_SIZE)?;
    if !Header::read(&token.header()?)?.names(key.algorithm()) {
        return Err(WrongAlgorithm.into());
    }
    token.check(key)?;
    token.payload()
}

/// A token in its three segments, none of them decoded yet.
pub(super) struct Compact<'t> {
    header: &'t str,
    payload: &'t str,
    signature: &'t str,
    signed: &'t str,
}

impl<'t> Compact<'t> {
    pub(super) fn split(token: &'t str, max_size: usize) -> Result<Self, TokenError> {
        if token.len() > max_size {
            return Err(TooLarge.into());
        }
        Self::segments(token).ok_or_else(|| Malformed.into())
    }

    fn segments(token: &'t str) -> Option<Self> {
        let mut dots = memchr::memchr_iter(b'.', token.as_bytes());
        let (first, second) = (dots.next()?, dots.next()?);
        if dots.next().is_some() {
            return None;
        }
        Some(Self {
            header: token.get(..first)?,
            payload: token.get(first + 1..second)?,
            signature: token.get(second + 1..)?,
            signed: token.get(..second)?,
        })
    }

    pub(super) fn header(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.header)
    }

    /// To be called only once the signature was found good, or by one who does not take what it says for true.
    pub(super) fn payload(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.payload)
    }

    /// Whether the header is, byte for byte, the one that tokens of this key get when they are signed here.
    pub(super) fn has_header_of(&self, key: &VerifyingKey) -> bool {
        self.header == key.header()
    }

    pub(super) fn check(&self, key: &VerifyingKey) -> Result<(), TokenError> {
        if !key.has_signed(self.signed.as_bytes(), &decode(self.signature)?) {
            return Err(BadSignature.into());
        }
        Ok(())
    }
}

fn decode(segment: &str) -> Result<Vec<u8>, TokenError> {
    strict::decode(segment).ok_or_else(|| Malformed.into())
}
