//! A decision in words: AWS's for the caller, and all there is to say for the operator.
//!
//! Source: IAM User Guide, "Troubleshoot access denied error messages".

use super::document::Document;
use super::evaluate::{By, Decision, Place, PolicyType, Question, Why};

impl PolicyType {
    /// As AWS names it in `because no … allows` and in `with an explicit deny in …`.
    const fn phrase(self) -> &'static str {
        match self {
            Self::Resource => "resource-based policy",
            Self::Identity => "identity-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::VpcEndpoint => "VPC endpoint policy",
        }
    }
}

impl Question<'_> {
    /// The text of the API's AccessDeniedException. Nothing in it tells of other policies than AWS would.
    #[must_use]
    pub fn denial(&self, why: Why) -> String {
        let start = format!(
            "User: {} is not authorized to perform: {} on resource: {}",
            self.principal.arn(),
            self.action,
            self.resource
        );
        let explicit = |policy_type: PolicyType| {
            let article = if policy_type == PolicyType::Identity {
                "an"
            } else {
                "a"
            };
            format!(
                "{start} with an explicit deny in {article} {}",
                policy_type.phrase()
            )
        };
        match why {
            Why::Explicit(place) => explicit(place.policy_type),
            // AWS words a missing Allow of an organization as an explicit deny.
            Why::Missing {
                policy_type:
                    policy_type @ (PolicyType::ServiceControl | PolicyType::ResourceControl),
                ..
            } => explicit(policy_type),
            Why::Missing { policy_type, .. } => {
                format!(
                    "{start} because no {} allows the {} action",
                    policy_type.phrase(),
                    self.action
                )
            }
        }
    }

    /// What decided, for the operator: policies and statements by name, and what would have been needed.
    #[must_use]
    pub fn explanation(&self, decision: Decision) -> String {
        let subject = format!(
            "{} on {} for {}",
            self.action,
            self.resource,
            self.principal.arn()
        );
        match decision {
            Decision::Allowed(by) => format!("{subject}: allowed by {}.", self.allowed_by(by)),
            Decision::Denied(Why::Explicit(place)) => format!(
                "{subject}: denied by {}; remove or narrow that Deny, which no Allow and no grant overrides.",
                self.place(place)
            ),
            Decision::Denied(Why::Missing { policy_type, level }) => {
                format!(
                    "{subject}: not allowed; {}.",
                    self.needed(policy_type, level)
                )
            }
        }
    }

    fn allowed_by(&self, by: By) -> String {
        match by {
            By::KeyPolicy(place) => self.place(place),
            By::Grant => format!("grant {}", self.granted.map_or("", |grant| grant.id)),
            By::Identity {
                identity,
                key_policy,
            } => {
                let own = identity.map_or_else(
                    || "the root user's rights".into(),
                    |place| self.place(place),
                );
                match key_policy {
                    Some(place) => format!("{own}, to which {} leaves it", self.place(place)),
                    None => own,
                }
            }
        }
    }

    /// The policy that decided and its statement, by name; none where an Allow is missing, or a grant or the root user's
    /// rights alone allowed.
    #[must_use]
    pub fn decided_by(&self, decision: Decision) -> Option<(String, String)> {
        let place = match decision {
            Decision::Allowed(By::KeyPolicy(place)) | Decision::Denied(Why::Explicit(place)) => {
                Some(place)
            }
            Decision::Allowed(By::Identity {
                identity,
                key_policy,
            }) => identity.or(key_policy),
            Decision::Allowed(By::Grant) | Decision::Denied(Why::Missing { .. }) => None,
        };
        place.map(|place| self.names(place))
    }

    fn place(&self, place: Place) -> String {
        let (policy, statement) = self.names(place);
        format!("statement {statement} of the {policy}")
    }

    /// A policy and one of its statements.
    fn names(&self, place: Place) -> (String, String) {
        let Place {
            policy_type,
            level,
            policy,
            statement,
        } = place;
        let policies = &self.policies;
        let named = match policy_type {
            PolicyType::Resource => {
                let name = self
                    .key_policy
                    .map(|policy| policy.statement_name(statement));
                return ("key policy".into(), name.unwrap_or_default());
            }
            PolicyType::Identity => policies.identity.get(policy),
            PolicyType::Boundary => policies.boundary,
            PolicyType::Session => policies.session.get(policy),
            PolicyType::ServiceControl => policies
                .service_control
                .get(level)
                .and_then(|l| l.get(policy)),
            PolicyType::ResourceControl => policies
                .resource_control
                .get(level)
                .and_then(|l| l.get(policy)),
            PolicyType::VpcEndpoint => policies.vpc_endpoint,
        };
        let statement_name = |document: &Document| document.statement_name(statement);
        (
            format!(
                "{} {}",
                policy_type.phrase(),
                named.map_or("", |named| &named.name)
            ),
            named
                .map(|named| statement_name(&named.document))
                .unwrap_or_default(),
        )
    }

    fn needed(&self, policy_type: PolicyType, level: usize) -> String {
        let (action, resource, arn) = (self.action, self.resource, self.principal.arn());
        match policy_type {
            PolicyType::Resource => format!(
                "the key policy needs an Allow of {action} for {arn} or, to leave it to identity policies, for its account"
            ),
            PolicyType::Identity if self.principal.account() == self.owner => format!(
                "an identity policy of {arn} needs an Allow of {action} on {resource} while the key policy allows the account, or the key policy or a grant names {arn}"
            ),
            PolicyType::Identity => {
                format!("an identity policy of {arn} needs an Allow of {action} on {resource}")
            }
            PolicyType::Boundary => {
                let name = self.policies.boundary.map_or("", |boundary| &boundary.name);
                format!("the permissions boundary {name} needs an Allow of {action} on {resource}")
            }
            PolicyType::Session => {
                format!(
                    "a session policy needs an Allow of {action} on {resource}, or the key policy names {arn} itself"
                )
            }
            PolicyType::ServiceControl | PolicyType::ResourceControl => {
                format!(
                    "a {} of level {level} needs an Allow of {action} on {resource}",
                    policy_type.phrase()
                )
            }
            PolicyType::VpcEndpoint => {
                let name = self
                    .policies
                    .vpc_endpoint
                    .map_or("", |endpoint| &endpoint.name);
                format!(
                    "the VPC endpoint policy {name} needs an Allow of {action} on {resource} for {arn}"
                )
            }
        }
    }
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
