//! The pages of the documentation that name a test in each row: it is there.

use std::{fs, path::Path};

/// The pages, and how many rows each has at least, so that a page which is no longer understood does not count as good.
const PAGES: [(&str, usize); 2] =
    [(include_str!("../../src/guard/litestar.md"), 50), (include_str!("../../src/guard/edge_cases.md"), 100)];

/// The last cell of each row is a file below `tests` and a function in it.
#[test]
fn each_test_that_a_page_names_is_there() {
    for (page, at_least) in PAGES {
        let rows: Vec<_> =
            page.lines().filter(|line| line.starts_with("| ") && !line.ends_with("| shown by |")).collect();
        assert!(rows.len() > at_least, "{}", rows.len());
        rows.into_iter().for_each(assert_names_a_test);
    }
}

fn assert_names_a_test(row: &str) {
    let cell = row.trim_end_matches(" |").rsplit_once("| ").unwrap().1;
    let names: Vec<_> = cell.split('`').collect();
    let ["", file, " ", test, ""] = names[..] else { panic!("names no test: {row}") };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file);
    let source = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert!(source.contains(&format!("fn {test}(")), "{file} has no {test}");
}
