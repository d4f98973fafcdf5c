//! The text format of Prometheus, version 0.0.4.

use std::fmt::{Display, Write};

/// A document in the making.
#[derive(Default)]
pub(super) struct Text(String);

/// What a figure is.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// The samples of one name, which follow each other.
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl Text {
    /// Begins the samples of this name.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let Self(text) = self;
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {}", kind.as_str());
        Family { text, name }
    }

    /// The one sample of this name.
    pub(super) fn single(&mut self, name: &'static str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help).sample(&[], value);
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

impl Family<'_> {
    /// Adds a sample.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.part("", labels, value);
    }

    /// Adds a sample of a part of the figure, such as `_sum`.
    pub(super) fn part(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "{}{suffix}{labels} {value}", self.name);
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_samples_stand_under_their_name() {
        let mut text = Text::default();
        text.single("up", Kind::Gauge, "whether it is", 1);
        let mut family = text.family("took", Kind::Histogram, "how long");
        family.part("_bucket", &[("route", "a\"b\\c\nd"), ("le", "+Inf")], 2);
        family.part("_sum", &[("route", "e")], 0.25);
        assert_eq!(
            text.finish(),
            "# HELP up whether it is\n# TYPE up gauge\nup 1\n\
             # HELP took how long\n# TYPE took histogram\n\
             took_bucket{route=\"a\\\"b\\\\c\\nd\",le=\"+Inf\"} 2\ntook_sum{route=\"e\"} 0.25\n"
        );
    }
}
