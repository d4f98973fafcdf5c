//! Taking a new password: the one way to one, wherever it is set.

use super::{NewPassword, OwnWords, Password, PasswordProblem, PolicyError};
use crate::{
    account::Accounts,
    error::{Error, FieldError},
    session::Device,
    throttle::Bucket,
};

impl Accounts {
    /// Reads what someone typed as a new password and asks of it what can be asked at no cost, so that a form can name
    /// every wrong field at once.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidFields`] naming `field`, with the policy's codes.
    pub fn screen_password(&self, field: &'static str, typed: &str) -> Result<Password, Error> {
        let password = Password::parse(typed).map_err(|problem| refused(field, &[problem]))?;
        self.config().password_policy.screen(&password).map_err(|error| of_policy(field, error))?;
        Ok(password)
    }

    /// Whether a password would be taken from a user with these words, for someone who is still typing. Nothing is set.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidFields`] naming `password`, with the policy's codes, if it would not.
    /// - [`Error::TooManyAttempts`] if too many were asked about from this network.
    /// - [`Error::Overloaded`] if too many passwords wait.
    pub async fn judge_password(&self, typed: &str, words: OwnWords, device: &Device) -> Result<(), Error> {
        let password = self.screen_password("password", typed)?;
        if let Some(address) = device.address {
            self.count_attempt(&[Bucket::judgement(address)]).await?;
        }
        self.new_password("password", password, words).await.map(drop)
    }

    /// Takes a password as one that may be set for the user with these words. Whoever sets one calls this, after the
    /// attempt has been counted: rating a password costs up to as much as hashing it.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidFields`] naming `field`, with the policy's codes.
    /// - [`Error::Overloaded`] if too many passwords wait.
    pub async fn new_password(
        &self,
        field: &'static str,
        password: Password,
        words: OwnWords,
    ) -> Result<NewPassword, Error> {
        let config = self.config();
        let words = words.and(config.public_url.host()).and(config.site_name());
        let policy = &config.password_policy;
        policy.accept(password, &words, &self.inner().hashes).await.map_err(|error| of_policy(field, error))
    }
}

fn of_policy(field: &'static str, error: PolicyError) -> Error {
    match error {
        PolicyError::Refused(problems) => refused(field, &problems),
        PolicyError::Unrated(error) => error.into(),
    }
}

fn refused(field: &'static str, problems: &[PasswordProblem]) -> Error {
    Error::InvalidFields(problems.iter().map(|problem| FieldError { field, code: problem.code() }).collect())
}
