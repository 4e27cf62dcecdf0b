//! Whether the caller may do this to these keys now: authorisation first, then key state and usage.

use crate::error::{Error, ErrorCode, Result};
use crate::key_table::KeyEntry;
use crate::policy::{self, Caller};
use crate::resolve::{Targets, unknown_ciphertext_key};
use crate::shapes::{Operation, Resource};
use crate::state_rule;

/// One caller's wish to run one operation.
pub(crate) struct Admission<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) caller: &'a Caller,
}

impl Admission<'_> {
    /// Admits the call to everything it acts on, or says why not.
    pub(crate) fn check(&self, targets: &Targets) -> Result<()> {
        self.authorise(targets)?;
        // UpdateAlias may leave a key in any state; only the new target's counts.
        let first = usize::from(self.operation.resource == Resource::MovedAlias);
        let mut keys = targets.keys.iter().skip(first);
        keys.try_for_each(|key| state_rule::check(self.operation, key))
    }

    /// Admits one key that a row of a batch names.
    pub(crate) fn check_row_key(&self, key: &KeyEntry) -> Result<()> {
        self.authorise_key(0, key)
            .map_err(|error| self.hide(key, error))?;
        state_rule::check(self.operation, key)
    }

    fn authorise(&self, targets: &Targets) -> Result<()> {
        for alias in &targets.aliases {
            self.authorise_account(alias)?;
        }
        match self.operation.resource {
            Resource::KeyFilter | Resource::None | Resource::CustomKeyStore | Resource::Grant => {
                return self.authorise_account("*");
            }
            Resource::Ciphertext | Resource::ReEncrypt => {
                let source = &targets.keys[0];
                self.authorise_key(0, source)
                    .map_err(|error| self.hide(source, error))?;
            }
            _ => {}
        }
        let mut keys = targets.keys.iter().enumerate();
        keys.try_for_each(|(index, key)| self.authorise_key(index, key))
    }

    fn authorise_account(&self, resource: &str) -> Result<()> {
        let action = self.operation.actions[0];
        policy::authorise_account(self.caller, action, resource, &self.caller.account)
    }

    fn authorise_key(&self, index: usize, key: &KeyEntry) -> Result<()> {
        let action = self.operation.actions[index.min(self.operation.actions.len() - 1)];
        let owner = &*key.row().account;
        policy::authorise_key(self.caller, action, key.policy(), owner, key.arn())
    }

    /// A blob that names a foreign, forbidden key and one that names no key look the same to its bearer.
    fn hide(&self, key: &KeyEntry, error: Error) -> Error {
        if error.code == ErrorCode::AccessDenied && self.caller.account != *key.row().account {
            return unknown_ciphertext_key();
        }
        error
    }
}
