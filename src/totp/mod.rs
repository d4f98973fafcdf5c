//! Codes of authenticator apps: TOTP (RFC 6238) of six digits every thirty seconds, by HMAC-SHA-1, which is what every app
//! knows.
//!
//! A code is accepted once. The step of the last one is kept with the secret and only ever rises, in the statement that
//! accepts the code, so neither the same code nor an earlier one is accepted again, whichever process is asked.
//!
//! An app is set up beside the one that is there: until the new one has shown a code, nothing changes.
//!
//! ```
//! use portcullis::{clock::Timestamp, totp::{TotpCode, TotpSecret, TotpWindow, totp_provisioning_uri, verify_totp}};
//!
//! let secret = TotpSecret::from_bytes(*b"12345678901234567890");
//! let code = TotpCode::parse("287 082").unwrap();
//! assert_eq!(verify_totp(&secret, &code, TotpWindow::One, Timestamp::from_secs(59)), Some(1));
//! assert_eq!(verify_totp(&secret, &code, TotpWindow::One, Timestamp::from_secs(120)), None);
//!
//! let uri = totp_provisioning_uri(&secret, "Notes", "ada@example.com");
//! assert!(uri.starts_with("otpauth://totp/Notes:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Notes"));
//! ```

mod code;
mod enrol;
mod proof;
mod qr;
mod secret;
mod uri;

pub use self::{
    code::{TOTP_DIGITS, TOTP_PERIOD, TotpCode, TotpWindow, verify_totp},
    enrol::{Enrolling, TotpEnrolled, TotpSetup},
    proof::TotpVerified,
    qr::qr_svg,
    secret::{TotpSecret, generate_totp_secret},
    uri::totp_provisioning_uri,
};
