//! What the engine asks of a store. The binding implements it over the Python store; tests in memory.

use crate::ciphertext::KeyId;
use crate::control::ControlCall;
use crate::error::{Error, Result};
use crate::key_table::KeyRow;
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
    /// Something this version does not know: everything must be forgotten.
    Unknown,
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
