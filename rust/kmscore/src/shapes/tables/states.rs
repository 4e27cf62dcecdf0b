//! In which key states an operation goes on.
//!
//! Source: AWS KMS developer guide, "Key states of AWS KMS keys". Where that table answers by the key's origin
//! (UnsupportedOperationException), the state is let through and the operation looks at the origin: only keys of origin
//! EXTERNAL can be PendingImport, and only keys of a custom key store can be Unavailable.

use crate::shapes::StateRule;
use crate::spec::State::{
    self, Creating, Disabled, Enabled, PendingDeletion, PendingImport, PendingReplicaDeletion,
    Unavailable, Updating,
};

/// Every state.
pub(super) const ANY: StateRule = allow(State::ALL);

/// Use of key material. A change of primary Region does not interrupt it.
pub(super) const IN_USE: StateRule = allow(&[Enabled, Updating]);

/// Metadata that a key waiting for its deletion keeps as it is.
pub(super) const NOT_PENDING_DELETION: StateRule = allow(&[
    Enabled,
    Disabled,
    PendingImport,
    Unavailable,
    Creating,
    Updating,
]);

/// EnableKey and DisableKey; on an unavailable key the change shows once its store is connected again.
pub(super) const SWITCHABLE: StateRule = allow(&[Enabled, Disabled, Unavailable]);

/// CancelKeyDeletion.
pub(super) const PENDING_DELETION: StateRule = allow(&[PendingDeletion, PendingReplicaDeletion]);

/// ScheduleKeyDeletion.
pub(super) const SCHEDULE_DELETION: StateRule =
    allow(&[Enabled, Disabled, PendingImport, Unavailable, Creating]);

/// CreateGrant.
pub(super) const CREATE_GRANT: StateRule = allow(&[Enabled, Unavailable, Updating]);

/// EnableKeyRotation and DisableKeyRotation.
pub(super) const ROTATION_SCHEDULE: StateRule =
    allow(&[Enabled, PendingImport, Unavailable, Updating]);

/// RotateKeyOnDemand.
pub(super) const ROTATE: StateRule = allow(&[Enabled, Unavailable]);

/// GetParametersForImport.
pub(super) const IMPORT_PARAMETERS: StateRule =
    allow(&[Enabled, Disabled, PendingImport, Unavailable]);

/// ImportKeyMaterial.
pub(super) const IMPORT: StateRule =
    allow(&[Enabled, Disabled, PendingImport, Unavailable, Updating]);

/// DeleteImportedKeyMaterial.
pub(super) const DELETE_IMPORTED: StateRule = allow(&[
    Enabled,
    Disabled,
    PendingDeletion,
    PendingReplicaDeletion,
    PendingImport,
]);

/// ReplicateKey.
pub(super) const REPLICATE: StateRule = allow(&[Enabled]);

const fn allow(allowed: &'static [State]) -> StateRule {
    StateRule { allowed }
}
