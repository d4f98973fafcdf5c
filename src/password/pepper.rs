//! Peppers: secrets that go into every hash and are kept apart from the database.

use std::{fmt, fs, io, path::Path, sync::Arc};

use argon2::KeyId;
use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::vault;

/// The longest id of a pepper, in characters.
pub const PEPPER_ID_MAX: usize = KeyId::MAX_LEN;

/// What a file says in place of a pepper where new hashes are to be made without one.
const NONE: &str = "none";

/// A secret of 32 bytes that goes into hashes beside the password (the `K` of RFC 9106 section 3.1). Whoever has the
/// database and not the pepper cannot even begin to guess passwords.
///
/// A hash names the one it was made with by its id, as the `keyid` of its PHC string.
#[derive(Clone)]
pub struct Pepper {
    id: KeyId,
    secret: Zeroizing<[u8; 32]>,
}

impl Pepper {
    /// The pepper with this id, of 1 to [`PEPPER_ID_MAX`] ASCII letters and digits, and these bytes.
    ///
    /// # Errors
    ///
    /// [`PepperError::Malformed`] if that is no id.
    pub fn new(id: &str, secret: [u8; 32]) -> Result<Self, PepperError> {
        let secret = Zeroizing::new(secret);
        let is_id = !id.is_empty() && id != NONE && id.bytes().all(|c| c.is_ascii_alphanumeric());
        let id = KeyId::new(id.as_bytes()).ok().filter(|_| is_id).ok_or(PepperError::Malformed)?;
        Ok(Self { id, secret })
    }

    pub(super) fn id(&self) -> KeyId {
        self.id
    }

    pub(super) fn secret(&self) -> &[u8] {
        self.secret.as_slice()
    }

    fn read(line: &str) -> Option<Self> {
        let (id, secret) = line.split_once(' ')?;
        let bytes = STANDARD.decode(secret.trim()).map(Zeroizing::new).ok()?;
        Self::new(id, bytes.as_slice().try_into().ok()?).ok()
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pepper({})", String::from_utf8_lossy(self.id.as_bytes()))
    }
}

/// The peppers in use: the one of new hashes, and those of hashes that are there. The default is none at all.
///
/// A login whose hash was made otherwise than a new one would be, with a former pepper or with none, hashes its password
/// again. So a pepper can be introduced at any time, and replaced: the former one stays until those who matter have logged
/// in. Whoever has a hash with a pepper that is not here any more has to reset their password.
///
/// ```
/// use portcullis::password::{Pepper, Peppers};
///
/// let peppers = Peppers::of(Pepper::new("k2", [2; 32])?).and_former(Pepper::new("k1", [1; 32])?)?;
/// assert_eq!(format!("{peppers:?}"), "Peppers { current: Some(Pepper(k2)), former: [Pepper(k1)] }");
/// # Ok::<_, portcullis::password::PepperError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Peppers {
    current: Option<Pepper>,
    former: Arc<[Pepper]>,
}

/// Why there are no peppers to be had. No text of it holds one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PepperError {
    /// The file could not be read.
    #[error("the pepper file cannot be read: {0}")]
    File(#[from] io::Error),
    /// Others than its owner may read or write the file.
    #[error("the pepper file is open to others than its owner; set its mode to 0600")]
    Exposed,
    /// It is not written as it must be.
    #[error(
        "a pepper is an id of 1 to {PEPPER_ID_MAX} letters and digits, a space, and 32 bytes in base64, on a line of its own"
    )]
    Malformed,
    /// Two have one id.
    #[error("two peppers have the same id")]
    SameId,
}

impl Peppers {
    /// One, for new hashes.
    #[must_use]
    pub fn of(current: Pepper) -> Self {
        Self { current: Some(current), ..Self::default() }
    }

    /// The same, and one that older hashes were made with.
    ///
    /// # Errors
    ///
    /// [`PepperError::SameId`] if there is one of this id.
    pub fn and_former(self, pepper: Pepper) -> Result<Self, PepperError> {
        if self.with_id(pepper.id.as_bytes()).is_some() {
            return Err(PepperError::SameId);
        }
        Ok(Self { former: self.former.iter().cloned().chain([pepper]).collect(), ..self })
    }

    /// Reads a file that only its owner may read. Each line has an id, a space and 32 bytes in base64, as in
    /// `k1 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=`. The first is the one of new hashes; the word `none` in its place
    /// says that they are made without one. Empty lines and those that begin with `#` count for nothing.
    ///
    /// # Errors
    ///
    /// [`PepperError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, PepperError> {
        let text = Zeroizing::new(fs::read_to_string(&path)?);
        if vault::is_exposed(path.as_ref())? {
            return Err(PepperError::Exposed);
        }
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let read = |line: &str| Pepper::read(line).ok_or(PepperError::Malformed);
        let current = match lines.next().ok_or(PepperError::Malformed)? {
            NONE => None,
            line => Some(read(line)?),
        };
        lines.try_fold(Self { current, ..Self::default() }, |peppers, line| peppers.and_former(read(line)?))
    }

    pub(super) fn current(&self) -> Option<&Pepper> {
        self.current.as_ref()
    }

    pub(super) fn with_id(&self, id: &[u8]) -> Option<&Pepper> {
        self.current.iter().chain(self.former.iter()).find(|pepper| pepper.id.as_bytes() == id)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn opened(text: &str) -> Result<Peppers, PepperError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        Peppers::open(file.path())
    }

    fn line(id: &str, byte: u8) -> String {
        format!("{id} {}\n", STANDARD.encode([byte; 32]))
    }

    #[test]
    fn pw_8_a_file_names_the_current_pepper_first() {
        let peppers = opened(&format!("# made in March\n{}\n{}", line("k2", 2), line("k1", 1))).unwrap();
        assert_eq!(peppers.current().unwrap().secret(), [2; 32]);
        assert_eq!(peppers.with_id(b"k1").unwrap().secret(), [1; 32]);
        assert!(peppers.with_id(b"k3").is_none());
        let former = opened(&format!("none\n{}", line("k1", 1))).unwrap();
        assert!(former.current().is_none() && former.with_id(b"k1").is_some());
        let secret = STANDARD.encode([2; 32]);
        assert!(!format!("{peppers:?}").contains(&secret) && format!("{peppers:?}").contains("k2"));
    }

    #[test]
    fn pw_8_what_is_no_pepper_is_refused() {
        let short = format!("k1 {}", STANDARD.encode([1; 31]));
        for text in
            ["", "# nothing", "k1", "k1 ", "k1 !!!!", &short, &line("too-long-id", 1), &line("k-1", 1), &line("", 1)]
        {
            assert!(matches!(opened(text), Err(PepperError::Malformed)), "{text}");
        }
        let twice = line("k1", 1) + &line("k1", 2);
        assert!(matches!(opened(&twice), Err(PepperError::SameId)));
        assert!(matches!(Peppers::open("/nonexistent/pepper"), Err(PepperError::File(_))));
    }

    #[cfg(unix)]
    #[test]
    fn pw_8_a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), line("k1", 1)).unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Peppers::open(file.path()), Err(PepperError::Exposed)));
    }
}
