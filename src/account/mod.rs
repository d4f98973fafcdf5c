//! Users: who they are, how they register, log in, look after their profile and leave.

mod accounts;
mod assurance;
mod attempt;
mod change_email;
mod disable;
mod identifier;
mod login;
mod profile;
mod reauthenticate;
mod register;
mod user;
mod verify_email;

pub(crate) use self::{accounts::Inner, attempt::Attempt};
pub use self::{
    accounts::{Accounts, Caller},
    assurance::{Assured, FirstFactor},
    identifier::{EMAIL_MAX, Email, USERNAME_MAX, USERNAME_MIN, UserId, Username, time_ordered_uuid},
    login::{AccessToken, Login},
    profile::{DISPLAY_NAME_MAX, DisplayName},
    register::{Registered, Registration},
    user::{User, UserRecord},
};
