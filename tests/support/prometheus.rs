//! The text format of Prometheus, version 0.0.4, read strictly: what is not as it says fails the test.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::collections::{BTreeMap, HashSet};

/// What was scraped: each sample by its name and labels, as they are written.
pub struct Scrape {
    text: String,
    samples: BTreeMap<String, f64>,
}

impl Scrape {
    pub fn of(text: String) -> Self {
        assert!(text.ends_with('\n'), "the last line has no end");
        let mut samples = BTreeMap::new();
        let mut families = HashSet::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let (name, help) =
                line.strip_prefix("# HELP ").unwrap_or_else(|| panic!("{line}")).split_once(' ').unwrap();
            assert!(is_name(name) && !help.is_empty() && families.insert(name.to_owned()), "{line}");
            let (typed, kind) = lines.next().unwrap().strip_prefix("# TYPE ").unwrap().split_once(' ').unwrap();
            assert_eq!(typed, name);
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
            let mut of_family = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let (own, labels) = series.split_once('{').unwrap_or((series, "}"));
                let labels = labels_of(labels);
                let suffix = own.strip_prefix(name).unwrap_or_else(|| panic!("{line} under {name}"));
                let value: f64 = value.parse().unwrap();
                assert!(value.is_finite() && (kind == "gauge" || value >= 0.0), "{line}");
                assert!(samples.insert(series.to_owned(), value).is_none(), "twice: {series}");
                of_family.push((suffix.to_owned(), labels, value));
            }
            match kind {
                "histogram" => check_histogram(name, &of_family),
                "counter" | "gauge" => assert!(of_family.iter().all(|(suffix, ..)| suffix.is_empty()), "{name}"),
                other => panic!("{name} is a {other}"),
            }
        }
        Self { text, samples }
    }

    /// The value of this series, written as in the text; 0 if there is none.
    pub fn value(&self, series: &str) -> f64 {
        self.samples.get(series).copied().unwrap_or_default()
    }

    pub fn has(&self, series: &str) -> bool {
        self.samples.contains_key(series)
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names of all families.
    pub fn families(&self) -> Vec<&str> {
        let names = self.text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
        names.collect()
    }
}

type Labels = BTreeMap<String, String>;

fn is_name(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Reads what follows the opening brace.
fn labels_of(text: &str) -> Labels {
    let mut labels = Labels::new();
    let mut rest = text;
    while rest != "}" {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{text}"));
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next().unwrap_or_else(|| panic!("{text}")) {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next().unwrap().1 {
                    'n' => '\n',
                    escaped @ ('\\' | '"') => escaped,
                    other => panic!("\\{other} in {text}"),
                }),
                (_, plain) => value.push(plain),
            }
        };
        assert!(is_name(name) && labels.insert(name.to_owned(), value).is_none(), "{text}");
        rest = &after[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    labels
}

/// Buckets grow with their bounds, the last has everything, and the sum is there.
fn check_histogram(name: &str, samples: &[(String, Labels, f64)]) {
    let mut series: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    for (_, labels, value) in samples.iter().filter(|(suffix, ..)| suffix == "_bucket") {
        let mut labels = labels.clone();
        let bound: f64 = labels.remove("le").unwrap().parse().unwrap();
        series.entry(labels).or_default().push((bound, *value));
    }
    for (labels, buckets) in &series {
        assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{name} {labels:?}: {buckets:?}");
        let of = |wanted: &str| samples.iter().find(|(suffix, of, _)| suffix == wanted && of == labels).unwrap().2;
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, of("_count"))), "{name} {labels:?}");
        assert!(of("_sum") >= 0.0);
    }
    assert_eq!(samples.iter().filter(|(suffix, ..)| suffix == "_count").count(), series.len());
}
