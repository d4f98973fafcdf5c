//! Where settings are typed: the file, the environment, the flags.

use std::{
    ffi::OsString,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::{
    error::SettingsError,
    table::{Kind, SETTINGS, Setting, setting},
};

/// Every variable of ours begins like this.
const PREFIX: &str = "PORTCULLIS_";

/// Variables that only the tests of this program read.
const OF_THE_TESTS: [&str; 6] = [
    "PORTCULLIS_FLOW_ORDERS",
    "PORTCULLIS_FUZZ_RUNS",
    "PORTCULLIS_PEERS",
    "PORTCULLIS_RACE_ROUNDS",
    "PORTCULLIS_TEST_POSTGRES",
    "PORTCULLIS_VECTORS",
];

/// What Kubernetes puts into the environment for a Service named `portcullis`.
const OF_KUBERNETES: [&str; 2] = ["PORTCULLIS_PORT", "PORTCULLIS_SERVICE_"];

fn is_of_others(variable: &str) -> bool {
    OF_THE_TESTS.contains(&variable) || OF_KUBERNETES.iter().any(|prefix| variable.starts_with(prefix))
}

/// What was typed for one setting, and where.
#[derive(Clone, Debug)]
pub(crate) struct Stated {
    pub(crate) setting: &'static Setting,
    pub(crate) text: String,
    pub(crate) source: Source,
}

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Default,
    File { path: PathBuf, line: usize },
    Variable(String),
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// Reads the file. One that is not there is an error only if it was `asked_for`.
pub(super) fn of_file(path: &Path, asked_for: bool, errors: &mut SettingsError) -> Vec<Stated> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !asked_for => return Vec::new(),
        Err(error) => {
            errors.push(format!("the settings file {} cannot be read: {error}", path.display()));
            return Vec::new();
        }
    };
    let line_of = |offset: usize| text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
    let source_at = |offset: usize| Source::File { path: path.to_owned(), line: line_of(offset) };
    let table = match DeTable::parse(&text) {
        Ok(table) => table.into_inner(),
        Err(error) => {
            // The error's own rendering quotes the line, which may hold a password.
            let source = source_at(error.span().map_or(0, |span| span.start));
            errors.push(format!("{source}: {}", error.message()));
            return Vec::new();
        }
    };
    let mut stated = Vec::new();
    for (key, place, value) in keys_of(&table) {
        let source = source_at(place);
        match setting(&key) {
            None => errors.unknown_key(&key, &source),
            Some(setting) => match text_of(value, setting.kind) {
                Ok(text) => stated.push(Stated { setting, text, source }),
                Err(expected) => errors.wrong(setting, &source, expected, None),
            },
        }
    }
    stated
}

/// Every key, where it stands, and its value. A key in a table that settings are in has the table's name before it.
fn keys_of<'a, 'de>(table: &'a DeTable<'de>) -> Vec<(String, usize, &'a DeValue<'de>)> {
    let mut keys = Vec::new();
    for (key, value) in table {
        let prefix = format!("{}.", key.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) if SETTINGS.iter().any(|setting| setting.key.starts_with(&prefix)) => keys.extend(
                inner.iter().map(|(key, value)| (prefix.clone() + key.get_ref(), key.span().start, value.get_ref())),
            ),
            value => keys.push((key.get_ref().to_string(), key.span().start, value)),
        }
    }
    keys
}

/// A value as it would be typed in a variable or flag.
fn text_of(value: &DeValue<'_>, kind: Kind) -> Result<String, &'static str> {
    match (value, kind) {
        (DeValue::Array(items), Kind::List) => {
            let texts: Option<Vec<_>> = items.iter().map(|item| item.get_ref().as_str()).collect();
            texts.map(|texts| texts.join(",")).ok_or("must be a list of strings")
        }
        (DeValue::String(text), _) => Ok(text.to_string()),
        (DeValue::Boolean(on), _) => Ok(on.to_string()),
        (DeValue::Integer(number), _) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        _ => Err("must be a string, a whole number or a boolean"),
    }
}

/// Reads the environment.
pub(super) fn of_environment(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    errors: &mut SettingsError,
) -> Vec<Stated> {
    let mut stated = Vec::new();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| !is_of_others(name)) else { continue };
        let Some(key) = name.strip_prefix(PREFIX) else { continue };
        let source = Source::Variable(name.to_owned());
        match SETTINGS.iter().find(|known| known.variable() == name) {
            None => errors.unknown_variable(name, key),
            Some(setting) => match value.into_string() {
                Ok(text) => stated.push(Stated { setting, text, source }),
                Err(_) => errors.wrong(setting, &source, "must be UTF-8", None),
            },
        }
    }
    stated
}

impl Setting {
    /// The environment variable of this setting.
    pub(crate) fn variable(&self) -> String {
        PREFIX.to_owned() + &self.key.to_ascii_uppercase().replace('.', "_")
    }

    /// The command-line flag of this setting, without its dashes.
    pub(crate) fn flag(&self) -> String {
        self.key.replace(['_', '.'], "-")
    }
}
