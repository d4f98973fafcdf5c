//! Templates: the built-in ones, and those of an operator in their place.
//!
//! They are in the syntax of Jinja. What an operator puts into their folder is read once, at start, and tried before it
//! is needed.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use minijinja::{AutoEscape, Environment, Error as JinjaError, UndefinedBehavior};

/// Why the templates of an operator cannot be used. The text names the file, and the line where there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The folder or a file in it cannot be read.
    #[error("the template {path} cannot be read: {source}")]
    Read {
        /// The file or folder.
        path: String,
        /// What went wrong.
        source: io::Error,
    },
    /// The file has the name of no template.
    #[error("nothing uses the template {path}: {expected}")]
    Unknown {
        /// The file.
        path: String,
        /// What its name must be.
        expected: String,
    },
    /// The template cannot be read as one, or names what is not there.
    #[error("the template {path}, line {line}: {reason}")]
    Broken {
        /// The file.
        path: String,
        /// The line in it.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The template leaves something out without which what is made of it is of no use.
    #[error("the template {path} {reason}")]
    Useless {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// An environment in which HTML escapes all that it is given, and to name what is not there is an error.
pub(crate) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_keep_trailing_newline(true);
    environment.set_formatter(|out, state, value| match state.auto_escape() {
        // The stock one also escapes `/`, which makes links that people cannot read.
        AutoEscape::Html if !value.is_safe() => Ok(out.write_str(&escaped(&value.to_string()))?),
        _ => minijinja::escape_formatter(out, state, value),
    });
    environment
}

/// Adds a built-in template.
pub(crate) fn add(
    environment: &mut Environment<'static>,
    name: &'static str,
    source: &'static str,
) -> Result<(), TemplateError> {
    environment.add_template(name, source).map_err(|error| broken(Path::new(""), name, &error))
}

/// Puts the files in this folder, which need not be there, in the place of templates, and answers which. Each must have a
/// name that is `known`, and `expected` says which those are.
pub(crate) fn add_own(
    environment: &mut Environment<'static>,
    folder: &Path,
    known: impl Fn(&str) -> bool,
    expected: &str,
) -> Result<Vec<String>, TemplateError> {
    let mut own = Vec::new();
    for path in files_in(folder)? {
        let Some(name) = path.file_name().and_then(OsStr::to_str).filter(|name| known(name)) else {
            return Err(TemplateError::Unknown { path: path.display().to_string(), expected: expected.to_owned() });
        };
        let source = fs::read_to_string(&path).map_err(|source| unreadable(&path, source))?;
        environment.add_template_owned(name.to_owned(), source).map_err(|error| broken(folder, name, &error))?;
        own.push(name.to_owned());
    }
    Ok(own)
}

/// Which template is broken, and where. `name` is the one that was asked for, which may have led to another.
pub(crate) fn broken(folder: &Path, name: &str, error: &JinjaError) -> TemplateError {
    let name = error.name().unwrap_or(name);
    let reason =
        error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    TemplateError::Broken { path: folder.join(name).display().to_string(), line: error.line().unwrap_or(1), reason }
}

/// The files in a folder, in order; none if it is not there. Hidden ones are somebody else's.
fn files_in(folder: &Path) -> Result<BTreeSet<PathBuf>, TemplateError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries.map_err(|source| unreadable(folder, source))?,
    };
    let paths: Result<BTreeSet<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(|source| unreadable(folder, source))?;
    paths.retain(|path| path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".")));
    Ok(paths)
}

pub(crate) fn unreadable(path: &Path, source: io::Error) -> TemplateError {
    TemplateError::Read { path: path.display().to_string(), source }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
