//! The server as its operator runs it: the real program, spoken to over real sockets.

#![cfg(all(feature = "server", unix))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "test code"
)]

mod calibrate;
mod client;
mod command_line;
mod cors;
mod crash;
#[path = "../support/db.rs"]
mod db;
mod drain;
mod first_start;
mod forward_auth;
mod healthcheck;
mod import;
mod journey;
mod keys;
mod logs;
mod mail;
mod metrics;
mod openapi;
mod overload;
mod process;
#[path = "../support/prometheus.rs"]
mod prometheus;
mod revocations;
mod routes;
mod schemathesis;
