//! What Django's `dumpdata` writes of its users.

use super::{entry, fields::Fields, report::SkipReason};
use crate::{
    account::{DisplayName, Email, User, UserId, Username},
    clock::Timestamp,
    store::NewUser,
};

/// What Django writes in place of a hash where there is no password: this, and something random.
const UNUSABLE: char = '!';

/// An object, without what Django puts around it.
pub(super) enum Unwrapped {
    /// A user's fields.
    User(Fields),
    /// Something else of Django's.
    Other,
    /// As it was.
    NotDjango(Fields),
}

/// Takes the fields out of `{"model": "auth.user", "pk": 1, "fields": {…}}`.
pub(super) fn unwrap(mut object: Fields) -> Unwrapped {
    let is_user = match object.text("model") {
        Ok(Some(model)) => model.rsplit('.').next().is_some_and(|name| name.eq_ignore_ascii_case("user")),
        _ => return Unwrapped::NotDjango(object),
    };
    match object.object("fields") {
        Some(fields) if is_user => Unwrapped::User(fields),
        Some(_) => Unwrapped::Other,
        None => Unwrapped::NotDjango(object),
    }
}

pub(super) fn user(fields: &Fields, now: Timestamp) -> Result<NewUser, SkipReason> {
    let names = [fields.text("first_name")?, fields.text("last_name")?];
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let is_active = fields.flag("is_active")?.unwrap_or(true);
    let user = User {
        id: UserId::new(now),
        username: fields.required("username", Username::parse)?,
        email: fields.required("email", Email::parse)?,
        // Django does not know.
        email_verified_at: None,
        name: DisplayName::parse(&name).ok_or(SkipReason::Invalid("first_name"))?.into_string(),
        roles: Vec::new(),
        generation: 1,
        disabled_at: (!is_active).then_some(now),
        created_at: fields.moment("date_joined")?.unwrap_or(now),
    };
    let usable = fields.text("password")?.filter(|text| !text.is_empty() && !text.starts_with(UNUSABLE));
    Ok(NewUser { user, password: usable.map(entry::hash).transpose()?, must_change_password: false, pending: false })
}
