//! What a piece of Rust names: every path it writes, made absolute where it begins with `self` or `super`.

use proc_macro2::{Delimiter, LexError, Spacing, TokenStream, TokenTree};

/// Stands for a string that begins like an SQL statement.
pub(crate) const SQL_TEXT: &str = "a statement of SQL";
/// Stands for a `#[path]` that takes a module from outside the folder it stands in.
pub(crate) const PATH_OUTSIDE: &str = "a module from elsewhere";

const SQL_VERBS: &[&str] = &["ALTER TABLE ", "CREATE ", "DELETE FROM ", "INSERT INTO ", "SELECT ", "UPDATE ", "WITH "];

/// The paths named by `source`, a file of the module `module`, outside of `#[cfg(test)]`.
pub(crate) fn named_in(source: &str, module: &[String]) -> Result<Vec<String>, LexError> {
    let mut reader = Reader { module: module.to_vec(), named: Vec::new() };
    reader.read(&trees(source.parse()?));
    Ok(reader.named)
}

pub(crate) fn trees(stream: TokenStream) -> Vec<TokenTree> {
    stream.into_iter().collect()
}

struct Reader {
    module: Vec<String>,
    named: Vec<String>,
}

impl Reader {
    fn read(&mut self, mut tokens: &[TokenTree]) {
        while let Some((first, rest)) = tokens.split_first() {
            tokens = match (first, rest) {
                (TokenTree::Punct(hash), [TokenTree::Group(attribute), rest @ ..]) if hash.as_char() == '#' => {
                    self.read_attributed(&trees(attribute.stream()), rest)
                }
                (TokenTree::Ident(word), [TokenTree::Ident(name), TokenTree::Group(body), rest @ ..])
                    if word == "mod" =>
                {
                    self.module.push(name.to_string());
                    self.read(&trees(body.stream()));
                    self.module.pop();
                    rest
                }
                (TokenTree::Ident(word), [TokenTree::Ident(crate_word), TokenTree::Ident(name), rest @ ..])
                    if word == "extern" && crate_word == "crate" =>
                {
                    self.named.push(name.to_string());
                    rest
                }
                (TokenTree::Ident(word), rest) if word == "use" => {
                    let end = rest.iter().position(|token| is_punct(token, ';')).unwrap_or(rest.len());
                    let (tree, rest) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                    self.read_use(&[], tree);
                    rest
                }
                (TokenTree::Ident(_), _) => {
                    let (path, rest) = split_path(tokens);
                    if path.len() > 1 {
                        self.name(&path);
                    }
                    rest
                }
                (TokenTree::Group(group), rest) => {
                    self.read(&trees(group.stream()));
                    rest
                }
                (TokenTree::Literal(literal), rest) => {
                    let text = literal.to_string();
                    let text = text.trim_start_matches(['b', 'r', '#', '"']);
                    let text = text.trim_start_matches("\\n").trim_start_matches(['\\', ' ', '\n']);
                    if SQL_VERBS.iter().any(|verb| text.starts_with(verb)) {
                        self.named.push(SQL_TEXT.to_owned());
                    }
                    rest
                }
                (TokenTree::Punct(_), rest) => rest,
            };
        }
    }

    /// Reads an attribute and answers what is left after it: for `#[cfg(test)]`, what follows the item it is on.
    fn read_attributed<'a>(&mut self, attribute: &[TokenTree], rest: &'a [TokenTree]) -> &'a [TokenTree] {
        match attribute {
            [TokenTree::Ident(name), TokenTree::Group(when)] if name == "cfg" && needs_test(&trees(when.stream())) => {
                let ends_item = |token: &TokenTree| match token {
                    TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                    _ => is_punct(token, ';'),
                };
                let end = rest.iter().position(ends_item).map_or(rest.len(), |last| last + 1);
                return rest.get(end..).unwrap_or_default();
            }
            [TokenTree::Ident(name), TokenTree::Punct(_), TokenTree::Literal(path)] if name == "path" => {
                let path = path.to_string();
                if path.contains("..") || path.starts_with("\"/") {
                    self.named.push(PATH_OUTSIDE.to_owned());
                }
            }
            [TokenTree::Ident(name), ..] if name == "doc" => {}
            _ => self.read(attribute),
        }
        rest
    }

    /// Reads the tree of a `use`, each of whose branches continues `prefix`.
    fn read_use(&mut self, prefix: &[String], tree: &[TokenTree]) {
        for branch in tree.split(|token| is_punct(token, ',')) {
            let (mut path, rest) = split_path(branch);
            path.splice(0..0, prefix.iter().cloned());
            match rest {
                [TokenTree::Group(inner), ..] => self.read_use(&path, &trees(inner.stream())),
                [star, ..] if is_punct(star, '*') => {
                    path.push("*".to_owned());
                    self.name(&path);
                }
                _ => self.name(&path),
            }
        }
    }

    fn name(&mut self, path: &[String]) {
        let mut path = path.iter().map(String::as_str).peekable();
        let mut absolute = Vec::new();
        if path.peek().is_some_and(|first| matches!(*first, "self" | "super")) {
            absolute.push("crate");
            absolute.extend(self.module.iter().map(String::as_str));
        }
        for segment in path {
            match segment {
                "self" => {}
                "super" => drop(absolute.pop()),
                _ => absolute.push(segment),
            }
        }
        if !absolute.is_empty() {
            self.named.push(absolute.join("::"));
        }
    }
}

/// Takes the path, `a::b::c`, off the front of these tokens; the `::` before a group, a `*` or a `<` belongs to it.
fn split_path(mut tokens: &[TokenTree]) -> (Vec<String>, &[TokenTree]) {
    let mut path = Vec::new();
    tokens = after_colons(tokens).unwrap_or(tokens);
    while let [TokenTree::Ident(segment), rest @ ..] = tokens {
        path.push(segment.to_string().trim_start_matches("r#").to_owned());
        match after_colons(rest) {
            Some(rest) => tokens = rest,
            None => return (path, rest),
        }
    }
    (path, tokens)
}

fn after_colons(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    match tokens {
        [TokenTree::Punct(first), TokenTree::Punct(second), rest @ ..]
            if first.as_char() == ':' && first.spacing() == Spacing::Joint && second.as_char() == ':' =>
        {
            Some(rest)
        }
        _ => None,
    }
}

/// Whether `test` must hold for this condition to hold: `test`, or `all(test, …)`.
fn needs_test(condition: &[TokenTree]) -> bool {
    match condition {
        [TokenTree::Ident(word)] => word == "test",
        [TokenTree::Ident(word), TokenTree::Group(all)] if word == "all" => {
            trees(all.stream()).split(|token| is_punct(token, ',')).any(needs_test)
        }
        _ => false,
    }
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}
