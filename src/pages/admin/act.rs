//! `/account/admin/users/{id}/{act}`: what is done to an account with one button.

use ::axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};

use super::{Named, operator, page, page_of};
use crate::{
    account::{User, UserId},
    error::Error,
    pages::{
        page::{Answer, Page, Trouble},
        visit::Visit,
    },
};

/// What is done to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pages) enum Act {
    Enable,
    Disable,
    EndSessions,
    RemoveSecondFactors,
    Delete,
}

impl Act {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "enable" => Self::Enable,
            "disable" => Self::Disable,
            "end-sessions" => Self::EndSessions,
            "remove-second-factors" => Self::RemoveSecondFactors,
            "delete" => Self::Delete,
            _ => return None,
        })
    }

    /// Its name in the catalogue.
    const fn key(self) -> &'static str {
        match self {
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::EndSessions => "end_sessions",
            Self::RemoveSecondFactors => "remove_second_factors",
            Self::Delete => "delete",
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Act {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Trouble> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await.ok();
        let act = path.and_then(|Path((_, act))| Self::parse(&act)).ok_or(Error::NotFound)?;
        Ok(act)
    }
}

/// Asks whether that is meant.
pub(in crate::pages) async fn ask(visit: Visit, Named(id): Named, act: Act) -> Answer {
    operator(&visit).await?;
    let user = visit.accounts.user(id).await?.user;
    Ok(question(&visit, &user, act).show())
}

pub(in crate::pages) async fn act(visit: Visit, Named(id): Named, act: Act) -> Answer {
    let operator = operator(&visit).await?;
    let user = visit.accounts.user(id).await?.user;
    let administration = visit.accounts.administer(&operator, &visit.device);
    let outcome = match act {
        Act::Enable => administration.set_disabled(id, false).await,
        Act::Disable => administration.set_disabled(id, true).await,
        Act::EndSessions => administration.end_sessions(id).await,
        Act::RemoveSecondFactors => administration.remove_second_factors(id).await,
        Act::Delete => administration.delete_user(id).await,
    };
    match outcome {
        Ok(()) => Ok(done(&visit, id, act, &user)),
        Err(Error::NotFound) => Err(Error::NotFound.into()),
        Err(error) => Ok(question(&visit, &user, act).refused(error).show()),
    }
}

fn done(visit: &Visit, id: UserId, act: Act, user: &User) -> ::axum::response::Response {
    let page = if act == Act::Delete { "/account/admin/users".to_owned() } else { page_of(id) };
    visit.to(&page).saying(&format!("user_{}", act.key()), user.username.as_str()).go()
}

fn question<'a>(visit: &'a Visit, user: &User, act: Act) -> Page<'a> {
    let page = page(visit, "admin_act.html").with("act", act.key()).with("username", user.username.as_str());
    page.with("back", page_of(user.id)).with("danger", act != Act::Enable)
}
