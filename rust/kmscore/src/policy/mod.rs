//! Authorisation: the IAM policy language, compiled once and asked often. Explicit deny beats allow, allow beats nothing said.

mod cache;
mod caller;
mod condition;
mod context;
mod date;
mod document;
mod evaluate;
mod explain;
mod json;
mod managed;
mod pattern;
mod principal;

pub use cache::{Allowances, Ground};
pub use caller::{Caller, Facts};
pub use context::{Context, Pairs, Values};
pub use document::{Document, Effect, Fault, KEY_POLICY_LIMIT, Kind, Statement};
pub use evaluate::{Basis, Decision, Named, Place, Policies, Question, Reason, decide};
pub use managed::{MANAGED_POLICIES, managed_policy};
pub use principal::{Match, Principal, PrincipalKind, PrincipalPattern};

use crate::arn;

/// The key policy that CreateKey attaches when none is given, in the shape AWS KMS returns it.
#[must_use]
pub fn default_key_policy(account: &str, region: &str) -> String {
    let root = arn::root(region, account);
    format!(
        r#"{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "{root}"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#
    )
}
