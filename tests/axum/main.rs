//! Routers on which every route has a rule, and what handlers behind them are given.
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
