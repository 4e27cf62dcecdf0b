//! Key states: which let an operation go on, and the documented error of each that does not.
//!
//! Source: AWS KMS developer guide, "Key states of AWS KMS keys".

use crate::error::{Error, ErrorCode, Result};
use crate::key_entry::KeyEntry;
use crate::shapes::{Operation, StateRule};
use crate::spec::State;

/// Checks a key's state and usage against an operation's declaration.
pub(crate) fn check(operation: &Operation, key: &KeyEntry) -> Result<()> {
    check_state(&operation.states, key)?;
    match operation.usage {
        Some(usage) if usage != key.row().usage => Err(Error::new(
            ErrorCode::InvalidKeyUsage,
            format!(
                "{} key usage is {} which is not valid for {}.",
                key.arn(),
                key.row().usage.name(),
                operation.name
            ),
        )),
        _ => Ok(()),
    }
}

fn check_state(rule: &StateRule, key: &KeyEntry) -> Result<()> {
    let state = key.row().state;
    if rule.allowed.contains(&state) {
        return Ok(());
    }
    // An operation that only deletion-pending keys allow (CancelKeyDeletion) says so, whatever the state is.
    let needs_pending = rule
        .allowed
        .iter()
        .all(|s| matches!(s, State::PendingDeletion | State::PendingReplicaDeletion));
    let (code, text) = match state {
        _ if needs_pending => (ErrorCode::KmsInvalidState, "is not pending deletion."),
        State::Disabled => (ErrorCode::Disabled, "is disabled."),
        State::PendingDeletion | State::PendingReplicaDeletion => {
            (ErrorCode::KmsInvalidState, "is pending deletion.")
        }
        State::PendingImport => (ErrorCode::KmsInvalidState, "is pending import."),
        State::Unavailable => (ErrorCode::KmsInvalidState, "is unavailable."),
        State::Creating => (ErrorCode::KmsInvalidState, "is creating."),
        State::Updating => (ErrorCode::KmsInvalidState, "is updating."),
        State::Enabled => (ErrorCode::KmsInvalidState, "is enabled."),
    };
    Err(Error::new(code, format!("{} {text}", key.arn())))
}
