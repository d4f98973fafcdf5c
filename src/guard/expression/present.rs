//! An exclusion by regular expression, and what can be wrong with one.
//!
//! Each is a regex of its own, so that a flag or an empty alternative in one says nothing about another. The anchors are
//! put around the parsed expression and not around its text, so that nothing in the text can break out of them. They
//! match bytes, without Unicode: a path in normal form is ASCII. Matching takes time linear in the path, whatever the
//! expression.

use std::fmt;

use regex_automata::meta::Regex;
use regex_syntax::{
    ParserBuilder,
    hir::{Hir, Look, literal::Extractor},
};

use crate::guard::{
    error::{RuleError, RuleErrorKind},
    path::Spelling,
};

/// A regular expression on paths.
pub(in crate::guard) struct Expression {
    text: String,
    form: Form,
    regex: Regex,
}

/// How much of a path an expression has to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::guard) enum Form {
    /// All of it.
    Whole,
    /// Any part of it.
    Search,
}

/// Paths that have nothing in common but to be paths. What matches all of them matches everything.
const ANYTHING: [&str; 3] = ["/", "/6f1e0c52-a9b4", "/Q.w_r~t/0/x-1/"];

impl Expression {
    pub(in crate::guard) fn new(text: &str, form: Form) -> Result<Self, RuleError> {
        let regex = compile(text, form).map_err(|kind| RuleError::new(format!("{form} {text:?}"), kind))?;
        Ok(Self { text: text.to_owned(), form, regex })
    }

    pub(in crate::guard) fn matches(&self, path: &str) -> bool {
        self.regex.is_match(path)
    }

    pub(in crate::guard) fn text(&self) -> &str {
        &self.text
    }
}

fn compile(text: &str, form: Form) -> Result<Regex, RuleErrorKind> {
    if text.is_empty() {
        return Err(RuleErrorKind::Empty);
    }
    if !text.is_ascii() {
        return Err(RuleErrorKind::NotNormal);
    }
    let invalid = |reason: String| RuleErrorKind::InvalidPattern { reason };
    let parsed = ParserBuilder::new().utf8(false).unicode(false).build().parse(text);
    let hir = parsed.map_err(|error| invalid(error.to_string()))?;
    if hir.properties().minimum_len().is_none() {
        return Err(RuleErrorKind::NeverMatches);
    }
    let hir = match form {
        Form::Whole => {
            judge_whole(&hir)?;
            Hir::concat(vec![Hir::look(Look::Start), hir, Hir::look(Look::End)])
        }
        Form::Search => hir,
    };
    let regex = Regex::builder().build_from_hir(&hir).map_err(|error| invalid(error.to_string()))?;
    if ANYTHING.iter().all(|path| regex.is_match(path)) {
        return Err(RuleErrorKind::MatchesEverything);
    }
    Ok(regex)
}

/// Whether the expression starts where a path does, and could match one in normal form.
fn judge_whole(hir: &Hir) -> Result<(), RuleErrorKind> {
    let starts = Extractor::new().limit_literal_len(1).extract(hir);
    if !starts.literals().is_some_and(|starts| starts.iter().all(|start| start.as_bytes() == b"/")) {
        return Err(RuleErrorKind::NotAbsolute);
    }
    let is_path = |literal: &[u8]| str::from_utf8(literal).is_ok_and(|path| Spelling::of(path).is_normal());
    let wholes = Extractor::new().extract(hir);
    let mut exact = wholes.literals().unwrap_or_default().iter().filter(|literal| literal.is_exact());
    if exact.all(|literal| is_path(literal.as_bytes())) { Ok(()) } else { Err(RuleErrorKind::NotNormal) }
}

/// The text says it all; the compiled regex fills pages.
impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.form, self.text)
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "exclude_regex",
            Self::Search => "exclude_regex_search",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str, form: Form) -> RuleErrorKind {
        Expression::new(text, form).unwrap_err().kind().clone()
    }

    fn matches(text: &str, form: Form, path: &str) -> bool {
        Expression::new(text, form).unwrap().matches(path)
    }

    #[test]
    fn a_whole_expression_has_to_match_the_whole_path() {
        for text in ["/schema(/.*)?", "^/schema(/.*)?$", r"\A/schema(/.*)?\z", "(?x) /schema (/.*)? # the schema"] {
            for path in ["/schema", "/schema/", "/schema/openapi.json"] {
                assert!(matches(text, Form::Whole, path), "{text} {path}");
            }
            for path in ["/schemas", "/a/schema", "/schema-x", "/SCHEMA", "/schema\n"] {
                assert!(!matches(text, Form::Whole, path), "{text} {path}");
            }
        }
        assert!(!matches("/a|/b", Form::Whole, "/ax"));
        assert!(!matches("/a|/b", Form::Whole, "/x/b"));
        assert!(!matches("(?m)/a$", Form::Whole, "/a\n/b"));
        assert!(matches("(?i)/a", Form::Whole, "/A"));
    }

    #[test]
    fn a_search_matches_any_part() {
        for path in ["/login", "/a/login", "/loginx"] {
            assert!(matches("/login", Form::Search, path));
        }
        assert!(!matches("^/login$", Form::Search, "/loginx"));
    }

    #[test]
    fn what_does_not_start_with_a_slash_is_refused_unless_it_searches() {
        for text in ["schema", ".*/schema", "/a|b", "(/a)?", "[^/]a", ".*", "(?i)schema", r"\w+"] {
            assert_eq!(error(text, Form::Whole), RuleErrorKind::NotAbsolute, "{text}");
        }
        let many = (0..1000).map(|n| format!("/page{n}")).collect::<Vec<_>>().join("|");
        assert!(matches(&many, Form::Whole, "/page999"));
    }

    #[test]
    fn what_never_matches_or_always_does_is_refused() {
        assert_eq!(error("", Form::Whole), RuleErrorKind::Empty);
        assert_eq!(error("", Form::Search), RuleErrorKind::Empty);
        assert_eq!(error("[a&&b]", Form::Search), RuleErrorKind::NeverMatches);
        assert_eq!(error("/[a&&b]", Form::Whole), RuleErrorKind::NeverMatches);
        for text in ["/a//b", r"/a/\.\./b", "/a b", "/a%2Fb"] {
            assert_eq!(error(text, Form::Whole), RuleErrorKind::NotNormal, "{text}");
        }
        assert_eq!(error("/caf\u{e9}", Form::Search), RuleErrorKind::NotNormal);
        assert_eq!(error("/.*", Form::Whole), RuleErrorKind::MatchesEverything);
        for text in ["/", ".", "x?", "()", "^/", "login|"] {
            assert_eq!(error(text, Form::Search), RuleErrorKind::MatchesEverything, "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in ["/(", "/a)|(/b", "/(?!x)", r"/(a)\1"] {
            assert!(matches!(error(text, Form::Whole), RuleErrorKind::InvalidPattern { .. }), "{text}");
        }
        let too_large = "/(((a{1000}){1000}){1000})";
        assert!(matches!(error(too_large, Form::Whole), RuleErrorKind::InvalidPattern { .. }));
    }
}
