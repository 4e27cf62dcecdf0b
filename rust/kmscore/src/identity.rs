//! What the store says of principals, their policies and their grants.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::policy::{Document, Kind, Level, NamedPolicy, Principal, managed_policy};

/// A principal, or, with no name, what holds for its whole account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentityRow {
    /// The store knows this principal.
    pub exists: bool,
    /// IAM's unique id (`AIDA…`); empty when there is none.
    pub unique_id: String,
    /// The path, `/` at least.
    pub path: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// The organization of its account.
    pub organization: Option<String>,
    /// Its policies, those of its groups and those of its account.
    pub policies: Vec<PolicyRow>,
}

/// A policy of a principal, a group or an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// `identity`, `boundary`, `trust`, `service_control` or `resource_control`.
    pub purpose: String,
    /// Its name.
    pub name: String,
    /// Its text; `None` for the AWS managed policy of that name.
    pub document: Option<String>,
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// 64 hex digits.
    pub grant_id: String,
    /// The grantee: an ARN or a service principal.
    pub grantee: String,
    /// Who may retire it, besides the grantee and the issuing account.
    pub retiring: Option<String>,
    /// The account that issued it.
    pub issuing_account: String,
    /// What it allows, as the API names it (`Decrypt`, `ReEncryptFrom`).
    pub operations: Vec<String>,
    /// The request's encryption context must be these pairs.
    pub context_equals: Option<Vec<(String, String)>>,
    /// The request's encryption context must have these pairs.
    pub context_subset: Option<Vec<(String, String)>>,
    /// The request must come from this resource.
    pub source_arn: Option<String>,
}

/// A principal with its policies compiled.
pub struct Identity {
    /// As the store has it.
    pub row: IdentityRow,
    /// Its own policies and those of its groups.
    pub identity: Vec<NamedPolicy>,
    /// Its permissions boundary.
    pub boundary: Option<NamedPolicy>,
    /// What bounds the principals of its account.
    pub service_control: Vec<Level>,
    /// What bounds the resources of its account.
    pub resource_control: Vec<Level>,
}

impl Identity {
    /// Compiles the policies of a row.
    ///
    /// # Errors
    /// A policy does not compile: what it would have denied must not be allowed.
    pub fn new(row: IdentityRow) -> Result<Self> {
        let mut identity = vec![];
        let mut boundary = None;
        let (mut service_control, mut resource_control) = (vec![], vec![]);
        for policy in &row.policies {
            let kind = Kind::parse(&policy.purpose).ok_or_else(|| unreadable(policy, "purpose"))?;
            match kind {
                Kind::Identity => identity.push(compile(policy, kind)?),
                Kind::Boundary => boundary = Some(compile(policy, kind)?),
                Kind::ServiceControl => service_control.push(compile(policy, kind)?),
                Kind::ResourceControl => resource_control.push(compile(policy, kind)?),
                // Who may assume a role is asked when a session of it is made.
                _ => {}
            }
        }
        let level = |policies: Vec<_>| {
            if policies.is_empty() {
                vec![]
            } else {
                vec![policies]
            }
        };
        Ok(Self {
            row,
            identity,
            boundary,
            service_control: level(service_control),
            resource_control: level(resource_control),
        })
    }

    /// The caller as policies name it: with the path of its role, which a session's ARN leaves out.
    #[must_use]
    pub fn principal(&self, principal: &Arc<Principal>) -> Arc<Principal> {
        let path = &self.row.path;
        let named = principal.session_name().and(principal.issuer());
        if let Some(role) = named
            && path.len() > 1
            && let Some((head, name)) = role.rsplit_once('/')
        {
            let issued = Principal::clone(principal).issued_by(&format!("{head}{path}{name}"));
            return issued.map_or_else(|| Arc::clone(principal), Arc::new);
        }
        Arc::clone(principal)
    }
}

fn compile(policy: &PolicyRow, kind: Kind) -> Result<NamedPolicy> {
    let text = policy.document.as_deref();
    let text = text
        .or_else(|| managed_policy(&policy.name))
        .ok_or_else(|| unreadable(policy, "document"))?;
    let document =
        Document::compile(text, kind).map_err(|fault| unreadable(policy, &fault.to_string()))?;
    Ok(NamedPolicy {
        name: policy.name.as_str().into(),
        document: Arc::new(document),
    })
}

fn unreadable(policy: &PolicyRow, what: &str) -> Error {
    Error::internal(format!(
        "the policy {} ({}) in the store cannot be used: {what}",
        policy.name, policy.purpose
    ))
}
