//! `/account/admin/users`: who has an account.

use serde::Serialize;

use super::page;
use crate::{
    account::{SecondFactors, UserId, UserRecord},
    error::Error,
    http::{Piece, Query},
    pages::{moment::Moment, page::Answer, visit::Visit},
    store::{UserQuery, UserState},
};

/// An account, as its page and the list show it.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own that templates ask")]
pub(super) struct Shown {
    id: String,
    username: String,
    email: String,
    email_verified: bool,
    name: String,
    roles: Vec<String>,
    created: Moment,
    disabled: Option<Moment>,
    pending: bool,
    totp: bool,
    keys: bool,
    has_password: bool,
    must_change_password: bool,
}

impl From<UserRecord> for Shown {
    fn from(record: UserRecord) -> Self {
        let UserRecord { user, password, second_factors, must_change_password, pending, .. } = record;
        let SecondFactors { totp, webauthn } = second_factors;
        Self {
            id: user.id.to_string(),
            username: user.username.as_str().to_owned(),
            email: user.email.as_str().to_owned(),
            email_verified: user.email_verified_at.is_some(),
            name: user.name,
            roles: user.roles,
            created: user.created_at.into(),
            disabled: user.disabled_at.map(Into::into),
            pending,
            totp,
            keys: webauthn,
            has_password: password.is_some(),
            must_change_password,
        }
    }
}

pub(in crate::pages) async fn list(visit: Visit) -> Answer {
    visit.caller().await?;
    let (query, piece) = (Query::of(&visit.query), Piece::read(&visit.query)?);
    let text = query.text("q", 256)?.unwrap_or_default();
    let state = query.text("state", 16)?;
    let state = state.map(|name| UserState::parse(&name).ok_or(Error::field("state", "invalid_state"))).transpose()?;
    let asked = UserQuery { text: text.clone(), state, after: piece.after(UserId::parse)?, limit: piece.limit() };
    let (users, next) = piece.cut(visit.accounts.find_users(&asked).await?, |last| last.user.id.to_string());
    let users: Vec<_> = users.into_iter().map(Shown::from).collect();
    let state = state.map(UserState::as_str).unwrap_or_default();
    let older = next.map(|next| {
        let pairs = [("q", text.as_str()), ("state", state), ("cursor", &next)];
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        format!("/account/admin/users?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
    });
    let page = page(&visit, "admin_users.html").typed("q", text).with("state", state);
    Ok(page.with("users", users).with("older", older).show())
}
