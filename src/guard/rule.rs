//! What the guard asks on a route, as a value.

use std::{sync::Arc, time::Duration};

use crate::{
    clock::Clock,
    principal::{Principal, Scopes},
};

/// What the guard asks of a request on a route.
///
/// A rule lets everyone through ([`public`](Self::public)), lets strangers through but not bad credentials
/// ([`optional`](Self::optional)), or asks for a principal, with or without further requirements. [`and`](Self::and)
/// puts two rules together: whatever either of them asks is asked, so a rule that is public and has requirements
/// cannot be written down.
///
/// ```
/// use std::time::Duration;
/// use portcullis::guard::RouteRule;
///
/// let delete_report = RouteRule::scopes(["reports:write"]).and(RouteRule::fresh(Duration::from_mins(10)));
/// assert_eq!(delete_report.clone().and(RouteRule::public()), delete_report);
/// ```
///
/// A rule in the extensions of a request stands above the route table, so that a router which already knows the route
/// can say what it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRule(Access);

/// What a rule further asks is shared, as rules are cloned for every request, and absent where a principal is all it
/// asks, as that is the commonest rule.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Access {
    Public,
    Optional,
    Required(Option<Arc<Requirements>>),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Requirements {
    /// Of each of these sets, one scope has to be held.
    scopes: Vec<Scopes>,
    max_age: Option<Duration>,
    second_factor: bool,
}

/// What a principal lacks on a route.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denied {
    /// The principal lacks a scope. Nothing the user does now will change that.
    Scope {
        /// The scopes that would do. Where the rule leaves a choice, the first of it.
        required: Scopes,
    },
    /// The user has to authenticate again, more recently or better.
    Authentication {
        /// How long ago the user may have authenticated, if that was too long ago.
        max_age: Option<Duration>,
        /// Whether a second factor is missing.
        second_factor: bool,
    },
}

impl RouteRule {
    /// Everyone passes. Credentials are not looked at, so a handler behind this rule never sees a principal.
    #[must_use]
    pub const fn public() -> Self {
        Self(Access::Public)
    }

    /// A request without a credential passes without a principal; one with a bad credential is refused.
    #[must_use]
    pub const fn optional() -> Self {
        Self(Access::Optional)
    }

    /// Every principal passes.
    #[must_use]
    pub const fn authenticated() -> Self {
        Self(Access::Required(None))
    }

    /// A principal passes who has all of these scopes.
    #[must_use]
    pub fn scopes<S: Into<String>>(all: impl IntoIterator<Item = S>) -> Self {
        let scopes = all.into_iter().map(|scope| [scope].into_iter().collect()).collect();
        Self::requiring(Requirements { scopes, ..Requirements::default() })
    }

    /// A principal passes who has at least one of these scopes. Of none, nobody has one.
    #[must_use]
    pub fn any_scope<S: Into<String>>(any: impl IntoIterator<Item = S>) -> Self {
        let scopes = vec![any.into_iter().collect()];
        Self::requiring(Requirements { scopes, ..Requirements::default() })
    }

    /// A principal passes who authenticated at most this long ago, as RFC 9470 has it. A credential that does not say
    /// when that was does not pass.
    #[must_use]
    pub fn fresh(max_age: Duration) -> Self {
        Self::requiring(Requirements { max_age: Some(max_age), ..Requirements::default() })
    }

    /// A principal passes whose session was opened with a second factor: one with `acr` `aal2`.
    #[must_use]
    pub fn second_factor() -> Self {
        Self::requiring(Requirements { second_factor: true, ..Requirements::default() })
    }

    /// Asks what this rule asks and what the other one asks. The stricter access of the two holds, and every
    /// requirement of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Access::Required(Some(one)), Access::Required(Some(two))) if one != two => Self::requiring(one.and(&two)),
            (one, two) if one.strictness() < two.strictness() => Self(two),
            (one, _) => Self(one),
        }
    }

    /// Whether this principal passes.
    ///
    /// The clock is read only where the rule asks how long ago the user authenticated.
    ///
    /// # Errors
    ///
    /// [`Denied`] says what the principal lacks. A missing scope comes first: authenticating again would not help.
    ///
    /// ```
    /// # use portcullis::{CredentialKind, Identity, Principal, clock::{SystemClock, Timestamp}};
    /// use portcullis::guard::{Denied, RouteRule};
    ///
    /// # let reader = Principal::new(Identity {
    /// #     id: "u1".into(), name: None, email: None, scopes: ["reports:read"].into_iter().collect(),
    /// #     roles: vec![], session: None, amr: vec![], acr: None, auth_time: None,
    /// #     expires_at: Timestamp::from_secs(0), credential: CredentialKind::AccessToken,
    /// # });
    /// assert_eq!(RouteRule::scopes(["reports:read"]).check(&reader, &SystemClock), Ok(()));
    /// assert!(matches!(
    ///     RouteRule::scopes(["reports:write"]).check(&reader, &SystemClock),
    ///     Err(Denied::Scope { required }) if required.contains("reports:write"),
    /// ));
    /// ```
    pub fn check(&self, principal: &Principal, clock: &dyn Clock) -> Result<(), Denied> {
        match &self.0 {
            Access::Required(Some(requirements)) => requirements.check(principal, clock),
            Access::Public | Access::Optional | Access::Required(None) => Ok(()),
        }
    }

    pub(crate) const fn is_public(&self) -> bool {
        matches!(self.0, Access::Public)
    }

    pub(crate) const fn is_optional(&self) -> bool {
        matches!(self.0, Access::Optional)
    }

    /// The sets of scopes of each of which one has to be held.
    pub(crate) fn scope_choices(&self) -> &[Scopes] {
        match &self.0 {
            Access::Required(Some(requirements)) => &requirements.scopes,
            Access::Public | Access::Optional | Access::Required(None) => &[],
        }
    }

    fn requiring(requirements: Requirements) -> Self {
        Self(Access::Required(Some(Arc::new(requirements))))
    }
}

impl Access {
    fn strictness(&self) -> u8 {
        match self {
            Self::Public => 0,
            Self::Optional => 1,
            Self::Required(None) => 2,
            Self::Required(Some(_)) => 3,
        }
    }
}

impl Requirements {
    fn and(&self, other: &Self) -> Self {
        let mut scopes = self.scopes.clone();
        scopes.extend(other.scopes.iter().filter(|set| !self.scopes.contains(set)).cloned());
        let max_age = match (self.max_age, other.max_age) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self { scopes, max_age, second_factor: self.second_factor || other.second_factor }
    }

    fn check(&self, principal: &Principal, clock: &dyn Clock) -> Result<(), Denied> {
        let held = principal.scopes();
        if !self.scopes.iter().all(|set| set.iter().any(|scope| held.contains(scope))) {
            let required = self.scopes.iter().filter_map(|set| set.iter().next()).collect();
            return Err(Denied::Scope { required });
        }
        let is_fresh = |age: &Duration| principal.auth_time().is_some_and(|at| clock.now().since(at) <= *age);
        let max_age = self.max_age.filter(|age| !is_fresh(age));
        let second_factor = self.second_factor && principal.acr() != Some("aal2");
        if max_age.is_some() || second_factor {
            return Err(Denied::Authentication { max_age, second_factor });
        }
        Ok(())
    }
}
