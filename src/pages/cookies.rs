//! The two cookies of pages, and what is in them.

use std::time::Duration;

use ::axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{config::Config, flow::FlowId, guard, session::SessionSecret};

/// How long the cookie is kept in which a flow and a message are: somewhat longer than any flow lives.
const PRE_LIFETIME: Duration = Duration::from_mins(10);

/// The longest text that goes with a message, in bytes.
const ABOUT_MAX: usize = 512;

/// What a browser keeps while there is no session: the flow that it is in, and a message for the next page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pre {
    pub(super) flow: Option<FlowId>,
    pub(super) flash: Option<Flash>,
}

/// A message for the next page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flash {
    /// Which one: a key of the catalogue is `flash.` and this.
    pub(super) kind: String,
    /// What it is about, such as the address that a mail went to. Whoever holds the browser may have put it there.
    pub(super) about: String,
}

impl Flash {
    pub(super) fn new(kind: &str, about: &str) -> Self {
        Self { kind: kind.to_owned(), about: about.to_owned() }
    }
}

impl Pre {
    pub(super) fn of(headers: &HeaderMap, config: &Config) -> Self {
        guard::cookie(headers, name(config)).and_then(Self::read).unwrap_or_default()
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('~');
        let (flow, kind, about) = (parts.next()?, parts.next()?, parts.next()?);
        let about = URL_SAFE_NO_PAD.decode(about).ok().filter(|about| about.len() <= ABOUT_MAX)?;
        let about = String::from_utf8(about).ok()?;
        let is_kind = kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let flash = (is_kind && !kind.is_empty()).then(|| Flash { kind: kind.to_owned(), about });
        Some(Self { flow: FlowId::parse(flow), flash })
    }

    fn written(&self) -> String {
        let flow = self.flow.as_ref().map(FlowId::expose).unwrap_or_default();
        let kind = self.flash.as_ref().map(|flash| flash.kind.as_str()).unwrap_or_default();
        let about = self.flash.as_ref().map(|flash| flash.about.as_str()).filter(|about| about.len() <= ABOUT_MAX);
        format!("{flow}~{kind}~{}", URL_SAFE_NO_PAD.encode(about.unwrap_or_default()))
    }

    /// The header that sets it, or takes it back if there is nothing in it.
    pub(super) fn set(&self, config: &Config) -> Option<HeaderValue> {
        if *self == Self::default() {
            return set(name(config), "", Some(Duration::ZERO), config);
        }
        set(name(config), &self.written(), Some(PRE_LIFETIME), config)
    }
}

/// The header that gives a browser its session: until the browser is closed, or for as long as it may last.
pub(super) fn session(secret: &SessionSecret, lasts: Option<Duration>, config: &Config) -> Option<HeaderValue> {
    set(config.session_cookie(), secret.expose(), lasts, config)
}

/// The header that takes it back.
pub(super) fn no_session(config: &Config) -> Option<HeaderValue> {
    set(config.session_cookie(), "", Some(Duration::ZERO), config)
}

fn name(config: &Config) -> &'static str {
    if config.public_url.is_https() { "__Host-portcullis-pre" } else { "portcullis-pre" }
}

fn set(name: &str, value: &str, lasts: Option<Duration>, config: &Config) -> Option<HeaderValue> {
    let secure = if config.public_url.is_https() { "; Secure" } else { "" };
    let lasts = lasts.map(|lasts| format!("; Max-Age={}", lasts.as_secs())).unwrap_or_default();
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{lasts}");
    let mut cookie = HeaderValue::try_from(cookie).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let flow = FlowId::parse(&format!("pcf_{}", "A".repeat(43)));
        let flash = Some(Flash::new("mail_sent", "ada+\"><svg onload>@example.com"));
        for pre in [
            Pre::default(),
            Pre { flow: flow.clone(), flash: None },
            Pre { flow: None, flash: flash.clone() },
            Pre { flow, flash },
        ] {
            assert_eq!(Pre::read(&pre.written()), Some(pre.clone()));
            let is_cookie = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
            assert!(pre.written().bytes().all(is_cookie), "{pre:?}");
        }
        for bad in ["", "~", "x", "~~%", "~Kind~", "~a.b~", "~~/w"] {
            assert!(Pre::read(bad).is_none_or(|pre| pre == Pre::default()), "{bad}");
        }
    }

    #[test]
    fn ck_1_every_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts() {
        let https = Config::new("https://id.example".parse().unwrap());
        let secret = SessionSecret::parse(&format!("pcs_{}", "A".repeat(43))).unwrap();
        let cookie = session(&secret, None, &https).unwrap();
        assert!(cookie.is_sensitive());
        let text = cookie.to_str().unwrap().replace(secret.expose(), "x");
        assert_eq!(text, "__Host-portcullis=x; Path=/; HttpOnly; SameSite=Lax; Secure");
        let http = Config::new("http://localhost:8400".parse().unwrap());
        let text = no_session(&http).unwrap();
        assert_eq!(text, "portcullis=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
        assert!(Pre::default().set(&https).unwrap().to_str().unwrap().starts_with("__Host-portcullis-pre=; Path=/;"));
    }
}
