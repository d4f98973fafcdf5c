//! What a password must be to be set.

use std::sync::Arc;

use super::{BreachLookup, HashError, HashPool, OwnWords, Password, PasswordProblem, Rating, Strength, breach, common};

/// The lowest minimum length that a policy may have, in code points (NIST SP 800-63B section 3.1.1.2).
pub const MIN_LENGTH_FLOOR: usize = 8;

/// How many of the four kinds of character [`PasswordPreset::Composition`] asks for.
const KINDS_ASKED_FOR: usize = 3;

/// Which rules a [`PasswordPolicy`] starts from. All of them refuse passwords that are common or follow from the user's
/// own words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PasswordPreset {
    /// At least 10 characters, and [`Strength::Strong`]. No rules of composition: they make passwords worse.
    #[default]
    Default,
    /// At least 15 characters, and nothing else: what NIST SP 800-63B asks of a password that stands alone.
    Nist,
    /// The default's rules, and characters of three of four kinds: capital letters, other letters, digits, the rest.
    /// For those who must have it.
    Composition,
}

impl PasswordPreset {
    const ALL: [Self; 3] = [Self::Default, Self::Nist, Self::Composition];

    /// The preset of this name: `default`, `nist` or `composition`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == name)
    }

    /// Its name in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Nist => "nist",
            Self::Composition => "composition",
        }
    }

    const fn min_length(self) -> usize {
        match self {
            Self::Default | Self::Composition => 10,
            Self::Nist => 15,
        }
    }

    const fn min_strength(self) -> Strength {
        match self {
            Self::Default | Self::Composition => Strength::Strong,
            Self::Nist => Strength::Weak,
        }
    }
}

/// What a password must be to be set. It is not asked when a password is checked: whoever has one may use it.
///
/// ```
/// use portcullis::password::{Password, PasswordPolicy, PasswordPreset, PolicyError};
///
/// let policy = PasswordPolicy::of(PasswordPreset::Nist);
/// let Err(PolicyError::Refused(problems)) = policy.screen(&Password::parse("fourteen chars").unwrap()) else {
///     unreachable!()
/// };
/// assert_eq!(problems[0].code(), "password_too_short");
/// assert!(policy.with_min_length(7).is_err());
/// ```
#[derive(Clone, Debug)]
pub struct PasswordPolicy {
    preset: PasswordPreset,
    min_length: usize,
    breaches: Option<Arc<dyn BreachLookup>>,
}

/// A policy was asked to take passwords shorter than [`MIN_LENGTH_FLOOR`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the minimum password length cannot be below {MIN_LENGTH_FLOOR}")]
pub struct MinLengthTooLow;

/// Why a password may not be set, or not now.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The policy refuses it, for all of these reasons.
    #[error("the password does not meet the policy")]
    Refused(Vec<PasswordProblem>),
    /// It could not be rated: nothing is known of it.
    #[error(transparent)]
    Unrated(#[from] HashError),
}

impl PasswordPolicy {
    /// The rules of this preset.
    #[must_use]
    pub const fn of(preset: PasswordPreset) -> Self {
        Self { preset, min_length: preset.min_length(), breaches: None }
    }

    /// The same rules with another minimum length, in characters (Unicode code points).
    ///
    /// # Errors
    ///
    /// [`MinLengthTooLow`] below [`MIN_LENGTH_FLOOR`].
    pub fn with_min_length(self, min_length: usize) -> Result<Self, MinLengthTooLow> {
        if min_length < MIN_LENGTH_FLOOR { Err(MinLengthTooLow) } else { Ok(Self { min_length, ..self }) }
    }

    /// The same rules under another preset: its minimum length, its strength and its composition.
    #[must_use]
    pub fn with_preset(self, preset: PasswordPreset) -> Self {
        Self { breaches: self.breaches, ..Self::of(preset) }
    }

    /// The same rules, and no password that this look-up knows from a breach. Default: none is asked.
    #[must_use]
    pub fn with_breaches(self, lookup: impl BreachLookup) -> Self {
        Self { breaches: Some(Arc::new(lookup)), ..self }
    }

    /// The preset it started from.
    #[must_use]
    pub const fn preset(&self) -> PasswordPreset {
        self.preset
    }

    /// How many characters a password must have.
    #[must_use]
    pub const fn min_length(&self) -> usize {
        self.min_length
    }

    /// Asks what can be asked at no cost, so that a form can name every wrong field at once. What passes may still be
    /// refused by [`accept`](Self::accept).
    ///
    /// # Errors
    ///
    /// [`PolicyError::Refused`] with everything that is wrong so far.
    pub fn screen(&self, password: &Password) -> Result<(), PolicyError> {
        let mut problems = Vec::new();
        let text = password.expose();
        if text.chars().count() < self.min_length {
            problems.push(PasswordProblem::TooShort);
        }
        if self.preset == PasswordPreset::Composition && kinds_in(text) < KINDS_ASKED_FOR {
            problems.push(PasswordProblem::TooUniform);
        }
        if common::is_common(text) {
            problems.push(PasswordProblem::TooCommon);
        }
        if problems.is_empty() { Ok(()) } else { Err(PolicyError::Refused(problems)) }
    }

    /// Takes this password as one that may be set.
    ///
    /// How easily it is guessed, by someone who knows these words of the user, is worked out in the pool: it can take
    /// as long as a hash. A breach look-up is asked last, and only about what has passed everything else.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Refused`] with everything that is wrong with it; [`PolicyError::Unrated`] if the pool is
    /// overloaded.
    pub async fn accept(
        &self,
        password: Password,
        words: &OwnWords,
        pool: &HashPool,
    ) -> Result<NewPassword, PolicyError> {
        self.screen(&password)?;
        let Rating { strength, pattern } = pool.rate(password.clone(), words.clone()).await?;
        let problem = if strength == Strength::Common {
            PasswordProblem::TooCommon
        } else if strength < self.preset.min_strength() {
            PasswordProblem::TooWeak
        } else if let Some(lookup) = &self.breaches
            && breach::knows(lookup.as_ref(), &password).await
        {
            return Err(PolicyError::Refused(vec![PasswordProblem::Breached]));
        } else {
            return Ok(NewPassword(password));
        };
        let reason = pattern.map(PasswordProblem::Follows);
        Err(PolicyError::Refused([problem].into_iter().chain(reason).collect()))
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self::of(PasswordPreset::Default)
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

/// How many of the four kinds of character there are in it.
fn kinds_in(text: &str) -> usize {
    let has = |kind: fn(char) -> bool| usize::from(text.chars().any(kind));
    has(char::is_uppercase)
        + has(|c| c.is_alphabetic() && !c.is_uppercase())
        + has(char::is_numeric)
        + has(|c| !c.is_alphanumeric())
}
