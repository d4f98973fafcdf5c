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
    token.check(&Header::read(&token.header()?)?, key)?;
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
        let (signed, signature) = token.rsplit_once('.').ok_or(Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Malformed)?;
        if payload.contains('.') {
            return Err(Malformed.into());
        }
        Ok(Self { header, payload, signature, signed })
    }

    pub(super) fn header(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.header)
    }

    /// To be called only once the signature was found good, or by one who does not take what it says for true.
    pub(super) fn payload(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.payload)
    }

    pub(super) fn check(&self, header: &Header<'_>, key: &VerifyingKey) -> Result<(), TokenError> {
        if !header.names(key.algorithm()) {
            return Err(WrongAlgorithm.into());
        }
        if !key.has_signed(self.signed.as_bytes(), &decode(self.signature)?) {
            return Err(BadSignature.into());
        }
        Ok(())
    }
}

fn decode(segment: &str) -> Result<Vec<u8>, TokenError> {
    strict::decode(segment).ok_or_else(|| Malformed.into())
}
