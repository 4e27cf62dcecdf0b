//! What a message is made with: a request, and the data key and encrypted data keys that a keyring gave for it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmscore_crypto::ecdsa::{self, SigningKey};
use kmscore_crypto::secret::SecretBytes;

use super::context::{self, Pairs};
use super::fault::{EnvelopeFault, EnvelopeResult};
use super::header::EncryptedDataKey;
use super::suite::{CommitmentPolicy, Suite};

/// A data key: never shown.
#[derive(Debug)]
pub struct DataKey(SecretBytes);

impl DataKey {
    /// Bytes of a data key of the suites that can be used.
    pub const LENGTH: usize = 32;

    /// A fresh one.
    pub fn random() -> EnvelopeResult<Self> {
        let fresh = SecretBytes::with(Self::LENGTH, kmscore_crypto::random::data_key)?;
        Ok(Self(fresh))
    }

    /// One that a keyring unwrapped; its source is wiped.
    ///
    /// # Errors
    /// It is not of the length of the suites' data keys.
    pub fn from_wiping(bytes: &mut [u8]) -> EnvelopeResult<Self> {
        let length = bytes.len();
        let key = SecretBytes::from_wiping(bytes)?;
        if length != Self::LENGTH {
            return Err(EnvelopeFault::Argument(format!(
                "the data key has {length} bytes: the algorithm suite needs {}",
                Self::LENGTH
            )));
        }
        Ok(Self(key))
    }

    /// Whether it can still be used: not in a process forked from the one that made it.
    pub(super) fn is_usable(&self) -> bool {
        self.0.expose().is_ok()
    }

    /// The key itself.
    #[must_use]
    pub const fn secret(&self) -> &SecretBytes {
        &self.0
    }
}

/// What a message shall be, before there is a key for it.
#[derive(Debug)]
pub struct EncryptionRequest {
    suite: &'static Suite,
    stored: Pairs,
    required: Pairs,
    most_keys: Option<u16>,
    identity: Vec<u8>,
}

impl EncryptionRequest {
    /// Checks what a caller asked for.
    ///
    /// # Errors
    /// Argument: the suite is unknown; a pair has a reserved key, stands twice or is too long; a required key has no
    /// pair. Policy: the suite is refused.
    pub fn new(
        suite: u16,
        pairs: Pairs,
        required_keys: &[String],
        policy: CommitmentPolicy,
        most_keys: Option<u16>,
    ) -> EnvelopeResult<Self> {
        let known = Suite::find(suite);
        if let Some(known) = known {
            policy.check_encrypt(known)?;
        }
        let suite = Suite::supported(suite)?;
        context::check_reserved(&pairs)?;
        context::serialise(&pairs)?;
        if let Some(missing) = required_keys
            .iter()
            .find(|key| context::value(&pairs, key).is_none())
        {
            return Err(EnvelopeFault::Argument(format!(
                "required_encryption_context_keys has {missing:?}, which encryption_context lacks"
            )));
        }
        let (required, stored): (Pairs, Pairs) = pairs
            .into_iter()
            .partition(|(key, _)| required_keys.contains(key));
        let identity = identity(suite, &stored, &required)?;
        Ok(Self {
            suite,
            stored,
            required,
            most_keys,
            identity,
        })
    }

    /// Its suite.
    #[must_use]
    pub const fn suite(&self) -> &'static Suite {
        self.suite
    }

    /// What tells it from requests that need other data keys.
    pub(super) fn identity(&self) -> &[u8] {
        &self.identity
    }

    /// A key pair, if messages of the suite are signed.
    pub fn new_signing_key(&self) -> EnvelopeResult<Option<SigningKey>> {
        Ok(self.suite.signed.then(SigningKey::generate).transpose()?)
    }

    /// The encryption context that a keyring binds the data key to: all pairs, and the public key of a signed message.
    pub fn keyring_context(&self, signer: Option<&SigningKey>) -> EnvelopeResult<Pairs> {
        let mut pairs = [&self.stored[..], &self.required[..]].concat();
        pairs.extend(public_key_pair(signer)?);
        Ok(pairs)
    }
}

fn identity(suite: &Suite, stored: &Pairs, required: &Pairs) -> EnvelopeResult<Vec<u8>> {
    let stored = context::serialise(stored)?;
    let length = (stored.len() as u64).to_be_bytes();
    let required = context::serialise(required)?;
    Ok([&suite.id.to_be_bytes()[..], &length, &stored, &required].concat())
}

fn public_key_pair(signer: Option<&SigningKey>) -> EnvelopeResult<Option<(String, String)>> {
    let Some(signer) = signer else {
        return Ok(None);
    };
    let point = STANDARD.encode(signer.public_key()?);
    Ok(Some((context::PUBLIC_KEY.to_owned(), point)))
}

/// Everything that messages of one data key share.
#[derive(Debug)]
pub struct EncryptionMaterials {
    pub(super) suite: &'static Suite,
    pub(super) data_key: Arc<DataKey>,
    pub(super) signer: Option<SigningKey>,
    /// The header's fields between the message id and the content type.
    pub(super) keys: Vec<u8>,
    /// The pairs that are authenticated but not stored.
    pub(super) required: Vec<u8>,
}

impl EncryptionMaterials {
    /// Puts together what a keyring gave for a request.
    ///
    /// # Errors
    /// Argument: there is no encrypted data key, there are too many, or one is too long for its field.
    pub fn new(
        request: &EncryptionRequest,
        signer: Option<SigningKey>,
        data_key: Arc<DataKey>,
        encrypted: &[EncryptedDataKey],
    ) -> EnvelopeResult<Self> {
        let mut stored = request.stored.clone();
        stored.extend(public_key_pair(signer.as_ref())?);
        let stored = context::serialise(&stored)?;
        let mut keys = vec![];
        push_field(&mut keys, &stored)?;
        keys.extend(count(encrypted, request.most_keys)?.to_be_bytes());
        for key in encrypted {
            push_field(&mut keys, key.provider_id.as_bytes())?;
            push_field(&mut keys, &key.provider_info)?;
            push_field(&mut keys, &key.ciphertext)?;
        }
        Ok(Self {
            suite: request.suite,
            data_key,
            signer,
            keys,
            required: context::serialise(&request.required)?,
        })
    }

    /// Whether messages end in a signature.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        self.signer.is_some()
    }

    /// Bytes of a signature's footer.
    #[must_use]
    pub const fn footer_length(&self) -> usize {
        if self.signer.is_some() {
            2 + ecdsa::SIGNATURE
        } else {
            0
        }
    }
}

fn count(encrypted: &[EncryptedDataKey], most: Option<u16>) -> EnvelopeResult<u16> {
    let count = u16::try_from(encrypted.len()).unwrap_or(u16::MAX);
    let most = most.unwrap_or(u16::MAX);
    if encrypted.is_empty() {
        return Err(EnvelopeFault::Argument(
            "the keyring gave no encrypted data key".into(),
        ));
    }
    if encrypted.len() > usize::from(most) {
        return Err(EnvelopeFault::Argument(format!(
            "the keyring gave {} encrypted data keys: max_encrypted_data_keys allows {most}",
            encrypted.len()
        )));
    }
    Ok(count)
}

fn push_field(out: &mut Vec<u8>, bytes: &[u8]) -> EnvelopeResult<()> {
    let length = u16::try_from(bytes.len()).map_err(|_| {
        EnvelopeFault::Argument(format!(
            "a field of an encrypted data key has {} bytes: at most {} fit",
            bytes.len(),
            u16::MAX
        ))
    })?;
    out.extend(length.to_be_bytes());
    out.extend(bytes);
    Ok(())
}
