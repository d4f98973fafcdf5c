//! Minting the access tokens of a session.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::Session;
use crate::{
    access::{Membership, ROLES_TRUNCATED},
    account::{AccessToken, Accounts, User, acr_of},
    error::Error,
    jwt::Claims,
    principal::Scopes,
    secret::random_bytes,
};

/// How long the claims may be, in bytes, for the token to stay below 4 KiB: in base64 they are a third longer, and the
/// longest header and signature take half a kilobyte.
const CLAIMS_MAX: usize = 2600;

impl Accounts {
    /// An access token of this session, and how long it lives: never longer than the session.
    pub(super) fn mint(
        &self,
        user: &User,
        session: &Session,
        scopes: Scopes,
        memberships: &[Membership],
    ) -> Result<(AccessToken, Duration), Error> {
        let config = self.config();
        let issuer = config.public_url.to_string();
        let now = self.now();
        let expires_in = config.access_token_ttl.min(session.idle_until.since(now));
        let mut claims = Claims::new(&issuer, &config.audience, user.id.to_string(), now, expires_in);
        claims.nbf = Some(now);
        claims.jti = Some(URL_SAFE_NO_PAD.encode(random_bytes::<16>()?));
        claims.sid = Some(session.id.to_string());
        claims.generation = Some(user.generation);
        claims.client_id = Some(issuer);
        claims.scope = scopes;
        claims.roles.clone_from(&user.roles);
        claims.amr.clone_from(&session.amr);
        claims.acr = Some(acr_of(&session.amr).to_owned());
        claims.auth_time = Some(session.auth_time);
        claims.name = Some(user.name.clone()).filter(|name| !name.is_empty());
        if user.email_verified_at.is_some() {
            claims.email = Some(user.email.as_str().to_owned());
            claims.email_verified = Some(true);
        }
        self.add_memberships(&mut claims, memberships);
        let token = self.inner().issuer.sign(&claims).map_err(Error::internal)?;
        Ok((AccessToken::new(token), expires_in))
    }

    /// Adds the roles of memberships, or that there are too many for a token.
    fn add_memberships(&self, claims: &mut Claims, memberships: &[Membership]) {
        let own = claims.roles.len();
        claims.roles.extend(self.roles_of_members(memberships));
        if serde_json::to_vec(&claims).is_ok_and(|json| json.len() > CLAIMS_MAX) && claims.roles.len() > own {
            claims.roles.truncate(own);
            claims.extra.insert(ROLES_TRUNCATED.to_owned(), true.into());
        }
    }
}
