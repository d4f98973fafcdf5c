//! The proof that a password was right.

use super::{HashError, HashPool, Password, Verdict};
use crate::{
    account::{SecondFactors, User, UserRecord},
    clock::Timestamp,
};

/// Someone gave the right password of this user. Only [`check`](Self::check) can make it, and what a right password
/// opens asks for it, so nothing can be opened without one.
///
/// It says nothing of whether the account may be used: that is for whoever takes the proof to ask.
#[derive(Clone, Debug)]
pub struct PasswordVerified {
    user: User,
    password_version: i64,
    second_factors: SecondFactors,
    must_change: bool,
    needs_rehash: bool,
    at: Timestamp,
}

impl PasswordVerified {
    /// Checks a password. `None` for an unknown user, for one without a password and for a wrong password alike: each
    /// costs exactly one hash.
    ///
    /// # Errors
    ///
    /// As [`HashPool::verify`]: then nothing is known of the password.
    pub async fn check(
        pool: &HashPool,
        record: Option<&UserRecord>,
        password: Password,
        now: Timestamp,
    ) -> Result<Option<Self>, HashError> {
        let stored = record.and_then(|record| record.password.clone());
        let verdict = pool.verify(password, stored).await?;
        Ok(match (verdict, record) {
            (Verdict::Match { needs_rehash }, Some(record)) => Some(Self {
                user: record.user.clone(),
                password_version: record.password_version,
                second_factors: record.second_factors,
                must_change: record.must_change_password,
                needs_rehash,
                at: now,
            }),
            _ => None,
        })
    }

    /// The same proof for the user as they are now; `None` if they have another password, or it is another user.
    #[must_use]
    pub fn of(self, now: UserRecord) -> Option<Self> {
        let same = now.user.id == self.user.id && now.password_version == self.password_version;
        let (second_factors, must_change) = (now.second_factors, now.must_change_password);
        if same { Some(Self { user: now.user, second_factors, must_change, ..self }) } else { None }
    }

    /// Whose password it was, as they were when it was checked.
    #[must_use]
    pub const fn user(&self) -> &User {
        &self.user
    }

    /// The version of the password that was checked.
    #[must_use]
    pub const fn password_version(&self) -> i64 {
        self.password_version
    }

    /// What the account asks for besides.
    #[must_use]
    pub const fn second_factors(&self) -> SecondFactors {
        self.second_factors
    }

    /// Whether the password has to be changed before it opens anything.
    #[must_use]
    pub const fn must_change(&self) -> bool {
        self.must_change
    }

    /// Whether the password should be hashed anew: see [`Verdict::Match`].
    #[must_use]
    pub const fn needs_rehash(&self) -> bool {
        self.needs_rehash
    }

    /// Gives the user back.
    #[must_use]
    pub fn into_user(self) -> User {
        self.user
    }

    /// When it was checked.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }
}
