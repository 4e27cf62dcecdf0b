//! The decision: explicit deny, then what the resource's side allows, then what the caller's side allows.
//!
//! Source: IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation logic"; AWS KMS developer
//! guide, "Key policies" (which must allow explicitly, unlike other resource-based policies).

use core::ops::Deref;
use std::sync::Arc;

use super::context::Context;
use super::document::{Document, Effect};
use super::principal::{Named, Principal, PrincipalKind, Reach};
use super::statement::Action;

/// A policy and the name it is known by (its own name or ARN).
#[derive(Debug, Clone)]
pub struct NamedPolicy {
    /// The name for explanations.
    pub name: Box<str>,
    /// The compiled policy.
    pub document: Arc<Document>,
}

/// The policies of one level of an organization: its root, a unit, or the account.
pub type Level = Vec<NamedPolicy>;

/// Every policy but the resource's own that bears on a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Policies<'a> {
    /// Of the user and its groups, or of the role.
    pub identity: &'a [NamedPolicy],
    /// The permissions boundary of the user or role.
    pub boundary: Option<&'a NamedPolicy>,
    /// Passed when the session was made. None: no limit, except for a federated user, who then may do nothing.
    pub session: &'a [NamedPolicy],
    /// Of the caller's organization; each level with policies must allow.
    pub service_control: &'a [Level],
    /// Of the resource's organization; each level with policies must allow.
    pub resource_control: &'a [Level],
    /// Of the VPC endpoint that the request came through.
    pub vpc_endpoint: Option<&'a NamedPolicy>,
}

/// A grant on the key that matched the request: its operations, its constraints and its grantee, decided elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant<'a> {
    /// The grant id.
    pub id: &'a str,
    /// The grantee principal, or the grantee service principal.
    pub grantee: &'a str,
}

/// One question: may this principal do this to this resource now?
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The IAM action (`kms:Encrypt`).
    pub action: &'a str,
    /// The ARN of the key or alias, or `*`.
    pub resource: &'a str,
    /// The account of the key; `None` for what no key policy governs, where identity policies alone decide.
    pub owner: Option<&'a str>,
    /// Who asks.
    pub principal: &'a Principal,
    /// The request context.
    pub context: &'a dyn Context,
    /// The key policy. One that could not be compiled is left out, and allows nothing.
    pub key_policy: Option<&'a Document>,
    /// The other policies.
    pub policies: Policies<'a>,
    /// A grant that matched.
    pub granted: Option<Grant<'a>>,
}

/// The kinds of policies a decision may come from, as AWS's error texts tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyType {
    /// The key policy.
    Resource,
    /// A policy of the user, group or role.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// A session policy.
    Session,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// The policy of the VPC endpoint.
    VpcEndpoint,
}

/// A statement of one of the policies of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The kind of policy.
    pub policy_type: PolicyType,
    /// The level, of control policies.
    pub level: usize,
    /// Which of the policies of that kind and level.
    pub policy: usize,
    /// Which of its statements.
    pub statement: usize,
}

/// Yes or no, and from where. Small and free of text: what it points at is in the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The request is allowed.
    Allowed(By),
    /// The request is denied.
    Denied(Why),
}

/// What allowed a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// This statement of the key policy, which names the caller, its role or everyone.
    KeyPolicy(Place),
    /// The caller's own side (`None`: it is the root user), where the key policy's statement let it decide.
    Identity {
        /// The statement of an identity policy.
        identity: Option<Place>,
        /// The statement of the key policy that opened the key to the caller; none for account-level actions.
        key_policy: Option<Place>,
    },
    /// The grant of the question.
    Grant,
}

/// What denied a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// This statement denies.
    Explicit(Place),
    /// No policy of this kind allows; of the level, for control policies.
    Missing {
        /// The kind.
        policy_type: PolicyType,
        /// The level, of control policies.
        level: usize,
    },
}

impl Decision {
    /// Whether the request is allowed.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

/// Decides.
#[must_use]
pub fn decide(question: &Question<'_>) -> Decision {
    let evaluation = Evaluation {
        question,
        action: Action::of(question.action),
    };
    match evaluation.outcome() {
        Ok(by) => Decision::Allowed(by),
        Err(why) => Decision::Denied(why),
    }
}

/// A question being decided.
struct Evaluation<'a> {
    question: &'a Question<'a>,
    action: Action<'a>,
}

impl<'a> Deref for Evaluation<'a> {
    type Target = Question<'a>;

    fn deref(&self) -> &Self::Target {
        self.question
    }
}

/// What the key policy says of the caller: where it allows, and how far that reaches.
type Opening = Option<(Reach, Place)>;

impl Evaluation<'_> {
    fn outcome(&self) -> Result<By, Why> {
        let opening = self.key_policy_opening()?;
        self.check_explicit_denies()?;
        self.check_guard_rails()?;
        let Some(owner) = self.owner else {
            return self.account_level();
        };
        let by_policy = self.by_key_policy(owner, opening);
        by_policy.or_else(|why| self.by_grant().ok_or(why))
    }

    /// The strongest Allow of the key policy, or its first Deny.
    fn key_policy_opening(&self) -> Result<Opening, Why> {
        let mut opening: Opening = None;
        let bounded = self.policies.boundary.is_some();
        let statements = self.key_policy.map_or(&[][..], Document::statements);
        for (index, statement) in statements.iter().enumerate() {
            let principals = statement.principals.as_ref();
            let Some(reach) = principals.and_then(|named| named.reach(self.principal, bounded))
            else {
                continue;
            };
            let allows = statement.effect == Effect::Allow;
            let useless = allows && opening.is_some_and(|(strongest, _)| strongest >= reach);
            if useless || !statement.applies(self.action, self.resource, self.context) {
                continue;
            }
            let place = Place::at(PolicyType::Resource, 0, 0, index);
            if !allows {
                return Err(Why::Explicit(place));
            }
            opening = Some((reach, place));
        }
        // Everyone does not stand for a service or for nobody: those must be named.
        Ok(opening
            .filter(|(reach, _)| *reach != Reach::Everyone || self.principal.account().is_some()))
    }

    fn check_explicit_denies(&self) -> Result<(), Why> {
        let Policies {
            identity,
            boundary,
            session,
            service_control,
            resource_control,
            vpc_endpoint,
        } = self.policies;
        for (level, policies) in self.levels_of_caller(service_control).iter().enumerate() {
            self.check_no_deny(PolicyType::ServiceControl, level, policies)?;
        }
        for (level, policies) in resource_control.iter().enumerate() {
            self.check_no_deny(PolicyType::ResourceControl, level, policies)?;
        }
        self.check_no_deny(PolicyType::VpcEndpoint, 0, vpc_endpoint)?;
        self.check_no_deny(PolicyType::Identity, 0, identity)?;
        self.check_no_deny(PolicyType::Boundary, 0, boundary)?;
        self.check_no_deny(PolicyType::Session, 0, session)
    }

    /// Service control policies bind the principals of accounts; services and strangers are in none.
    fn levels_of_caller<'l>(&self, levels: &'l [Level]) -> &'l [Level] {
        if self.principal.account().is_some() {
            levels
        } else {
            &[]
        }
    }

    fn check_no_deny<'p>(
        &self,
        policy_type: PolicyType,
        level: usize,
        policies: impl IntoIterator<Item = &'p NamedPolicy>,
    ) -> Result<(), Why> {
        match self.find(Effect::Deny, policy_type, level, policies) {
            Some(place) => Err(Why::Explicit(place)),
            None => Ok(()),
        }
    }

    /// What must allow every request, however it is allowed otherwise.
    fn check_guard_rails(&self) -> Result<(), Why> {
        let Policies {
            service_control,
            resource_control,
            vpc_endpoint,
            ..
        } = self.policies;
        self.check_levels(PolicyType::ResourceControl, resource_control)?;
        self.check_levels(
            PolicyType::ServiceControl,
            self.levels_of_caller(service_control),
        )?;
        self.check_limit(
            PolicyType::VpcEndpoint,
            vpc_endpoint.map_or(&[], core::slice::from_ref),
        )
    }

    fn check_levels(&self, policy_type: PolicyType, levels: &[Level]) -> Result<(), Why> {
        for (level, policies) in levels.iter().enumerate() {
            if !policies.is_empty()
                && self
                    .find(Effect::Allow, policy_type, level, policies)
                    .is_none()
            {
                return Err(Why::Missing { policy_type, level });
            }
        }
        Ok(())
    }

    /// Policies that limit: none attached limit nothing.
    fn check_limit(&self, policy_type: PolicyType, policies: &[NamedPolicy]) -> Result<(), Why> {
        if policies.is_empty() || self.find(Effect::Allow, policy_type, 0, policies).is_some() {
            return Ok(());
        }
        Err(missing(policy_type))
    }

    /// Actions on no key: the caller's own policies, on nothing but what is of its own account.
    fn account_level(&self) -> Result<By, Why> {
        let account_of_resource = self.resource.split(':').nth(4);
        if account_of_resource.is_some_and(|account| Some(account) != self.principal.account()) {
            return Err(missing(PolicyType::Resource));
        }
        self.by_identity(None)
    }

    fn by_key_policy(&self, owner: &str, opening: Opening) -> Result<By, Why> {
        let Some((reach, place)) = opening else {
            return Err(self.closed(owner));
        };
        let at_home = self
            .principal
            .account()
            .is_none_or(|account| account == owner);
        match reach {
            Reach::Direct if at_home => Ok(By::KeyPolicy(place)),
            // Where AWS does not say whether `*` names the caller itself, the stricter reading holds.
            Reach::Issuer | Reach::Everyone if at_home => {
                self.check_session_limits()?;
                Ok(By::KeyPolicy(place))
            }
            _ => self.by_identity(Some(place)),
        }
    }

    /// What to miss first when the key policy does not open the key: AWS names the resource-based policy to a
    /// stranger, and to a caller whose own policies would have sufficed.
    fn closed(&self, owner: &str) -> Why {
        let own = self.principal.account() == Some(owner);
        if own && self.by_identity(None).is_err() {
            return missing(PolicyType::Identity);
        }
        missing(PolicyType::Resource)
    }

    /// A grant allows by itself, as far as a key policy naming its grantee would, and across accounts too.
    fn by_grant(&self) -> Option<By> {
        let grant = self.granted?;
        let service =
            || (!grant.grantee.contains([':', '*'])).then(|| Named::Service(grant.grantee.into()));
        let grantee = Named::parse(grant.grantee).or_else(service)?;
        let allowed = match self.principal.reach(&grantee)? {
            Reach::Direct => true,
            Reach::Issuer => self.check_session_limits().is_ok(),
            Reach::Account => self.by_identity(None).is_ok(),
            Reach::Everyone => false,
        };
        allowed.then_some(By::Grant)
    }

    /// The caller's own side: an identity policy allows, within the boundary and the session policies.
    fn by_identity(&self, key_policy: Option<Place>) -> Result<By, Why> {
        let identity = match self.principal.kind() {
            PrincipalKind::Root => None,
            PrincipalKind::Service | PrincipalKind::Anonymous => {
                return Err(missing(PolicyType::Resource));
            }
            PrincipalKind::User | PrincipalKind::RoleSession | PrincipalKind::FederatedUser => {
                let found = self.find(
                    Effect::Allow,
                    PolicyType::Identity,
                    0,
                    self.policies.identity,
                );
                Some(found.ok_or_else(|| missing(PolicyType::Identity))?)
            }
        };
        self.check_session_limits()?;
        Ok(By::Identity {
            identity,
            key_policy,
        })
    }

    fn check_session_limits(&self) -> Result<(), Why> {
        let boundary = self
            .policies
            .boundary
            .map_or(&[][..], core::slice::from_ref);
        self.check_limit(PolicyType::Boundary, boundary)?;
        // A session of GetFederationToken has no more than session policies give it.
        if self.principal.kind() == PrincipalKind::FederatedUser && self.policies.session.is_empty()
        {
            return Err(missing(PolicyType::Session));
        }
        self.check_limit(PolicyType::Session, self.policies.session)
    }

    /// The first statement of this effect that applies.
    fn find<'p>(
        &self,
        effect: Effect,
        policy_type: PolicyType,
        level: usize,
        policies: impl IntoIterator<Item = &'p NamedPolicy>,
    ) -> Option<Place> {
        policies
            .into_iter()
            .enumerate()
            .find_map(|(policy, named)| {
                let statements = named.document.statements();
                let found = statements.iter().position(|statement| {
                    let reached = statement
                        .principals
                        .as_ref()
                        .is_none_or(|named| named.reach(self.principal, false).is_some());
                    statement.effect == effect
                        && reached
                        && statement.applies(self.action, self.resource, self.context)
                });
                found.map(|statement| Place::at(policy_type, level, policy, statement))
            })
    }
}

impl Place {
    const fn at(policy_type: PolicyType, level: usize, policy: usize, statement: usize) -> Self {
        Self {
            policy_type,
            level,
            policy,
            statement,
        }
    }
}

const fn missing(policy_type: PolicyType) -> Why {
    Why::Missing {
        policy_type,
        level: 0,
    }
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
