//! What is wrong with the settings: everything at once, each with the key, where it was typed, and what would be right.

use std::fmt;

use super::{
    mask::masked,
    source::Source,
    table::{SETTINGS, Setting},
};

/// The share of a name's letters that must be right for the name to be taken for a misspelling of another.
const ALIKE: f64 = 0.7;

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

    pub(super) fn unknown_key(&mut self, key: &str, source: &Source) {
        let hint = nearest(key).map(|near| format!("; did you mean `{}`?", near.key)).unwrap_or_default();
        self.push(format!("{source}: there is no setting `{key}`{hint}"));
    }

    /// A variable that begins like ours: what follows that beginning is the `key` in capitals.
    pub(super) fn unknown_variable(&mut self, name: &str, key: &str) {
        let near = nearest(&key.to_ascii_lowercase());
        let hint = near.map(|near| format!("; did you mean `{}`?", near.variable())).unwrap_or_default();
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

fn nearest(key: &str) -> Option<&'static Setting> {
    let ranked = SETTINGS.iter().map(|known| (strsim::normalized_damerau_levenshtein(key, known.key), known));
    let (likeness, nearest) = ranked.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (likeness >= ALIKE).then_some(nearest)
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for SettingsError {}
