//! Sessions: one login of one user on one device.

mod end;
mod open;
mod record;
mod sweep;

pub use self::record::{Device, Session, SessionId};
