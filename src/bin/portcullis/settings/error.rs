//! What is wrong with the settings: everything at once, each with the key, where it was typed, and what would be right.

use std::fmt;

use super::{mask::masked, source::Source, table::Setting};

/// How alike two names must be for one to be offered in place of the other (Jaro-Winkler, from 0 to 1).
const ALIKE: f64 = 0.85;

/// The settings cannot be used. Each text stands on its own.
#[derive(Debug, Default)]
pub(crate) struct SettingsError(Vec<String>);

impl SettingsError {
    pub(super) fn push(&mut self, text: String) {
        self.0.push(text);
    }

    /// A setting that means nothing. What was typed is shown, but never a password in it.
    pub(super) fn wrong(&mut self, setting: &Setting, source: &Source, expected: &str, typed: Option<&str>) {
        let key = setting.key;
        self.push(match typed {
            Some(typed) => format!("{source}: `{key}` {expected}, not `{}`", masked(typed)),
            None => format!("{source}: `{key}` {expected}"),
        });
    }

    pub(super) fn unknown_key<'a>(&mut self, key: &str, source: &Source, known: impl Iterator<Item = &'a str>) {
        let hint = nearest(key, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        self.push(format!("{source}: there is no setting `{key}`{hint}"));
    }

    pub(super) fn unknown_variable(&mut self, name: &str, known: impl Iterator<Item = String>) {
        let hint = nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        self.push(format!("there is no setting behind the variable `{name}`{hint}"));
    }

    /// What is wrong, one text each.
    pub(crate) fn texts(&self) -> &[String] {
        &self.0
    }

    /// The outcome: `value`, unless something was wrong.
    pub(super) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

fn nearest<S: AsRef<str>>(name: &str, known: impl Iterator<Item = S>) -> Option<S> {
    let ranked = known.map(|candidate| (strsim::jaro_winkler(name, candidate.as_ref()), candidate));
    let (likeness, nearest) = ranked.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (likeness >= ALIKE).then_some(nearest)
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for SettingsError {}
