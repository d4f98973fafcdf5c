//! Users: who they are, how they register, log in, look after their profile and leave.

mod accounts;
mod assurance;
mod attempt;
mod change_email;
mod disable;
mod display_name;
mod elsewhere;
pub(crate) mod external;
mod first_admin;
mod identifier;
mod login;
mod login_data;
mod profile;
mod reauthenticate;
mod register;
mod second_factor;
mod second_step;
mod user;
mod verify_email;

pub(crate) use self::{
    accounts::Inner,
    assurance::{acr_of, is_multiple},
    attempt::Attempt,
    display_name::is_hidden,
    login::Entered,
    second_factor::Asked,
};
pub use self::{
    accounts::{Accounts, Caller},
    assurance::{Assurance, Assured, FirstFactor, PartlyAssured},
    display_name::{DISPLAY_NAME_MAX, DisplayName},
    external::{BackendError, CredentialBackend, EXTERNAL_NAME_MAX, ExternalUser, ExternalVerified},
    first_admin::FIRST_ADMIN_LIFETIME,
    identifier::{EMAIL_MAX, Email, USERNAME_MAX, USERNAME_MIN, UserId, Username, time_ordered_uuid},
    login::{AccessToken, Credentials, Login},
    login_data::LoginData,
    register::{Invitation, Registered, Registration},
    second_factor::{SecondFactor, SecondFactorCode, SecondFactors},
    second_step::UnfinishedLogin,
    user::{User, UserRecord},
};
