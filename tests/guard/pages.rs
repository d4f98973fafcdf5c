//! The pages of the documentation: the tests that they name in each row are there. For what they link to, `scripts/links`.

use std::{fs, path::Path};

/// The pages, and how many rows each has at least, so that a page which is no longer understood does not count as good.
const PAGES: [(&str, usize); 3] = [
    (include_str!("../../src/guard/litestar.md"), 50),
    (include_str!("../../src/guard/edge_cases.md"), 100),
    (include_str!("../../docs/conformance.md"), 200),
];

/// How a row begins its last cell that names no test, or names it for less than the whole.
const REASONS: [&str; 2] = ["Does not apply: ", "Not met: "];

/// The tests that are not part of what is published, as `Cargo.toml` has it under `exclude`.
const NOT_PUBLISHED: &str = "fuzz/";

/// The last cell of each row names tests, each as a file below `tests` (or one of `src`) and a function in it; or a file
/// that documents what is asked for; or the reason why there is none.
#[test]
fn each_test_that_a_page_names_is_there() {
    for (page, at_least) in PAGES {
        let rows: Vec<_> =
            page.lines().filter(|line| line.starts_with("| ") && !line.ends_with("| shown by |")).collect();
        assert!(rows.len() > at_least, "{}", rows.len());
        rows.into_iter().for_each(assert_names_what_is_there);
    }
}

fn assert_names_what_is_there(row: &str) {
    let cell = row.trim_end_matches(" |").rsplit_once("| ").unwrap().1;
    let named: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
    if let Some(documented) = cell.strip_prefix("Documented: ") {
        assert!(named.len() == 1 && documented.len() == named[0].len() + 2, "documents nothing: {row}");
        read(named[0]);
        return;
    }
    let is_reason = REASONS.iter().any(|reason| cell.starts_with(reason));
    assert!(is_reason || (cell.starts_with('`') && !named.is_empty()), "names no test: {row}");
    let mut tests = 0;
    for pair in named.windows(2).filter(|pair| pair[0].rsplit_once('.').is_some_and(|(_, kind)| kind == "rs")) {
        tests += 2;
        if pair[0].starts_with(NOT_PUBLISHED) && !root().join("tests").join(NOT_PUBLISHED).exists() {
            continue;
        }
        let source = read(pair[0]);
        assert!(source.contains(&format!("fn {}(", pair[1])), "{} has no {}", pair[0], pair[1]);
    }
    assert!(is_reason || tests == named.len(), "names what is no test: {row}");
}

fn read(file: &str) -> String {
    let below = if root().join(file).is_file() { root().join(file) } else { root().join("tests").join(file) };
    fs::read_to_string(below).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
