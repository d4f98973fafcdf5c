//! Making an account.

use super::{Accounts, DisplayName, Email, User, Username};
use crate::{
    audit::{Event, EventKind},
    clock::Timestamp,
    config::RegistrationPolicy,
    error::{Error, FieldError},
    password::{OwnWords, Password, PasswordHash},
    session::Device,
    store::NewUser,
    throttle::Bucket,
};

/// An account about to be made, with every field as it must be. Only how easily the password is guessed has not been
/// asked yet.
#[derive(Clone, Debug)]
pub struct Registration {
    who: Invitation,
    password: Password,
}

/// An account about to be made for someone, who sets its password by a mailed link.
#[derive(Clone, Debug)]
pub struct Invitation {
    username: Username,
    email: Email,
    name: DisplayName,
}

/// What someone is told who has registered: what they typed, whether or not an account was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The user name.
    pub username: Username,
    /// The address, which is not confirmed yet.
    pub email: Email,
}

impl Accounts {
    /// Checks what someone typed to register, naming every field that is not as it must be.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidFields`] with `invalid_username`, `invalid_email`, `invalid_name` or the password's codes.
    pub fn registration(&self, username: &str, email: &str, password: &str, name: &str) -> Result<Registration, Error> {
        match (Invitation::parse(username, email, name), self.screen_password("password", password)) {
            (Ok(who), Ok(password)) => Ok(Registration { who, password }),
            (Err(Error::InvalidFields(mut errors)), Err(Error::InvalidFields(more))) => {
                errors.extend(more);
                Err(Error::InvalidFields(errors))
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// Makes an account for someone who asks for one themselves, and mails a link by which they confirm their address. It
    /// is not logged in by that.
    ///
    /// They get the [`default_role`](crate::config::Config::default_role). Where
    /// [`registration`](crate::config::Config::registration) takes an administrator's approval, the account is disabled
    /// until one opens it, and the mail waits for that too.
    ///
    /// Where [`require_verified_email`](crate::config::Config::require_verified_email) is set, an address that has an
    /// account gets the same answer: no account is made, and its owner gets a mail that says so.
    ///
    /// # Errors
    ///
    /// - [`Error::RegistrationClosed`] if nobody may.
    /// - [`Error::InvalidFields`] with `invalid_username` for a name that is kept back, such as `admin`, and with the
    ///   password's codes if it is guessed too easily.
    /// - [`Error::UsernameTaken`], and [`Error::EmailTaken`] unless addresses have to be confirmed.
    /// - [`Error::TooManyAttempts`] if too many were asked for from this network.
    /// - [`Error::Overloaded`] if too many passwords wait to be hashed.
    pub async fn register(&self, registration: Registration, device: &Device) -> Result<Registered, Error> {
        self.may_register()?;
        if registration.who.username.is_reserved() {
            return Err(Error::field("username", "invalid_username"));
        }
        self.count_registration(device).await?;
        let new = self.as_newcomer(self.new_user(registration, Vec::new()).await?);
        let event = Event::new(EventKind::UserRegistered, new.user.created_at, device).user(new.user.id);
        self.store().register_user(&new, self.config().require_verified_email, &event).await?;
        self.inner().mail.wake();
        Ok(Registered { username: new.user.username, email: new.user.email })
    }

    pub(crate) fn may_register(&self) -> Result<(), Error> {
        match self.config().registration {
            RegistrationPolicy::Open | RegistrationPolicy::Approval => Ok(()),
            RegistrationPolicy::Closed => Err(Error::RegistrationClosed),
        }
    }

    pub(crate) async fn count_registration(&self, device: &Device) -> Result<(), Error> {
        match device.address {
            Some(address) => self.count_attempt(&[Bucket::registration(address)]).await,
            None => Ok(()),
        }
    }

    /// A user who has made their account themselves: with the role that everyone has, and shut where somebody is to let
    /// them in.
    pub(crate) fn as_newcomer(&self, mut new: NewUser) -> NewUser {
        new.user.roles = self.config().default_role.iter().map(ToString::to_string).collect();
        if self.config().registration == RegistrationPolicy::Approval {
            new.pending = true;
            new.user.disabled_at = Some(new.user.created_at);
        }
        new
    }

    /// Makes an account on the operator's word: whatever the registration policy, any name, with these roles.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register), but for the policy and the kept-back names.
    pub async fn create_user(
        &self,
        registration: Registration,
        roles: Vec<String>,
        device: &Device,
    ) -> Result<User, Error> {
        let event = Event::new(EventKind::UserRegistered, self.now(), device);
        self.make_user(registration, roles, false, event).await
    }

    /// Makes an account on the operator's word for someone who sets its password by a mailed link, which is good for a week.
    ///
    /// # Errors
    ///
    /// [`Error::UsernameTaken`] and [`Error::EmailTaken`].
    pub async fn invite_user(
        &self,
        invitation: Invitation,
        roles: Vec<String>,
        device: &Device,
    ) -> Result<User, Error> {
        self.make_invited(invitation, roles, Event::new(EventKind::UserInvited, self.now(), device)).await
    }

    pub(crate) async fn make_invited(
        &self,
        invitation: Invitation,
        roles: Vec<String>,
        event: Event,
    ) -> Result<User, Error> {
        let new = invitation.into_user(None, roles, self.now());
        self.store().invite_user(&new, &event.user(new.user.id)).await?;
        self.inner().mail.wake();
        Ok(new.user)
    }

    /// Makes an account, whose password has to be changed before it opens anything if whoever chose it is someone else.
    pub(crate) async fn make_user(
        &self,
        registration: Registration,
        roles: Vec<String>,
        must_change_password: bool,
        event: Event,
    ) -> Result<User, Error> {
        let mut new = self.new_user(registration, roles).await?;
        new.must_change_password = must_change_password;
        // The operator's word is good enough to open it.
        new.user.email_verified_at = self.config().require_verified_email.then_some(new.user.created_at);
        self.store().create_user(&new, &event.user(new.user.id)).await?;
        Ok(new.user)
    }

    pub(super) async fn new_user(&self, registration: Registration, roles: Vec<String>) -> Result<NewUser, Error> {
        let Registration { who, password } = registration;
        let words = OwnWords::of(&who.username, &who.email, who.name.as_str());
        let password = self.new_password("password", password, words).await?;
        let password = self.inner().hashes.hash(password.into_password()).await?;
        Ok(who.into_user(Some(password), roles, self.now()))
    }
}

impl Invitation {
    /// Checks what someone typed to have an account made, naming every field that is not as it must be. The name to show
    /// may be empty.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidFields`] with `invalid_username`, `invalid_email` or `invalid_name`.
    pub fn parse(username: &str, email: &str, name: &str) -> Result<Self, Error> {
        let mut errors = Vec::new();
        let username = Username::parse(username).or_else(|| reject(&mut errors, "username", "invalid_username"));
        let email = Email::parse(email).or_else(|| reject(&mut errors, "email", "invalid_email"));
        let name = DisplayName::parse(name).or_else(|| reject(&mut errors, "name", "invalid_name"));
        match (username, email, name) {
            (Some(username), Some(email), Some(name)) => Ok(Self { username, email, name }),
            _ => Err(Error::InvalidFields(errors)),
        }
    }

    fn into_user(self, password: Option<PasswordHash>, roles: Vec<String>, now: Timestamp) -> NewUser {
        let name = self.name.into_string();
        let user = User { name, roles, ..User::made(now, self.username, self.email) };
        NewUser { user, password, must_change_password: false, pending: false }
    }
}

fn reject<T>(errors: &mut Vec<FieldError>, field: &'static str, code: &'static str) -> Option<T> {
    errors.push(FieldError { field, code });
    None
}
