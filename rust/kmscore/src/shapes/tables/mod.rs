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

pub use data_keys::DATA_KEY_PAIR_SPECS;
pub use encryption::{DECRYPT_BATCH, ENCRYPT_BATCH};
pub use signing::{MAC_BATCH, SIGN_BATCH, VERIFY_BATCH};

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot run must fail")]

    use super::*;
    use crate::error::ErrorCode;
    use crate::shapes::{Kind, Member, Structure, operation};

    /// Every member of a structure, nested ones included.
    fn every_member(shape: &'static Structure) -> Vec<&'static Member> {
        let nested = |member: &'static Member| match member.kind {
            Kind::Structure(shape)
            | Kind::List {
                item: &Kind::Structure(shape),
                ..
            } => every_member(shape),
            _ => vec![],
        };
        shape
            .members
            .iter()
            .flat_map(|member| [vec![member], nested(member)].concat())
            .collect()
    }

    fn every_input_member() -> impl Iterator<Item = &'static Member> {
        OPERATIONS
            .iter()
            .flat_map(|operation| every_member(operation.input))
    }

    #[test]
    fn there_are_56_operations_sorted_by_name() {
        assert_eq!(OPERATIONS.len(), 56);
        assert!(OPERATIONS.is_sorted_by(|one, next| one.name < next.name));
    }

    #[test]
    fn operation_finds_each_name_and_no_other() {
        for declared in OPERATIONS {
            assert_eq!(operation(declared.name).unwrap().name, declared.name);
        }
        for unknown in [
            "",
            "encrypt",
            "Encrypt ",
            "EncryptBatch",
            "SignBatch",
            "Zebra",
        ] {
            assert!(operation(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn dry_run_is_declared_exactly_where_the_member_is() {
        for operation in OPERATIONS {
            let has_member = operation
                .input
                .members
                .iter()
                .any(|member| member.name == "DryRun");
            assert_eq!(operation.dry_run, has_member, "{}", operation.name);
        }
    }

    #[test]
    fn reading_operations_are_those_that_cloud_trail_calls_read_only() {
        let reading = ["Describe", "Get", "List"];
        for operation in OPERATIONS
            .iter()
            .filter(|operation| operation.usage.is_none())
        {
            let expected = reading.iter().any(|verb| operation.name.starts_with(verb))
                || operation.name == "GenerateRandom";
            assert_eq!(operation.read_only, expected, "{}", operation.name);
        }
        assert!(
            OPERATIONS
                .iter()
                .filter(|operation| operation.usage.is_some())
                .all(|operation| operation.read_only)
        );
    }

    #[test]
    fn secrets_are_never_audited() {
        for member in every_input_member() {
            let secret = member.sensitive
                || matches!(member.kind, Kind::Blob { .. })
                || ["GrantToken", "GrantTokens", "Policy", "Marker"].contains(&member.name);
            assert!(
                !(secret && member.audited),
                "{} must not reach the audit log",
                member.name
            );
        }
    }

    #[test]
    fn encryption_contexts_and_key_ids_are_always_audited() {
        for member in every_input_member()
            .filter(|m| matches!(m.kind, Kind::Map) || m.name.ends_with("KeyId"))
        {
            assert!(member.audited || member.sensitive, "{}", member.name);
        }
    }

    #[test]
    fn every_action_is_the_operation_s_own() {
        for operation in OPERATIONS {
            let own = operation
                .actions
                .iter()
                .all(|action| action.starts_with(&format!("kms:{}", operation.name)));
            assert!(own && !operation.actions.is_empty(), "{}", operation.name);
        }
    }

    #[test]
    fn every_error_is_one_that_the_engine_has() {
        for operation in OPERATIONS {
            assert!(
                operation
                    .errors
                    .iter()
                    .all(|code| ErrorCode::parse(code).is_some()),
                "{}",
                operation.name
            );
        }
    }

    /// The decoder marks the members it has seen in the bits of one word.
    #[test]
    fn no_structure_has_more_than_64_members() {
        assert!(
            OPERATIONS
                .iter()
                .all(|operation| operation.input.members.len() <= 64)
        );
        assert!(every_input_member().all(|member| match member.kind {
            Kind::Structure(shape)
            | Kind::List {
                item: &Kind::Structure(shape),
                ..
            } => shape.members.len() <= 64,
            _ => true,
        }));
    }
}
