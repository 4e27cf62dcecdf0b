//! What the engine asks of a store. The binding implements it over the Python store; tests in memory.

use crate::ciphertext::KeyId;
use crate::control::ControlCall;
use crate::error::{Error, Result};
use crate::identity::{GrantRow, IdentityRow};
use crate::key_entry::KeyRow;
use crate::value::{Request, Response};

/// A row of the `change` table: what a cache must forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A KMS key, its policy or its material.
    Key {
        /// Its Region.
        region: String,
        /// Its id.
        key_id: KeyId,
    },
    /// An alias.
    Alias {
        /// The account.
        account: String,
        /// The Region.
        region: String,
        /// `alias/…`
        name: String,
    },
    /// An account's users, roles, groups or policies.
    Identity {
        /// The account.
        account: String,
    },
    /// A custom key store, which no cache holds.
    CustomKeyStore,
    /// Something this version does not know: everything must be forgotten.
    Unknown,
}

/// A custom key store, as the operations that use one see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomKeyStoreRow {
    /// `AWS_CLOUDHSM` or `EXTERNAL_KEY_STORE`.
    pub kind: String,
    /// Its `ConnectionState`.
    pub state: String,
}

/// Why a control-plane handler did not answer.
#[derive(Debug)]
pub enum Refused {
    /// `head.state` moved since the pipeline decided: run again from resolve.
    Stale,
    /// The error the caller sees.
    With(Error),
}

/// The answer of a control-plane handler.
#[derive(Debug)]
pub struct Handled {
    /// The output members.
    pub response: Response,
    /// The success is in the audit segment already, copied from the outbox.
    pub audited: bool,
}

/// A store. Never called while the thread holds a lock of the engine.
pub trait Store: Send + Sync {
    /// `head.state` now.
    fn head_state(&self) -> Result<u64>;
    /// The state now, and what changed since `state`; `None` when that is too long ago to say.
    fn changes_since(&self, state: u64) -> Result<(u64, Option<Vec<Change>>)>;
    /// A key's verified row.
    fn load_key(&self, region: &str, key_id: KeyId) -> Result<Option<KeyRow>>;
    /// An alias's verified target.
    fn load_alias(&self, account: &str, region: &str, name: &str) -> Result<Option<KeyId>>;
    /// The verified grants of a key to any of these principals.
    fn load_grants(&self, region: &str, key_id: KeyId, grantees: &[&str]) -> Result<Vec<GrantRow>>;
    /// One verified grant of a key.
    fn load_grant(&self, region: &str, key_id: KeyId, grant_id: &str) -> Result<Option<GrantRow>>;
    /// What the store says of a principal and its account; `kind` is `root`, `user`, `role` or `account`.
    fn load_identity(&self, account: &str, kind: &str, name: &str) -> Result<IdentityRow>;
    /// Makes the AWS managed key of an alias, unless there is one already; `false` when no AWS service has this alias.
    fn make_managed_key(&self, account: &str, region: &str, name: &str) -> Result<bool>;
    /// A verified custom key store of an account and Region.
    fn custom_key_store(
        &self,
        account: &str,
        region: &str,
        id: &str,
    ) -> Result<Option<CustomKeyStoreRow>>;
    /// Registers an audit segment before its first record.
    fn open_segment(&self, segment_id: &str, start_state: u64) -> Result<()>;
    /// Runs a control-plane operation.
    fn handle(
        &self,
        call: ControlCall,
        request: &Request,
    ) -> core::result::Result<Handled, Refused>;
    /// Runs a wait with the interpreter released.
    fn blocking(&self, wait: &mut (dyn FnMut() + Send));
}
