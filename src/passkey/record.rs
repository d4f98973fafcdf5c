//! What is remembered of keys, and of challenges that wait for one.

use std::fmt;

use uuid::Uuid;

use crate::{
    account::{UserId, time_ordered_uuid},
    clock::Timestamp,
    secret::{RandomUnavailable, random_bytes},
    session::SessionId,
};

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PasskeyKind {
    /// A whole login: the authenticator remembers the account, and makes sure who holds it.
    Passkey,
    /// A second factor beside a password: it need do neither.
    SecurityKey,
}

impl PasskeyKind {
    /// The kind's stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::SecurityKey => "security_key",
        }
    }

    /// What people call one of this kind.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Passkey => "a passkey",
            Self::SecurityKey => "a security key",
        }
    }

    /// The kind with this stable name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Passkey, Self::SecurityKey].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// The id of a key in this service. The authenticator's own id for it is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PasskeyId(pub Uuid);

impl PasskeyId {
    /// A new id, made now.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(time_ordered_uuid(now))
    }

    /// Reads the id from a path.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for PasskeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// What authenticators know a user by: 122 random bits that say nothing of the account (WebAuthn section 14.6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserHandle(Uuid);

impl UserHandle {
    /// A new one, from the system's random source.
    ///
    /// # Errors
    ///
    /// [`RandomUnavailable`] if the system has no randomness to give.
    pub fn generate() -> Result<Self, RandomUnavailable> {
        Ok(Self(uuid::Builder::from_random_bytes(random_bytes()?).into_uuid()))
    }

    /// The handle with these bytes; `None` if it could not be one of ours.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Uuid::from_slice(bytes).ok().map(Self)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    #[cfg(feature = "webauthn")]
    pub(super) const fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }

    #[cfg(feature = "webauthn")]
    pub(super) const fn uuid(self) -> Uuid {
        self.0
    }
}

/// The longest name of a key, in characters.
pub const PASSKEY_NAME_MAX: usize = 64;

/// What a user calls a key: 1 to 64 characters, none of them a control character.
///
/// ```
/// use portcullis::passkey::PasskeyName;
///
/// assert_eq!(PasskeyName::parse(" Ada's phone ").unwrap().as_str(), "Ada's phone");
/// assert!(PasskeyName::parse(" ").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyName(String);

impl PasskeyName {
    /// Reads a name, without the blanks around it; `None` if it breaks the rules above.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let name = typed.trim();
        let fits = (1..=PASSKEY_NAME_MAX).contains(&name.chars().count()) && !name.contains(char::is_control);
        fits.then(|| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key of a user: the public half of what their authenticator keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// Its id in this service.
    pub id: PasskeyId,
    /// Whose it is.
    pub user: UserId,
    /// What it is for.
    pub kind: PasskeyKind,
    /// What its user calls it.
    pub name: PasskeyName,
    /// The authenticator's own id for it, at most 1023 bytes.
    pub credential_id: Vec<u8>,
    /// The public key, and what was asked when it was registered, in JSON.
    pub public_key: String,
    /// How often the authenticator says it has signed; 0 for those that do not count.
    pub sign_count: u32,
    /// Whether it may leave its device, as synced passkeys do. It cannot change.
    pub backup_eligible: bool,
    /// Whether it has left it, when last seen.
    pub backed_up: bool,
    /// How the authenticator is reached: `usb`, `nfc`, `ble`, `internal`, `hybrid`.
    pub transports: Vec<String>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last used, if it was.
    pub last_used_at: Option<Timestamp>,
}

/// What a challenge is given out for. It is good for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ceremony {
    /// A user who is logged in adds a key.
    Registration,
    /// Someone makes an account with a passkey and no password.
    NewAccount,
    /// Someone, nobody knows yet who, logs in with a passkey.
    Login,
    /// A login waits for its second factor.
    SecondFactor,
    /// A user who is logged in shows again who they are.
    Reauthentication,
}

impl Ceremony {
    const ALL: [Self; 5] =
        [Self::Registration, Self::NewAccount, Self::Login, Self::SecondFactor, Self::Reauthentication];

    /// The ceremony's stable name, as the store keeps it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::NewAccount => "new_account",
            Self::Login => "login",
            Self::SecondFactor => "second_factor",
            Self::Reauthentication => "reauthentication",
        }
    }

    /// The ceremony with this stable name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ceremony| ceremony.as_str() == name)
    }
}

/// A challenge that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// What it is for.
    pub ceremony: Ceremony,
    /// Who was asked, where that is known.
    pub user: Option<UserId>,
    /// The session they were asked in, where there is one.
    pub session: Option<SessionId>,
    /// The challenge, and what its answer must be like, in JSON.
    pub state: String,
    /// When it ends.
    pub expires_at: Timestamp,
}
