//! The tests that put many callers to work at once. `scripts/test-all` runs them many times over if `race` is in their
//! path, and that it is this test sees to; or it is said here why once is enough.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use proc_macro2::{Delimiter, LexError, TokenStream, TokenTree};

use super::names::trees;

/// What lets many run at once, in the last parts of its path.
const CROWDS: &[&[&str]] =
    &[&["all_at_once"], &["join_all"], &["start_at_once"], &["Barrier"], &["JoinSet"], &["thread", "scope"]];

/// The macros that make tests of the functions that they name.
const MACROS: &[&str] = &["both", "both_and_pooled"];

/// The tests of many at once, or modules of such, that are run but once, and why.
const ONCE: &[(&str, &str)] = &[
    (
        "src::vault::follow::jwt_14_however_many_miss_something_looks_are_few_and_all_are_answered",
        "time stands still in it, and one thread does one thing after the other, the same each time",
    ),
    (
        "http::login::pw_9_a_full_queue_is_503_and_the_attempt_does_not_count",
        "it fills a queue: how many get in is not said, only what the others are told",
    ),
    (
        "http::signing_keys_load::a_flood_of_unknown_keys_hides_no_new_one",
        "it is a load that lasts, in which each request is a repetition",
    ),
    ("nodes::outage", "many callers are what a database is slow, full or gone for; whoever is first is all the same"),
    (
        "peers::totp::tp_1_oathtool_shows_the_codes_that_we_take_and_takes_those_shown_here",
        "its threads have nothing in common: there are four so that it takes a quarter of the time",
    ),
    (
        "remote::unknown::a_flood_of_unknown_ids_causes_two_fetches_at_most",
        "it is a load that lasts, in which each request is a repetition",
    ),
    (
        "server::overload::pw_9_200_logins_at_once_leave_the_rest_alone",
        "it is a load that lasts, in which each request is a repetition",
    ),
    (
        "store::postgres_server::lost_connections_fail_as_unavailable_and_are_replaced",
        "many callers are how it fills the pool; what it looks at comes after them",
    ),
];

#[test]
fn what_many_do_at_once_is_tried_many_times() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeMap::new();
    super::read(&root.join("src"), "src/", &mut files);
    super::read(&root.join("tests"), "", &mut files);
    let crowded: BTreeSet<_> = files.iter().flat_map(|(path, source)| crowded_in(path, source).unwrap()).collect();
    let once: Vec<_> = crowded.iter().filter(|path| !path.contains("race")).collect();
    let is_of = |path: &str, excused: &str| {
        path.strip_prefix(excused).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let missed: Vec<_> = once.iter().filter(|path| !ONCE.iter().any(|(excused, _)| is_of(path, excused))).collect();
    assert!(missed.is_empty(), "put `race` into their names, or say in {} why not: {missed:#?}", file!());
    for (excused, _) in ONCE {
        assert!(once.iter().any(|path| is_of(path, excused)), "{excused} is excused in vain");
    }
}

/// The tests in this file that have many do something at once, each by its path.
fn crowded_in(path: &str, source: &str) -> Result<Vec<String>, LexError> {
    let mut reader = Reader::default();
    reader.read(&trees(source.parse()?));
    let module: Vec<_> = path.trim_end_matches(".rs").split('/').filter(|part| *part != "main").collect();
    let Reader { functions, named } = reader;
    let is_test = |function: &Function| function.is_marked || named.contains(&function.name);
    let crowded = functions.iter().filter(|function| function.is_crowded && is_test(function));
    Ok(crowded.map(|function| format!("{}::{}", module.join("::"), function.name)).collect())
}

struct Function {
    name: String,
    is_marked: bool,
    is_crowded: bool,
}

#[derive(Default)]
struct Reader {
    functions: Vec<Function>,
    /// What the macros name.
    named: BTreeSet<String>,
}

impl Reader {
    fn read(&mut self, mut tokens: &[TokenTree]) {
        let mut is_marked = false;
        while let Some((first, rest)) = tokens.split_first() {
            tokens = match (first, rest) {
                (TokenTree::Punct(hash), [TokenTree::Group(attribute), rest @ ..]) if hash.as_char() == '#' => {
                    is_marked |= trees(attribute.stream()).iter().any(|token| is_ident(token, "test"));
                    rest
                }
                (TokenTree::Ident(word), [TokenTree::Ident(name), rest @ ..]) if word == "fn" => {
                    let end = rest.iter().position(ends_function).map_or(rest.len(), |at| at + 1);
                    let (function, rest) = rest.split_at(end);
                    let idents = idents_of(function.iter().cloned().collect());
                    let is_crowded = CROWDS.iter().any(|crowd| idents.windows(crowd.len()).any(|part| part == *crowd));
                    self.functions.push(Function { name: name.to_string(), is_marked, is_crowded });
                    is_marked = false;
                    rest
                }
                (TokenTree::Ident(name), [TokenTree::Punct(bang), TokenTree::Group(named), rest @ ..])
                    if bang.as_char() == '!' && MACROS.iter().any(|known| name == known) =>
                {
                    self.named.extend(idents_of(named.stream()));
                    rest
                }
                (TokenTree::Group(group), rest) => {
                    self.read(&trees(group.stream()));
                    rest
                }
                (_, rest) => rest,
            };
        }
    }
}

fn is_ident(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

/// Whether a function ends with this: its body, or the semicolon that stands for it in a trait.
fn ends_function(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    }
}

/// Every word in these tokens, however deep.
fn idents_of(tokens: TokenStream) -> Vec<String> {
    let idents = tokens.into_iter().flat_map(|token| match token {
        TokenTree::Ident(ident) => vec![ident.to_string()],
        TokenTree::Group(group) => idents_of(group.stream()),
        TokenTree::Literal(_) | TokenTree::Punct(_) => Vec::new(),
    });
    idents.collect()
}

#[test]
fn tests_of_many_are_found_and_what_else_there_is_is_not() {
    let found = |source: &str| crowded_in("http/login.rs", source).unwrap();
    for source in [
        "#[test] fn one() { thread::scope(|scope| ()); }",
        "#[tokio::test(flavor = \"x\")] async fn one() { run(|| [join_all(many)]).await; }",
        "both![other, one]; async fn one(db: TestDb) -> Result<(), E> { futures_util::future::join_all(many).await }",
        "#[cfg(test)] mod tests { #[test] fn one() { let start = Barrier::new(2); } }",
        "mod deep { both_and_pooled! { one } async fn one(db: TestDb) { all_at_once(&db.store, act).await } }",
    ] {
        assert_eq!(found(source), ["http::login::one"], "{source}");
    }
    for source in [
        "#[test] fn one() { scope(); } fn two() { thread::scope(many) }",
        "both![one]; async fn one(db: TestDb) { two(db) } async fn two(db: TestDb) { join_all(many).await }",
        "#[test] fn one() { \"join_all\"; /* join_all */ }",
        "trait Two { #[test] fn one(); fn two() { join_all(many) } }",
    ] {
        assert_eq!(found(source), Vec::<String>::new(), "{source}");
    }
}
