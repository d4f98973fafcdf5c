//! The names that people choose to be shown.

/// The longest name to show, in characters.
pub const DISPLAY_NAME_MAX: usize = 128;

/// A name to show: at most 128 characters, each of which shows. May be empty.
///
/// Names end up in mails and on pages among words that are not their owner's. So no character may hide in one, end a
/// line, or change how the text around it reads: no control or format characters (which are in Unicode's categories Cc
/// and Cf), no separators of lines, no fillers. The joiners that some scripts and emoji need are let in between two
/// characters that show.
///
/// ```
/// use portcullis::account::DisplayName;
///
/// assert!(DisplayName::parse("Ada Lovelace 👩‍💻").is_some());
/// assert!(DisplayName::parse("Ada\u{202e}ecalevoL").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// Reads a name, without the blanks around it; `None` if it breaks the rules above.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let name = typed.trim();
        let fits = name.chars().count() <= DISPLAY_NAME_MAX && !name.chars().any(hides) && joins_what_shows(name);
        fits.then(|| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Two characters that show nothing and are needed in between others: to write Persian and many scripts of India, and
/// to make one emoji of several.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// Whether a character shows nothing itself, or does something to those around it.
pub(crate) fn is_hidden(c: char) -> bool {
    JOINERS.contains(&c) || hides(c)
}

fn hides(c: char) -> bool {
    !JOINERS.contains(&c)
        && (c.is_control()
            || matches!(c,
                '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
                | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
                | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
                | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'))
}

/// Whether every joiner stands between two characters that show.
fn joins_what_shows(name: &str) -> bool {
    let shows = |c: Option<char>| c.is_some_and(|c| !JOINERS.contains(&c) && !c.is_whitespace());
    let mut before = None;
    let mut characters = name.chars().peekable();
    while let Some(c) = characters.next() {
        if JOINERS.contains(&c) && !(shows(before) && shows(characters.peek().copied())) {
            return false;
        }
        before = Some(c);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_name_is_short_and_printable() {
        assert_eq!(DisplayName::parse(" Ada Lovelace "), Some(DisplayName("Ada Lovelace".into())));
        assert_eq!(DisplayName::parse(""), Some(DisplayName(String::new())));
        assert!(DisplayName::parse(&"ä".repeat(128)).is_some());
        for bad in ["a\nb", "a\0b", "a\u{7f}b", "a\u{85}b", &"ä".repeat(129)] {
            assert!(DisplayName::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_display_name_hides_nothing_and_turns_nothing_around() {
        let hidden = "\u{ad}\u{34f}\u{61c}\u{115f}\u{180e}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\
            \u{2066}\u{2069}\u{2800}\u{3164}\u{feff}\u{ffa0}\u{fffb}\u{e0001}\u{e0041}\u{e01ef}";
        for c in hidden.chars() {
            assert_eq!(DisplayName::parse(&format!("Ada{c}Lovelace")), None, "{c:?}");
            // Blanks are taken off the ends.
            for bad in [format!("{c}Ada"), format!("Ada{c}"), c.to_string()] {
                assert!(c.is_whitespace() || DisplayName::parse(&bad).is_none(), "{bad:?}");
            }
        }
        for bad in ["\u{200d}", "\u{200c}Ada", "Ada\u{200d}", "Ada\u{200d}\u{200d}Lovelace", "Ada \u{200c}Lovelace"] {
            assert_eq!(DisplayName::parse(bad), None, "{bad:?}");
        }
        for good in ["نمی\u{200c}خواهم", "👩\u{200d}💻", "❤\u{fe0f}", "O'Brien-Łukasz", "山田 太郎", "क्\u{200d}ष"]
        {
            assert!(DisplayName::parse(good).is_some(), "{good:?}");
        }
    }
}
