//! Who calls, and what is known of the call besides its members.

use std::sync::Arc;

use super::evaluate::NamedPolicy;
use super::principal::Principal;

/// Who calls.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The caller's account.
    pub account: String,
    /// The principal's ARN, or the service principal of an AWS service.
    pub arn: String,
    /// The Region the call is for.
    pub region: String,
    /// The principal as policies see it.
    pub principal: Arc<Principal>,
    /// What the door knows of the call.
    pub facts: Arc<CallFacts>,
    /// `account/kind/name`: where the store has the principal.
    pub stored_as: Arc<str>,
}

/// What a door knows of a call: conditions of policies rest on it. Whatever is absent is so to policies too.
#[derive(Debug, Default)]
pub struct CallFacts {
    /// The access key that signed the call.
    pub access_key_id: Option<String>,
    /// `aws:SourceIp`
    pub source_ip: Option<String>,
    /// `aws:SourceVpc`
    pub source_vpc: Option<String>,
    /// `aws:SourceVpce`
    pub source_vpce: Option<String>,
    /// `aws:SecureTransport`
    pub secure_transport: Option<bool>,
    /// `aws:UserAgent`
    pub user_agent: Option<String>,
    /// `aws:MultiFactorAuthPresent`
    pub mfa_present: Option<bool>,
    /// When the caller gave its second factor: microseconds since 1970.
    pub mfa_time: Option<i64>,
    /// When the session was made: microseconds since 1970.
    pub token_issue_time: Option<i64>,
    /// `kms:ViaService`: the AWS service that calls in the caller's name.
    pub via_service: Option<String>,
    /// `aws:CalledVia`: service principals, the first to be called first.
    pub called_via: Vec<String>,
    /// `aws:SourceArn`: the resource for which an AWS service calls.
    pub source_arn: Option<String>,
    /// `aws:SourceAccount`
    pub source_account: Option<String>,
    /// Tags of the session; they stand before those of its role.
    pub session_tags: Vec<(String, String)>,
    /// Policies given when the session was made.
    pub session_policies: Vec<NamedPolicy>,
    /// The policy of the VPC endpoint the call came through.
    pub vpc_endpoint_policy: Option<NamedPolicy>,
}

impl Caller {
    /// A caller of whom nothing else is known.
    #[must_use]
    pub fn new(account: String, arn: String, region: String) -> Self {
        Self::with_facts(account, arn, region, CallFacts::default())
    }

    /// A caller, and what the door knows.
    #[must_use]
    pub fn with_facts(account: String, arn: String, region: String, facts: CallFacts) -> Self {
        let principal = Principal::parse(&arn).unwrap_or_else(|| Principal::service(&arn));
        Self {
            stored_as: principal.stored_as().into(),
            principal: Arc::new(principal),
            facts: Arc::new(facts),
            account,
            arn,
            region,
        }
    }
}
