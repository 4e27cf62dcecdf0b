//! The declarations, one file a topic.

mod aliases;
mod custom_key_stores;
mod data_keys;
mod declare;
mod encryption;
mod grants;
mod import;
mod key_agreement;
mod keys;
mod multi_region;
mod policies;
mod rotation;
mod shared;
mod signing;
mod states;

pub use encryption::{DECRYPT_BATCH, ENCRYPT_BATCH};

use super::Operation;

/// All 56 operations, sorted by name.
pub static OPERATIONS: &[Operation] = &[
    keys::CANCEL_KEY_DELETION,
    custom_key_stores::CONNECT_CUSTOM_KEY_STORE,
    aliases::CREATE_ALIAS,
    custom_key_stores::CREATE_CUSTOM_KEY_STORE,
    grants::CREATE_GRANT,
    keys::CREATE_KEY,
    key_agreement::DECAPSULATE,
    encryption::DECRYPT,
    aliases::DELETE_ALIAS,
    custom_key_stores::DELETE_CUSTOM_KEY_STORE,
    import::DELETE_IMPORTED_KEY_MATERIAL,
    key_agreement::DERIVE_SHARED_SECRET,
    custom_key_stores::DESCRIBE_CUSTOM_KEY_STORES,
    keys::DESCRIBE_KEY,
    keys::DISABLE_KEY,
    rotation::DISABLE_KEY_ROTATION,
    custom_key_stores::DISCONNECT_CUSTOM_KEY_STORE,
    keys::ENABLE_KEY,
    rotation::ENABLE_KEY_ROTATION,
    key_agreement::ENCAPSULATE,
    encryption::ENCRYPT,
    data_keys::GENERATE_DATA_KEY,
    data_keys::GENERATE_DATA_KEY_PAIR,
    data_keys::GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT,
    data_keys::GENERATE_DATA_KEY_WITHOUT_PLAINTEXT,
    signing::GENERATE_MAC,
    encryption::GENERATE_RANDOM,
    keys::GET_KEY_LAST_USAGE,
    policies::GET_KEY_POLICY,
    rotation::GET_KEY_ROTATION_STATUS,
    import::GET_PARAMETERS_FOR_IMPORT,
    signing::GET_PUBLIC_KEY,
    import::IMPORT_KEY_MATERIAL,
    aliases::LIST_ALIASES,
    grants::LIST_GRANTS,
    policies::LIST_KEY_POLICIES,
    rotation::LIST_KEY_ROTATIONS,
    keys::LIST_KEYS,
    policies::LIST_RESOURCE_TAGS,
    grants::LIST_RETIRABLE_GRANTS,
    policies::PUT_KEY_POLICY,
    encryption::RE_ENCRYPT,
    multi_region::REPLICATE_KEY,
    grants::RETIRE_GRANT,
    grants::REVOKE_GRANT,
    rotation::ROTATE_KEY_ON_DEMAND,
    keys::SCHEDULE_KEY_DELETION,
    signing::SIGN,
    policies::TAG_RESOURCE,
    policies::UNTAG_RESOURCE,
    aliases::UPDATE_ALIAS,
    custom_key_stores::UPDATE_CUSTOM_KEY_STORE,
    keys::UPDATE_KEY_DESCRIPTION,
    multi_region::UPDATE_PRIMARY_REGION,
    signing::VERIFY,
    signing::VERIFY_MAC,
];
