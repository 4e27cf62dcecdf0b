//! The message header (AWS Encryption SDK Specification, `data-format/message-header.md`).
//!
//! A reader checks every length against the bytes that are there before it allocates anything.

use kmscore_crypto::aead::TAG;

use super::context::{self, Pairs};
use super::fault::{EnvelopeFault, EnvelopeResult};
use super::keys::{COMMIT_KEY, MESSAGE_ID};
use super::suite::{CommitmentPolicy, Suite};

pub(super) const FRAMED: u8 = 2;
const NON_FRAMED: u8 = 1;
const TYPE_OF_VERSION_1: u8 = 0x80;
const MESSAGE_ID_OF_VERSION_1: usize = 16;
const IV: usize = 12;

/// A data key, encrypted by a keyring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedDataKey {
    /// Who encrypted it: `aws-kms`, or a raw keyring's namespace.
    pub provider_id: String,
    /// Which key of theirs: a key ARN, or what a raw keyring needs to find it.
    pub provider_info: Vec<u8>,
    /// The ciphertext.
    pub ciphertext: Vec<u8>,
}

/// Why bytes are not a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderFault {
    /// They may become one with more bytes.
    Incomplete,
    /// They cannot.
    Malformed(String),
}

impl From<HeaderFault> for EnvelopeFault {
    fn from(fault: HeaderFault) -> Self {
        Self::Format(match fault {
            HeaderFault::Incomplete => {
                "the message is cut off: it ends within its header".to_owned()
            }
            HeaderFault::Malformed(text) => text,
        })
    }
}

/// What a reader accepts of a header.
#[derive(Debug, Clone, Copy)]
pub struct HeaderLimits {
    /// At most so many encrypted data keys; reading stops where there are more.
    pub encrypted_data_keys: Option<u16>,
}

/// A header within a message, its fields as slices. The encryption context is not parsed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderView<'a> {
    /// Its suite.
    pub suite: &'static Suite,
    /// 16 bytes in version 1, 32 in version 2.
    pub message_id: &'a [u8],
    /// From the length of the encryption context to the last encrypted data key: what the data key depends on.
    pub keys: &'a [u8],
    /// The serialised encryption context.
    pub context: &'a [u8],
    /// Whether the body is made of frames.
    pub framed: bool,
    /// Bytes of plaintext in a regular frame; 0 if not framed.
    pub frame_length: u32,
    /// The commit key; empty in version 1.
    pub commit_key: &'a [u8],
    /// What the header's tag authenticates.
    pub body: &'a [u8],
    /// The tag.
    pub tag: &'a [u8],
    /// Bytes of the whole header.
    pub length: usize,
    encrypted_data_keys: &'a [u8],
}

impl<'a> HeaderView<'a> {
    /// Reads the header at the start of `bytes`.
    pub fn parse(bytes: &'a [u8], limits: HeaderLimits) -> Result<Self, HeaderFault> {
        let mut reader = Reader { bytes, at: 0 };
        let suite = read_suite(&mut reader)?;
        let id_length = if suite.version == 1 {
            MESSAGE_ID_OF_VERSION_1
        } else {
            MESSAGE_ID
        };
        let message_id = reader.take(id_length)?;
        let start = reader.at;
        let context = reader.field()?;
        let encrypted_data_keys = read_encrypted_data_keys(&mut reader, limits)?;
        let keys = &bytes[start..reader.at];
        let framed = read_content_type(&mut reader)?;
        if suite.version == 1 {
            read_reserved(&mut reader)?;
        }
        let frame_length = reader.u32()?;
        if framed == (frame_length == 0) {
            return Err(malformed(
                "the frame length is zero if and only if the content is not framed",
            ));
        }
        let commit_key = reader.take(if suite.version == 1 { 0 } else { COMMIT_KEY })?;
        let body = &bytes[..reader.at];
        reader.take(if suite.version == 1 { IV } else { 0 })?;
        let tag = reader.take(TAG)?;
        Ok(Self {
            suite,
            message_id,
            keys,
            context,
            framed,
            frame_length,
            commit_key,
            body,
            tag,
            length: reader.at,
            encrypted_data_keys,
        })
    }

    /// The encrypted data keys, in order.
    pub fn encrypted_data_keys(&self) -> EnvelopeResult<Vec<EncryptedDataKey>> {
        let mut reader = Reader {
            bytes: self.encrypted_data_keys,
            at: 0,
        };
        let mut keys = vec![];
        while reader.at < reader.bytes.len() {
            // `parse` has checked that it is text.
            let provider_id = String::from_utf8_lossy(reader.field()?);
            keys.push(EncryptedDataKey {
                provider_id: provider_id.into_owned(),
                provider_info: reader.field()?.to_vec(),
                ciphertext: reader.field()?.to_vec(),
            });
        }
        Ok(keys)
    }

    /// The encryption context that the header stores.
    pub fn stored_context(&self) -> EnvelopeResult<Pairs> {
        context::parse(self.context)
            .ok_or_else(|| malformed("the encryption context is malformed").into())
    }
}

fn read_suite(reader: &mut Reader<'_>) -> Result<&'static Suite, HeaderFault> {
    if reader.bytes.starts_with(b"AY") || reader.bytes.starts_with(b"Ag") {
        return Err(malformed(
            "the message is base64 text: decode it to bytes first",
        ));
    }
    let version = reader.u8()?;
    if !matches!(version, 1 | 2) || (version == 1 && reader.u8()? != TYPE_OF_VERSION_1) {
        return Err(malformed(
            "the bytes are not an AWS Encryption SDK message: they begin like none",
        ));
    }
    let id = reader.u16()?;
    let suite = Suite::find(id).ok_or_else(|| {
        malformed(&format!(
            "algorithm suite 0x{id:04X} is none of the AWS Encryption SDK's"
        ))
    })?;
    if suite.version != version {
        return Err(malformed(&format!(
            "algorithm suite 0x{id:04X} does not belong to message format version {version}"
        )));
    }
    Ok(suite)
}

/// The serialised keys after their count.
fn read_encrypted_data_keys<'a>(
    reader: &mut Reader<'a>,
    limits: HeaderLimits,
) -> Result<&'a [u8], HeaderFault> {
    let count = reader.u16()?;
    if count == 0 {
        return Err(malformed("the message has no encrypted data key"));
    }
    if let Some(most) = limits.encrypted_data_keys
        && count > most
    {
        return Err(malformed(&format!(
            "the message has {count} encrypted data keys: max_encrypted_data_keys allows {most}"
        )));
    }
    let start = reader.at;
    for _ in 0..count {
        core::str::from_utf8(reader.field()?)
            .map_err(|_| malformed("a key provider id is not UTF-8"))?;
        reader.field()?;
        reader.field()?;
    }
    Ok(&reader.bytes[start..reader.at])
}

fn read_content_type(reader: &mut Reader<'_>) -> Result<bool, HeaderFault> {
    match reader.u8()? {
        FRAMED => Ok(true),
        NON_FRAMED => Ok(false),
        other => Err(malformed(&format!("content type {other} is unknown"))),
    }
}

fn read_reserved(reader: &mut Reader<'_>) -> Result<(), HeaderFault> {
    if reader.take(4)? != [0; 4] || usize::from(reader.u8()?) != IV {
        return Err(malformed(
            "the reserved bytes or the IV length of the header are wrong",
        ));
    }
    Ok(())
}

fn malformed(text: &str) -> HeaderFault {
    HeaderFault::Malformed(text.to_owned())
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], HeaderFault> {
        let taken = self
            .bytes
            .get(self.at..)
            .and_then(|rest| rest.get(..length))
            .ok_or(HeaderFault::Incomplete)?;
        self.at += length;
        Ok(taken)
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], HeaderFault> {
        let mut chunk = [0; N];
        chunk.copy_from_slice(self.take(N)?);
        Ok(chunk)
    }

    fn u8(&mut self) -> Result<u8, HeaderFault> {
        Ok(u8::from_be_bytes(self.chunk()?))
    }

    fn u16(&mut self) -> Result<u16, HeaderFault> {
        Ok(u16::from_be_bytes(self.chunk()?))
    }

    fn u32(&mut self) -> Result<u32, HeaderFault> {
        Ok(u32::from_be_bytes(self.chunk()?))
    }

    /// Bytes after their two-byte length.
    fn field(&mut self) -> Result<&'a [u8], HeaderFault> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }
}

/// A header that was read, policy and limits checked, and the encryption context its data key is bound to.
pub struct Header {
    bytes: Vec<u8>,
    /// The stored pairs and those that the caller reproduced.
    context: Pairs,
    /// The serialisation of the pairs that are authenticated but not stored.
    required: Vec<u8>,
}

impl Header {
    /// Reads the header at the start of `message` and completes its encryption context.
    ///
    /// # Errors
    /// Format: `message` does not start with a header, or its pair and a reproduced one disagree (Decryption).
    /// Policy: the suite is refused.
    pub fn read(
        message: &[u8],
        policy: CommitmentPolicy,
        limits: HeaderLimits,
        reproduced: &[(String, String)],
    ) -> EnvelopeResult<Self> {
        let view = HeaderView::parse(message, limits)?;
        Self::of_view(&view, policy, reproduced, &message[..view.length])
    }

    /// Reads a header of any suite, to be shown and not to be decrypted.
    pub fn inspect(message: &[u8]) -> EnvelopeResult<Self> {
        let unlimited = HeaderLimits {
            encrypted_data_keys: None,
        };
        let view = HeaderView::parse(message, unlimited)?;
        Ok(Self {
            bytes: message[..view.length].to_vec(),
            context: view.stored_context()?,
            required: vec![],
        })
    }

    pub(super) fn of_view(
        view: &HeaderView<'_>,
        policy: CommitmentPolicy,
        reproduced: &[(String, String)],
        bytes: &[u8],
    ) -> EnvelopeResult<Self> {
        policy.check_decrypt(view.suite)?;
        view.suite.require_supported()?;
        let (context, required) = complete(view.stored_context()?, reproduced)?;
        if view.suite.signed != context::value(&context, context::PUBLIC_KEY).is_some() {
            return Err(EnvelopeFault::Decryption);
        }
        Ok(Self {
            bytes: bytes.to_vec(),
            context,
            required,
        })
    }

    /// The fields.
    pub fn view(&self) -> EnvelopeResult<HeaderView<'_>> {
        // Limits held when the header was read.
        let unlimited = HeaderLimits {
            encrypted_data_keys: None,
        };
        Ok(HeaderView::parse(&self.bytes, unlimited)?)
    }

    /// What tells it from headers that need another data key: suite, encrypted data keys and encryption context.
    pub(super) fn identity(&self) -> EnvelopeResult<Vec<u8>> {
        let view = self.view()?;
        let mut identity = view.suite.id.to_be_bytes().to_vec();
        identity.extend(view.keys);
        identity.extend(&self.required);
        Ok(identity)
    }

    /// The whole header.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The encryption context that the data key is bound to.
    #[must_use]
    pub fn context(&self) -> &[(String, String)] {
        &self.context
    }

    /// The serialised pairs that are authenticated but not stored.
    #[must_use]
    pub fn required(&self) -> &[u8] {
        &self.required
    }
}

/// The whole context, and the serialisation of the pairs that only the caller has.
fn complete(
    mut context: Pairs,
    reproduced: &[(String, String)],
) -> EnvelopeResult<(Pairs, Vec<u8>)> {
    let mut required = vec![];
    for (key, value) in reproduced {
        match context::value(&context, key) {
            None => required.push((key.clone(), value.clone())),
            Some(stored) if stored == value => {}
            Some(_) => return Err(EnvelopeFault::Decryption),
        }
    }
    let serialised = context::serialise(&required)?;
    context.extend(required);
    Ok((context, serialised))
}
