//! Replacing a key without a gap.

use std::time::Duration;

use super::{ApiKey, ApiKeyId, PlainApiKey};
use crate::{
    account::{Accounts, Caller},
    audit::EventKind,
    error::Error,
    session::Device,
    store::{ApiKeyMade, KeyRotation, NewApiKey},
};

/// How long a key that has a successor stays good unless told: a day.
pub const API_KEY_OVERLAP: Duration = Duration::from_hours(24);

/// The shortest that it can be: an hour, within which every process has forgotten that the key was good for longer. Whoever
/// wants it to end at once deletes it.
pub const API_KEY_OVERLAP_MIN: Duration = Duration::from_hours(1);

/// The longest that it can be: a week.
pub const API_KEY_OVERLAP_MAX: Duration = Duration::from_hours(7 * 24);

impl Accounts {
    /// Makes a key that may do what this one of the caller's may, under the same name and for as long. The old one ends
    /// after `overlap`, from an hour to a week, or when it would have anyway. Meanwhile a user may have twice as many keys
    /// as [`api_key_cap`](crate::config::Config::api_key_cap) says.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidFields`] with `invalid_overlap`.
    /// - [`Error::NotFound`] if there is no such key, or it is not theirs.
    /// - [`Error::TooManyApiKeys`] if too many of their keys have successors.
    /// - [`Error::SessionEnded`] if the session is gone, or the caller called from none.
    pub async fn rotate_api_key(
        &self,
        caller: Caller,
        id: ApiKeyId,
        overlap: Duration,
        device: &Device,
    ) -> Result<(ApiKey, PlainApiKey), Error> {
        if !(API_KEY_OVERLAP_MIN..=API_KEY_OVERLAP_MAX).contains(&overlap) {
            return Err(Error::field("overlap", "invalid_overlap"));
        }
        let session = caller.session.ok_or(Error::SessionEnded)?;
        let now = self.now();
        let old = self.api_key(caller, id).await?;
        let plain = PlainApiKey::generate(ApiKeyId::new(now))?;
        let lifetime = old.expires_at.since(old.created_at);
        let key = ApiKey { id: plain.id(), created_at: now, expires_at: now + lifetime, last_used_at: None, ..old };
        let event = self.event_of(EventKind::ApiKeyRotated, caller, device).about(id);
        let cap = self.config().api_key_cap.get().saturating_mul(2);
        let new = NewApiKey { key, hash: plain.hash(), session, cap };
        let rotation = KeyRotation { new, old: id, old_until: now + overlap };
        match self.store().rotate_api_key(&rotation, &event).await? {
            None => Err(Error::NotFound),
            Some(ApiKeyMade::Made) => Ok((rotation.new.key, plain)),
            Some(ApiKeyMade::TooMany) => Err(Error::TooManyApiKeys),
            Some(ApiKeyMade::SessionEnded) => Err(Error::SessionEnded),
        }
    }
}
