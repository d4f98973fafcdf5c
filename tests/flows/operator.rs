//! What those do who run the service.

use portcullis::{
    Scopes,
    access::{Operator, RoleName},
    account::{Caller, UserId},
    clock::Timestamp,
    password::Password,
    session::Device,
};

use crate::{step::Operation, world::World};

impl World {
    /// What the operator does succeeds, unless the account is gone.
    pub async fn operate(&mut self, who: usize, operation: Operation) {
        let (accounts, device) = (self.app.portcullis.accounts(), Device::default());
        let person = &mut self.people[who];
        let done = match operation {
            Operation::Disable => accounts.disable_user(person.id, &device).await,
            Operation::Enable => accounts.enable_user(person.id, &device).await,
            Operation::Roles { author } => {
                let roles = RoleName::parse("author").into_iter().filter(|_| author).collect();
                accounts.set_user_roles(person.id, roles, &device).await.map(|_| ())
            }
            Operation::ForcePassword => {
                let scopes = Scopes::parse("users:read users:write roles:write");
                let caller = Caller { user: UserId::new(Timestamp::from_secs(0)), session: None };
                let operator = Operator::person(caller, scopes);
                let password = Password::parse(&person.next_password()).unwrap();
                accounts.administer(&operator, &device).reset_password(person.id, password).await
            }
        };
        assert_eq!(done.is_ok(), !person.is_gone, "{done:?}");
        if person.is_gone {
            return;
        }
        match operation {
            Operation::Disable => {
                person.is_disabled = true;
                person.end_sessions(None);
                person.generation += 1;
            }
            Operation::Enable => person.is_disabled = false,
            Operation::Roles { author } => {
                person.is_author = author;
                person.generation += 1;
            }
            Operation::ForcePassword => {
                person.set_password();
                person.must_change_password = true;
                person.passkeys.iter_mut().for_each(|key| key.is_removed = true);
                person.remove_totp();
                person.end_everything();
            }
        }
    }
}
