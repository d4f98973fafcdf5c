//! What a handler is given.

use ::axum::extract::FromRef;

use super::address::ClientAddress;
use crate::{Portcullis, account::Accounts, vault::SigningKeys};

#[derive(Clone)]
pub(crate) struct AppState {
    accounts: Accounts,
    addresses: ClientAddress,
    keys: SigningKeys,
}

impl AppState {
    pub(crate) fn new(portcullis: &Portcullis) -> Self {
        let accounts = portcullis.accounts().clone();
        let addresses = ClientAddress::behind(&accounts.config().trusted_proxies);
        Self { accounts, addresses, keys: portcullis.signing_keys().clone() }
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    pub(crate) fn addresses(&self) -> &ClientAddress {
        &self.addresses
    }

    pub(super) fn keys(&self) -> &SigningKeys {
        &self.keys
    }
}

impl FromRef<AppState> for Accounts {
    fn from_ref(state: &AppState) -> Self {
        state.accounts.clone()
    }
}
