//! Authorisation: the IAM policy language, compiled once, and the decisions made with it.
//!
//! Knows neither the store nor the pipeline: a [`Question`] holds all that a [`Decision`] depends on.

mod cache;
mod caller;
mod condition;
mod context;
mod document;
mod evaluate;
mod explain;
mod fault;
mod json;
mod managed;
mod operand;
mod pattern;
mod principal;
mod statement;
pub mod vocabulary;

pub use cache::DecisionCache;
pub use caller::{CallFacts, Caller};
pub use context::{ConditionKey, Context, Facts, Values};
pub use document::{Document, Effect, KEY_POLICY_LENGTH, Kind};
pub use evaluate::{
    By, Decision, Grant, Level, NamedPolicy, Place, Policies, PolicyType, Question, Why, decide,
};
pub use fault::{Fault, Rule};
pub use managed::{MANAGED_POLICIES, managed_policy};
pub use principal::{Named, Principal, PrincipalKind};

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
