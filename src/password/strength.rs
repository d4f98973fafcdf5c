//! How easily a password is guessed, by zxcvbn: a model of how people choose passwords and how attackers try them.

use zeroize::Zeroizing;
use zxcvbn::{
    Score,
    feedback::{Feedback, Warning},
    zxcvbn,
};

use super::Password;
use crate::account::{Email, Username};

/// How many characters are looked at: what follows only ever makes a password harder to guess.
const LOOKED_AT: usize = 64;

/// How many characters are looked at whatever they are.
const LOOKED_AT_ALWAYS: usize = 20;

/// The signs that zxcvbn also reads as letters, digits left out. Every further one multiplies the readings it tries: all
/// of them in 64 characters cost it half a second, 64 characters with one of them no more than a hash.
const LETTER_LIKE: &str = "@({[<!|$+%";

/// The shortest part of a word that counts as a word itself, in characters.
const SHORTEST_WORD: usize = 3;

/// How easily a password is guessed by someone who can try each guess for as long as they like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Within the first million guesses (zxcvbn's scores 0 and 1): every password in its lists, every word of the
    /// user's own, and what is made of one of those.
    Common,
    /// Within the first hundred million guesses (score 2).
    Weak,
    /// Later than that (scores 3 and 4).
    Strong,
}

/// What makes a password easy to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pattern {
    /// It is made of the user's own words.
    OwnWords,
    /// It is a common password, or much like one.
    CommonPassword,
    /// It is one word, or one word and a little.
    SingleWord,
    /// It is made of names.
    Names,
    /// It follows the keys of a keyboard.
    Keyboard,
    /// It repeats itself.
    Repeats,
    /// It counts or spells on, as `abc` and `6543` do.
    Sequence,
    /// It holds a date or a year.
    Date,
}

impl Pattern {
    const fn of(warning: Warning) -> Self {
        match warning {
            Warning::StraightRowsOfKeysAreEasyToGuess | Warning::ShortKeyboardPatternsAreEasyToGuess => Self::Keyboard,
            Warning::RepeatsLikeAaaAreEasyToGuess | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => {
                Self::Repeats
            }
            Warning::ThisIsATop10Password
            | Warning::ThisIsATop100Password
            | Warning::ThisIsACommonPassword
            | Warning::ThisIsSimilarToACommonlyUsedPassword => Self::CommonPassword,
            Warning::SequencesLikeAbcAreEasyToGuess => Self::Sequence,
            Warning::RecentYearsAreEasyToGuess | Warning::DatesAreOftenEasyToGuess => Self::Date,
            Warning::AWordByItselfIsEasyToGuess => Self::SingleWord,
            Warning::NamesAndSurnamesByThemselvesAreEasyToGuess | Warning::CommonNamesAndSurnamesAreEasyToGuess => {
                Self::Names
            }
        }
    }
}

/// How a password was rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rating {
    /// How easily it is guessed.
    pub strength: Strength,
    /// What makes it so, where one thing does.
    pub pattern: Option<Pattern>,
}

/// Words that someone who knows the user tries first: the user name, the address, the name, and those of the site.
///
/// Each counts whole, without its punctuation, and in its parts.
///
/// ```
/// use portcullis::password::OwnWords;
///
/// let words = OwnWords::default().and("ada.lovelace");
/// assert_eq!(words.iter().collect::<Vec<_>>(), ["ada.lovelace", "adalovelace", "ada", "lovelace"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct OwnWords(Vec<String>);

impl OwnWords {
    /// The words of a user.
    #[must_use]
    pub fn of(username: &Username, email: &Email, name: &str) -> Self {
        // The two halves of the address are words too, the domain with its dots.
        let halves = email.as_str().split('@');
        halves.fold(Self::default().and(username.as_str()).and(name).and(email.as_str()), Self::and)
    }

    /// The same words and those of this text.
    #[must_use]
    pub fn and(mut self, text: &str) -> Self {
        let text = text.to_lowercase();
        let joined = without_signs(&text);
        let parts = text.split(|c: char| !c.is_alphanumeric());
        for word in [text.as_str(), &joined].into_iter().chain(parts) {
            if word.chars().count() >= SHORTEST_WORD && !self.0.iter().any(|known| known == word) {
                self.0.push(word.to_owned());
            }
        }
        self
    }

    /// The words, in lower case.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Rates a password as if it were typed in lower case: which letters are capital hardly matters to who guesses it.
pub(super) fn rate(password: &Password, words: &OwnWords) -> Rating {
    let text = Zeroizing::new(password.expose().to_lowercase());
    let words: Vec<_> = words.iter().collect();
    // To zxcvbn, a word with other signs in it is two words.
    let joined = Zeroizing::new(without_signs(&text));
    if words.contains(&joined.trim_matches(char::is_numeric)) {
        return Rating { strength: Strength::Common, pattern: Some(Pattern::OwnWords) };
    }
    let entropy = zxcvbn(beginning_of(&text), &words);
    let strength = match entropy.score() {
        Score::Zero | Score::One => Strength::Common,
        Score::Two => Strength::Weak,
        _ => Strength::Strong,
    };
    let warning = entropy.feedback().and_then(Feedback::warning);
    Rating { strength, pattern: warning.map(Pattern::of) }
}

fn without_signs(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// As much of it as can be rated at a bounded cost.
fn beginning_of(text: &str) -> &str {
    let mut letter_like = None;
    let mut several = false;
    for (number, (at, c)) in text.char_indices().enumerate() {
        if LETTER_LIKE.contains(c) {
            several |= *letter_like.get_or_insert(c) != c;
        }
        if number == LOOKED_AT || (several && number >= LOOKED_AT_ALWAYS) {
            return text.get(..at).unwrap_or(text);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rated(typed: &str, words: &[&str]) -> Strength {
        let words = words.iter().copied().fold(OwnWords::default(), OwnWords::and);
        rate(&Password::parse(typed).unwrap(), &words).strength
    }

    #[test]
    fn pw_6_what_makes_it_easy_is_told() {
        for (typed, pattern) in [
            ("ada.lovelace", Pattern::OwnWords),
            ("passwordpasswort", Pattern::CommonPassword),
            ("constitutional", Pattern::SingleWord),
            ("qwertyuiop[]", Pattern::Keyboard),
            ("xqzxqzxqzxqz", Pattern::Repeats),
            ("abcdefghijklmn", Pattern::Sequence),
            ("24.12.1994", Pattern::Date),
        ] {
            let words = OwnWords::default().and("Ada Lovelace");
            let rating = rate(&Password::parse(typed).unwrap(), &words);
            assert_eq!(rating.pattern, Some(pattern), "{typed}");
            assert!(rating.strength < Strength::Strong, "{typed}");
        }
        let strong = rate(&Password::parse("correct horse battery staple").unwrap(), &OwnWords::default());
        assert_eq!(strong, Rating { strength: Strength::Strong, pattern: None });
    }

    #[test]
    fn pw_6_what_is_made_of_the_users_own_words_is_common() {
        let words = ["Ada.Lovelace", "ada@notes.example", "Ada Byron King"];
        for typed in [
            "ada.lovelace",
            "AdaLovelace1815",
            "Ada-Lovelace (1815)",
            "Ada.Byron_King",
            "adabyronking",
            "LovelaceLovelace",
            "4d4.l0v3l4c3",
        ] {
            assert_eq!(rated(typed, &words), Strength::Common, "{typed}");
        }
        assert_eq!(rated("ada keeps seven quiet geese", &words), Strength::Strong);
    }

    #[test]
    fn pw_6_a_common_password_within_a_phrase_is_no_common_password() {
        for typed in ["contains password somewhere", "password1 grows between the stones"] {
            assert_eq!(rated(typed, &[]), Strength::Strong, "{typed}");
        }
        for typed in ["PassWordPassWord", "QWERTYUIOPasdfghjkl", "christopher", "1234567890987654321"] {
            assert_eq!(rated(typed, &[]), Strength::Common, "{typed}");
        }
    }

    #[test]
    fn only_as_much_is_looked_at_as_can_be_afforded() {
        let plain = "a1".repeat(60);
        assert_eq!(beginning_of(&plain).chars().count(), LOOKED_AT);
        assert_eq!(beginning_of(&"é@".repeat(60)).chars().count(), LOOKED_AT);
        let signs = LETTER_LIKE.repeat(10);
        assert_eq!(beginning_of(&signs), &signs[..LOOKED_AT_ALWAYS]);
        let late = format!("{}@(tail", "a".repeat(40));
        assert_eq!(beginning_of(&late), &late[..41]);
        for short in ["", "@(", "correct horse"] {
            assert_eq!(beginning_of(short), short);
        }
    }
}
