//! A decision in words: AWS's for the caller, and more for the operator.
//!
//! Source: IAM user guide, "Troubleshoot access denied error messages".

use super::document::Kind;
use super::evaluate::{Basis, Place, Question, Reason};

impl Reason {
    /// The text of AccessDeniedException.
    #[must_use]
    pub fn message(&self, question: &Question<'_>) -> String {
        let (arn, action, resource) = (&question.principal.arn, question.action, question.resource);
        let because = match self {
            Self::Explicit(place) => {
                let kind = place.kind.described();
                let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) {
                    "an"
                } else {
                    "a"
                };
                let policy = if place.kind == Kind::Boundary {
                    ""
                } else {
                    " policy"
                };
                format!("with an explicit deny in {article} {kind}{policy}")
            }
            Self::Missing { kind, .. } => {
                let policy = if *kind == Kind::Boundary {
                    ""
                } else {
                    " policy"
                };
                format!(
                    "because no {}{policy} allows the {action} action",
                    kind.described()
                )
            }
        };
        format!(
            "User: {arn} is not authorized to perform: {action} on resource: {resource} {because}"
        )
    }

    /// What an operator should know; it never goes to the caller.
    #[must_use]
    pub fn explanation(&self) -> String {
        match self {
            Self::Explicit(place) => format!("denied by {place}"),
            Self::Missing {
                kind: Kind::Key,
                account,
                ..
            } => format!(
                "the key policy neither names the caller nor lets account {account} decide by its own policies, and no grant allows it"
            ),
            Self::Missing {
                kind,
                account,
                delegated,
            } => {
                let by_key = delegated.as_ref().map_or_else(String::new, |place| {
                    format!("{place} leaves it to account {account}, but ")
                });
                format!("{by_key}no {} policy there allows it", kind.described())
            }
        }
    }

    /// The statement that decided, if one did.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        match self {
            Self::Explicit(place) => Some(place),
            Self::Missing { delegated, .. } => delegated.as_ref(),
        }
    }
}

impl Basis {
    /// What an operator should know.
    #[must_use]
    pub fn explanation(&self) -> String {
        match self {
            Self::Statement(place) => format!("allowed by {place}"),
            Self::Root(Some(place)) => {
                format!("allowed to the root user of the account, to which {place} leaves it")
            }
            Self::Root(None) => "allowed to the root user of the account".to_owned(),
            Self::Grant(grant) => format!("allowed by grant {grant}"),
        }
    }

    /// The statement that decided, if one did.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        match self {
            Self::Statement(place) | Self::Root(Some(place)) => Some(place),
            _ => None,
        }
    }
}

impl core::fmt::Display for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let kind = match self.kind {
            Kind::Key => "the key policy",
            Kind::Trust => "the trust policy",
            Kind::Boundary => "the permissions boundary",
            Kind::VpcEndpoint => "the VPC endpoint policy",
            Kind::Session => "the session policy",
            Kind::Identity => "the identity policy",
            Kind::ServiceControl => "the service control policy",
            Kind::ResourceControl => "the resource control policy",
        };
        if self.policy.is_empty() {
            write!(f, "{:?} of {kind}", self.statement)
        } else {
            write!(f, "{:?} of {kind} {}", self.statement, self.policy)
        }
    }
}
