//! The settings of mail.

use portcullis::mail::LinkTemplate;

use super::{
    reading::{path, put},
    table::{Kind, Setting},
};

pub(super) const SITE_NAME: Setting = Setting {
    key: "site_name",
    help: "What people call this service, in mails",
    kind: Kind::Value,
    put: |settings, text| {
        put(&mut settings.config.site_name, text.parse().ok().map(Some), "must be 1 to 64 characters on one line")
    },
    show: |settings| settings.config.site_name().to_owned(),
};

pub(super) const MAIL_URL: Setting = Setting {
    key: "mail_url",
    help: "How mails leave: `file:` and the path of a folder, `smtp://…` or `smtps://…`",
    kind: Kind::Value,
    put: |settings, text| {
        let expected = "must be `file:FOLDER`, `smtp://user:password@host` or `smtps://user:password@host`";
        put(&mut settings.mail_url, text.parse().ok().map(Some), expected)
    },
    show: |settings| settings.mail_url().to_string(),
};

pub(super) const MAIL_FROM: Setting = Setting {
    key: "mail_from",
    help: "Whom mails come from",
    kind: Kind::Value,
    put: |settings, text| {
        let expected = "must be an address, such as no-reply@notes.example or Notes <no-reply@notes.example>";
        put(&mut settings.config.mail_from, text.parse().ok().map(Some), expected)
    },
    show: |settings| settings.config.sender().to_string(),
};

pub(super) const VERIFY_LINK: Setting = Setting {
    key: "links.verify",
    help: "Where the link that confirms an address leads, if not to this server's page",
    kind: Kind::Value,
    put: |settings, text| link(&mut settings.config.links.verify, text),
    show: |settings| shown(settings.config.links.verify.as_ref()),
};

pub(super) const RESET_LINK: Setting = Setting {
    key: "links.reset",
    help: "Where the link that sets a new password leads, if not to this server's page",
    kind: Kind::Value,
    put: |settings, text| link(&mut settings.config.links.reset, text),
    show: |settings| shown(settings.config.links.reset.as_ref()),
};

pub(super) const CONFIRM_LINK: Setting = Setting {
    key: "links.confirm",
    help: "Where the link that confirms a changed address leads, if not to this server's page",
    kind: Kind::Value,
    put: |settings, text| link(&mut settings.config.links.confirm, text),
    show: |settings| shown(settings.config.links.confirm.as_ref()),
};

pub(super) const UNDO_LINK: Setting = Setting {
    key: "links.undo",
    help: "Where the link that restores an address leads, if not to this server's page",
    kind: Kind::Value,
    put: |settings, text| link(&mut settings.config.links.undo, text),
    show: |settings| shown(settings.config.links.undo.as_ref()),
};

pub(super) const TEMPLATES_DIR: Setting = Setting {
    key: "templates_dir",
    help: "The folder with templates of your own: those of mails in its folder `mail`, those of pages in `pages`",
    kind: Kind::Value,
    put: |settings, text| {
        settings.config.templates_dir = path(text);
        Ok(())
    },
    show: |settings| settings.config.templates_dir.iter().map(|path| path.display().to_string()).collect(),
};

/// Nothing typed takes the default again, so that what is shown can be typed.
fn link(place: &mut Option<LinkTemplate>, text: &str) -> Result<(), &'static str> {
    let expected = "must be an http or https URL with `{token}` once, behind the name of the host";
    let template = if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
    put(place, template, expected)
}

fn shown(link: Option<&LinkTemplate>) -> String {
    link.map_or_else(String::new, |link| link.as_str().to_owned())
}
