//! The 56 operations of AWS KMS: one declaration each, and the validator that reads them.
//!
//! Source: the AWS KMS API Reference (API version 2014-11-01). A test holds the tables to botocore's service model.

mod pattern;
pub mod tables;
pub mod validate;

use crate::operations::Body;
use crate::spec::{KeyUsage, State};

/// What a member holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `boolean`
    Boolean,
    /// `integer` or `long`, with inclusive bounds.
    Integer {
        /// Smallest value allowed.
        min: Option<i64>,
        /// Largest value allowed.
        max: Option<i64>,
    },
    /// Text with bounds on its length in characters and an optional pattern.
    String {
        /// Shortest length allowed.
        min: usize,
        /// Longest length allowed; `usize::MAX` when the model has none.
        max: usize,
        /// The service model's regular expression, matched by `validate` and shown in its message.
        pattern: Option<&'static str>,
    },
    /// One of a set of words.
    Enum(&'static [&'static str]),
    /// Bytes with bounds on their length.
    Blob {
        /// Shortest length allowed.
        min: usize,
        /// Longest length allowed; `usize::MAX` when the model has none.
        max: usize,
    },
    /// Seconds since 1970.
    Timestamp,
    /// A list of one kind, with bounds on its length.
    List {
        /// Fewest items allowed.
        min: usize,
        /// Most items allowed; `usize::MAX` when the model has none.
        max: usize,
        /// What each item is.
        item: &'static Self,
    },
    /// A map of text to text (encryption contexts).
    Map,
    /// A nested structure.
    Structure(&'static Structure),
}

/// One member of a structure.
#[derive(Debug)]
pub struct Member {
    /// The name as the service model spells it (`KeyId`).
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Must be sent.
    pub required: bool,
    /// The value never stands in an error text; nor does any blob's.
    pub sensitive: bool,
    /// The allow-list of the audit log: only members marked here are recorded.
    pub audited: bool,
}

/// A structure of the service model.
#[derive(Debug)]
pub struct Structure {
    /// Name in the service model (`EncryptRequest`).
    pub name: &'static str,
    /// Its members.
    pub members: &'static [Member],
}

/// Which KMS key or alias a request acts on, and so what is resolved and authorised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// No KMS key: identity policies alone decide (CreateKey, ListKeys, GenerateRandom, …).
    None,
    /// The key named by `KeyId`: key id, key ARN, alias name or alias ARN.
    AnyKeyForm,
    /// The key named by `KeyId`: key id or key ARN only.
    KeyIdOrArn,
    /// The key named inside `CiphertextBlob`, compared with `KeyId` when that was sent (Decrypt).
    Ciphertext,
    /// The source key inside `CiphertextBlob` and the key named by `DestinationKeyId` (ReEncrypt).
    ReEncrypt,
    /// `AliasName` and the key named by `TargetKeyId` (CreateAlias).
    NewAlias,
    /// `AliasName`, the key it stands for and the key named by `TargetKeyId` (UpdateAlias).
    MovedAlias,
    /// `AliasName` and the key it stands for (DeleteAlias).
    Alias,
    /// `KeyId` as a filter that may be absent; the action is on no key (ListAliases).
    KeyFilter,
    /// The key named by `KeyId`, which may be absent; the rows name theirs (our DecryptBatch).
    OptionalKey,
    /// A grant token, or `KeyId` and `GrantId` (RetireGrant).
    Grant,
    /// The key named by `KeyId` and its related key in `PrimaryRegion` (UpdatePrimaryRegion).
    RelatedKeys,
    /// A custom key store.
    CustomKeyStore,
}

/// What the key state must be, as the table of key states in the AWS KMS developer guide has it.
///
/// Each state that is not listed as allowed answers with the documented error of that state.
#[derive(Debug, Clone, Copy)]
pub struct StateRule {
    /// States in which the operation goes on.
    pub allowed: &'static [State],
}

/// One operation of AWS KMS.
#[derive(Debug)]
pub struct Operation {
    /// `Encrypt`
    pub name: &'static str,
    /// Input members.
    pub input: &'static Structure,
    /// Output members; `None` where the operation answers with an empty body.
    pub output: Option<&'static Structure>,
    /// IAM actions: the first is checked on the resource; ReEncrypt has two (source, destination).
    pub actions: &'static [&'static str],
    /// What it acts on.
    pub resource: Resource,
    /// Key states in which it works.
    pub states: StateRule,
    /// Key usage it needs; `None` where any will do.
    pub usage: Option<KeyUsage>,
    /// Recorded as read-only in the audit log, as CloudTrail does.
    pub read_only: bool,
    /// Works on keys of other accounts too, where the API Reference says "Cross-account use: Yes".
    pub cross_account: bool,
    /// Has a `DryRun` member.
    pub dry_run: bool,
    /// Error codes the service model lists.
    pub errors: &'static [&'static str],
    /// What runs.
    pub body: Body,
}

/// The operation of this name.
#[must_use]
pub fn operation(name: &str) -> Option<&'static Operation> {
    let place = tables::OPERATIONS
        .binary_search_by_key(&name, |operation| operation.name)
        .ok()?;
    Some(&tables::OPERATIONS[place])
}
