//! A message in one call: frames are sealed side by side, straight into the result.

use kmscore_crypto::aead::{CallKey, IV_ZERO, TAG};
use kmscore_crypto::hash::Sha384;
use kmscore_crypto::out::{Out, Room};
use kmscore_crypto::random;

use super::body::Framed;
use super::fault::{EnvelopeFault, EnvelopeResult};
use super::frame::Frames;
use super::header::FRAMED;
use super::keys::{COMMIT_KEY, MESSAGE_ID, MessageKeys};
use super::materials::EncryptionMaterials;
use super::runs::{Run, Span, Way, work_on_all};

/// Bytes of the header's fields that are always there: version, suite, id, content type, frame length, commit key, tag.
const FIXED: usize = 1 + 2 + MESSAGE_ID + 1 + 4 + COMMIT_KEY + TAG;

impl EncryptionMaterials {
    /// Bytes of a header.
    #[must_use]
    pub const fn header_length(&self) -> usize {
        FIXED + self.keys.len()
    }

    /// Bytes of a message with a plaintext of this length.
    pub fn message_length(&self, plaintext: usize, frame_length: u32) -> EnvelopeResult<usize> {
        let body = Framed::of_plaintext(plaintext, frame_length)?.body_length();
        Ok(self.header_length() + body + self.footer_length())
    }
}

/// Encrypts a plaintext into room of exactly the message's length.
///
/// # Errors
/// Argument: the frame length is zero or too small for the plaintext. Crypto: AWS-LC or the random generator failed.
pub fn encrypt<'o>(
    materials: &EncryptionMaterials,
    plaintext: &[u8],
    frame_length: u32,
    room: Room<'o>,
    threads: usize,
) -> EnvelopeResult<&'o mut [u8]> {
    room.fill(|out| write(materials, plaintext, frame_length, out, threads))
}

fn write(
    materials: &EncryptionMaterials,
    plaintext: &[u8],
    frame_length: u32,
    mut out: Out<'_>,
    threads: usize,
) -> EnvelopeResult<()> {
    let layout = Framed::of_plaintext(plaintext.len(), frame_length)?;
    let mut id = [0; MESSAGE_ID];
    random::nonces(&mut id)?;
    let mut keys = MessageKeys::room();
    keys.derive(materials.suite, materials.data_key.secret(), &id)?;
    keys.with_content_key(|key| {
        let header = out.split_off(materials.header_length())?;
        let header = seal_header(materials, &keys, key, &id, frame_length, header)?;
        let frames = Frames {
            key,
            message_id: &id,
            length: layout.frame_length,
        };
        let span = Span::whole(Way::Seal, &layout);
        let body = out.split_off(layout.body_length())?;
        match &materials.signer {
            None => work_on_all(&frames, span.for_threads(threads, plaintext, body)?)?,
            Some(signer) => {
                let mut hash = Sha384::default();
                hash.update(header);
                let runs = span.for_cache(plaintext, body)?;
                seal_and_hash(&frames, runs, threads, &mut hash)?;
                put_footer(&mut out, &signer.sign(&hash.finish())?)?;
            }
        }
        out.finish()?;
        Ok(())
    })
}

/// Writes a header; it is returned whole.
pub(super) fn seal_header<'o>(
    materials: &EncryptionMaterials,
    keys: &MessageKeys,
    key: CallKey<'_>,
    id: &[u8; MESSAGE_ID],
    frame_length: u32,
    mut out: Out<'o>,
) -> EnvelopeResult<&'o [u8]> {
    let mut start = [0; 3 + MESSAGE_ID];
    start[0] = materials.suite.version;
    start[1..3].copy_from_slice(&materials.suite.id.to_be_bytes());
    start[3..].copy_from_slice(id);
    let mut end = [0; 5 + COMMIT_KEY];
    end[0] = FRAMED;
    end[1..5].copy_from_slice(&frame_length.to_be_bytes());
    end[5..].copy_from_slice(&keys.commit);
    let aad = [&start[..], &materials.keys, &end, &materials.required].concat();
    out.put(&aad[..aad.len() - materials.required.len()])?;
    key.seal(&IV_ZERO, &aad, &[], &mut out)?;
    Ok(out.finish()?)
}

pub(super) fn put_footer(out: &mut Out<'_>, signature: &[u8]) -> EnvelopeResult<()> {
    let length = u16::try_from(signature.len()).map_err(|_| EnvelopeFault::Crypto)?;
    out.put(&length.to_be_bytes())?;
    out.put(signature)?;
    Ok(())
}

/// Seals runs in order and hashes what is sealed: on a second thread if there is one, else while it is in cache.
pub(super) fn seal_and_hash(
    frames: &Frames<'_>,
    runs: Vec<Run<'_, '_>>,
    threads: usize,
    hash: &mut Sha384,
) -> EnvelopeResult<()> {
    if threads < 2 || runs.len() < FEW_RUNS {
        for run in runs {
            hash.update(run.work(frames)?);
        }
        return Ok(());
    }
    let (sealed, to_hash) = std::sync::mpsc::sync_channel::<&[u8]>(RUNS_AHEAD);
    std::thread::scope(|scope| {
        let sealer = scope.spawn(move || {
            for run in runs {
                // The receiver goes away only with this call.
                let _ = sealed.send(run.work(frames)?);
            }
            Ok(())
        });
        for bytes in to_hash {
            hash.update(bytes);
        }
        sealer.join().map_err(|_| EnvelopeFault::Crypto)?
    })
}

/// A thread does not pay for fewer.
const FEW_RUNS: usize = 4;
/// How far sealing may run ahead of hashing: half of what a second-level cache holds.
const RUNS_AHEAD: usize = 8;
