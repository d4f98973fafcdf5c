//! Breached passwords in a file on this machine.

use std::{
    error::Error,
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use async_trait::async_trait;

use super::{BreachLookup, SHOWN};

/// Digits of a SHA-1 in a line, before the colon.
const DIGITS: usize = 40;

/// More than any line has bytes.
const LINE_MAX: u64 = 256;

/// A part of the file that is small enough to be read through.
const BLOCK: u64 = 4096;

/// The most that is read of the lines that begin alike, in bytes. In the list of 2024 they come to 60 KiB.
const RANGE_MAX: u64 = 1 << 20;

/// A [`BreachLookup`] in a file: a line for each password, `SHA-1:COUNT` in hexadecimal, sorted. It is the form in which
/// Pwned Passwords is downloaded whole, ordered by hash.
///
/// The file is searched where it lies, in about forty short reads, and is opened anew for each, so it may be replaced
/// by a newer one at any time.
#[derive(Clone, Debug)]
pub struct BreachFile {
    path: PathBuf,
}

impl BreachFile {
    /// The file at `path`. That it can be read and begins as it should is asked now, that it is sorted never.
    ///
    /// # Errors
    ///
    /// The system's error if it cannot be read, or [`io::ErrorKind::InvalidData`] if it is something else.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let mut line = Vec::new();
        BufReader::new(File::open(&path)?).take(LINE_MAX).read_until(b'\n', &mut line)?;
        digits_of(&line).map(|_| Self { path })
    }
}

#[async_trait]
impl BreachLookup for BreachFile {
    async fn range(&self, beginning: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
        let (path, beginning) = (self.path.clone(), beginning.to_ascii_uppercase());
        Ok(tokio::task::spawn_blocking(move || range(&path, beginning.as_bytes())).await??)
    }
}

/// The rest of every line that begins like this.
fn range(path: &Path, beginning: &[u8]) -> io::Result<String> {
    let mut file = File::open(path)?;
    let (mut start, mut end) = (0, file.metadata()?.len());
    // Every line that starts before `start` comes before those looked for, and none that starts behind `end` does.
    while end - start > BLOCK {
        let middle = start.midpoint(end);
        match first_line_behind(&mut file, middle)? {
            Some((at, head)) if at < end && head.as_slice() < beginning => start = at,
            _ => end = middle,
        }
    }
    file.seek(SeekFrom::Start(start))?;
    let mut lines = BufReader::new(file).take(BLOCK + LINE_MAX + RANGE_MAX);
    let (mut found, mut line) = (String::new(), Vec::new());
    while lines.read_until(b'\n', &mut line)? > 0 {
        let (head, rest) = digits_of(&line)?;
        if head.as_slice() > beginning {
            return Ok(found);
        }
        if head == beginning {
            found += rest;
        }
        line.clear();
    }
    if lines.limit() == 0 { Err(malformed()) } else { Ok(found) }
}

/// Where the first line starts that starts behind this place, and its first digits; `None` if there is none.
fn first_line_behind(file: &mut File, place: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
    let mut read = Vec::new();
    file.seek(SeekFrom::Start(place))?;
    file.take(LINE_MAX).read_to_end(&mut read)?;
    let Some(newline) = read.iter().position(|byte| *byte == b'\n') else {
        return if read.len() as u64 == LINE_MAX { Err(malformed()) } else { Ok(None) };
    };
    let head = read.get(newline + 1..newline + 1 + SHOWN).map(<[u8]>::to_ascii_uppercase);
    Ok(head.map(|head| (place + newline as u64 + 1, head)))
}

/// The first five digits of a line, in capitals, and the rest of it.
fn digits_of(line: &[u8]) -> io::Result<(Vec<u8>, &str)> {
    let line = str::from_utf8(line).map_err(|_| malformed())?;
    let (digits, _) = line.split_once(':').ok_or_else(malformed)?;
    if digits.len() != DIGITS || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(malformed());
    }
    let (head, rest) = line.split_at(SHOWN);
    Ok((head.to_ascii_uppercase().into_bytes(), rest))
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the file of breached passwords must hold lines of `SHA-1:COUNT`")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tempfile::NamedTempFile;

    use super::*;

    fn file(lines: impl Iterator<Item = String>) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        for line in lines {
            file.write_all(line.as_bytes()).unwrap();
        }
        file
    }

    /// The numbers up to 10,000 in steps of 7, as if they were hashes, some with the same beginning.
    fn numbers() -> impl Iterator<Item = u64> {
        (0..10_000).step_by(7)
    }

    fn hash(number: u64) -> String {
        format!("{:05X}{:035X}", number / 3, number)
    }

    #[test]
    fn every_range_is_found_wherever_it_lies() {
        let file = file(numbers().map(|number| format!("{}:{number}\r\n", hash(number))));
        for beginning in 0..3400 {
            let lines = numbers().filter(|number| number / 3 == beginning);
            let lines: Vec<_> = lines.map(|number| format!("{}:{number}\r\n", &hash(number)[SHOWN..])).collect();
            let expected = lines.concat();
            assert_eq!(range(file.path(), format!("{beginning:05X}").as_bytes()).unwrap(), expected, "{beginning}");
        }
        assert_eq!(range(file.path(), b"FFFFF").unwrap(), "");
    }

    #[test]
    fn small_letters_and_a_missing_last_line_end_are_read_too() {
        let lines = ["0000a", "0000b", "0000c"].map(|head| format!("{head}{:035x}:1\n", 7));
        let file = file(lines.into_iter());
        file.as_file().set_len(file.as_file().metadata().unwrap().len() - 1).unwrap();
        assert_eq!(range(file.path(), b"0000B").unwrap(), format!("{:035x}:1\n", 7));
        assert_eq!(range(file.path(), b"0000C").unwrap(), format!("{:035x}:1", 7));
    }

    #[test]
    fn what_is_no_list_of_hashes_is_refused() {
        assert!(BreachFile::open("/nowhere/at/all").is_err());
        for text in ["", "\n", "password\n", "00000:1\n", &"0".repeat(100_000), "ä", &format!("{}:1", "G".repeat(40))]
        {
            let file = file([text.to_owned()].into_iter());
            assert!(BreachFile::open(file.path()).is_err(), "{text:.50}");
        }
        let one_line = file([format!("{}:1", hash(0))].into_iter());
        assert!(BreachFile::open(one_line.path()).is_ok());
        let spoilt = file([format!("{}:1\n", hash(0)), "x".repeat(100_000)].into_iter());
        assert!(range(spoilt.path(), b"00001").is_err());
    }
}
