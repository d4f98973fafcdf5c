//! Users: who they are, how they register and log in.

mod identifier;
mod user;

pub use self::{
    identifier::{EMAIL_MAX, Email, USERNAME_MAX, USERNAME_MIN, UserId, Username, time_ordered_uuid},
    user::{User, UserRecord},
};
