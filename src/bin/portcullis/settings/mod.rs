//! The settings of the server: what was typed in a file, the environment and the flags becomes what is meant, once.
//!
//! A flag beats a variable, a variable the file, the file the default. What is not known is refused by name, and
//! everything that is wrong is told at once.

mod access;
mod brand;
#[cfg(test)]
mod documented;
mod error;
mod mail;
mod mask;
mod operation;
mod passkey;
mod pepper;
mod reading;
mod source;
mod table;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    ffi::OsString,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use portcullis::{
    config::{Config, ConfigError, PublicUrl},
    mail::{MailUrl, Templates},
};

pub(crate) use self::{
    error::SettingsError,
    source::{Source, Stated},
    table::{Kind, LONGEST_ACCESS_TOKEN, SETTINGS, Setting},
};

/// The file that is read where none is named, if it is there.
const DEFAULT_FILE: &str = "portcullis.toml";

/// The settings in force.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) data_dir: PathBuf,
    database_url: Option<String>,
    master_key_file: Option<PathBuf>,
    mail_url: Option<MailUrl>,
    breach_file: Option<PathBuf>,
    logo: Option<PathBuf>,
    pepper_file: Option<PathBuf>,
    pub(crate) cors_origins: Vec<PublicUrl>,
    pub(crate) insecure_http: bool,
    pub(crate) config: Config,
    sources: HashMap<&'static str, Source>,
}

impl Settings {
    /// The settings with nothing typed anywhere.
    pub(crate) fn defaults() -> Result<Self, ConfigError> {
        Ok(Self {
            listen: (Ipv4Addr::LOCALHOST, 8400).into(),
            metrics_listen: None,
            data_dir: "./portcullis-data".into(),
            database_url: None,
            master_key_file: None,
            mail_url: None,
            breach_file: None,
            logo: None,
            pepper_file: None,
            cors_origins: Vec::new(),
            insecure_http: false,
            config: Config::new("http://localhost:8400".parse()?),
            sources: HashMap::new(),
        })
    }

    /// Reads the file (`portcullis.toml` unless another is named), then the environment, then the flags.
    pub(crate) fn read(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        flags: Vec<Stated>,
    ) -> Result<Self, SettingsError> {
        let mut errors = SettingsError::default();
        let mut stated = source::of_file(file.unwrap_or(DEFAULT_FILE.as_ref()), file.is_some(), &mut errors);
        stated.extend(source::of_environment(environment, &mut errors));
        stated.extend(flags);
        let mut settings = match Self::defaults() {
            Ok(settings) => settings,
            Err(error) => {
                errors.push(error.to_string());
                return Err(errors);
            }
        };
        let last: HashMap<_, _> = stated.into_iter().map(|stated| (stated.setting.key, stated)).collect();
        for setting in &SETTINGS {
            if let Some(stated) = last.get(setting.key) {
                if let Err(expected) = (setting.put)(&mut settings, &stated.text) {
                    errors.wrong(setting, &stated.source, expected, Some(&stated.text));
                }
                settings.sources.insert(setting.key, stated.source.clone());
            }
        }
        settings.check_together(&mut errors);
        errors.or(settings)
    }

    /// What holds between settings rather than for one.
    fn check_together(&self, errors: &mut SettingsError) {
        if !self.listen.ip().is_loopback() && !self.config.public_url.is_https() && !self.insecure_http {
            errors.push(format!(
                "{}: `listen` reaches beyond this machine while `public_url` is plain http, which shows passwords to \
                 the network: set `public_url` to the https address of the proxy before this server, or set \
                 `insecure_http`",
                self.source_of("listen")
            ));
        }
        if let Some(Err(error)) = self.config.templates_dir.as_deref().map(Templates::load) {
            errors.push(error.to_string());
        }
        if let Err(error) = self.mail_url().transport() {
            errors.push(format!("{}: {error}", self.source_of("mail_url")));
        }
        let config = &self.config;
        for (key, span) in [
            ("session_idle", config.session_idle),
            ("session_max", config.session_max),
            ("remember_max", config.remember_max),
            ("admin_session_max", config.admin_session_max),
        ] {
            if span < config.access_token_ttl {
                let source = self.source_of(key);
                errors.push(format!("{source}: `{key}` must not be shorter than `access_token_ttl`"));
            }
        }
    }

    /// Where the value in force comes from.
    pub(crate) fn source_of(&self, key: &str) -> &Source {
        self.sources.get(key).unwrap_or(&Source::Default)
    }

    /// The database. Default: a file in the data folder.
    pub(crate) fn database_url(&self) -> String {
        let default = || format!("sqlite:{}", self.data_dir.join("portcullis.db").display());
        self.database_url.clone().unwrap_or_else(default)
    }

    /// How mails leave. Default: as files in the data folder.
    pub(crate) fn mail_url(&self) -> MailUrl {
        self.mail_url.clone().unwrap_or_else(|| MailUrl::File(self.data_dir.join("mail")))
    }

    /// The master key's file. Default: one in the data folder.
    pub(crate) fn master_key_file(&self) -> PathBuf {
        self.master_key_file.clone().unwrap_or_else(|| self.data_dir.join("master.key"))
    }
}
