//! Opening a session: it takes the proof that everything the account asks for was shown.

use super::{Device, RefreshToken, Session, SessionId};
use crate::{
    access::is_admin,
    account::{Accounts, Assured, Attempt, Login},
    audit::{Event, EventKind},
    clock::Timestamp,
    error::Error,
    store::NewSession,
};

/// What a session is opened for, besides the proof.
#[derive(Clone, Copy)]
pub(crate) struct Opening<'a> {
    /// Where it comes from.
    pub(crate) start: &'a Start,
    /// The attempt that succeeded, which counts no more once the session is open. `None` if it does not by now.
    pub(crate) attempt: Option<&'a Attempt>,
    /// The device it is opened on.
    pub(crate) device: &'a Device,
}

/// Where a session comes from.
#[derive(Clone, Debug)]
pub(crate) enum Start {
    /// Someone logged in.
    Login {
        /// Whether they asked to be remembered.
        remember: bool,
    },
    /// Someone who was logged in has shown again who they are. Theirs ends, and this one ends when that would have.
    Reauthentication {
        /// The session until now.
        of: Session,
    },
}

impl Accounts {
    /// Opens a session and mints its first tokens.
    ///
    /// `None` if something changed since it was checked: the user (another password, other roles, a second factor, disabled,
    /// deleted), the session that this one was to take the place of, or the flow that led here; or if the address has to be
    /// confirmed first.
    pub(crate) async fn open_session(&self, assured: Assured, opening: Opening<'_>) -> Result<Option<Login>, Error> {
        // Whichever way they came: an account opens once its address is confirmed, where that is asked for.
        if self.waits_for_confirmation(assured.user()) {
            return Ok(None);
        }
        let now = self.now();
        let (session, replaces) = self.session_of(&assured, &opening, now);
        let kind = match opening.start {
            Start::Login { .. } => EventKind::LoginSucceeded,
            Start::Reauthentication { .. } => EventKind::Reauthenticated,
        };
        let event = Event::new(kind, now, opening.device).user(session.user).session(session.id).amr(&session.amr);
        let refresh_token = RefreshToken::first()?;
        let new = NewSession {
            session,
            generation: assured.user().generation,
            password_version: assured.password_version(),
            refresh: refresh_token.hash(),
            replaces,
            cap: self.config().session_cap.get(),
            revoke_until: self.tokens_expired_by(),
            flow: assured.flow(),
            passkey: assured.passkey(),
            forgiven: opening.attempt.map(|attempt| self.forgiven(attempt)).unwrap_or_default(),
        };
        let accounts = self.clone();
        Self::to_the_end(async move {
            let Some(opened) = accounts.store().open_session(&new, &event).await? else { return Ok(None) };
            for session in opened.ended {
                accounts.revoke_session(session, new.revoke_until);
            }
            accounts.inner().mail.wake();
            accounts.inner().last_seen.written(new.session.id, now);
            let (access_token, expires_in) =
                accounts.mint(&opened.user, &new.session, opened.scopes, &opened.memberships)?;
            let data = match &accounts.inner().login_data {
                Some(source) => Some(source.data(&opened.user).await),
                None => None,
            };
            Ok(Some(Login {
                data,
                resources: accounts.config().resources.clone(),
                user: opened.user,
                session: new.session,
                access_token,
                expires_in,
                refresh_token,
                recovery_codes_left: None,
            }))
        })
        .await
    }

    fn session_of(&self, assured: &Assured, opening: &Opening<'_>, now: Timestamp) -> (Session, Option<SessionId>) {
        let config = self.config();
        let unless_used = now + config.session_idle;
        let (created_at, expires_at, idle_until, replaces) = match opening.start {
            Start::Login { remember } => {
                let max = if *remember { config.remember_max } else { config.session_max };
                let admin = is_admin(&assured.user().roles);
                let expires_at = now + if admin { max.min(config.admin_session_max) } else { max };
                (now, expires_at, if *remember { expires_at } else { unless_used }, None)
            }
            Start::Reauthentication { of } => {
                (of.created_at, of.expires_at, unless_used.max(of.idle_until), Some(of.id))
            }
        };
        let session = Session {
            id: SessionId::new(now),
            user: assured.user().id,
            created_at,
            last_seen_at: now,
            idle_until: idle_until.min(expires_at),
            expires_at,
            auth_time: assured.at(),
            amr: assured.amr().to_vec(),
            device: opening.device.clone(),
        };
        (session, replaces)
    }
}
