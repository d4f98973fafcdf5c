//! Making keys, listing and deleting them: by their owners, in person.

use std::time::Duration;

use super::{ApiKey, ApiKeyId, PlainApiKey};
use crate::{
    access::{is_scope, may_grant},
    account::{Accounts, Caller, UserId},
    audit::EventKind,
    error::{Error, FieldError},
    principal::Scopes,
    revocation::{Revocation, Target},
    session::Device,
    store::{ApiKeyMade, NewApiKey},
};

/// The longest name of a key, in characters.
pub const API_KEY_NAME_MAX: usize = 64;

/// How many scopes a key may have.
pub const API_KEY_SCOPES_MAX: usize = 32;

/// The shortest time that a key may be good for.
pub const API_KEY_LIFETIME_MIN: Duration = Duration::from_mins(1);

/// The longest, and how long one is good for unless less is asked for: a year.
pub const API_KEY_LIFETIME_MAX: Duration = Duration::from_hours(365 * 24);

/// A key about to be made, with every field as it must be.
#[derive(Clone, Debug)]
pub struct NewKey {
    name: String,
    scopes: Scopes,
    lifetime: Duration,
}

impl NewKey {
    /// Checks what someone asked for, naming every field that is not as it must be. The name is 1 to 64 characters on one
    /// line; there are 1 to 32 scopes; it is good for a minute to a year, a year unless told.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidFields`] with `invalid_name`, `invalid_scope` or `invalid_expires_in`.
    pub fn parse(name: &str, scopes: Scopes, lifetime: Option<Duration>) -> Result<Self, Error> {
        let name = name.trim();
        let lifetime = lifetime.unwrap_or(API_KEY_LIFETIME_MAX);
        let is_name = (1..=API_KEY_NAME_MAX).contains(&name.chars().count()) && !name.contains(char::is_control);
        let are_scopes = (1..=API_KEY_SCOPES_MAX).contains(&scopes.iter().count()) && scopes.iter().all(is_scope);
        let is_lifetime = (API_KEY_LIFETIME_MIN..=API_KEY_LIFETIME_MAX).contains(&lifetime);
        let checks = [
            (is_name, FieldError { field: "name", code: "invalid_name" }),
            (are_scopes, FieldError { field: "scopes", code: "invalid_scope" }),
            (is_lifetime, FieldError { field: "expires_in", code: "invalid_expires_in" }),
        ];
        let errors: Vec<_> = checks.into_iter().filter_map(|(is_good, error)| (!is_good).then_some(error)).collect();
        if errors.is_empty() {
            Ok(Self { name: name.to_owned(), scopes, lifetime })
        } else {
            Err(Error::InvalidFields(errors))
        }
    }
}

impl Accounts {
    /// The caller's keys, the newest first: at most `limit` of them, from behind `after` on.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn api_keys(&self, caller: Caller, after: Option<ApiKeyId>, limit: u32) -> Result<Vec<ApiKey>, Error> {
        Ok(self.store().api_keys_of(caller.user, self.now(), after, limit).await?)
    }

    /// One of the caller's keys.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none, or it is not theirs.
    pub async fn api_key(&self, caller: Caller, id: ApiKeyId) -> Result<ApiKey, Error> {
        let key = self.store().api_key(id, self.now()).await?.map(|owned| owned.key);
        key.filter(|key| key.owner == caller.user).ok_or(Error::NotFound)
    }

    /// Makes a key for a caller who may do what `held` says. Its text is in the answer and nowhere else.
    ///
    /// # Errors
    ///
    /// - [`Error::ScopeLacking`] if it is to do what the caller may not.
    /// - [`Error::TooManyApiKeys`] if the caller has as many as they may have.
    /// - [`Error::SessionEnded`] if the session is gone, or the caller called from none.
    pub async fn create_api_key(
        &self,
        caller: Caller,
        held: &Scopes,
        new: NewKey,
        device: &Device,
    ) -> Result<(ApiKey, PlainApiKey), Error> {
        may_grant(held, &new.scopes)?;
        let session = caller.session.ok_or(Error::SessionEnded)?;
        let now = self.now();
        let plain = PlainApiKey::generate(ApiKeyId::new(now))?;
        let key = ApiKey {
            id: plain.id(),
            owner: caller.user,
            name: new.name,
            scopes: new.scopes,
            created_at: now,
            expires_at: now + new.lifetime,
            last_used_at: None,
        };
        let event = self.event_of(EventKind::ApiKeyCreated, caller, device).about(key.id);
        let new = NewApiKey { key, hash: plain.hash(), session, cap: self.config().api_key_cap.get() };
        match self.store().create_api_key(&new, &event).await? {
            ApiKeyMade::Made => Ok((new.key, plain)),
            ApiKeyMade::TooMany => Err(Error::TooManyApiKeys),
            ApiKeyMade::SessionEnded => Err(Error::SessionEnded),
        }
    }

    /// Deletes a key of the caller's. It is refused from the next request on.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none, or it is not theirs.
    pub async fn delete_api_key(&self, caller: Caller, id: ApiKeyId, device: &Device) -> Result<(), Error> {
        let event = self.event_of(EventKind::ApiKeyDeleted, caller, device).about(id);
        let accounts = self.clone();
        Self::to_the_end(async move {
            let (target, until) = (Target::Session(id.to_string()), accounts.tokens_expired_by());
            let revocation = Revocation { target: target.clone(), until };
            if !accounts.store().delete_api_key(caller.user, id, &revocation, &event).await? {
                return Err(Error::NotFound);
            }
            accounts.revoke(target, until);
            Ok(())
        })
        .await
    }

    /// Deletes every key of a user, and answers how many there were. They are refused from the next request on.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn end_api_keys(&self, user: UserId, device: &Device) -> Result<usize, Error> {
        let event = self.done_by(None, EventKind::ApiKeyDeleted, device).user(user);
        let accounts = self.clone();
        Self::to_the_end(async move {
            let until = accounts.tokens_expired_by();
            let ended = accounts.store().delete_api_keys(user, until, &event).await?;
            for id in &ended {
                accounts.revoke(Target::Session(id.to_string()), until);
            }
            Ok(ended.len())
        })
        .await
    }
}
