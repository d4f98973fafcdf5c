//! What a principal has to hold, as an expression over scopes, roles and ways of authenticating.

use std::{
    fmt,
    ops::{BitAnd, BitOr, Not},
};

use super::error::RuleErrorKind;
use crate::principal::{Principal, Scopes};

/// What a principal has to hold: a scope, a role, a way of having authenticated (`amr`), and what `&`, `|` and `!` make
/// of these.
///
/// ```
/// use portcullis::guard::{Need, RouteRule};
///
/// let edits = Need::role("editor") | Need::scope("notes:write") & !Need::role("guest");
/// assert_eq!(edits.to_string(), "role editor or (scope notes:write and not role guest)");
/// let rule = RouteRule::needs(edits).and(RouteRule::amr("hwk"));
/// ```
///
/// Names are compared whole and by case. A need that is negated trusts the credential to list everything that the
/// principal holds: use it to narrow what a good principal may do, not to keep a bad one out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need(Term);

/// Negations stand at the leaves only.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Holds(Claim),
    Lacks(Claim),
    All(Vec<Term>),
    Any(Vec<Term>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Claim {
    Scope(String),
    Role(String),
    Amr(String),
}

/// What would have met the needs that a principal does not meet.
#[derive(Debug, Default)]
pub(super) struct Lack {
    pub(super) scopes: Vec<String>,
    pub(super) roles: Vec<String>,
    pub(super) amr: Vec<String>,
    /// Whether a scope or a role stands in the way, missing or barred.
    pub(super) is_permission: bool,
}

impl Need {
    /// A scope, as RFC 6749 section 3.3 writes them.
    pub fn scope(name: impl Into<String>) -> Self {
        Self(Term::Holds(Claim::Scope(name.into())))
    }

    /// A role.
    pub fn role(name: impl Into<String>) -> Self {
        Self(Term::Holds(Claim::Role(name.into())))
    }

    /// A way of authenticating that was used: an RFC 8176 value such as `hwk`.
    pub fn amr(value: impl Into<String>) -> Self {
        Self(Term::Holds(Claim::Amr(value.into())))
    }

    /// All of these needs. Of none, everyone meets them.
    pub fn all(needs: impl IntoIterator<Item = Self>) -> Self {
        Self(Term::join(needs.into_iter().map(|need| need.0), Term::all_of, Term::All))
    }

    /// At least one of these needs. Of none, nobody meets one.
    pub fn any(needs: impl IntoIterator<Item = Self>) -> Self {
        Self(Term::join(needs.into_iter().map(|need| need.0), Term::any_of, Term::Any))
    }

    /// Whether the principal meets it.
    pub fn is_met_by(&self, principal: &Principal) -> bool {
        self.0.is_met_by(principal)
    }

    /// The needs of which this one consists, each of which has to be met.
    pub(super) fn split(self) -> Vec<Self> {
        self.0.all_of().unwrap_or_else(|other| vec![other]).into_iter().map(Self).collect()
    }

    pub(super) fn add_lack(&self, principal: &Principal, lack: &mut Lack) {
        self.0.add_lack(principal, lack);
    }

    /// The scopes of which one has to be held, if that is all that this asks.
    pub(super) fn scope_choice(&self) -> Option<Scopes> {
        let scope = |term: &Term| match term {
            Term::Holds(Claim::Scope(name)) => Some(name.clone()),
            _ => None,
        };
        match &self.0 {
            Term::Any(terms) => terms.iter().map(scope).collect(),
            term => scope(term).map(|name| [name].into_iter().collect()),
        }
    }

    /// Whether somebody could meet it.
    pub(super) fn judge(&self) -> Result<(), RuleErrorKind> {
        self.0.judge()
    }

    pub(super) fn contradicts(&self, other: &Self) -> bool {
        matches!((&self.0, &other.0), (Term::Holds(one), Term::Lacks(two)) if one == two)
    }
}

impl Term {
    /// Flattens, drops what is said twice, and makes one term of several.
    fn join(
        terms: impl Iterator<Item = Self>,
        same: fn(Self) -> Result<Vec<Self>, Self>,
        join: fn(Vec<Self>) -> Self,
    ) -> Self {
        let mut flat = Vec::new();
        for term in terms.flat_map(|term| same(term).unwrap_or_else(|other| vec![other])) {
            if !flat.contains(&term) {
                flat.push(term);
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { join(flat) }
    }

    fn all_of(self) -> Result<Vec<Self>, Self> {
        if let Self::All(terms) = self { Ok(terms) } else { Err(self) }
    }

    fn any_of(self) -> Result<Vec<Self>, Self> {
        if let Self::Any(terms) = self { Ok(terms) } else { Err(self) }
    }

    fn negated(self) -> Self {
        match self {
            Self::Holds(claim) => Self::Lacks(claim),
            Self::Lacks(claim) => Self::Holds(claim),
            Self::All(terms) => Self::Any(terms.into_iter().map(Self::negated).collect()),
            Self::Any(terms) => Self::All(terms.into_iter().map(Self::negated).collect()),
        }
    }

    fn is_met_by(&self, principal: &Principal) -> bool {
        match self {
            Self::Holds(claim) => claim.is_held_by(principal),
            Self::Lacks(claim) => !claim.is_held_by(principal),
            Self::All(terms) => terms.iter().all(|term| term.is_met_by(principal)),
            Self::Any(terms) => terms.iter().any(|term| term.is_met_by(principal)),
        }
    }

    /// Of a choice, the first that is met counts, else the first.
    fn add_lack(&self, principal: &Principal, lack: &mut Lack) {
        match self {
            Self::Holds(claim) => {
                let (names, name) = match claim {
                    Claim::Scope(name) => (&mut lack.scopes, name),
                    Claim::Role(name) => (&mut lack.roles, name),
                    Claim::Amr(value) => (&mut lack.amr, value),
                };
                if !names.contains(name) {
                    names.push(name.clone());
                }
                lack.is_permission |= claim.is_permission() && !claim.is_held_by(principal);
            }
            Self::Lacks(claim) => lack.is_permission |= claim.is_permission() && claim.is_held_by(principal),
            Self::All(terms) => terms.iter().for_each(|term| term.add_lack(principal, lack)),
            Self::Any(terms) => {
                let chosen = terms.iter().find(|term| term.is_met_by(principal)).or(terms.first());
                match chosen {
                    Some(term) => term.add_lack(principal, lack),
                    None => lack.is_permission = true,
                }
            }
        }
    }

    fn judge(&self) -> Result<(), RuleErrorKind> {
        match self {
            Self::Holds(claim) | Self::Lacks(claim) => claim.judge(),
            Self::Any(terms) if terms.is_empty() => Err(RuleErrorKind::NobodyPasses),
            Self::All(terms) | Self::Any(terms) => terms.iter().try_for_each(Self::judge),
        }
    }
}

impl Claim {
    fn is_held_by(&self, principal: &Principal) -> bool {
        match self {
            Self::Scope(name) => principal.scopes().contains(name),
            Self::Role(name) => principal.has_role(name),
            Self::Amr(value) => principal.amr().contains(value),
        }
    }

    /// Whether authenticating again would not help.
    fn is_permission(&self) -> bool {
        !matches!(self, Self::Amr(_))
    }

    fn judge(&self) -> Result<(), RuleErrorKind> {
        // RFC 6749 section 3.3
        let is_token = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        match self {
            Self::Scope(name) if name.is_empty() || !name.bytes().all(is_token) => Err(RuleErrorKind::InvalidScope),
            Self::Role(name) | Self::Amr(name) if name.trim() != name || name.is_empty() => {
                Err(RuleErrorKind::InvalidName)
            }
            _ => Ok(()),
        }
    }
}

impl BitAnd for Need {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self::all([self, other])
    }
}

impl BitOr for Need {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self::any([self, other])
    }
}

impl Not for Need {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0.negated())
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (terms, word, none) = match self {
            Self::Holds(claim) => return claim.fmt(f),
            Self::Lacks(claim) => return write!(f, "not {claim}"),
            Self::All(terms) => (terms, " and ", "everyone"),
            Self::Any(terms) => (terms, " or ", "nobody"),
        };
        let inner = |term: &Self| match term {
            Self::Holds(_) | Self::Lacks(_) => term.to_string(),
            Self::All(_) | Self::Any(_) => format!("({term})"),
        };
        let terms: Vec<_> = terms.iter().map(inner).collect();
        f.write_str(if terms.is_empty() { none.to_owned() } else { terms.join(word) }.as_str())
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(name) => write!(f, "scope {name}"),
            Self::Role(name) => write!(f, "role {name}"),
            Self::Amr(value) => write!(f, "amr {value}"),
        }
    }
}
