//! The AWS managed policies that kmscore has, cut to what they say of KMS.
//!
//! Source: AWS managed policy reference.

const ADMINISTRATOR: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;

const POWER_USER: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}]}"#;

const READ_ONLY: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["kms:Describe*", "kms:Get*", "kms:List*"], "Resource": "*"}]}"#;

const KEY_MANAGEMENT_POWER_USER: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Resource": "*", "Action": ["kms:CreateAlias", "kms:CreateKey", "kms:DeleteAlias", "kms:Describe*",
     "kms:GenerateRandom", "kms:Get*", "kms:List*", "kms:TagResource", "kms:UntagResource", "iam:ListGroups",
     "iam:ListRoles", "iam:ListUsers"]}]}"#;

/// Names and texts.
pub const MANAGED_POLICIES: &[(&str, &str)] = &[
    ("AdministratorAccess", ADMINISTRATOR),
    (
        "AWSKeyManagementServicePowerUser",
        KEY_MANAGEMENT_POWER_USER,
    ),
    ("FullAWSAccess", ADMINISTRATOR),
    ("PowerUserAccess", POWER_USER),
    ("RCPFullAWSAccess", ADMINISTRATOR_OF_RESOURCES),
    ("ReadOnlyAccess", READ_ONLY),
];

const ADMINISTRATOR_OF_RESOURCES: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}"#;

/// The text of an AWS managed policy.
#[must_use]
pub fn managed_policy(name: &str) -> Option<&'static str> {
    MANAGED_POLICIES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Document, Kind};

    #[test]
    fn each_compiles() {
        for (name, text) in MANAGED_POLICIES {
            let kind = if name.starts_with("RCP") {
                Kind::ResourceControl
            } else {
                Kind::Identity
            };
            assert!(Document::compile(text, kind).is_ok(), "{name}");
        }
    }
}
