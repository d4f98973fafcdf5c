//! Tokens and keys exchanged with readers in other languages: `PyJWT`, `joserfc` and npm's `jose`; and codes with other
//! authenticators: `pyotp` and `oathtool`; and an authenticator for keys: `soft-webauthn`. `scripts/test` installs them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod keys;
mod ours;
mod peer;
mod theirs;
#[cfg(feature = "accounts")]
mod totp;
#[cfg(all(feature = "webauthn", feature = "sqlite"))]
mod webauthn;

macro_rules! with_each_peer {
    ($($peer:ident: $variant:ident),*) => {
        $(mod $peer {
            use crate::{ours, peer::Peer::$variant, theirs};

            #[test]
            fn jwt_17_reads_every_claim_of_ours() {
                ours::every_claim_is_read($variant);
            }

            #[test]
            fn jwt_17_reads_what_a_login_mints() {
                ours::what_is_minted_is_read($variant);
            }

            #[test]
            fn jwt_18_signs_with_our_private_key_and_we_with_theirs() {
                ours::private_keys_serve_both($variant);
            }

            #[test]
            fn refuses_ours_when_changed() {
                ours::changed_ones_are_refused($variant);
            }

            #[test]
            fn jwt_18_mints_what_we_accept() {
                theirs::good_ones_are_accepted($variant);
            }

            #[test]
            fn jwt_6_a_changed_bit_of_theirs_is_refused() {
                theirs::changed_bits_are_refused($variant);
            }

            #[test]
            fn jwt_10_mints_nothing_else_that_we_accept() {
                theirs::odd_ones_are_refused($variant);
            }

            #[test]
            fn jwt_1_a_public_key_of_theirs_is_no_secret() {
                theirs::confused_ones_are_refused($variant);
            }
        })*
    };
}

with_each_peer!(pyjwt: PyJwt, joserfc: Joserfc, jose: Jose);
