//! The shape of authenticator data (WebAuthn section 6.1): that it is all there and nothing is behind it.

use super::cbor;

/// The hash of the relying party's id, the flags and the count.
const FIXED: usize = 32 + 1 + 4;

/// Flag AT: the credential that was just made is included.
const ATTESTED: u8 = 1 << 6;

/// Flag ED: extensions are included.
const EXTENDED: u8 = 1 << 7;

/// The longest id of a credential (WebAuthn section 7.1, step 25).
pub(super) const CREDENTIAL_ID_MAX: usize = 1023;

/// Whether this is the data of an assertion, whole and nothing else.
pub(super) fn is_of_assertion(data: &[u8]) -> bool {
    let Some((flags, rest)) = split(data) else { return false };
    flags & ATTESTED == 0 && ends(flags, rest)
}

/// The id of the credential in the data of a registration, if that is whole and nothing else.
pub(super) fn registered(data: &[u8]) -> Option<&[u8]> {
    let (flags, rest) = split(data)?;
    let (_aaguid, rest) = rest.split_at_checked(16)?;
    let ([high, low], rest) = rest.split_first_chunk::<2>()?;
    let (id, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
    let rest = cbor::after_item(rest)?;
    let fits = (1..=CREDENTIAL_ID_MAX).contains(&id.len());
    (flags & ATTESTED != 0 && fits && ends(flags, rest)).then_some(id)
}

fn split(data: &[u8]) -> Option<(u8, &[u8])> {
    let (fixed, rest) = data.split_at_checked(FIXED)?;
    Some((*fixed.get(32)?, rest))
}

/// Whether nothing follows but the extensions that the flags announce.
fn ends(flags: u8, rest: &[u8]) -> bool {
    if flags & EXTENDED == 0 { rest.is_empty() } else { cbor::after_item(rest).is_some_and(<[u8]>::is_empty) }
}
