//! What a password must be to be set.

use super::{Password, PasswordProblem};

/// The lowest minimum length that a policy may have, in code points (NIST SP 800-63B section 3.1.1.2).
pub const MIN_LENGTH_FLOOR: usize = 8;

/// What a password must be to be set. It is not asked when a password is checked: whoever has one may use it.
///
/// There are no rules of composition: length is what makes a password hard to guess.
///
/// ```
/// use portcullis::password::{Password, PasswordPolicy};
///
/// let policy = PasswordPolicy::new(15).unwrap();
/// let problems = policy.accept(Password::parse("fourteen chars").unwrap()).unwrap_err();
/// assert_eq!(problems[0].code(), "password_too_short");
/// assert!(PasswordPolicy::new(7).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    min_length: usize,
}

/// A policy was asked to take passwords shorter than [`MIN_LENGTH_FLOOR`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the minimum password length cannot be below {MIN_LENGTH_FLOOR}")]
pub struct MinLengthTooLow;

impl PasswordPolicy {
    /// A policy that asks for this many characters (Unicode code points). The default is 10.
    ///
    /// # Errors
    ///
    /// [`MinLengthTooLow`] below [`MIN_LENGTH_FLOOR`].
    pub const fn new(min_length: usize) -> Result<Self, MinLengthTooLow> {
        if min_length < MIN_LENGTH_FLOOR { Err(MinLengthTooLow) } else { Ok(Self { min_length }) }
    }

    /// How many characters a password must have.
    #[must_use]
    pub const fn min_length(&self) -> usize {
        self.min_length
    }

    /// Takes this password as one that may be set.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn accept(&self, password: Password) -> Result<NewPassword, Vec<PasswordProblem>> {
        let mut problems = Vec::new();
        if password.expose().chars().count() < self.min_length {
            problems.push(PasswordProblem::TooShort);
        }
        if problems.is_empty() { Ok(NewPassword(password)) } else { Err(problems) }
    }
}

/// A password that may be set: only [`PasswordPolicy::accept`] makes one.
#[derive(Clone, Debug)]
pub struct NewPassword(Password);

impl NewPassword {
    /// The password, to be hashed.
    #[must_use]
    pub fn into_password(self) -> Password {
        self.0
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { min_length: 10 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(policy: &PasswordPolicy, typed: &str) -> bool {
        match policy.accept(Password::parse(typed).unwrap()) {
            Ok(_) => true,
            Err(problems) => {
                assert_eq!(problems, [PasswordProblem::TooShort]);
                false
            }
        }
    }

    #[test]
    fn pw_1_length_is_counted_in_code_points() {
        let policy = PasswordPolicy::default();
        for character in ["x", "\u{e9}", "\u{1f512}"] {
            assert!(accepts(&policy, &character.repeat(10)));
            assert!(!accepts(&policy, &character.repeat(9)));
        }
    }

    #[test]
    fn pw_1_no_policy_goes_below_the_floor() {
        assert_eq!(PasswordPolicy::new(7), Err(MinLengthTooLow));
        assert!(accepts(&PasswordPolicy::new(8).unwrap(), "8 x char"));
    }

    #[test]
    fn pw_3_no_composition_is_asked_for() {
        for typed in ["all lower case passphrase", "          ", "1111111111"] {
            assert!(accepts(&PasswordPolicy::default(), typed));
        }
    }
}
