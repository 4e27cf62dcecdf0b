//! What the store says of principals, their policies and their grants.

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
