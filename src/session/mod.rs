//! Sessions: one login of one user on one device.
//!
//! A session ends when it was not used for a while, and at the latest after a fixed time, however often it is refreshed.
//! Its client holds two tokens: an access token, which guards check without the database and which never outlives the
//! session, and a refresh token, which is good for one exchange against the next pair. A browser holds a cookie instead,
//! whose secret is looked up.

mod cookie;
mod end;
mod label;
mod list;
mod mint;
mod open;
mod record;
mod refresh;
mod seen;
mod sweep;
mod token;

pub use self::{
    cookie::SessionSecret,
    record::{Device, Session, SessionId},
    token::RefreshToken,
};
pub(crate) use self::{
    open::{Opening, Start},
    seen::LastSeen,
};
