//! What pages are made with, put together once.

use std::{path::Path, sync::Arc};

use ::axum::http::HeaderValue;
use minijinja::{Environment, Error as JinjaError, ErrorKind, Value, context, value::Kwargs};

use super::{
    assets::{Asset, Assets},
    shell,
};
use crate::{
    Portcullis,
    brand::Color,
    catalogue,
    config::Config,
    http::AppState,
    templates::{self, TemplateError},
};

/// The built-in templates.
macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("templates/", $name)))),+]
    };
}

const BUILT_IN: &[(&str, &str)] = &templates![
    "account.html",
    "account_api_key.html",
    "account_api_key_made.html",
    "account_api_key_new.html",
    "account_api_keys.html",
    "account_authenticator.html",
    "account_delete.html",
    "account_email.html",
    "account_layout.html",
    "account_passkey.html",
    "account_passkey_new.html",
    "account_passkeys.html",
    "account_password.html",
    "account_profile.html",
    "account_recovery_codes.html",
    "account_sessions.html",
    "account_set_up.html",
    "admin.html",
    "admin_act.html",
    "admin_events.html",
    "admin_new_role.html",
    "admin_new_user.html",
    "admin_password.html",
    "admin_role.html",
    "admin_roles.html",
    "admin_user.html",
    "admin_user_roles.html",
    "admin_users.html",
    "enrol.html",
    "error.html",
    "fields.html",
    "first_admin.html",
    "forgot_password.html",
    "layout.html",
    "link.html",
    "login.html",
    "logout.html",
    "new_password.html",
    "parts.html",
    "reauthenticate.html",
    "recovery_codes.html",
    "register.html",
    "reset_password.html",
    "second_factor.html",
    "setup.html",
    "verify_email.html",
];

/// The stylesheet is a template as well: it is given the colours.
const STYLE: (&str, &str) = ("style.css", include_str!("assets/style.css"));

/// So is the picture of a tab.
const ICON: (&str, &str) = ("icon.svg", include_str!("assets/icon.svg"));

const SCRIPT: &str = include_str!("assets/script.js");

/// The folder within the operator's folder of templates that is for pages.
const FOLDER: &str = "pages";

/// The grounds that text stands on, in light and in dark: those of the stylesheet.
const LIGHT: &str = "#ffffff";
const DARK: &str = "#171c22";

/// All that pages have in common: templates, stylesheet, script and pictures, and the headers that do not change.
#[derive(Clone, Debug)]
pub(crate) struct Pages(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    environment: Environment<'static>,
    pub(super) assets: Assets,
    pub(super) headers: Vec<(::axum::http::HeaderName, HeaderValue)>,
}

impl Pages {
    /// Reads the operator's own templates and prepares what does not change between pages.
    ///
    /// # Errors
    ///
    /// [`TemplateError`], which names the file.
    pub(crate) fn new(config: &Config) -> Result<Self, TemplateError> {
        let mut environment = templates::environment();
        for (name, source) in BUILT_IN.iter().copied().chain([STYLE, ICON]) {
            templates::add(&mut environment, name, source)?;
        }
        let folder = config.templates_dir.as_deref().map(|folder| folder.join(FOLDER));
        if let Some(folder) = &folder {
            let is_known = |name: &str| BUILT_IN.iter().chain([&STYLE, &ICON]).any(|(known, _)| *known == name);
            let expected = "its name must be that of a built-in page, such as `login.html`, `style.css` or `icon.svg`";
            templates::add_own(&mut environment, folder, is_known, expected)?;
        }
        environment.add_function("t", text);
        let colored = |name: &str| {
            let broken = |error| templates::broken(folder.as_deref().unwrap_or(Path::new("")), name, &error);
            colored(&environment, name, config.brand.color).map_err(broken)
        };
        let (style, icon) = (colored(STYLE.0)?, colored(ICON.0)?);
        let logo = config.brand.logo.as_ref().map(|logo| Asset {
            name: "logo",
            ending: logo.ending(),
            media_type: logo.media_type(),
            bytes: logo.bytes().to_vec(),
        });
        let built_in = [
            Asset { name: "style", ending: "css", media_type: "text/css; charset=utf-8", bytes: style.into_bytes() },
            Asset { name: "icon", ending: "svg", media_type: "image/svg+xml", bytes: icon.into_bytes() },
            Asset {
                name: "script",
                ending: "js",
                media_type: "text/javascript; charset=utf-8",
                bytes: SCRIPT.as_bytes().to_vec(),
            },
        ];
        let assets = Assets::of(built_in.into_iter().chain(logo));
        environment.add_global("site", config.site_name());
        environment.add_global("footer", config.brand.footer.as_ref().map(|footer| footer.as_str().to_owned()));
        for name in ["style", "script", "icon", "logo"] {
            environment.add_global(name, assets.path(name));
        }
        Ok(Self(Arc::new(Inner { environment, assets, headers: shell::headers(config) })))
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(super) fn render(&self, template: &str, context: Value) -> Result<String, JinjaError> {
        self.0.environment.get_template(template)?.render(context)
    }
}

/// A file that is given the colours.
fn colored(environment: &Environment<'_>, name: &str, color: Color) -> Result<String, JinjaError> {
    let on = |ground: &str| color.readable_on(ground.parse().unwrap_or(Color::WHITE));
    environment.get_template(name)?.render(context! {
        accent => on(LIGHT).to_string(),
        dark_accent => on(DARK).to_string(),
        button => color.to_string(),
        on_button => color.text_on().to_string(),
    })
}

/// `t("a.key", name=value)` in templates: a text of the catalogue, with what stands in braces put in.
#[expect(clippy::needless_pass_by_value, reason = "the signature of a function of templates")]
fn text(key: &str, given: Kwargs) -> Result<String, JinjaError> {
    let unknown = || JinjaError::new(ErrorKind::InvalidOperation, format!("there is no text {key:?}"));
    let mut text = catalogue::pages::text(key).ok_or_else(unknown)?.to_owned();
    for name in given.args() {
        text = text.replace(&format!("{{{name}}}"), &given.get::<Value>(name)?.to_string());
    }
    given.assert_all_used()?;
    Ok(text)
}

/// What a handler of a page is given.
#[derive(Clone)]
pub(super) struct PageState {
    pub(super) app: AppState,
    pub(super) pages: Pages,
}

impl PageState {
    pub(super) fn new(portcullis: &Portcullis, pages: Pages) -> Self {
        Self { app: AppState::new(portcullis), pages }
    }
}
