//! PEM (RFC 7468), as far as single keys need it.

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::KeyError;

/// One block of PEM: what it says it is, and its DER.
pub(super) struct Block<'a> {
    pub(super) label: &'a str,
    pub(super) der: Zeroizing<Vec<u8>>,
}

/// The only block in this text. What stands before and after it is not looked at.
pub(super) fn read(text: &str) -> Result<Block<'_>, KeyError> {
    block(text).ok_or(KeyError::Unsupported)
}

fn block(text: &str) -> Option<Block<'_>> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, rest) = rest.split_once("-----END ")?;
    let rest = rest.strip_prefix(label)?.strip_prefix("-----")?;
    if rest.contains("-----BEGIN ") {
        return None;
    }
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    base64.extend(body.split_ascii_whitespace());
    Some(Block { label, der: Zeroizing::new(STANDARD.decode(base64.as_bytes()).ok()?) })
}

/// The DER of a PKCS#8 private key in PEM.
pub(super) fn write_private_key(der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(STANDARD.encode(der));
    Zeroizing::new(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", base64.as_str()))
}
