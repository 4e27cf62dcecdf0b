//! The operations that use key material, one file a topic.

/// What runs when a request has passed every check.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// Rust: it uses key material.
    Engine(EngineBody),
    /// The store's handler of the same name, in a transaction of its own.
    Store,
    /// Not in this version: UnsupportedOperationException.
    NotBuilt,
}

/// The Rust bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineBody {
    /// Encrypt
    Encrypt,
    /// Decrypt
    Decrypt,
    /// ReEncrypt
    ReEncrypt,
    /// GenerateDataKey
    GenerateDataKey,
    /// GenerateDataKeyWithoutPlaintext
    GenerateDataKeyWithoutPlaintext,
    /// GenerateRandom
    GenerateRandom,
}
