//! The words the declarations are written in.

use crate::operations::Body;
use crate::shapes::{Kind, Member, Operation, Resource, Structure};
use crate::spec::KeyUsage;

use super::states;

/// A structure: its name in the service model and its members.
macro_rules! shape {
    ($name:literal { $($member:expr),* $(,)? }) => {
        &$crate::shapes::Structure { name: $name, members: &[$($member),*] }
    };
}

/// The names of some error codes.
macro_rules! errors {
    ($($code:ident)*) => { &[$($crate::error::ErrorCode::$code.name()),*] };
}

pub(super) use {errors, shape};

/// An operation that uses key material: on a key in any form, with DryRun.
pub(super) const CRYPTOGRAPHIC: Operation = Operation {
    resource: Resource::AnyKeyForm,
    states: states::IN_USE,
    usage: Some(KeyUsage::EncryptDecrypt),
    cross_account: true,
    dry_run: true,
    ..READING
};

/// An operation that changes nothing.
pub(super) const READING: Operation = Operation {
    read_only: true,
    ..MANAGING
};

/// An operation that changes metadata of a key named by key id or ARN.
pub(super) const MANAGING: Operation = Operation {
    name: "",
    input: EMPTY,
    output: None,
    actions: &[],
    resource: Resource::KeyIdOrArn,
    states: states::ANY,
    usage: None,
    read_only: false,
    cross_account: false,
    dry_run: false,
    errors: &[],
    body: Body::Store,
};

const EMPTY: &Structure = shape!("" {});

/// A limit the service model does not set.
pub(super) const UNBOUNDED: usize = usize::MAX;

pub(super) const BOOLEAN: Kind = Kind::Boolean;
pub(super) const TEXT: Kind = text(0, UNBOUNDED);

pub(super) const fn text(min: usize, max: usize) -> Kind {
    Kind::String {
        min,
        max,
        pattern: None,
    }
}

pub(super) const fn patterned(min: usize, max: usize, pattern: &'static str) -> Kind {
    Kind::String {
        min,
        max,
        pattern: Some(pattern),
    }
}

pub(super) const fn blob(min: usize, max: usize) -> Kind {
    Kind::Blob { min, max }
}

pub(super) const fn integer(min: i64, max: i64) -> Kind {
    Kind::Integer {
        min: Some(min),
        max: Some(max),
    }
}

pub(super) const fn list(min: usize, max: usize, item: &'static Kind) -> Kind {
    Kind::List { min, max, item }
}

/// A member that may be left out, and that the audit log does not record.
pub(super) const fn optional(name: &'static str, kind: Kind) -> Member {
    Member {
        name,
        kind,
        required: false,
        sensitive: false,
        audited: false,
    }
}

/// A member that must be sent, and that the audit log does not record.
pub(super) const fn required(name: &'static str, kind: Kind) -> Member {
    Member {
        required: true,
        ..optional(name, kind)
    }
}

impl Member {
    /// Recorded in the audit log, as CloudTrail does.
    pub(super) const fn audited(self) -> Self {
        Self {
            audited: true,
            ..self
        }
    }

    /// Never shown in an error text.
    pub(super) const fn sensitive(self) -> Self {
        Self {
            sensitive: true,
            ..self
        }
    }
}
