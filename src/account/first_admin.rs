//! The first administrator: made by whoever has the link that the server gives out while there is none.

use std::time::Duration;

use super::{Accounts, Registration, User};
use crate::{
    access::ADMIN,
    audit::{Event, EventKind},
    error::Error,
    one_time::OneTimeToken,
    session::Device,
};

/// How long such a link is good.
pub const FIRST_ADMIN_LIFETIME: Duration = Duration::from_hours(1);

impl Accounts {
    /// A token with which the first administrator can be [made](Self::make_first_admin), for an hour; `None` if there is
    /// an administrator. It is for the operator's eyes alone: whoever has it can have the service.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn offer_first_admin(&self) -> Result<Option<OneTimeToken>, Error> {
        let token = OneTimeToken::generate()?;
        let offered = self.store().offer_first_admin(&token.hash(), self.now() + FIRST_ADMIN_LIFETIME).await?;
        Ok(offered.then_some(token))
    }

    /// The page of [`public_url`](crate::config::Config::public_url) that takes such a token.
    #[must_use]
    pub fn first_admin_link(&self, token: &OneTimeToken) -> String {
        format!("{}/first-admin?token={}", self.config().public_url, token.expose())
    }

    /// Whether such a token is good now. It is not spent by asking.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn is_first_admin_offered(&self, token: &OneTimeToken) -> Result<bool, Error> {
        Ok(self.store().is_first_admin_offered(&token.hash(), self.now()).await?)
    }

    /// Makes the first administrator. Any name will do, and the address counts as confirmed where that is asked for. They
    /// log in as everyone does.
    ///
    /// # Errors
    ///
    /// - [`Error::TokenInvalid`] if the token is not good, or no longer, as there is an administrator.
    /// - [`Error::InvalidFields`] with the password's codes if it is guessed too easily.
    /// - [`Error::UsernameTaken`] and [`Error::EmailTaken`]. The token stays good.
    /// - [`Error::Overloaded`] if too many passwords wait to be hashed.
    pub async fn make_first_admin(
        &self,
        token: &OneTimeToken,
        registration: Registration,
        device: &Device,
    ) -> Result<User, Error> {
        // Before anything is hashed: strangers are not to have that for nothing.
        if !self.is_first_admin_offered(token).await? {
            return Err(Error::TokenInvalid);
        }
        let mut new = self.new_user(registration, vec![ADMIN.to_owned()]).await?;
        new.user.email_verified_at = self.config().require_verified_email.then_some(new.user.created_at);
        let event = Event::new(EventKind::FirstAdminMade, self.now(), device).user(new.user.id);
        if self.store().make_first_admin(&token.hash(), &new, &event).await? {
            Ok(new.user)
        } else {
            Err(Error::TokenInvalid)
        }
    }
}
