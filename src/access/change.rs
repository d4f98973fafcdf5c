//! Changing what roles may do and who has them. It is in force on the next request of everyone concerned: their tokens
//! are refused, and their sessions go on with new ones.

use super::{ADMIN, Role, RoleName, grant::names_of, is_admin, is_scope, scopes_of};
use crate::{
    account::{Accounts, Caller, User, UserId},
    audit::EventKind,
    error::Error,
    principal::Scopes,
    session::Device,
    store::{NewRoles, StoreError},
};

impl Accounts {
    /// Every role there is, by name, with all that it may do.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn roles(&self) -> Result<Vec<Role>, Error> {
        let complete = |role: Role| {
            let scopes = scopes_of(&[role.name.to_string()], &role.scopes);
            Role { scopes, ..role }
        };
        Ok(self.store().roles().await?.into_iter().map(complete).collect())
    }

    /// Makes a role, or lets one that is there do this and nothing else.
    ///
    /// It takes the longer the more users have the role, because every one of them is told apart from their older
    /// tokens.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidFields`] with `invalid_scope` for what is no scope.
    pub async fn set_role(&self, role: Role, device: &Device) -> Result<(), Error> {
        self.set_role_by(None, role, device).await
    }

    pub(super) async fn set_role_by(&self, by: Option<Caller>, role: Role, device: &Device) -> Result<(), Error> {
        if !role.scopes.iter().all(is_scope) {
            return Err(Error::field("scopes", "invalid_scope"));
        }
        let event = self
            .done_by(by, EventKind::RoleChanged, device)
            .about(format!("{}: {}", role.name, role.scopes).trim_end());
        let accounts = self.clone();
        Self::to_the_end(async move {
            let until = accounts.tokens_expired_by();
            for (user, minimum) in accounts.store().set_role(&role, until, &event).await? {
                accounts.revoke_user(user, minimum, until);
            }
            Ok(())
        })
        .await
    }

    /// Makes the role that everyone has who registers, if it is not there yet, so that it can be looked at and changed.
    pub(crate) async fn make_default_role(&self) -> Result<(), StoreError> {
        let Some(name) = self.config().default_role.clone() else { return Ok(()) };
        if self.store().roles().await?.iter().any(|role| role.name == name) {
            return Ok(());
        }
        let event = self.done_by(None, EventKind::RoleChanged, &Device::default()).about(&name);
        let role = Role { name, scopes: Scopes::default() };
        self.store().set_role(&role, self.tokens_expired_by(), &event).await?;
        Ok(())
    }

    /// Deletes a role and takes it from everyone who has it.
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`] if there is no such role.
    /// - [`Error::InvalidFields`] with `built_in` for `admin`.
    pub async fn delete_role(&self, name: RoleName, device: &Device) -> Result<(), Error> {
        self.delete_role_by(None, name, device).await
    }

    pub(super) async fn delete_role_by(
        &self,
        by: Option<Caller>,
        name: RoleName,
        device: &Device,
    ) -> Result<(), Error> {
        if name.as_str() == ADMIN {
            return Err(Error::field("role", "built_in"));
        }
        let event = self.done_by(by, EventKind::RoleDeleted, device).about(&name);
        let accounts = self.clone();
        Self::to_the_end(async move {
            let until = accounts.tokens_expired_by();
            let concerned = accounts.store().delete_role(&name, until, &event).await?.ok_or(Error::NotFound)?;
            for (user, minimum) in concerned {
                accounts.revoke_user(user, minimum, until);
            }
            Ok(())
        })
        .await
    }

    /// Gives a user these roles and no others, and answers them as they are then. Sessions of someone who becomes an
    /// administrator end when those of an administrator would have.
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`] if there is no such user.
    /// - [`Error::InvalidFields`] with `unknown_role` for a role that does not exist.
    /// - [`Error::LastAdmin`] if no administrator would be left.
    pub async fn set_user_roles(&self, user: UserId, roles: Vec<RoleName>, device: &Device) -> Result<User, Error> {
        self.set_user_roles_by(None, user, roles, device).await
    }

    pub(super) async fn set_user_roles_by(
        &self,
        by: Option<Caller>,
        user: UserId,
        roles: Vec<RoleName>,
        device: &Device,
    ) -> Result<User, Error> {
        let names = names_of(&roles, &self.store().roles().await?)?;
        let sessions_max = is_admin(&names).then(|| self.config().admin_session_max);
        let event = self.done_by(by, EventKind::UserRolesChanged, device).user(user).about(names.join(" "));
        let new = NewRoles { user, roles, sessions_max };
        let accounts = self.clone();
        Self::to_the_end(async move {
            let until = accounts.tokens_expired_by();
            let minimum = accounts.store().set_user_roles(&new, until, &event).await?.ok_or(Error::NotFound)?;
            accounts.revoke_user(user, minimum, until);
            Ok(())
        })
        .await?;
        Ok(self.store().user(user).await?.ok_or(Error::NotFound)?.user)
    }
}
