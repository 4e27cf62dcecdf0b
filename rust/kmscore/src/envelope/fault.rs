//! What can go wrong with a message.

use kmscore_crypto::Unspecified;

/// Why a message was not made or not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvelopeFault {
    /// An argument breaks a rule.
    Argument(String),
    /// The bytes are no message, by their public structure alone.
    Format(String),
    /// The commitment policy forbids the algorithm suite.
    Policy(String),
    /// A keyring gave no data key; the text is its own.
    Keyring(String),
    /// The one fault of every message that does not decrypt. Which check failed would help an attacker.
    Decryption,
    /// The random generator or AWS-LC failed, or a key belongs to the parent of this process.
    Crypto,
}

/// The result of calls of the envelope engine.
pub type EnvelopeResult<T> = Result<T, EnvelopeFault>;

impl core::fmt::Display for EnvelopeFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Argument(text)
            | Self::Format(text)
            | Self::Policy(text)
            | Self::Keyring(text) => text,
            Self::Decryption => {
                "the message cannot be decrypted: it is damaged, or was not made under this key and encryption context"
            }
            Self::Crypto => {
                "a key of this process's parent was used, or the random generator failed; make keyrings anew after a fork"
            }
        })
    }
}

impl std::error::Error for EnvelopeFault {}

impl From<Unspecified> for EnvelopeFault {
    fn from(_: Unspecified) -> Self {
        Self::Crypto
    }
}

impl From<crate::rows::Panicked> for EnvelopeFault {
    fn from(_: crate::rows::Panicked) -> Self {
        Self::Crypto
    }
}
