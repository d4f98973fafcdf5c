//! The texts of pages: files of lines, `key = text`. What stands in braces is put in by whoever shows the text.

use std::{collections::HashMap, sync::LazyLock};

/// The files, each about one part of the pages.
const FILES: &[&str] = &[
    include_str!("pages/account.txt"),
    include_str!("pages/admin.txt"),
    include_str!("pages/common.txt"),
    include_str!("pages/errors.txt"),
    include_str!("pages/login.txt"),
];

static TEXTS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| lines().collect());

/// The text with this key.
pub(crate) fn text(key: &str) -> Option<&'static str> {
    TEXTS.get(key).copied()
}

fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = FILES.iter().copied().flat_map(str::lines);
    lines.filter_map(|line| line.split_once(" = ").filter(|(key, _)| !key.starts_with('#')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_a_text_and_a_key_of_its_own() {
        for line in FILES.iter().copied().flat_map(str::lines).filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let (key, text) = line.split_once(" = ").unwrap_or_default();
            let is_key = |c: char| c.is_ascii_lowercase() || matches!(c, '.' | '_' | '0'..='9');
            assert!(key.contains('.') && key.chars().all(is_key) && !text.trim().is_empty(), "{line}");
        }
        assert_eq!(lines().count(), TEXTS.len(), "a key is there twice");
    }
}
