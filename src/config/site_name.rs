//! What people call the service.

use std::str::FromStr;

use super::ConfigError;

/// What people call a service: 1 to 64 characters on one line.
///
/// ```
/// use portcullis::config::SiteName;
///
/// assert_eq!("Notes".parse::<SiteName>().unwrap().as_str(), "Notes");
/// assert!("Notes\nBcc: eve@example.com".parse::<SiteName>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteName(String);

impl SiteName {
    /// The name as it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SiteName {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        let name = name.trim();
        if (1..=64).contains(&name.chars().count()) && !name.contains(char::is_control) {
            Ok(Self(name.to_owned()))
        } else {
            Err(ConfigError("site_name must be 1 to 64 characters on one line".into()))
        }
    }
}
