//! The one check between a first factor and a session.
//!
//! Every way to log in ends here, and opening a session takes what only this makes. So no path can forget it.

use super::User;
use crate::{clock::Timestamp, error::Error, password::PasswordVerified};

/// A first factor that was checked.
#[derive(Debug)]
#[non_exhaustive]
pub enum FirstFactor {
    /// A password.
    Password(PasswordVerified),
}

/// Proof that a user has shown all that their account asks for. Only [`assure`](Self::assure) makes one.
#[derive(Debug)]
pub struct Assured {
    user: User,
    password_version: i64,
    amr: Vec<String>,
    at: Timestamp,
}

impl Assured {
    /// Whether this first factor opens the account.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidCredentials`] if the account is disabled: a stranger cannot tell that from a wrong password.
    pub fn assure(first: FirstFactor) -> Result<Self, Error> {
        let FirstFactor::Password(verified) = first;
        if verified.user().disabled_at.is_some() {
            return Err(Error::InvalidCredentials);
        }
        let (password_version, at) = (verified.password_version(), verified.at());
        Ok(Self { user: verified.into_user(), password_version, amr: vec!["pwd".to_owned()], at })
    }

    /// Who it is.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }

    /// The version of the password that was checked.
    #[must_use]
    pub fn password_version(&self) -> i64 {
        self.password_version
    }

    /// How they showed it: RFC 8176 values.
    #[must_use]
    pub fn amr(&self) -> &[String] {
        &self.amr
    }

    /// When they did.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Gives the user back.
    #[must_use]
    pub fn into_user(self) -> User {
        self.user
    }
}
