//! What can be wrong with a store's keys, rows and files, before any KMS call is made.

use kmscore_crypto::Unspecified;

/// Why the key hierarchy or something it protects cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreFault {
    /// The root key is missing, malformed, readable by others, or not this store's.
    RootKey(String),
    /// Something in or beside the store is not what kmscore wrote.
    Integrity(String),
    /// AWS-LC or the operating system failed, or this process is a fork of the one that opened the store.
    Crypto,
}

impl From<Unspecified> for StoreFault {
    fn from(_: Unspecified) -> Self {
        Self::Crypto
    }
}

impl core::fmt::Display for StoreFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::RootKey(text) | Self::Integrity(text) => f.write_str(text),
            Self::Crypto => f.write_str(
                "the cryptographic library refused: no randomness or locked memory, or keys opened before a fork",
            ),
        }
    }
}

/// The result of store-side calls.
pub type StoreResult<T> = Result<T, StoreFault>;
