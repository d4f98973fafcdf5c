//! What a handler is given.

use std::sync::Arc;

use ::axum::extract::FromRef;

use super::address::ClientAddress;
use crate::{Portcullis, account::Accounts};

#[derive(Clone)]
pub(super) struct AppState {
    accounts: Accounts,
    addresses: ClientAddress,
    jwk_set: Arc<serde_json::Value>,
}

impl AppState {
    pub(super) fn new(portcullis: &Portcullis) -> Self {
        let accounts = portcullis.accounts().clone();
        let addresses = ClientAddress::behind(&accounts.config().trusted_proxies);
        Self { accounts, addresses, jwk_set: Arc::new(portcullis.public_jwk_set()) }
    }

    pub(super) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    pub(super) fn addresses(&self) -> &ClientAddress {
        &self.addresses
    }

    pub(super) fn jwk_set(&self) -> &serde_json::Value {
        &self.jwk_set
    }
}

impl FromRef<AppState> for Accounts {
    fn from_ref(state: &AppState) -> Self {
        state.accounts.clone()
    }
}
