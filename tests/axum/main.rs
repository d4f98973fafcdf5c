//! Routers on which every route has a rule, and what handlers behind them are given.
//!
//! What must not compile stands in the documentation of `GuardedRouter` as doctests, each beside a twin that differs in
//! that one thing and does compile. `trybuild` would build every dependency a second time, C and all, and tie the tests
//! to the wording of one compiler.
#![cfg(feature = "axum")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod claims;
mod compose;
mod identity;
#[cfg(feature = "openapi")]
mod openapi;
mod outside;
mod routes;
mod rules;
mod support;
