//! Who opens a page, from where, and what they bring.

use ::axum::{
    extract::FromRequestParts,
    http::{HeaderValue, request::Parts},
};

use super::{
    cookies::Pre,
    next::Next,
    page::{Leave, Page, Trouble},
    state::{PageState, Pages},
};
use crate::{
    account::{Accounts, Caller, Login},
    error::Error,
    flow::FlowId,
    guard,
    http::FreshCaller,
    principal::Principal,
    session::Device,
};

/// Where people are led who did not ask for anything else.
const HOME: &str = "/account";

/// A request to a page.
pub(super) struct Visit {
    pub(super) accounts: Accounts,
    pub(super) device: Device,
    pub(super) pre: Pre,
    pub(super) pages: Pages,
    pub(super) path: String,
    pub(super) query: String,
    principal: Option<Principal>,
    secret: Option<String>,
    next: Option<Next>,
}

impl Visit {
    /// A page in the making.
    pub(super) fn page(&self, template: &'static str) -> Page<'_> {
        Page::new(self, template)
    }

    /// To another page, keeping in mind where to go at last.
    pub(super) fn to(&self, path: &str) -> Leave<'_> {
        Leave::new(self, self.with_next(path))
    }

    /// To where this was to lead at last.
    pub(super) fn to_next(&self) -> Leave<'_> {
        Leave::new(self, self.next().to_owned())
    }

    /// Where this is to lead at last.
    pub(super) fn next(&self) -> &str {
        self.next.as_ref().map_or(HOME, Next::as_str)
    }

    /// The path of another page, with where to go at last.
    pub(super) fn with_next(&self, path: &str) -> String {
        let Some(next) = &self.next else { return path.to_owned() };
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next.as_str()).finish();
        format!("{path}?{query}")
    }

    /// The flow that the browser is in.
    pub(super) fn flow(&self) -> Result<&FlowId, Error> {
        self.pre.flow.as_ref().ok_or(Error::FlowInvalid)
    }

    /// A parameter of the query, if it is there once.
    pub(super) fn asked(&self, name: &str) -> Option<String> {
        only(&self.query, name)
    }

    /// What the last page had to say to this one, if it is about that.
    pub(super) fn said(&self, kind: &str) -> Option<&str> {
        let flash = self.pre.flash.as_ref().filter(|flash| flash.kind == kind);
        flash.map(|flash| flash.about.as_str())
    }

    /// Whoever this browser is logged in as, where the route does not ask for anyone.
    pub(super) async fn is_logged_in(&self) -> Result<Option<Principal>, Error> {
        match &self.secret {
            Some(secret) => self.accounts.principal_of_cookie(secret).await,
            None => Ok(None),
        }
    }

    /// Whoever the guard let in. The routes that ask for nobody have none.
    pub(super) async fn caller(&self) -> Result<Caller, Error> {
        let caller = self.principal.as_ref().and_then(Caller::of).ok_or(Error::SessionEnded)?;
        self.accounts.saw(caller).await;
        Ok(caller)
    }

    /// Whoever the guard let in, if they have shown lately, and in full, who they are. Whoever has not is sent to do that,
    /// and back to this page.
    pub(super) async fn fresh_caller(&self) -> Result<Caller, Trouble> {
        let caller = self.caller().await?;
        let principal = self.principal.as_ref().ok_or(Error::SessionEnded)?;
        let FreshCaller(caller) = FreshCaller::of(&self.accounts, caller, principal).await?;
        Ok(caller)
    }

    /// What the guard found out about them.
    pub(super) fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// Logs the browser in, and out of the session that it had until now.
    pub(super) async fn log_in(&self, login: &Login) -> Result<HeaderValue, Error> {
        if let Some(before) = self.is_logged_in().await?.as_ref().and_then(Caller::of)
            && before.session != Some(login.session.id)
        {
            match self.accounts.logout(before, &self.device).await {
                Ok(()) | Err(Error::SessionEnded) => {}
                Err(error) => return Err(error),
            }
        }
        let config = self.accounts.config();
        let secret = self.accounts.keep_in_cookie(login).await?;
        // Whoever asked to be remembered may rest for as long as the session lasts.
        let remembered = login.session.idle_until == login.session.expires_at;
        let lasts = login.session.expires_at.since(self.accounts.now());
        let cookie = super::cookies::session(&secret, remembered.then_some(lasts), config);
        cookie.ok_or_else(|| Error::internal("the session cookie cannot be written"))
    }
}

impl FromRequestParts<PageState> for Visit {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, state: &PageState) -> Result<Self, Trouble> {
        let device = Device::from_request_parts(parts, &state.app).await.map_err(Trouble::from)?;
        let accounts = state.app.accounts().clone();
        let config = accounts.config();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let next = only(&query, "next");
        let next = next.and_then(|next| Next::parse(&next, &config.public_url, &config.next_origins));
        let secret = guard::cookie(&parts.headers, config.session_cookie()).map(str::to_owned);
        Ok(Self {
            pre: Pre::of(&parts.headers, config),
            pages: state.pages.clone(),
            path: parts.uri.path().to_owned(),
            principal: parts.extensions.get().cloned(),
            secret,
            query,
            next,
            device,
            accounts,
        })
    }
}

/// The value of a parameter that is there once.
fn only(query: &str, name: &str) -> Option<String> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    if values.next().is_some() { None } else { value }
}
