//! Opening a session: it takes the proof that everything the account asks for was shown.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Device, Session, SessionId};
use crate::{
    access::scopes_of,
    account::{AccessToken, Accounts, Assured, Login, User, acr_of},
    audit::{Event, EventKind},
    error::Error,
    jwt::Claims,
    secret::random_bytes,
    store::NewSession,
};

impl Accounts {
    /// Opens a session and mints its first access token.
    ///
    /// `None` if the account changed while it was being checked, such as another password or a second factor, or if the flow
    /// that led here has ended.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn open_session(&self, assured: Assured, device: &Device) -> Result<Option<Login>, Error> {
        let now = self.now();
        let session = Session {
            id: SessionId::new(now),
            user: assured.user().id,
            created_at: now,
            expires_at: now + self.config().session_max,
            auth_time: assured.at(),
            amr: assured.amr().to_vec(),
            device: device.clone(),
        };
        let event = Event::new(EventKind::LoginSucceeded, now, device).user(session.user).session(session.id);
        let new = NewSession {
            session,
            generation: assured.user().generation,
            password_version: assured.password_version(),
            flow: assured.flow(),
        };
        if !self.store().open_session(&new, &event).await? {
            return Ok(None);
        }
        let user = assured.into_user();
        let access_token = self.mint(&user, &new.session)?;
        let expires_in = self.config().access_token_ttl;
        Ok(Some(Login { user, session: new.session, access_token, expires_in, recovery_codes_left: None }))
    }

    fn mint(&self, user: &User, session: &Session) -> Result<AccessToken, Error> {
        let config = self.config();
        let issuer = config.public_url.to_string();
        let now = self.now();
        let mut claims = Claims::new(&issuer, &config.audience, user.id.to_string(), now, config.access_token_ttl);
        claims.nbf = Some(now);
        claims.jti = Some(URL_SAFE_NO_PAD.encode(random_bytes::<16>()?));
        claims.sid = Some(session.id.to_string());
        claims.generation = Some(user.generation);
        claims.client_id = Some(issuer);
        claims.scope = scopes_of(&user.roles);
        claims.roles.clone_from(&user.roles);
        claims.amr.clone_from(&session.amr);
        claims.acr = Some(acr_of(&session.amr).to_owned());
        claims.auth_time = Some(session.auth_time);
        claims.name = Some(user.name.clone()).filter(|name| !name.is_empty());
        if user.email_verified_at.is_some() {
            claims.email = Some(user.email.as_str().to_owned());
            claims.email_verified = Some(true);
        }
        let token = self.inner().issuer.sign(&claims).map_err(Error::internal)?;
        Ok(AccessToken::new(token))
    }
}
