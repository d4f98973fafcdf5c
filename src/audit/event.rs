//! One row of the trail.

use std::{fmt, net::IpAddr};

use uuid::Uuid;

use super::EventKind;
use crate::{
    account::{UserId, time_ordered_uuid},
    clock::Timestamp,
    session::{Device, SessionId},
};

/// One row of the trail. It never holds a password, token, code or key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// A UUIDv7, so that rows sort by time.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// The account it happened to, where one is known.
    pub user: Option<UserId>,
    /// The administrator who did it to that account, if one did. The operator of the machine is none.
    pub actor: Option<UserId>,
    /// The session it was done in: of the actor, else of the user. Of [`RefreshReused`](super::EventKind::RefreshReused)
    /// the one whose token came back.
    pub session: Option<SessionId>,
    /// With which factors: how whoever did it had shown who they are (RFC 8176), in that session or so far; or what they
    /// failed to show.
    pub amr: Vec<String>,
    /// What it was done to beside the account, or more about it: a role with its scopes, the id of a key or of another
    /// session, a membership, why a login failed.
    pub about: Option<String>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
    /// The `User-Agent` of the request.
    pub user_agent: Option<String>,
}

impl Event {
    /// Something that happened now, from this device, to nobody known yet.
    #[must_use]
    pub fn new(kind: EventKind, at: Timestamp, device: &Device) -> Self {
        Self {
            id: time_ordered_uuid(at),
            at,
            kind,
            user: None,
            actor: None,
            session: None,
            amr: Vec::new(),
            about: None,
            address: device.address,
            user_agent: device.user_agent.clone(),
        }
    }

    /// The same event, to this user.
    #[must_use]
    pub fn user(self, user: UserId) -> Self {
        Self { user: Some(user), ..self }
    }

    /// The same event, in this session.
    #[must_use]
    pub fn session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    /// The same event, with these factors. Where none are named, those of the session count.
    #[must_use]
    pub fn amr(self, amr: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { amr: amr.into_iter().map(Into::into).collect(), ..self }
    }

    /// The same event, done by this administrator.
    #[must_use]
    pub fn actor(self, actor: UserId) -> Self {
        Self { actor: Some(actor), ..self }
    }

    /// The same event, done to this beside the account. It must not be a secret.
    #[must_use]
    pub fn about(self, what: impl fmt::Display) -> Self {
        Self { about: Some(what.to_string()), ..self }
    }

    /// Another event that this one brings with it: at the same moment, by the same one, to the same user.
    #[must_use]
    pub fn entailing(&self, kind: EventKind) -> Self {
        Self { id: time_ordered_uuid(self.at), kind, about: None, ..self.clone() }
    }
}
