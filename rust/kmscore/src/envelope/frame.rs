//! Frames of a body (AWS Encryption SDK Specification, `data-format/message-body.md`).

use kmscore_crypto::aead::{CallKey, TAG};
use kmscore_crypto::out::Out;

use super::fault::{EnvelopeFault, EnvelopeResult};
use super::keys::MESSAGE_ID;

/// What a regular frame adds to its plaintext: sequence number, IV, tag.
pub(super) const REGULAR: usize = 4 + IV + TAG;
/// What the final frame adds: a mark, sequence number, IV, content length, tag.
pub(super) const FINAL: usize = 4 + 4 + IV + 4 + TAG;
/// What a body in one block adds: IV, content length, tag.
pub(super) const BLOCK: usize = IV + 8 + TAG;
/// What stands where a regular frame has its sequence number.
pub(super) const FINAL_MARK: [u8; 4] = [0xFF; 4];
const IV: usize = 12;
const FRAME_LABEL: &[u8] = b"AWSKMSEncryptionClient Frame";
const FINAL_LABEL: &[u8] = b"AWSKMSEncryptionClient Final Frame";
const BLOCK_LABEL: &[u8] = b"AWSKMSEncryptionClient Single Block";
const LONGEST_AAD: usize = MESSAGE_ID + 35 + 4 + 8;

/// The additional authenticated data of a piece of the body. Between regular frames only the number changes.
struct Aad {
    bytes: [u8; LONGEST_AAD],
    number: usize,
}

impl Aad {
    fn new(message_id: &[u8; MESSAGE_ID], label: &[u8], plaintext: usize) -> Self {
        let mut bytes = [0; LONGEST_AAD];
        let number = MESSAGE_ID + label.len();
        bytes[..MESSAGE_ID].copy_from_slice(message_id);
        bytes[MESSAGE_ID..number].copy_from_slice(label);
        bytes[number + 4..number + 12].copy_from_slice(&(plaintext as u64).to_be_bytes());
        Self { bytes, number }
    }

    fn numbered(&mut self, number: u32) -> &[u8] {
        self.bytes[self.number..self.number + 4].copy_from_slice(&number.to_be_bytes());
        &self.bytes[..self.number + 12]
    }
}

/// Eight zero bytes and the sequence number: each key serves one message, so no IV repeats.
fn iv(number: u32) -> [u8; IV] {
    let mut iv = [0; IV];
    iv[8..].copy_from_slice(&number.to_be_bytes());
    iv
}

/// The key and the id of a message: what frames are sealed and opened with.
#[derive(Clone, Copy)]
pub(super) struct Frames<'k> {
    pub(super) key: CallKey<'k>,
    pub(super) message_id: &'k [u8; MESSAGE_ID],
    pub(super) length: usize,
}

impl Frames<'_> {
    /// Seals whole regular frames, numbered from `first`.
    pub(super) fn seal(
        &self,
        first: u32,
        plaintext: &[u8],
        out: &mut Out<'_>,
    ) -> EnvelopeResult<()> {
        let mut aad = Aad::new(self.message_id, FRAME_LABEL, self.length);
        for (number, frame) in (first..).zip(plaintext.chunks_exact(self.length)) {
            let iv = iv(number);
            let mut start = [0; 4 + IV];
            start[..4].copy_from_slice(&number.to_be_bytes());
            start[4..].copy_from_slice(&iv);
            out.put(&start)?;
            self.key.seal(&iv, aad.numbered(number), frame, out)?;
        }
        Ok(())
    }

    /// Seals the final frame.
    pub(super) fn seal_final(
        &self,
        number: u32,
        plaintext: &[u8],
        out: &mut Out<'_>,
    ) -> EnvelopeResult<()> {
        let iv = iv(number);
        let length = u32::try_from(plaintext.len()).map_err(|_| EnvelopeFault::Crypto)?;
        out.put(&FINAL_MARK)?;
        out.put(&number.to_be_bytes())?;
        out.put(&iv)?;
        out.put(&length.to_be_bytes())?;
        let mut aad = Aad::new(self.message_id, FINAL_LABEL, plaintext.len());
        self.key.seal(&iv, aad.numbered(number), plaintext, out)?;
        Ok(())
    }

    /// Opens whole regular frames that must be numbered from `first`.
    ///
    /// The IV is the one in the frame, whatever its writer chose: the tag decides, and it covers the number.
    pub(super) fn open(&self, first: u32, body: &[u8], out: &mut Out<'_>) -> EnvelopeResult<()> {
        let mut aad = Aad::new(self.message_id, FRAME_LABEL, self.length);
        for (number, frame) in (first..).zip(body.chunks_exact(self.length + REGULAR)) {
            let sealed = after(frame, &number.to_be_bytes())?;
            self.open_piece(aad.numbered(number), sealed, &[], out)?;
        }
        Ok(())
    }

    /// Opens the final frame, which must have this number and be all of `body`.
    pub(super) fn open_final(
        &self,
        number: u32,
        body: &[u8],
        out: &mut Out<'_>,
    ) -> EnvelopeResult<()> {
        let content = body
            .len()
            .checked_sub(FINAL)
            .ok_or(EnvelopeFault::Decryption)?;
        let length = u32::try_from(content).map_err(|_| EnvelopeFault::Decryption)?;
        let sealed = after(after(body, &FINAL_MARK)?, &number.to_be_bytes())?;
        let mut aad = Aad::new(self.message_id, FINAL_LABEL, content);
        self.open_piece(aad.numbered(number), sealed, &length.to_be_bytes(), out)
    }

    /// Opens a body in one block.
    pub(super) fn open_block(&self, body: &[u8], out: &mut Out<'_>) -> EnvelopeResult<()> {
        let content = body
            .len()
            .checked_sub(BLOCK)
            .ok_or(EnvelopeFault::Decryption)?;
        let mut aad = Aad::new(self.message_id, BLOCK_LABEL, content);
        let length = (content as u64).to_be_bytes();
        self.open_piece(aad.numbered(1), body, &length, out)
    }

    /// Opens what begins with an IV, then has its length if it says one, ciphertext and tag.
    fn open_piece(
        &self,
        aad: &[u8],
        piece: &[u8],
        length: &[u8],
        out: &mut Out<'_>,
    ) -> EnvelopeResult<()> {
        let (iv, rest) = piece
            .split_first_chunk::<IV>()
            .ok_or(EnvelopeFault::Decryption)?;
        self.key
            .open(iv, aad, after(rest, length)?, out)
            .map_err(|_| EnvelopeFault::Decryption)
    }
}

/// What stands after bytes that must be there.
fn after<'b>(bytes: &'b [u8], expected: &[u8]) -> EnvelopeResult<&'b [u8]> {
    bytes
        .strip_prefix(expected)
        .ok_or(EnvelopeFault::Decryption)
}
