//! The pages of the documentation: the tests that they name in each row are there, and so is what they link to.

use std::{fs, path::Path};

/// The pages, and how many rows each has at least, so that a page which is no longer understood does not count as good.
const PAGES: [(&str, usize); 3] = [
    (include_str!("../../src/guard/litestar.md"), 50),
    (include_str!("../../src/guard/edge_cases.md"), 100),
    (include_str!("../../docs/conformance.md"), 200),
];

/// How a row begins its last cell that names no test, or names it for less than the whole.
const REASONS: [&str; 2] = ["Does not apply: ", "Not met: "];

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

/// Every page beside the code. Links between items of the code are checked when the documentation is built.
#[test]
fn each_link_of_a_page_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut links = 0;
    for folder in ["", "docs", "benches"] {
        let folder = root.join(folder);
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        for page in files.filter(|file| file.extension().is_some_and(|kind| kind == "md")) {
            let text = fs::read_to_string(&page).unwrap();
            for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()) {
                let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
                if file.contains("://") || file.starts_with("mailto:") {
                    continue;
                }
                let target = if file.is_empty() { page.clone() } else { folder.join(file) };
                assert!(target.exists(), "{} links to {link}", page.display());
                if !anchor.is_empty() {
                    let text = fs::read_to_string(&target).unwrap();
                    assert!(headings(&text).any(|name| name == anchor), "{} links to {link}", page.display());
                }
                links += 1;
            }
        }
    }
    assert!(links > 0, "no link was found");
}

/// The names of a page's headings, as links call them.
fn headings(page: &str) -> impl Iterator<Item = String> {
    let titles = page.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    titles.map(|title| {
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    })
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
        let source = read(pair[0]);
        assert!(source.contains(&format!("fn {}(", pair[1])), "{} has no {}", pair[0], pair[1]);
        tests += 2;
    }
    assert!(is_reason || tests == named.len(), "names what is no test: {row}");
}

fn read(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let below = if root.join(file).is_file() { root.join(file) } else { root.join("tests").join(file) };
    fs::read_to_string(below).unwrap_or_else(|error| panic!("{file}: {error}"))
}
