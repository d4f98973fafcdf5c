//! A password in the clear, in the one form in which it is hashed.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::PasswordProblem;

/// The longest password, in bytes of UTF-8 as it was typed.
pub const PASSWORD_MAX: usize = 1024;

/// UTF-8 grows at most this many times when it is brought into NFC (Unicode Standard Annex #15, section 9).
const NFC_GROWTH: usize = 3;

/// A password in the clear: normalised, never shown, wiped when dropped.
///
/// The text is brought into Unicode's form NFC (NIST SP 800-63B section 3.1.1.2), so that the same password typed on
/// two keyboards is one password. That is the only change: nothing is trimmed, cut or folded, and every character
/// counts, NUL and spaces too.
///
/// ```
/// use portcullis::password::Password;
///
/// let composed = Password::parse("caf\u{e9}").unwrap();
/// let decomposed = Password::parse("cafe\u{301}").unwrap();
/// assert_eq!(composed.expose(), decomposed.expose());
/// assert_eq!(format!("{composed:?}"), "Password(…)");
/// ```
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a password as it was typed.
    ///
    /// # Errors
    ///
    /// [`PasswordProblem::TooLong`] beyond [`PASSWORD_MAX`] bytes. Whether it is good enough to be set is for the
    /// [`PasswordPolicy`](super::PasswordPolicy) to say.
    pub fn parse(typed: &str) -> Result<Self, PasswordProblem> {
        if typed.len() > PASSWORD_MAX {
            return Err(PasswordProblem::TooLong);
        }
        // A string that grew would leave copies behind that nobody wipes, so it gets all its room at once.
        let mut plain = Zeroizing::new(String::with_capacity(typed.len() * NFC_GROWTH));
        plain.extend(typed.nfc());
        Ok(Self(plain))
    }

    /// The password itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pw_2_a_password_is_limited_in_bytes_as_typed() {
        for typed in ["x".repeat(64), "\u{1f512}".repeat(128), "x".repeat(PASSWORD_MAX)] {
            assert_eq!(Password::parse(&typed).unwrap().expose(), typed);
        }
        for typed in ["x".repeat(PASSWORD_MAX + 1), "\u{1f512}".repeat(257), "x".repeat(1 << 20)] {
            assert_eq!(Password::parse(&typed).unwrap_err().code(), "password_too_long");
        }
    }

    #[test]
    fn normalising_never_moves_the_text() {
        // U+1D160 is the character that grows most.
        let typed = "\u{1d160}".repeat(PASSWORD_MAX / 4);
        let password = Password::parse(&typed).unwrap();
        assert_eq!(password.expose().len(), typed.len() * NFC_GROWTH);
        assert_eq!(password.0.capacity(), typed.len() * NFC_GROWTH);
    }
}
