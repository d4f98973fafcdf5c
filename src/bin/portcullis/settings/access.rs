//! The settings of who may do what.

use portcullis::access::{self, RoleName};

use super::{
    reading::{count, list, listed, put},
    table::{Kind, Setting},
};

pub(super) const DEFAULT_ROLE: Setting = Setting {
    key: "default_role",
    help: "The role of everyone who registers; made if there is none of that name",
    kind: Kind::Value,
    put: |settings, text| {
        let role = match text {
            "" => Some(None),
            access::ADMIN => None,
            name => RoleName::parse(name).map(Some),
        };
        let expected = "must be the name of a role, and not `admin`: ASCII letters, digits, `.`, `_`, `-` and `:`";
        put(&mut settings.config.default_role, role, expected)
    },
    show: |settings| settings.config.default_role.as_ref().map(ToString::to_string).unwrap_or_default(),
};

pub(super) const API_KEY_CAP: Setting = Setting {
    key: "api_key_cap",
    help: "How many API keys a user may have",
    kind: Kind::Value,
    put: |settings, text| {
        put(&mut settings.config.api_key_cap, count(text, 10_000), "must be a number from 1 to 10000")
    },
    show: |settings| settings.config.api_key_cap.to_string(),
};

pub(super) const API_KEY_RATE: Setting = Setting {
    key: "api_key_rate",
    help: "How many requests a minute each API key may make, in each process",
    kind: Kind::Value,
    put: |settings, text| {
        put(&mut settings.config.api_key_rate, count(text, 60_000), "must be a number from 1 to 60000")
    },
    show: |settings| settings.config.api_key_rate.to_string(),
};

pub(super) const MEMBERSHIP_LEVELS: Setting = Setting {
    key: "membership_levels",
    help: "The levels that members of a resource may have, the lowest first",
    kind: Kind::List,
    put: |settings, text| {
        let expected = "must list different names of letters, digits and `_`, the lowest first";
        put(&mut settings.config.membership_levels, text.parse().ok(), expected)
    },
    show: |settings| settings.config.membership_levels.to_string(),
};

pub(super) const RESOURCES: Setting = Setting {
    key: "resources",
    help: "What clients are told at login of where else they can go: `name=URL`",
    kind: Kind::List,
    put: |settings, text| {
        let pairs = list(text, |pair| {
            let (name, url) = pair.split_once('=')?;
            let (name, url) = (name.trim(), url.trim());
            let is_url =
                ["http://", "https://"].iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme));
            (is_url && !name.is_empty()).then(|| (name.to_owned(), url.to_owned()))
        });
        let expected = "must list names and URLs, such as notes=https://notes.example";
        put(&mut settings.config.resources, pairs, expected)
    },
    show: |settings| {
        let pairs = settings.config.resources.iter().map(|(name, url)| format!("{name}={url}"));
        pairs.collect::<Vec<_>>().join(",")
    },
};

pub(super) const CORS_ORIGINS: Setting = Setting {
    key: "cors_origins",
    help: "The origins whose pages may call the account routes, with a token of their own",
    kind: Kind::List,
    put: |settings, text| {
        let origins = list(text, |origin| origin.parse().ok());
        put(&mut settings.cors_origins, origins, "must list origins, such as https://app.example")
    },
    show: |settings| listed(&settings.cors_origins),
};
