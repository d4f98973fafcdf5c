//! The settings of pages.

use portcullis::brand::Logo;

use super::{
    reading::{list, listed, put},
    table::{Kind, Setting},
};

pub(super) const LOGO: Setting = Setting {
    key: "brand.logo",
    help: "A picture in place of the name above every page: the path of a .svg, .png, .webp or .jpg file",
    kind: Kind::Value,
    put: |settings, text| {
        let logo = if text.is_empty() { Some(None) } else { Logo::open(text).ok().map(Some) };
        put(&mut settings.config.brand.logo, logo, "must be a .svg, .png, .webp or .jpg file of at most 128 KiB")?;
        settings.logo = (!text.is_empty()).then(|| text.into());
        Ok(())
    },
    show: |settings| settings.logo.iter().map(|path| path.display().to_string()).collect(),
};

pub(super) const COLOR: Setting = Setting {
    key: "brand.color",
    help: "The colour of buttons and links",
    kind: Kind::Value,
    put: |settings, text| put(&mut settings.config.brand.color, text.parse().ok(), "must be a colour, such as #1f5fa8"),
    show: |settings| settings.config.brand.color.to_string(),
};

pub(super) const FOOTER: Setting = Setting {
    key: "brand.footer",
    help: "A line below every page",
    kind: Kind::Value,
    put: |settings, text| {
        let footer = if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
        put(&mut settings.config.brand.footer, footer, "must be 1 to 200 characters on one line")
    },
    show: |settings| settings.config.brand.footer.iter().map(|footer| footer.as_str().to_owned()).collect(),
};

pub(super) const NEXT_ORIGINS: Setting = Setting {
    key: "next_origins",
    help: "The origins of other services that a login may lead back to",
    kind: Kind::List,
    put: |settings, text| {
        let origins = list(text, |origin| origin.parse().ok());
        put(&mut settings.config.next_origins, origins, "must list origins, such as https://notes.example")
    },
    show: |settings| listed(&settings.config.next_origins),
};
