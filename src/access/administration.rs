//! What an administrator does: to users, roles and memberships, as far as their own scopes reach.

use super::{
    Membership, Operator, Role, RoleName,
    grant::{names_of, scopes_by},
    is_admin, scopes_of,
};
use crate::{
    account::{Accounts, Invitation, Registration, User, UserId, UserRecord},
    audit::{Event, EventKind},
    error::Error,
    password::Password,
    principal::Scopes,
    session::Device,
    store::{EventQuery, NewUserPassword, UserQuery},
};

/// The accounts in the hands of an administrator. [`Accounts::administer`] makes one.
///
/// Nobody gives a scope that they lack, nor acts on someone who holds one of the service's own that they lack: then the
/// answer is [`Error::ScopeLacking`]. [`Operator::console`] is not bound by that.
///
/// ```
/// use portcullis::{
///     Error, Scopes,
///     access::{Operator, Role, RoleName},
///     account::{Accounts, UserId},
///     session::Device,
/// };
///
/// # async fn make_editor(accounts: &Accounts, ada: UserId) -> Result<(), Error> {
/// let (operator, device) = (Operator::console(), Device::default());
/// let administration = accounts.administer(&operator, &device);
/// let editor = RoleName::parse("editor").ok_or(Error::NotFound)?;
/// let scopes = Scopes::parse("notes:read notes:write");
/// administration.set_role(Role { name: editor.clone(), scopes }).await?;
/// administration.set_user_roles(ada, vec![editor]).await?;     // in force on their next request
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Administration<'a> {
    accounts: &'a Accounts,
    operator: &'a Operator,
    device: &'a Device,
}

impl Accounts {
    /// The accounts in the hands of this administrator, who works from this device.
    #[must_use]
    pub const fn administer<'a>(&'a self, operator: &'a Operator, device: &'a Device) -> Administration<'a> {
        Administration { accounts: self, operator, device }
    }

    /// The users whose user name, address or name to show has this text in it, the newest first.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn find_users(&self, query: &UserQuery) -> Result<Vec<UserRecord>, Error> {
        Ok(self.store().find_users(query).await?)
    }

    /// The user with this id.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none.
    pub async fn user(&self, id: UserId) -> Result<UserRecord, Error> {
        self.store().user(id).await?.ok_or(Error::NotFound)
    }

    /// The trail, the newest first.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn events(&self, query: &EventQuery) -> Result<Vec<Event>, Error> {
        Ok(self.store().events(query).await?)
    }
}

impl Administration<'_> {
    /// Makes an account with these roles. Its password has to be changed before it opens anything.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidFields`] with `unknown_role`, or the password's codes.
    /// - [`Error::UsernameTaken`] and [`Error::EmailTaken`].
    /// - [`Error::ScopeLacking`] if the roles may do more than the administrator.
    pub async fn create_user(&self, registration: Registration, roles: Vec<RoleName>) -> Result<User, Error> {
        let names = self.given(&roles).await?;
        let event = self.event(EventKind::UserCreated);
        self.accounts.make_user(registration, names, true, event).await
    }

    /// Makes an account with these roles for someone who sets its password by a mailed link.
    ///
    /// # Errors
    ///
    /// As [`create_user`](Self::create_user).
    pub async fn invite_user(&self, invitation: Invitation, roles: Vec<RoleName>) -> Result<User, Error> {
        let names = self.given(&roles).await?;
        self.accounts.make_invited(invitation, names, self.event(EventKind::UserInvited)).await
    }

    /// The names of roles that this administrator may give.
    async fn given(&self, roles: &[RoleName]) -> Result<Vec<String>, Error> {
        let known = self.accounts.store().roles().await?;
        let names = names_of(roles, &known)?;
        self.operator.may_grant(&scopes_by(&names, &known))?;
        Ok(names)
    }

    /// Shuts an account or opens it again: also one whose user waits to be let in. See [`Accounts::disable_user`].
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::LastAdmin`], [`Error::ScopeLacking`].
    pub async fn set_disabled(&self, user: UserId, disabled: bool) -> Result<(), Error> {
        self.reached(user).await?;
        let by = self.operator.caller();
        if disabled {
            self.accounts.disable_user_by(by, user, self.device).await
        } else {
            self.accounts.enable_user_by(by, user, self.device).await
        }
    }

    /// Deletes an account. Its user name is never given to anyone again.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::LastAdmin`], [`Error::ScopeLacking`].
    pub async fn delete_user(&self, user: UserId) -> Result<(), Error> {
        self.reached(user).await?;
        let event = self.event(EventKind::UserDeleted).user(user);
        if self.accounts.delete(user, event).await? { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Sets a password for a user who has lost theirs, and with it whatever they log in with: second factors are removed,
    /// every session and API key ends, and the password has to be changed before it opens anything.
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`] if there is no such user.
    /// - [`Error::ScopeLacking`] if the user is an administrator; the command line can.
    /// - [`Error::InvalidFields`] naming `new_password`, with the policy's codes, or `password_elsewhere` if a backend keeps
    ///   it.
    pub async fn reset_password(&self, user: UserId, new: Password) -> Result<(), Error> {
        let found = self.reached_to_reset(user).await?;
        Accounts::may_have_password(&found)?;
        let new = self.accounts.new_password("new_password", new, found.user.own_words()).await?;
        let hash = self.accounts.inner().hashes.hash(new.into_password()).await?;
        let event = self.event(EventKind::PasswordResetByAdmin).user(user);
        loop {
            // Again, because hashing takes a while, and they may have become an administrator meanwhile.
            let found = self.reached_to_reset(user).await?.user;
            let new = NewUserPassword { user, generation: found.generation, hash: hash.clone() };
            let (accounts, event) = (self.accounts.clone(), event.clone());
            let is_set = Accounts::to_the_end(async move {
                let until = accounts.tokens_expired_by();
                let Some(minimum) = accounts.store().force_password(&new, until, &event).await? else {
                    return Ok(false);
                };
                accounts.revoke_user(user, minimum, until);
                Ok(true)
            });
            if is_set.await? {
                return Ok(());
            }
        }
    }

    /// Removes every second factor of a user who has lost theirs, with the recovery codes, and ends every session of
    /// theirs. Their password opens the account then, or a mailed link if they have none.
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`] if there is no such user.
    /// - [`Error::ScopeLacking`] if the user is an administrator; the command line can.
    pub async fn remove_second_factors(&self, user: UserId) -> Result<(), Error> {
        let event = self.event(EventKind::SecondFactorsRemoved).user(user);
        loop {
            let generation = self.reached_to_reset(user).await?.user.generation;
            let (accounts, event) = (self.accounts.clone(), event.clone());
            let are_removed = Accounts::to_the_end(async move {
                let until = accounts.tokens_expired_by();
                let removed = accounts.store().remove_second_factors(user, generation, until, &event).await?;
                let Some(minimum) = removed else { return Ok(false) };
                accounts.revoke_user(user, minimum, until);
                Ok(true)
            });
            if are_removed.await? {
                return Ok(());
            }
        }
    }

    /// Ends every session of a user. Their tokens are refused from the next request on.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::ScopeLacking`].
    pub async fn end_sessions(&self, user: UserId) -> Result<(), Error> {
        self.reached(user).await?;
        let event = self.event(EventKind::LoggedOutEverywhere).user(user);
        if self.accounts.end_sessions(user, event).await? { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Gives a user these roles and no others. See [`Accounts::set_user_roles`].
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`], [`Error::LastAdmin`].
    /// - [`Error::InvalidFields`] with `unknown_role`.
    /// - [`Error::ScopeLacking`] if the user would get a scope that the administrator lacks.
    pub async fn set_user_roles(&self, user: UserId, roles: Vec<RoleName>) -> Result<User, Error> {
        let found = self.reached(user).await?.user;
        let known = self.accounts.store().roles().await?;
        let (has, gets) = (scopes_by(&found.roles, &known), scopes_by(&names_of(&roles, &known)?, &known));
        let new: Scopes = gets.iter().filter(|scope| !has.contains(scope)).collect();
        self.operator.may_grant(&new)?;
        self.accounts.set_user_roles_by(self.operator.caller(), user, roles, self.device).await
    }

    /// Makes a role, or lets one that is there do this and nothing else. See [`Accounts::set_role`].
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidFields`] with `invalid_scope`.
    /// - [`Error::ScopeLacking`] if the role would get a scope that the administrator lacks.
    pub async fn set_role(&self, role: Role) -> Result<(), Error> {
        let has = self.role(&role.name).await?.unwrap_or_default();
        self.operator.may_act_on(&has)?;
        let new: Scopes = role.scopes.iter().filter(|scope| !has.contains(scope)).collect();
        self.operator.may_grant(&new)?;
        self.accounts.set_role_by(self.operator.caller(), role, self.device).await
    }

    /// Deletes a role. See [`Accounts::delete_role`].
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::ScopeLacking`], and [`Error::InvalidFields`] with `built_in` for `admin`.
    pub async fn delete_role(&self, name: RoleName) -> Result<(), Error> {
        self.operator.may_act_on(&self.role(&name).await?.ok_or(Error::NotFound)?)?;
        self.accounts.delete_role_by(self.operator.caller(), name, self.device).await
    }

    /// Lets a user in to a resource. See [`Accounts::set_membership`].
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such user.
    pub async fn set_membership(&self, user: UserId, membership: Membership) -> Result<(), Error> {
        self.accounts.set_membership(user, membership, self.operator.caller(), self.device).await
    }

    /// Ends a membership. See [`Accounts::end_membership`].
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the user is no member.
    pub async fn end_membership(&self, user: UserId, resource: &str, id: &str) -> Result<(), Error> {
        self.accounts.end_membership(user, resource, id, self.operator.caller(), self.device).await
    }

    /// A user whom this administrator may act on.
    async fn reached(&self, user: UserId) -> Result<UserRecord, Error> {
        let record = self.accounts.user(user).await?;
        let known = self.accounts.store().roles().await?;
        self.operator.may_act_on(&scopes_by(&record.user.roles, &known))?;
        Ok(record)
    }

    /// One who is no administrator besides: whoever sets their password could become one.
    async fn reached_to_reset(&self, user: UserId) -> Result<UserRecord, Error> {
        let found = self.reached(user).await?;
        let is_barred = is_admin(&found.user.roles) && !self.operator.is_console();
        if is_barred { Err(Error::ScopeLacking(Scopes::default())) } else { Ok(found) }
    }

    /// What a role may do, if there is such a role.
    async fn role(&self, name: &RoleName) -> Result<Option<Scopes>, Error> {
        let found = self.accounts.store().roles().await?.into_iter().find(|role| role.name == *name);
        Ok(found.map(|role| scopes_of(&[role.name.to_string()], &role.scopes)))
    }

    fn event(&self, kind: EventKind) -> Event {
        self.accounts.done_by(self.operator.caller(), kind, self.device)
    }
}
