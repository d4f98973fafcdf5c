//! What a command answers, on standard output for people or programs, and its failure on standard error.

use std::{
    error::Error,
    io::{self, Write},
    iter,
};

use portcullis::clock::Timestamp;
use serde_json::Value;

/// Prints a result: the JSON if that was asked for, else the text. A reader who has seen enough, as `head` does, is no
/// failure.
pub(crate) fn result(json: bool, value: &Value, text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let printed = if json { writeln!(out, "{value}") } else { writeln!(out, "{text}") };
    printed.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// A moment in RFC 3339, to the second.
pub(crate) fn moment(at: Timestamp) -> String {
    humantime::format_rfc3339_seconds(at.to_system_time()).to_string()
}

/// Prints why a command failed.
pub(crate) fn error(error: &(dyn Error + 'static)) {
    // Where standard error is closed there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{}", chain(error));
}

/// An error with all its causes. A cause that the text before it tells already is left out.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(error.source(), |cause| (*cause).source());
    causes
        .map(ToString::to_string)
        .fold(error.to_string(), |text, cause| if text.contains(&cause) { text } else { format!("{text}: {cause}") })
}
