//! The guard on plain Tower services, with no framework and no store, and in axum where that feature is on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod answer;
#[cfg(feature = "axum")]
mod axum;
mod credential;
mod exclusion;
mod explain;
mod forwarding;
mod grpc;
mod lint;
mod litestar;
mod member;
mod mint;
mod need;
mod only;
mod opt_key;
mod order;
mod origin;
mod pages;
mod protocol;
#[cfg(feature = "regex")]
mod regex;
#[cfg(feature = "axum")]
mod routing;
mod rule;
mod source;
mod spelling;
mod support;
mod tower_contract;
#[cfg(feature = "axum")]
mod websocket;
