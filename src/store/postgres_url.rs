//! The URL of a PostgreSQL database: what the driver reads, and what is only ours.

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use super::{Result, StoreError};

/// How many connections a process keeps unless it is told otherwise.
const CONNECTIONS: u32 = 16;

/// What a `postgres://` URL says.
#[derive(Debug)]
pub(super) struct PostgresUrl {
    pub(super) options: PgConnectOptions,
    /// How many connections there are at most, beside the one that listens.
    pub(super) connections: u32,
    /// Whether there is a pooler in between that finds another session for every transaction.
    pub(super) has_pooler: bool,
    /// Whether to listen to what the database tells.
    pub(super) listens: bool,
}

impl PostgresUrl {
    pub(super) fn parse(url: &str) -> Result<Self> {
        let (base, parameters) = url.split_once('?').unwrap_or((url, ""));
        let is_ours = |parameter: &&str| matches!(key_of(parameter), "connections" | "pooler" | "listen");
        let (ours, others): (Vec<_>, Vec<_>) =
            parameters.split('&').filter(|parameter| !parameter.is_empty()).partition(is_ours);
        let options = PgConnectOptions::from_str(&format!("{base}?{}", others.join("&")))
            .map_err(|_| StoreError::Url("it is not a PostgreSQL URL"))?;
        let mut url = Self { options, connections: CONNECTIONS, has_pooler: false, listens: true };
        for parameter in ours {
            url.take(parameter)?;
        }
        Ok(url)
    }

    fn take(&mut self, parameter: &str) -> Result<()> {
        match parameter.split_once('=') {
            Some(("pooler", "transaction")) => {
                // Neither can be promised by someone who finds another session each time.
                self.has_pooler = true;
                self.listens = false;
            }
            Some(("pooler", "none")) => self.has_pooler = false,
            Some(("pooler", _)) => return Err(StoreError::Url("`pooler` must be `transaction` or `none`")),
            Some(("listen", "on")) => self.listens = true,
            Some(("listen", "off")) => self.listens = false,
            Some(("listen", _)) => return Err(StoreError::Url("`listen` must be `on` or `off`")),
            Some(("connections", number)) => {
                let number = number.parse().ok().filter(|number| (2..=1000).contains(number));
                self.connections = number.ok_or(StoreError::Url("`connections` must be a number from 2 to 1000"))?;
            }
            _ => return Err(StoreError::Url("a parameter has no value")),
        }
        Ok(())
    }
}

fn key_of(parameter: &str) -> &str {
    parameter.split_once('=').map_or(parameter, |(key, _)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(parameters: &str) -> Result<(u32, bool, bool)> {
        let url = PostgresUrl::parse(&format!("postgres://ada:secret@db.example:6432/portcullis{parameters}"))?;
        assert_eq!((url.options.get_host(), url.options.get_port()), ("db.example", 6432));
        assert_eq!((url.options.get_username(), url.options.get_database()), ("ada", Some("portcullis")));
        Ok((url.connections, url.has_pooler, url.listens))
    }

    #[test]
    fn parameters_of_our_own_are_read_and_those_of_the_driver_left_to_it() {
        assert_eq!(parsed("").unwrap(), (16, false, true));
        assert_eq!(parsed("?application_name=ada").unwrap(), (16, false, true));
        assert_eq!(parsed("?connections=40&sslmode=disable").unwrap(), (40, false, true));
        assert_eq!(parsed("?sslmode=disable&pooler=transaction").unwrap(), (16, true, false));
        assert_eq!(parsed("?listen=off").unwrap(), (16, false, false));
        let host = PostgresUrl::parse("postgres:///p?host=%2Ftmp%2Fsocket&connections=2").unwrap();
        assert_eq!(host.options.get_socket().unwrap().to_str(), Some("/tmp/socket"));
    }

    #[test]
    fn what_they_cannot_mean_is_refused_and_not_told() {
        for wrong in ["pooler=session", "pooler", "connections=0", "connections=many", "listen=maybe", "listen="] {
            let error = parsed(&format!("?{wrong}")).unwrap_err();
            assert!(matches!(error, StoreError::Url(_)) && !error.to_string().contains("secret"), "{error}");
        }
    }
}
