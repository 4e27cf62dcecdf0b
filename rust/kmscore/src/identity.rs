//! What the store says of principals, their policies and their grants.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};
use crate::policy::{Document, Kind, Named, Policies, Principal, managed_policy};

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
    policies: Vec<(String, Document)>,
    /// Of this compilation alone.
    pub(crate) serial: u64,
}

impl Identity {
    /// Compiles the policies of a row.
    ///
    /// # Errors
    /// A policy does not compile: what it would have denied must not be allowed.
    pub fn new(row: IdentityRow) -> Result<Self> {
        static IDENTITIES: AtomicU64 = AtomicU64::new(0);
        let mut policies = vec![];
        for policy in &row.policies {
            let kind = Kind::parse(&policy.purpose).ok_or_else(|| unreadable(policy, "purpose"))?;
            if kind == Kind::Trust {
                continue;
            }
            let text = policy.document.as_deref();
            let text = text
                .or_else(|| managed_policy(&policy.name))
                .ok_or_else(|| unreadable(policy, "document"))?;
            let document = Document::compile(text, kind)
                .map_err(|fault| unreadable(policy, &fault.to_string()))?;
            policies.push((policy.name.clone(), document));
        }
        Ok(Self {
            row,
            policies,
            serial: IDENTITIES.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// Adds its policies to what a decision rests on.
    pub fn add_to<'a>(&'a self, policies: &mut Policies<'a>) {
        for (name, document) in &self.policies {
            let named = Named { name, document };
            match document.kind() {
                Kind::Identity => policies.identity.push(named),
                Kind::Boundary => policies.boundary = Some(named),
                Kind::ServiceControl => policies.service_control.push(named),
                _ => {}
            }
        }
    }

    /// Adds what bounds the resources of its account.
    pub fn add_resource_control<'a>(&'a self, policies: &mut Policies<'a>) {
        for (name, document) in &self.policies {
            if document.kind() == Kind::ResourceControl {
                policies.resource_control.push(Named { name, document });
            }
        }
    }

    /// The condition keys that its policies read.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.policies
            .iter()
            .flat_map(|(_, document)| document.keys())
            .map(String::as_str)
    }

    /// The caller as policies name it: with the path of its role, which a session's ARN leaves out.
    #[must_use]
    pub fn principal(&self, principal: &Arc<Principal>) -> Arc<Principal> {
        let path = &self.row.path;
        match &principal.role_arn {
            Some(role) if principal.session.is_some() && path.len() > 1 => {
                let mut whole = Principal::clone(principal);
                let head = role.strip_suffix(principal.name.as_str()).unwrap_or(role);
                let head = head.strip_suffix('/').unwrap_or(head);
                whole.role_arn = Some(format!("{head}{path}{}", principal.name));
                Arc::new(whole)
            }
            _ => Arc::clone(principal),
        }
    }
}

fn unreadable(policy: &PolicyRow, what: &str) -> Error {
    Error::internal(format!(
        "the policy {} ({}) in the store cannot be used: {what}",
        policy.name, policy.purpose
    ))
}
