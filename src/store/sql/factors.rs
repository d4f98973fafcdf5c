//! The verbs of second factors, each where its table is.

use async_trait::async_trait;
use uuid::Uuid;

use super::{super::Backend, flows, recovery, totp, within};
use crate::{
    account::UserId,
    audit::Event,
    clock::Timestamp,
    flow::Flow,
    recovery::RecoveryHash,
    secret::TokenHash,
    store::{FactorStore, Result, StoredTotp, TotpConfirmation, TotpConfirmed},
};

#[async_trait]
impl FactorStore for Backend {
    async fn start_flow(
        &self,
        id: &TokenHash,
        flow: &Flow,
        follows: Option<&TokenHash>,
        event: &Event,
    ) -> Result<bool> {
        within(flows::start(self, id, flow, follows, event)).await
    }

    async fn flow(&self, id: &TokenHash, now: Timestamp) -> Result<Option<Flow>> {
        within(flows::living(self, id, now)).await
    }

    async fn totp(&self, user: UserId) -> Result<Option<StoredTotp>> {
        within(totp::live(self, user)).await
    }

    async fn totp_setup(&self, user: UserId, now: Timestamp) -> Result<Option<StoredTotp>> {
        within(totp::setup(self, user, now)).await
    }

    async fn start_totp_setup(
        &self,
        user: UserId,
        setup: &StoredTotp,
        expires_at: Timestamp,
        event: &Event,
    ) -> Result<bool> {
        within(totp::start_setup(self, user, setup, expires_at, event)).await
    }

    async fn confirm_totp(&self, confirmation: &TotpConfirmation, event: &Event) -> Result<TotpConfirmed> {
        within(totp::confirm(self, confirmation, event)).await
    }

    async fn use_totp_step(&self, user: UserId, authenticator: Uuid, step: i64) -> Result<bool> {
        within(totp::use_step(self, user, authenticator, step)).await
    }

    async fn remove_totp(&self, user: UserId, event: &Event) -> Result<bool> {
        within(totp::remove(self, user, event)).await
    }

    async fn use_recovery_code(&self, user: UserId, code: &RecoveryHash, event: &Event) -> Result<bool> {
        within(recovery::spend(self, user, code, event)).await
    }

    async fn replace_recovery_codes(&self, user: UserId, codes: &[RecoveryHash], event: &Event) -> Result<bool> {
        within(recovery::replace(self, user, codes, event)).await
    }

    async fn recovery_codes_left(&self, user: UserId) -> Result<u32> {
        within(recovery::left(self, user)).await
    }
}
