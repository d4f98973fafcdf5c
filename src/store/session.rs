//! What the verbs about sessions take and answer.

use std::time::Duration;

use crate::{
    access::{Membership, RoleName},
    account::{User, UserId},
    clock::Timestamp,
    passkey::PasskeyId,
    principal::Scopes,
    secret::TokenHash,
    session::{Session, SessionId},
    throttle::Bucket,
};

/// A session about to be opened, on the strength of what was checked.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session.
    pub session: Session,
    /// The generation the user had when they were checked.
    pub generation: i64,
    /// The version of the password that was checked.
    pub password_version: i64,
    /// Its first refresh token.
    pub refresh: TokenHash,
    /// The session that it takes the place of, and which has to be alive for that.
    pub replaces: Option<SessionId>,
    /// How many sessions the user may have: of more than that, those end that were not used for longest.
    pub cap: u32,
    /// Until when the tokens of a session that ends by this are revoked.
    pub revoke_until: Timestamp,
    /// The flow that led to it, which ends with that and has to be alive.
    pub flow: Option<TokenHash>,
    /// The key that it rests on in place of a password, which the user has to have still.
    pub passkey: Option<PasskeyId>,
    /// The attempts that have led to it.
    pub forgiven: Forgiven,
}

/// Counted attempts that did not fail.
#[derive(Clone, Debug, Default)]
pub struct Forgiven {
    /// The buckets that are emptied, because the one who was counted has shown who they are.
    pub cleared: Vec<Bucket>,
    /// The buckets in which one attempt is taken back.
    pub taken_back: Vec<Bucket>,
}

/// A session that was opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Its user, as they were when it was opened.
    pub user: User,
    /// What they may do.
    pub scopes: Scopes,
    /// What they are members of.
    pub memberships: Vec<Membership>,
    /// The sessions that ended by it.
    pub ended: Vec<SessionId>,
}

/// A refresh token about to be exchanged for the next one.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// Whose session it is.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// The token that was presented.
    pub presented: TokenHash,
    /// The one that follows it.
    pub next: TokenHash,
    /// When it was presented.
    pub now: Timestamp,
    /// A token that was exchanged then or later may be presented again, as long as the next one was not.
    pub spent_since: Timestamp,
    /// How long the session lives unless it is used again; never beyond its end.
    pub idle_until: Timestamp,
    /// What the access token is asked to do, where that is less than everything the user may.
    pub scope: Option<Scopes>,
    /// What exchanges of the session are counted under, if they are.
    pub limit: Option<Bucket>,
    /// Until when the session's tokens are revoked, if this ends it.
    pub revoke_until: Timestamp,
}

/// What became of a [`Rotation`].
#[derive(Clone, Debug)]
pub enum Rotated {
    /// The next one is the session's token now.
    Next(Box<Renewed>),
    /// The session has ended or expired, or the user may not log in.
    Refused,
    /// More was asked for than the user may do. Nothing has changed.
    ScopeExceeded,
    /// The session's tokens were exchanged too often: another may be after this time. Nothing has changed.
    TooOften(Duration),
    /// The token had been exchanged before, too long ago. The session has ended by this.
    Reused,
}

/// A session that goes on.
#[derive(Clone, Debug)]
pub struct Renewed {
    /// Its user, as they are now.
    pub user: User,
    /// The session, as it is now.
    pub session: Session,
    /// What the access token may do.
    pub scopes: Scopes,
    /// What the user is a member of.
    pub memberships: Vec<Membership>,
}

/// Other roles for a user.
#[derive(Clone, Debug)]
pub struct NewRoles {
    /// Who.
    pub user: UserId,
    /// All their roles from now on; one that does not exist is left out.
    pub roles: Vec<RoleName>,
    /// How long after they were opened their sessions end at the latest, if these roles shorten that.
    pub sessions_max: Option<Duration>,
}
