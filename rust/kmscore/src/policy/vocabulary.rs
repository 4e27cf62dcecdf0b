//! The actions of AWS KMS and the condition keys it knows: one table of each.
//!
//! Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Key Management Service",
//! and IAM User Guide, "AWS global condition context keys".

/// The type of a condition key's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// Text.
    Text,
    /// An Amazon resource name.
    Arn,
    /// `true` or `false`.
    Bool,
    /// A decimal number.
    Number,
    /// A point in time.
    Date,
    /// An IP address.
    Address,
}

/// A known condition key.
#[derive(Debug)]
pub struct KnownKey {
    /// The name as AWS spells it; that of a family ends before the free part.
    pub name: &'static str,
    /// The type of its values.
    pub value: ValueType,
    /// It may have several values in one request and wants a set operator.
    pub multivalued: bool,
    /// It stands for all names that begin with its own (`kms:EncryptionContext:`).
    pub family: bool,
    /// It moves with time.
    pub volatile: bool,
}

const fn one(name: &'static str, value: ValueType) -> KnownKey {
    KnownKey {
        name,
        value,
        multivalued: false,
        family: false,
        volatile: false,
    }
}

const fn many(name: &'static str, value: ValueType) -> KnownKey {
    KnownKey {
        multivalued: true,
        ..one(name, value)
    }
}

const fn family(name: &'static str) -> KnownKey {
    KnownKey {
        family: true,
        ..one(name, Text)
    }
}

const fn volatile(name: &'static str, value: ValueType) -> KnownKey {
    KnownKey {
        volatile: true,
        ..one(name, value)
    }
}

use ValueType::{Address, Arn, Bool, Date, Number, Text};

/// Every known condition key.
pub const CONDITION_KEYS: &[KnownKey] = &[
    one("kms:BypassPolicyLockoutSafetyCheck", Bool),
    one("kms:CallerAccount", Text),
    one("kms:CustomerMasterKeySpec", Text),
    one("kms:CustomerMasterKeyUsage", Text),
    one("kms:DataKeyPairSpec", Text),
    one("kms:EncryptionAlgorithm", Text),
    many("kms:EncryptionContextKeys", Text),
    family("kms:EncryptionContext:"),
    one("kms:ExpirationModel", Text),
    one("kms:GrantConstraintSourceArn", Arn),
    one("kms:GrantConstraintType", Text),
    one("kms:GrantIsForAWSResource", Bool),
    many("kms:GrantOperations", Text),
    one("kms:GranteePrincipal", Text),
    one("kms:GranteeServicePrincipal", Text),
    one("kms:KeyAgreementAlgorithm", Text),
    one("kms:KeyOrigin", Text),
    one("kms:KeySpec", Text),
    one("kms:KeyUsage", Text),
    one("kms:MacAlgorithm", Text),
    one("kms:MessageType", Text),
    one("kms:MultiRegion", Bool),
    one("kms:MultiRegionKeyType", Text),
    one("kms:PolicyName", Text),
    one("kms:PrimaryRegion", Text),
    one("kms:ReEncryptOnSameKey", Bool),
    family("kms:RecipientAttestation:"),
    one("kms:ReplicaRegion", Text),
    one("kms:RequestAlias", Text),
    many("kms:ResourceAliases", Text),
    one("kms:RetiringPrincipal", Text),
    one("kms:RetiringServicePrincipal", Text),
    one("kms:RotationPeriodInDays", Number),
    one("kms:ScheduleKeyDeletionPendingWindowInDays", Number),
    one("kms:SigningAlgorithm", Text),
    one("kms:TrailingDaysWithoutKeyUsage", Number),
    one("kms:ValidTo", Date),
    one("kms:ViaService", Text),
    one("kms:WrappingAlgorithm", Text),
    one("kms:WrappingKeySpec", Text),
    many("aws:CalledVia", Text),
    one("aws:CalledViaFirst", Text),
    one("aws:CalledViaLast", Text),
    volatile("aws:CurrentTime", Date),
    volatile("aws:EpochTime", Date),
    one("aws:FederatedProvider", Text),
    volatile("aws:MultiFactorAuthAge", Number),
    one("aws:MultiFactorAuthPresent", Bool),
    one("aws:PrincipalAccount", Text),
    one("aws:PrincipalArn", Arn),
    one("aws:PrincipalIsAWSService", Bool),
    one("aws:PrincipalOrgID", Text),
    many("aws:PrincipalOrgPaths", Text),
    one("aws:PrincipalServiceName", Text),
    many("aws:PrincipalServiceNamesList", Text),
    family("aws:PrincipalTag/"),
    one("aws:PrincipalType", Text),
    one("aws:referer", Text),
    family("aws:RequestTag/"),
    one("aws:RequestedRegion", Text),
    one("aws:ResourceAccount", Text),
    one("aws:ResourceOrgID", Text),
    many("aws:ResourceOrgPaths", Text),
    family("aws:ResourceTag/"),
    one("aws:SecureTransport", Bool),
    one("aws:SourceAccount", Text),
    one("aws:SourceArn", Arn),
    one("aws:SourceIdentity", Text),
    one("aws:SourceIp", Address),
    one("aws:SourceOrgID", Text),
    many("aws:SourceOrgPaths", Text),
    one("aws:SourceVpc", Text),
    one("aws:SourceVpcArn", Arn),
    one("aws:SourceVpce", Text),
    many("aws:TagKeys", Text),
    volatile("aws:TokenIssueTime", Date),
    one("aws:UserAgent", Text),
    one("aws:userid", Text),
    one("aws:username", Text),
    one("aws:ViaAWSService", Bool),
    one("aws:VpcSourceIp", Address),
];

/// The row of a lower-cased condition key name.
pub(super) fn index(name: &str) -> Option<usize> {
    CONDITION_KEYS.iter().position(|known| {
        if !known.family {
            return known.name.eq_ignore_ascii_case(name);
        }
        name.len() > known.name.len()
            && name
                .get(..known.name.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(known.name))
    })
}

/// Every action of AWS KMS. ReEncryptFrom, ReEncryptTo and SynchronizeMultiRegionKey are no operations.
pub const ACTIONS: &[&str] = &[
    "kms:CancelKeyDeletion",
    "kms:ConnectCustomKeyStore",
    "kms:CreateAlias",
    "kms:CreateCustomKeyStore",
    "kms:CreateGrant",
    "kms:CreateKey",
    "kms:Decapsulate",
    "kms:Decrypt",
    "kms:DeleteAlias",
    "kms:DeleteCustomKeyStore",
    "kms:DeleteImportedKeyMaterial",
    "kms:DeriveSharedSecret",
    "kms:DescribeCustomKeyStores",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:DisconnectCustomKeyStore",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:Encapsulate",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateMac",
    "kms:GenerateRandom",
    "kms:GetKeyLastUsage",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:GetParametersForImport",
    "kms:GetPublicKey",
    "kms:ImportKeyMaterial",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListKeys",
    "kms:ListResourceTags",
    "kms:ListRetirableGrants",
    "kms:PutKeyPolicy",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:ReplicateKey",
    "kms:RetireGrant",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:Sign",
    "kms:SynchronizeMultiRegionKey",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateCustomKeyStore",
    "kms:UpdateKeyDescription",
    "kms:UpdatePrimaryRegion",
    "kms:Verify",
    "kms:VerifyMac",
];

/// The bit of an action in a set of all, when it is one of AWS KMS as it is spelled.
pub(super) fn action_bit(action: &str) -> Option<u64> {
    ACTIONS.binary_search(&action).ok().map(|index| 1 << index)
}

const _: () = assert!(ACTIONS.len() <= 64, "a set of actions is a u64");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::tables;

    #[test]
    fn the_table_has_every_action_that_an_operation_asks_for() {
        assert!(ACTIONS.is_sorted());
        for operation in tables::OPERATIONS {
            for action in operation.actions {
                assert!(ACTIONS.contains(action), "{action}");
            }
        }
    }

    #[test]
    fn a_family_needs_a_member_and_its_plural_is_another_key() {
        assert_eq!(index("kms:encryptioncontext:"), None);
        let keys = index("kms:encryptioncontextkeys").expect("known");
        assert_eq!(CONDITION_KEYS[keys].name, "kms:EncryptionContextKeys");
        let family = index("kms:encryptioncontext:keys").expect("known");
        assert_eq!(CONDITION_KEYS[family].name, "kms:EncryptionContext:");
    }
}
