//! `docs/defaults.md`, held to what is so.

use std::collections::HashMap;

use super::{SETTINGS, Settings};

const PAGE: &str = include_str!("../../../../docs/defaults.md");

/// The defaults that depend on the machine, and what the page calls them.
const BY_MACHINE: [(&str, &str); 1] = [("hash_threads", "cores")];

/// The cell for the default of each setting that has a row.
fn rows() -> HashMap<&'static str, &'static str> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    rows.filter_map(|(key, rest)| Some((key, rest.split_once(" |")?.0))).collect()
}

#[test]
fn every_setting_is_argued_with_the_default_that_is_in_force() {
    let rows = rows();
    assert_eq!(rows.len(), SETTINGS.len(), "docs/defaults.md has a row for a setting that is not there");
    for setting in &SETTINGS {
        let key = setting.key;
        let cell = *rows.get(key).unwrap_or_else(|| panic!("docs/defaults.md has no row for `{key}`"));
        if BY_MACHINE.contains(&(key, cell)) {
            continue;
        }
        let defaults = Settings::defaults().unwrap();
        let mut typed = defaults.clone();
        match cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')) {
            Some(text) => (setting.put)(&mut typed, text).unwrap_or_else(|expected| panic!("`{key}` {expected}")),
            None => assert_eq!((cell, (setting.show)(&defaults)), ("none", String::new()), "{key}"),
        }
        assert_eq!((setting.show)(&typed), (setting.show)(&defaults), "{key}");
    }
}
