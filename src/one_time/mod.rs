//! Mailed secrets: each opens one thing for one account, about one address, once.
//!
//! A token has a [`Purpose`], and is nothing where another purpose is asked for. It is spent by one conditional statement
//! in the transaction of what it opens, so of any number of racing requests one wins, and what fails for another reason,
//! such as a password that is too weak, does not use it up. Looking at a link never spends its token.
//!
//! One token of a purpose lives per account: a newer one takes its place. All of them die when the password or the address
//! changes, except the right to have an address back, which is what such a change must not take away.

mod code;
mod letters;
mod purpose;
mod token;

pub use self::{
    code::{CODE_DIGITS, CODE_LIFETIME, CODE_TRIES, Code},
    purpose::Purpose,
    token::OneTimeToken,
};
