//! Many nodes on one database, and what breaks between them and it.

#![cfg(feature = "server")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a test that meets what it does not expect should fail there"
)]

#[path = "../support/app.rs"]
mod app;
#[path = "../support/authenticator.rs"]
mod authenticator;
#[path = "../support/db.rs"]
mod db;
#[path = "../support/proxy.rs"]
mod proxy;
#[path = "../support/raw.rs"]
mod raw;
#[path = "../support/visitor.rs"]
mod visitor;

mod account;
mod admin;
mod cluster;
mod flows;
mod limits;
mod node;
mod notices;
mod outage;
mod outbox;
mod pages;
mod passkeys;
mod transfer;
mod versions;
