//! The decision: which policies speak, and what follows.
//!
//! Source: IAM user guide, "Policy evaluation logic"; AWS KMS developer guide, "Key access and permissions".

use super::context::Context;
use super::document::{Asked, Document, Effect, Kind};
use super::principal::{Match, Principal, PrincipalKind};

/// A policy with the name under which texts speak of it.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// Its name; empty where there is only one.
    pub name: &'a str,
    /// Its content.
    pub document: &'a Document,
}

/// All policies that a decision rests on.
#[derive(Debug, Default)]
pub struct Policies<'a> {
    /// Of the key; none for actions on no key.
    pub key: Option<&'a Document>,
    /// Of the caller and its groups.
    pub identity: Vec<Named<'a>>,
    /// The caller's permissions boundary.
    pub boundary: Option<Named<'a>>,
    /// Given when the caller's session was made.
    pub session: Vec<Named<'a>>,
    /// Service control policies of the caller's account. None attached allows all.
    pub service_control: Vec<Named<'a>>,
    /// Resource control policies of the key's account. None attached allows all.
    pub resource_control: Vec<Named<'a>>,
    /// Of the endpoint the call came through.
    pub vpc_endpoint: Option<Named<'a>>,
}

/// What is to be decided.
pub struct Question<'a> {
    /// `kms:Encrypt`
    pub action: &'a str,
    /// The ARN of the key or alias, or `*`.
    pub resource: &'a str,
    /// The account of the key; `None` when no key policy governs the action.
    pub owner: Option<&'a str>,
    /// Who calls.
    pub principal: &'a Principal,
    /// What the request tells.
    pub context: &'a dyn Context,
    /// What speaks.
    pub policies: &'a Policies<'a>,
    /// The id of a grant that allows the action.
    pub granted: Option<&'a str>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Go on.
    Allowed(Basis),
    /// Stop.
    Denied(Reason),
}

/// What allowed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// A statement.
    Statement(Place),
    /// The account of the key is its root user's, and the key policy delegates to it.
    Root(Option<Place>),
    /// A grant.
    Grant(String),
}

/// What denied something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A statement with the effect Deny.
    Explicit(Place),
    /// No policy of this kind allows it.
    Missing {
        /// The kind.
        kind: Kind,
        /// In which account it would have to be.
        account: String,
        /// The statement of the key policy that delegates to the account, if that is not what is missing.
        delegated: Option<Place>,
    },
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The policy's kind.
    pub kind: Kind,
    /// The policy's name; empty where there is only one.
    pub policy: String,
    /// The statement's Sid, or its place.
    pub statement: String,
}

/// How the key policy allows something.
#[derive(Default)]
struct KeyAllows<'a> {
    delegated: Option<&'a str>,
    direct: Option<(Match, &'a str)>,
}

impl Decision {
    /// Whether to go on.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

/// Decides.
#[must_use]
pub fn decide(question: &Question<'_>) -> Decision {
    let decider = Decider {
        question,
        asked: Asked {
            action: question.action,
            resource: question.resource,
            principal: question.principal,
            context: question.context,
        },
    };
    match decider.decide() {
        Ok(basis) => Decision::Allowed(basis),
        Err(reason) => Decision::Denied(reason),
    }
}

struct Decider<'a> {
    question: &'a Question<'a>,
    asked: Asked<'a>,
}

impl<'a> Decider<'a> {
    fn decide(&self) -> Result<Basis, Reason> {
        self.refuse_denials()?;
        match self.question.owner {
            None => {
                let basis = self.identity_allows(None)?;
                self.require_bounds(true)?;
                Ok(basis)
            }
            Some(owner) if owner == self.question.principal.account => self.in_own_account(),
            Some(owner) => self.across_accounts(owner),
        }
    }

    /// A Deny anywhere ends it; a grant does not help.
    fn refuse_denials(&self) -> Result<(), Reason> {
        let policies = self.question.policies;
        let key = policies.key.map(|document| Named { name: "", document });
        let all = [
            key.as_slice(),
            &policies.identity,
            policies.boundary.as_slice(),
            &policies.session,
            &policies.service_control,
            &policies.resource_control,
            policies.vpc_endpoint.as_slice(),
        ];
        for named in all.into_iter().flatten() {
            if let Some(statement) = self.first(named.document, Effect::Deny) {
                return Err(Reason::Explicit(place(named, statement)));
            }
        }
        Ok(())
    }

    fn in_own_account(&self) -> Result<Basis, Reason> {
        let allows = self.key_allows();
        if let Some(grant) = self.question.granted {
            self.require_outer_bounds()?;
            return Ok(Basis::Grant(grant.to_owned()));
        }
        if let Some((how, statement)) = allows.direct {
            // Boundary and session policies bound what is given to a role, but not what is given to this very user or session.
            match how {
                Match::Direct => self.require_outer_bounds()?,
                _ => self.require_bounds(false)?,
            }
            return Ok(Basis::Statement(key_place(statement)));
        }
        let delegated = allows.delegated.map(key_place);
        if delegated.is_none() {
            return Err(self.missing(Kind::Key, None));
        }
        let basis = self.identity_allows(delegated)?;
        self.require_bounds(true)?;
        Ok(basis)
    }

    fn across_accounts(&self, owner: &str) -> Result<Basis, Reason> {
        let allows = self.key_allows();
        if let Some(grant) = self.question.granted {
            self.require_outer_bounds()?;
            return Ok(Basis::Grant(grant.to_owned()));
        }
        let by_key = allows.direct.map(|(_, s)| s).or(allows.delegated);
        let Some(statement) = by_key else {
            return Err(Reason::Missing {
                kind: Kind::Key,
                account: owner.to_owned(),
                delegated: None,
            });
        };
        if self.question.principal.kind == PrincipalKind::Service {
            // A service has no account whose policies could allow it.
            self.require_outer_bounds()?;
        } else {
            self.identity_allows(Some(key_place(statement)))?;
            self.require_bounds(true)?;
        }
        Ok(Basis::Statement(key_place(statement)))
    }

    fn key_allows(&self) -> KeyAllows<'a> {
        let mut found = KeyAllows::default();
        let Some(document) = self.question.policies.key else {
            return found;
        };
        for statement in document.statements() {
            if statement.effect() != Effect::Allow {
                continue;
            }
            match statement.applies(&self.asked, document.kind()) {
                Match::No => {}
                Match::Account => {
                    found.delegated.get_or_insert(statement.label());
                }
                how if found.direct.is_none_or(|(known, _)| how > known) => {
                    found.direct = Some((how, statement.label()));
                }
                _ => {}
            }
        }
        found
    }

    /// What the caller's own account allows it; its root user needs no policy.
    fn identity_allows(&self, delegated: Option<Place>) -> Result<Basis, Reason> {
        if self.question.principal.kind == PrincipalKind::Root {
            return Ok(Basis::Root(delegated));
        }
        for named in &self.question.policies.identity {
            if let Some(statement) = self.first(named.document, Effect::Allow) {
                return Ok(Basis::Statement(place(named, statement)));
            }
        }
        Err(self.missing(Kind::Identity, delegated))
    }

    /// Boundary, session policies and what bounds whole accounts.
    ///
    /// A session policy bounds what identity policies give a role; `by_identity` says that this is what was given.
    fn require_bounds(&self, by_identity: bool) -> Result<(), Reason> {
        let policies = self.question.policies;
        // A boundary bounds a role's session however it is allowed, and a user only as far as its own policies allow it.
        let bounded = by_identity || self.question.principal.kind == PrincipalKind::Role;
        if bounded {
            self.require_one(policies.boundary.as_slice(), Kind::Boundary)?;
            self.require_one(&policies.session, Kind::Session)?;
        }
        self.require_outer_bounds()
    }

    fn require_outer_bounds(&self) -> Result<(), Reason> {
        let policies = self.question.policies;
        self.require_one(&policies.service_control, Kind::ServiceControl)?;
        self.require_one(&policies.resource_control, Kind::ResourceControl)?;
        self.require_one(policies.vpc_endpoint.as_slice(), Kind::VpcEndpoint)
    }

    /// Where there are policies of a kind, one of them must allow it.
    fn require_one(&self, policies: &[Named<'_>], kind: Kind) -> Result<(), Reason> {
        let allows = |named: &Named<'_>| self.first(named.document, Effect::Allow).is_some();
        if policies.is_empty() || policies.iter().any(allows) {
            return Ok(());
        }
        Err(self.missing(kind, None))
    }

    fn first<'d>(&self, document: &'d Document, effect: Effect) -> Option<&'d str> {
        let found = document.statements().iter().find(|statement| {
            statement.effect() == effect
                && statement.applies(&self.asked, document.kind()) != Match::No
        });
        found.map(super::document::Statement::label)
    }

    fn missing(&self, kind: Kind, delegated: Option<Place>) -> Reason {
        Reason::Missing {
            kind,
            account: self.question.principal.account.clone(),
            delegated,
        }
    }
}

fn place(named: &Named<'_>, statement: &str) -> Place {
    Place {
        kind: named.document.kind(),
        policy: named.name.to_owned(),
        statement: statement.to_owned(),
    }
}

fn key_place(statement: &str) -> Place {
    Place {
        kind: Kind::Key,
        policy: String::new(),
        statement: statement.to_owned(),
    }
}
