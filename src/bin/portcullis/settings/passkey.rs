//! The settings of passkeys and security keys.

use super::{
    reading::{TRUE_OR_FALSE, list, listed, put, switch},
    table::{Kind, Setting},
};

pub(super) const PASSKEY_REGISTRATION: Setting = Setting {
    key: "passkey_registration",
    help: "Whether people may make an account with a passkey and no password, where anyone may register",
    kind: Kind::Switch,
    put: |settings, text| put(&mut settings.config.passkey_registration, switch(text), TRUE_OR_FALSE),
    show: |settings| settings.config.passkey_registration.to_string(),
};

pub(super) const WEBAUTHN_ORIGINS: Setting = Setting {
    key: "webauthn_origins",
    help: "Where passkeys and security keys may be used besides `public_url`: origins on its host or below it",
    kind: Kind::List,
    put: |settings, text| {
        let origins = list(text, |origin| origin.parse().ok());
        put(&mut settings.config.webauthn_origins, origins, "must list origins, such as https://app.id.example")
    },
    show: |settings| listed(&settings.config.webauthn_origins),
};
