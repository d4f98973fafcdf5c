//! Passkeys and security keys: WebAuthn (W3C Level 3), in which an authenticator signs a challenge with a key that never
//! leaves it.
//!
//! A passkey is a whole login: the authenticator remembers the account and makes sure of its holder by a fingerprint or a
//! code, which makes two factors. A security key is a second factor beside a password. Whichever kind they are, all keys
//! of an account can be its second factor.
//!
//! What is signed is checked by `webauthn-rs`. It leaves to its caller, and this room does:
//!
//! - A challenge is kept on the server, for five minutes, with what it is for and who was asked in which session. Its
//!   first answer takes it away before the answer is looked at.
//! - An answer has one reading: canonical base64url, no member twice, nothing behind its end, the origin to the letter.
//! - It was not made inside a page of another site (`crossOrigin`, `topOrigin`).
//! - The user is the one whose key it is. Where the answer names a user (`userHandle`) it has to be the same one.
//! - An authenticator's id for a key belongs to one user among all there are.
//! - Where a key counts how often it signs, its count rises with every answer, in the statement that accepts it. An answer
//!   whose count has not risen is refused and noted in the trail; the key itself goes on working for whoever has counted
//!   further.
//!
//! What authenticators are told of a user is a random handle, and no attestation is asked for: no maker is preferred, and
//! no model is told from another.
//!
//! The ceremonies need the feature `webauthn`; what is stored of keys does not, so that a build without it still asks for
//! the second factor of whoever has only a key.

#[cfg(feature = "webauthn")]
mod authenticator_data;
#[cfg(feature = "webauthn")]
mod cbor;
#[cfg(feature = "webauthn")]
mod challenge;
#[cfg(feature = "webauthn")]
mod keys;
#[cfg(feature = "webauthn")]
mod login;
#[cfg(feature = "webauthn")]
mod new_account;
#[cfg(feature = "webauthn")]
mod proof;
#[cfg(feature = "webauthn")]
mod reading;
mod record;
#[cfg(feature = "webauthn")]
mod register;
#[cfg(feature = "webauthn")]
mod relying_party;
#[cfg(feature = "webauthn")]
mod response;

pub use self::record::{
    CHALLENGES_MAX, Ceremony, Challenge, PASSKEY_NAME_MAX, PASSKEYS_MAX, Passkey, PasskeyId, PasskeyKind, PasskeyName,
    UserHandle,
};
#[cfg(feature = "webauthn")]
pub use self::{
    challenge::CeremonyStart,
    new_account::{NewAccount, PasskeyAccount},
    proof::{PasskeyLogin, PasskeyVerified},
    register::PasskeyEnrolled,
    relying_party::{Question, RegisteredKey, Registering, RelyingParty, UsedKey},
    response::{KeyAnswer, KeyResponse, Refusal},
};
