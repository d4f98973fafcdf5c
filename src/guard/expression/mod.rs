//! Exclusions by regular expression, as Litestar has them. They need the feature `regex`; without it there are none.

#[cfg(not(feature = "regex"))]
mod absent;
#[cfg(feature = "regex")]
mod present;

#[cfg(not(feature = "regex"))]
pub(super) use self::absent::Expression;
#[cfg(feature = "regex")]
pub(super) use self::present::{Expression, Form};
