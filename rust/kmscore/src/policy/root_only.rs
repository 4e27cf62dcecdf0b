//! Authorisation. In this version the account root and the default key policy; everyone else is denied.
//!
//! Source: AWS KMS developer guide, "Default key policy" and "Policy evaluation".

use crate::arn;
use crate::error::{Error, ErrorCode, Result};

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The caller's account.
    pub account: String,
    /// The principal's ARN.
    pub arn: String,
    /// The Region the call is for.
    pub region: String,
}

impl Caller {
    /// Whether this is the root user of its account.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.arn == arn::root(&self.region, &self.account)
    }
}

/// A compiled key policy.
#[derive(Debug, PartialEq, Eq)]
pub enum KeyPolicy {
    /// The default key policy of this account: its root may do everything, and may delegate.
    Default {
        /// The owning account.
        account: Box<str>,
    },
    /// Anything else: this version cannot evaluate it, so it allows nothing.
    NotUnderstood,
}

impl KeyPolicy {
    /// Compiles the text of a key policy.
    #[must_use]
    pub fn compile(document: &str, account: &str, region: &str) -> Self {
        let same = |one: &str, other: &str| {
            let parse = serde_json::from_str::<serde_json::Value>;
            matches!((parse(one), parse(other)), (Ok(one), Ok(other)) if one == other)
        };
        let default = default_key_policy(account, region);
        if document == default || same(document, &default) {
            return Self::Default {
                account: account.into(),
            };
        }
        Self::NotUnderstood
    }

    fn allows(&self, caller: &Caller) -> bool {
        match self {
            Self::Default { account } => caller.is_root() && *caller.account == **account,
            Self::NotUnderstood => false,
        }
    }
}

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

/// Decides an action on a KMS key.
pub fn authorise_key(
    caller: &Caller,
    action: &str,
    policy: &KeyPolicy,
    owner: &str,
    key_arn: &str,
) -> Result<()> {
    if policy.allows(caller) {
        return Ok(());
    }
    let missing = if caller.account == owner {
        "identity-based"
    } else {
        "resource-based"
    };
    Err(denied(caller, action, key_arn, missing))
}

/// Decides an action that no key policy governs (CreateKey, ListKeys, the alias half of an alias operation, …).
pub fn authorise_account(caller: &Caller, action: &str, resource: &str, owner: &str) -> Result<()> {
    if caller.is_root() && caller.account == owner {
        return Ok(());
    }
    Err(denied(caller, action, resource, "identity-based"))
}

fn denied(caller: &Caller, action: &str, resource: &str, missing: &str) -> Error {
    Error::new(
        ErrorCode::AccessDenied,
        format!(
            "User: {} is not authorized to perform: {action} on resource: {resource} because no {missing} policy allows the {action} action",
            caller.arn
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "123456789012";

    fn caller(account: &str, arn: &str) -> Caller {
        Caller {
            account: account.into(),
            arn: arn.into(),
            region: "us-east-1".into(),
        }
    }

    fn decide(caller: &Caller, policy: &str) -> Result<()> {
        let policy = KeyPolicy::compile(policy, OWNER, "us-east-1");
        authorise_key(caller, "kms:Encrypt", &policy, OWNER, "arn:key")
    }

    #[test]
    fn the_account_root_may_use_a_key_of_the_default_policy() {
        let root = caller(OWNER, "arn:aws:iam::123456789012:root");
        assert_eq!(
            decide(&root, &default_key_policy(OWNER, "us-east-1")),
            Ok(())
        );
    }

    #[test]
    fn everyone_else_is_denied() {
        let policy = default_key_policy(OWNER, "us-east-1");
        for (account, arn) in [
            (OWNER, "arn:aws:iam::123456789012:user/root"),
            ("111122223333", "arn:aws:iam::111122223333:root"),
            ("111122223333", "arn:aws:iam::123456789012:root"),
        ] {
            let fault = decide(&caller(account, arn), &policy).expect_err("denied");
            assert_eq!(fault.code, ErrorCode::AccessDenied);
        }
    }

    #[test]
    fn a_policy_that_is_not_understood_allows_nothing() {
        let root = caller(OWNER, "arn:aws:iam::123456789012:root");
        for policy in [
            "",
            "{}",
            "not json",
            &default_key_policy("111122223333", "us-east-1"),
        ] {
            assert!(decide(&root, policy).is_err());
        }
    }
}
