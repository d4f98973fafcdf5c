//! The URI that an authenticator app reads from a QR code.

use super::{TOTP_DIGITS, TOTP_PERIOD, TotpSecret};

/// The `otpauth:` URI of this secret, in the form that Google Authenticator defined and every app reads. The app shows the
/// issuer, the name of the service, and the account, an e-mail address.
///
/// A colon separates the two, so those in the issuer's name become blanks.
#[must_use]
pub fn totp_provisioning_uri(secret: &TotpSecret, issuer: &str, account: &str) -> String {
    let issuer = escaped(&issuer.replace(':', " "));
    format!(
        "otpauth://totp/{issuer}:{}?secret={}&issuer={issuer}&algorithm=SHA1&digits={TOTP_DIGITS}&period={}",
        escaped(account),
        *secret.to_base32(),
        TOTP_PERIOD.as_secs(),
    )
}

/// Everything but unreserved characters percent-encoded (RFC 3986 section 2). Apps do not agree on what `+` means.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_their_place() {
        let secret = TotpSecret::from_bytes([0; 20]);
        assert_eq!(
            totp_provisioning_uri(&secret, "Ada & Söhne: Notes", "a+b?secret=x@example.com"),
            "otpauth://totp/Ada%20%26%20S%C3%B6hne%20%20Notes:a%2Bb%3Fsecret%3Dx%40example.com\
             ?secret=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&issuer=Ada%20%26%20S%C3%B6hne%20%20Notes\
             &algorithm=SHA1&digits=6&period=30"
        );
    }
}
