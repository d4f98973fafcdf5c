//! What the guard asks on a route, as a value.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    error::RuleErrorKind,
    member::Member,
    need::{Lack, Need},
};
use crate::{
    clock::Clock,
    principal::{CredentialKind, Principal, Scopes},
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
    /// Each of these has to be met.
    needs: Vec<Need>,
    /// And each of these, which become needs once the path is known.
    members: Vec<Member>,
    max_age: Option<Duration>,
    second_factor: bool,
    in_person: bool,
}

/// What a principal lacks on a route.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denied {
    /// The principal lacks a scope or a role, or has one that the rule bars. Nothing the user does now will change that.
    Scope {
        /// The scopes that would do. Where the rule leaves a choice, the first of it.
        required: Scopes,
        /// The roles that would do, chosen likewise.
        roles: Vec<String>,
    },
    /// The user has to authenticate again, more recently or better.
    Authentication {
        /// How long ago the user may have authenticated, if that was too long ago.
        max_age: Option<Duration>,
        /// Whether a second factor is missing.
        second_factor: bool,
        /// The ways of authenticating (RFC 8176) that would do, if another one was used.
        amr: Vec<String>,
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

    /// A principal passes who meets this need.
    #[must_use]
    pub fn needs(need: Need) -> Self {
        Self::requiring(Requirements { needs: need.split(), ..Requirements::default() })
    }

    /// A principal passes who has all of these scopes.
    #[must_use]
    pub fn scopes<S: Into<String>>(all: impl IntoIterator<Item = S>) -> Self {
        Self::needs(Need::all(all.into_iter().map(Need::scope)))
    }

    /// A principal passes who has at least one of these scopes. Of none, nobody has one.
    #[must_use]
    pub fn any_scope<S: Into<String>>(any: impl IntoIterator<Item = S>) -> Self {
        Self::needs(Need::any(any.into_iter().map(Need::scope)))
    }

    /// A principal passes who has this role.
    #[must_use]
    pub fn role(name: impl Into<String>) -> Self {
        Self::needs(Need::role(name))
    }

    /// A principal passes who has at least one of these roles. Of none, nobody has one.
    #[must_use]
    pub fn any_role<S: Into<String>>(any: impl IntoIterator<Item = S>) -> Self {
        Self::needs(Need::any(any.into_iter().map(Need::role)))
    }

    /// A principal passes who is a member of the resource that the path names, at this level or a higher one: who has the
    /// role `<resource>-<id>-<level>`, with the id that stands in the path for this parameter of the pattern.
    ///
    /// ```
    /// # use portcullis::{jwt::JwtVerifier, guard::RuleError};
    /// use http::Method;
    /// use portcullis::guard::{AuthLayer, Level, RouteRule};
    ///
    /// # fn build(verifier: JwtVerifier) -> Result<(), RuleError> {
    /// let guard = AuthLayer::builder(verifier)
    ///     .rule(Method::DELETE, "/lists/{id}", RouteRule::member("list", "id", Level::Manager))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The parameter has to be a whole segment of the pattern that the rule is stated with. A rule that does not come with
    /// a pattern, in the extensions of a request or as a default, lets nobody pass; nor does any path that can be read in
    /// two ways.
    #[must_use]
    pub fn member(resource: impl Into<String>, parameter: impl Into<String>, level: impl Into<String>) -> Self {
        let member = Member::new(resource.into(), parameter.into(), level.into());
        Self::requiring(Requirements { members: vec![member], ..Requirements::default() })
    }

    /// A principal passes who authenticated in this way, an RFC 8176 value such as `hwk`.
    #[must_use]
    pub fn amr(value: impl Into<String>) -> Self {
        Self::needs(Need::amr(value))
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

    /// A principal passes who has logged in, be it with a token or a session's cookie: an API key, which is not a person,
    /// is refused as RFC 9470 has it. This is for what gives away or takes away a way in.
    #[must_use]
    pub fn in_person() -> Self {
        Self::requiring(Requirements { in_person: true, ..Requirements::default() })
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
    ///     Err(Denied::Scope { required, .. }) if required.contains("reports:write"),
    /// ));
    /// ```
    pub fn check(&self, principal: &Principal, clock: &dyn Clock) -> Result<(), Denied> {
        self.requirements().map_or(Ok(()), |requirements| requirements.check(principal, clock))
    }

    /// Whether everyone passes, and credentials are not looked at.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        matches!(self.0, Access::Public)
    }

    /// Whether strangers pass, and principals are looked for.
    #[must_use]
    pub const fn is_optional(&self) -> bool {
        matches!(self.0, Access::Optional)
    }

    /// The sets of scopes of each of which one has to be held. What the rule asks beyond scopes is not in them.
    #[must_use]
    pub fn scope_choices(&self) -> Vec<Scopes> {
        self.requirements().iter().flat_map(|asked| &asked.needs).filter_map(Need::scope_choice).collect()
    }

    /// The same rule, stated with this pattern.
    pub(crate) fn bound_to(self, pattern: &str) -> Self {
        match self.requirements() {
            Some(asked) if !asked.members.is_empty() => {
                let mut asked = asked.clone();
                asked.members.iter_mut().for_each(|member| member.bind(pattern));
                Self::requiring(asked)
            }
            _ => self,
        }
    }

    /// Whether every parameter it names is in the pattern it was stated with.
    #[cfg(feature = "axum")]
    pub(crate) fn is_complete(&self) -> bool {
        self.requirements().is_none_or(|asked| asked.members.iter().all(Member::is_bound))
    }

    /// The rule that holds on this path, if it depends on the path. `None` stands for a path that can be read in two ways.
    pub(super) fn on(&self, path: Option<&str>) -> Option<Self> {
        let asked = self.requirements().filter(|asked| !asked.members.is_empty())?;
        let mut asked = asked.clone();
        asked.needs.extend(asked.members.drain(..).map(|member| member.need(path)));
        Some(Self::requiring(asked))
    }

    /// Whether somebody could pass.
    pub(super) fn judge(&self) -> Result<(), RuleErrorKind> {
        let Some(Requirements { needs, members, .. }) = self.requirements() else { return Ok(()) };
        if !members.iter().all(Member::is_bound) {
            return Err(RuleErrorKind::NoSuchParameter);
        }
        needs.iter().try_for_each(Need::judge)?;
        if needs.iter().any(|one| needs.iter().any(|two| one.contradicts(two))) {
            return Err(RuleErrorKind::NobodyPasses);
        }
        Ok(())
    }

    fn requirements(&self) -> Option<&Requirements> {
        match &self.0 {
            Access::Required(requirements) => requirements.as_deref(),
            Access::Public | Access::Optional => None,
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
        let mut needs = self.needs.clone();
        needs.extend(other.needs.iter().filter(|need| !self.needs.contains(need)).cloned());
        let mut members = self.members.clone();
        members.extend(other.members.iter().filter(|member| !self.members.contains(member)).cloned());
        let max_age = match (self.max_age, other.max_age) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        let second_factor = self.second_factor || other.second_factor;
        Self { needs, members, max_age, second_factor, in_person: self.in_person || other.in_person }
    }

    fn check(&self, principal: &Principal, clock: &dyn Clock) -> Result<(), Denied> {
        if !self.members.is_empty() {
            // Nobody has said which path it is about.
            return Err(Denied::Scope { required: Scopes::default(), roles: Vec::new() });
        }
        let lack = self.lack(principal);
        if let Some(Lack { scopes, roles, is_permission: true, .. }) = lack {
            return Err(Denied::Scope { required: scopes.into_iter().collect(), roles });
        }
        let is_fresh = |age: &Duration| principal.auth_time().is_some_and(|at| clock.now().since(at) <= *age);
        let max_age = self.max_age.filter(|age| !is_fresh(age));
        let second_factor = self.second_factor && principal.acr() != Some("aal2");
        let absent = self.in_person && principal.credential() == CredentialKind::ApiKey;
        if lack.is_some() || max_age.is_some() || second_factor || absent {
            let amr = lack.map(|lack| lack.amr).unwrap_or_default();
            return Err(Denied::Authentication { max_age, second_factor, amr });
        }
        Ok(())
    }

    fn lack(&self, principal: &Principal) -> Option<Lack> {
        if self.needs.iter().all(|need| need.is_met_by(principal)) {
            return None;
        }
        let mut lack = Lack::default();
        self.needs.iter().for_each(|need| need.add_lack(principal, &mut lack));
        Some(lack)
    }
}

impl fmt::Display for RouteRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Access::Public => f.write_str("public"),
            Access::Optional => f.write_str("optional"),
            Access::Required(None) => f.write_str("authenticated"),
            Access::Required(Some(requirements)) => requirements.fmt(f),
        }
    }
}

impl fmt::Display for Requirements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<_> = self.needs.iter().map(Need::to_string).collect();
        parts.extend(self.members.iter().map(Member::to_string));
        parts.extend(self.max_age.map(|age| format!("fresh {age:?}")));
        parts.extend(self.second_factor.then(|| "second factor".to_owned()));
        parts.extend(self.in_person.then(|| "in person".to_owned()));
        f.write_str(if parts.is_empty() { "authenticated".to_owned() } else { parts.join(", ") }.as_str())
    }
}
