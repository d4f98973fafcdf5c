//! Making an account with a passkey and no password.

use serde::{Deserialize, Serialize};

use super::{
    Ceremony, CeremonyStart, KeyAnswer, PasskeyId, PasskeyKind, PasskeyLogin, PasskeyName, Question, Registering,
    UserHandle, challenge::Bound, register::wrong_answer,
};
use crate::{
    account::{Accounts, Email, Login, Registered, User, UserId, Username},
    audit::{Event, EventKind},
    clock::Timestamp,
    error::Error,
    recovery::RecoveryCodes,
    session::{Device, Start},
    store::{NewPasskeyUser, NewUser},
};

/// What a passkey is called whose user was not asked.
const FIRST_NAME: &str = "Passkey";

/// Who asks for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// The user name.
    pub username: Username,
    /// The e-mail address.
    pub email: Email,
}

/// What someone is told who has registered with a passkey.
#[derive(Clone, Debug)]
pub struct PasskeyAccount {
    /// What they asked for.
    pub registered: Registered,
    /// Their first session. `None` where the address has to be confirmed first, whether or not an account was made, and
    /// where an administrator has to let them in.
    pub login: Option<Login>,
    /// The recovery codes, to be shown once. They count once the user has set a password.
    pub recovery_codes: RecoveryCodes,
}

/// What is remembered until the authenticator has answered.
#[derive(Serialize, Deserialize)]
struct Pending {
    username: String,
    email: String,
    handle: [u8; 16],
    state: String,
}

const BOUND: Bound = Bound { ceremony: Ceremony::NewAccount, user: None, session: None };

impl Accounts {
    /// Begins to make an account for someone who asks for one themselves and wants no password. Nothing is made before the
    /// authenticator has answered.
    ///
    /// # Errors
    ///
    /// - [`Error::RegistrationClosed`] if nobody may, or the setting `passkey_registration` is off.
    /// - [`Error::NotFound`] where WebAuthn is off.
    /// - [`Error::InvalidFields`] for a name that is kept back.
    /// - [`Error::UsernameTaken`], and [`Error::EmailTaken`] unless addresses have to be confirmed.
    /// - [`Error::TooManyAttempts`] if too many were asked for from this network.
    pub async fn start_passkey_account(&self, new: NewAccount, device: &Device) -> Result<CeremonyStart, Error> {
        let relying_party = self.relying_party()?;
        self.may_register_with_passkey()?;
        let NewAccount { username, email } = new;
        if username.is_reserved() {
            return Err(Error::field("username", "invalid_username"));
        }
        self.count_registration(device).await?;
        if self.store().is_username_used(&username).await? {
            return Err(Error::UsernameTaken);
        }
        if !self.config().require_verified_email && self.store().user_by_email(&email).await?.is_some() {
            return Err(Error::EmailTaken);
        }
        let handle = UserHandle::generate()?;
        let who = Registering { handle, username: username.as_str(), name: "" };
        let Question { options, state } = relying_party.register(PasskeyKind::Passkey, who, &[])?;
        let (username, email) = (username.as_str().to_owned(), email.as_str().to_owned());
        let pending = Pending { username, email, handle: handle.to_bytes(), state };
        let state = serde_json::to_string(&pending).map_err(Error::internal)?;
        self.begin_ceremony(BOUND, Question { options, state }, device).await
    }

    /// Makes the account, with the passkey that answered, mails a link by which the address is confirmed, and logs in.
    ///
    /// Where an administrator has to let them in first, nobody is logged in. Where
    /// [`require_verified_email`](crate::config::Config::require_verified_email) is set nobody is either, and an address
    /// that has an account gets the same answer: no account is made, and its owner gets a mail that says so.
    ///
    /// # Errors
    ///
    /// - [`Error::FlowInvalid`] if no such account was asked for, or it was answered before.
    /// - [`Error::InvalidFields`], naming `webauthn_response`, if the answer is wrong or the passkey is someone's already.
    /// - [`Error::UsernameTaken`] and [`Error::EmailTaken`] as at the start, if they have been taken meanwhile.
    pub async fn finish_passkey_account(&self, answer: &KeyAnswer, device: &Device) -> Result<PasskeyAccount, Error> {
        let relying_party = self.relying_party()?;
        let challenge = self.take_challenge(&answer.flow, BOUND).await?.ok_or(Error::FlowInvalid)?;
        self.may_register_with_passkey()?;
        let pending: Pending = serde_json::from_str(&challenge.state).map_err(Error::internal)?;
        let key = relying_party.registered(&pending.state, &answer.response).map_err(wrong_answer)?;
        let now = self.now();
        let user = pending.user(now).ok_or_else(|| Error::internal("no name of ours"))?;
        let handle = UserHandle::from_bytes(&pending.handle).ok_or_else(|| Error::internal("no handle of ours"))?;
        let name = PasskeyName::parse(FIRST_NAME).ok_or_else(|| Error::internal("no name of a key"))?;
        let passkey = key.of(user.id, name, now);
        let recovery_codes = RecoveryCodes::generate()?;
        let hashes = recovery_codes.hashes(user.id, &self.inner().recovery_key);
        let event = Event::new(EventKind::UserRegistered, now, device).user(user.id).amr(["hwk"]);
        let registered = Registered { username: user.username.clone(), email: user.email.clone() };
        let (id, key) = (user.id, passkey.id);
        let user = NewUser { user, password: None, must_change_password: false, pending: false };
        let user = self.as_newcomer(user);
        let waits = user.pending || self.config().require_verified_email;
        let new = NewPasskeyUser { user, handle, passkey, recovery_codes: hashes };
        if !self.store().register_passkey_user(&new, self.config().require_verified_email, &event).await? {
            return Err(Error::field("webauthn_response", "invalid_response"));
        }
        self.inner().mail.wake();
        let login = if waits { None } else { Some(self.log_in_new(id, key, device).await?) };
        Ok(PasskeyAccount { registered, login, recovery_codes })
    }

    async fn log_in_new(&self, user: UserId, key: PasskeyId, device: &Device) -> Result<Login, Error> {
        let record = self.store().user(user).await?.ok_or(Error::InvalidCredentials)?;
        let shown = PasskeyLogin::of_new(record, key, self.now());
        let start = Start::Login { remember: false };
        self.enter_with_passkey(shown, &start, device).await?.ok_or(Error::InvalidCredentials)
    }

    fn may_register_with_passkey(&self) -> Result<(), Error> {
        self.may_register()?;
        if self.config().passkey_registration { Ok(()) } else { Err(Error::RegistrationClosed) }
    }
}

impl Pending {
    fn user(&self, now: Timestamp) -> Option<User> {
        Some(User::made(now, Username::parse(&self.username)?, Email::parse(&self.email)?))
    }
}
