//! The settings of passkeys and security keys.

use portcullis::config::PublicUrl;

use super::table::{Kind, Setting, TRUE_OR_FALSE, put, switch};

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
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let origins = items.map(|origin| origin.parse::<PublicUrl>().ok()).collect();
        put(&mut settings.config.webauthn_origins, origins, "must list origins, such as https://app.id.example")
    },
    show: |settings| settings.config.webauthn_origins.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
};
