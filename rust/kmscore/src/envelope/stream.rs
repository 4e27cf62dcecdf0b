//! Messages in pieces: written and read in order with flat memory, or read anywhere.

use std::sync::Arc;

use kmscore_crypto::aead::AeadKey;
use kmscore_crypto::ecdsa::VerifyingKey;
use kmscore_crypto::hash::Sha384;
use kmscore_crypto::out::{Out, Room};
use kmscore_crypto::random;

use super::body::{Framed, final_content};
use super::decrypt::{check_commitment, check_header, hash_beside, verifier, verify_footer};
use super::encrypt::{put_footer, seal_and_hash, seal_header};
use super::fault::{EnvelopeFault, EnvelopeResult};
use super::frame::{FINAL, FINAL_MARK, Frames, REGULAR};
use super::header::Header;
use super::keys::{MESSAGE_ID, MessageKeys};
use super::materials::{DataKey, EncryptionMaterials};
use super::runs::{Span, Way, later, work_on_all};

/// A message that is written from front to back.
pub struct MessageWriter {
    materials: Arc<EncryptionMaterials>,
    key: AeadKey,
    id: [u8; MESSAGE_ID],
    frame_length: u32,
    header: Vec<u8>,
    hash: Option<Sha384>,
    next: u32,
    finished: bool,
}

impl MessageWriter {
    /// Begins a message.
    ///
    /// # Errors
    /// Argument: the frame length is zero.
    pub fn new(materials: Arc<EncryptionMaterials>, frame_length: u32) -> EnvelopeResult<Self> {
        Framed::of_plaintext(0, frame_length)?;
        let mut id = [0; MESSAGE_ID];
        random::nonces(&mut id)?;
        let mut keys = MessageKeys::room();
        keys.derive(materials.suite, materials.data_key.secret(), &id)?;
        let key = AeadKey::new(&keys.content)?;
        let mut header = vec![0; materials.header_length()];
        let room = Out::new(&mut header);
        seal_header(&materials, &keys, key.for_call()?, &id, frame_length, room)?;
        let hash = materials.signer.as_ref().map(|_| {
            let mut hash = Sha384::default();
            hash.update(&header);
            hash
        });
        Ok(Self {
            materials,
            key,
            id,
            frame_length,
            header,
            hash,
            next: 1,
            finished: false,
        })
    }

    /// The header, which stands before everything else.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// Bytes that `seal` writes.
    ///
    /// # Errors
    /// Argument: the plaintext is not whole frames, though more is to come.
    pub fn sealed_length(&self, plaintext: usize, last: bool) -> EnvelopeResult<usize> {
        if last {
            return Ok(Framed::of_plaintext(plaintext, self.frame_length)?.body_length());
        }
        let frame = self.frame_length as usize;
        if !plaintext.is_multiple_of(frame) {
            return Err(EnvelopeFault::Argument(format!(
                "a piece of {plaintext} bytes is not whole frames of {frame} bytes"
            )));
        }
        Ok(plaintext / frame * (frame + REGULAR))
    }

    /// Seals the next piece: whole frames, or with `last` all that is left, even if that is nothing.
    ///
    /// # Errors
    /// Argument: the message is finished, or has too many frames.
    pub fn seal(
        &mut self,
        plaintext: &[u8],
        last: bool,
        room: Room<'_>,
        threads: usize,
    ) -> EnvelopeResult<()> {
        if self.finished || room.len() != self.sealed_length(plaintext.len(), last)? {
            return Err(EnvelopeFault::Argument(
                "the message is finished, or the room has a wrong length".into(),
            ));
        }
        let frame = self.frame_length as usize;
        let regular = if last {
            Framed::of_plaintext(plaintext.len(), self.frame_length)?.regular as usize
        } else {
            plaintext.len() / frame
        };
        let span = Span {
            way: Way::Seal,
            frame_length: frame,
            first: self.next,
            regular,
            last,
        };
        // Whatever happens from here on, no number is used again.
        self.next = later(self.next, regular)?;
        self.finished = last;
        let frames = Frames {
            key: self.key.for_call()?,
            message_id: &self.id,
            length: frame,
        };
        let hash = &mut self.hash;
        room.fill(|out| match hash {
            Some(hash) => seal_and_hash(&frames, span.for_cache(plaintext, out)?, threads, hash),
            None => work_on_all(&frames, span.for_threads(threads, plaintext, out)?),
        })?;
        Ok(())
    }

    /// What stands after the final frame: a signature, or nothing.
    ///
    /// # Errors
    /// Argument: the message is not finished.
    pub fn footer(&mut self) -> EnvelopeResult<Vec<u8>> {
        if !self.finished {
            return Err(EnvelopeFault::Argument(
                "the message is not finished".into(),
            ));
        }
        let (Some(signer), Some(hash)) = (&self.materials.signer, self.hash.take()) else {
            return Ok(vec![]);
        };
        let mut footer = vec![0; self.materials.footer_length()];
        put_footer(&mut Out::new(&mut footer), &signer.sign(&hash.finish())?)?;
        Ok(footer)
    }
}

/// What a piece of a body holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Bytes of whole frames.
    pub consumed: usize,
    /// Bytes of their plaintext.
    pub plaintext: usize,
    /// Whether the final frame is among them.
    pub last: bool,
}

/// A message that is read: its key is proved, its frames are opened as they come, or anywhere.
pub struct MessageReader {
    key: AeadKey,
    id: [u8; MESSAGE_ID],
    frame_length: usize,
    signed: Option<(Sha384, VerifyingKey)>,
    next: u32,
    finished: bool,
}

impl MessageReader {
    /// Checks the commitment and the header.
    ///
    /// # Errors
    /// Format: the body is not framed. Decryption: the data key or the encryption context is another.
    pub fn new(header: &Header, data_key: &DataKey) -> EnvelopeResult<Self> {
        let view = header.view()?;
        if !view.framed {
            return Err(EnvelopeFault::Format(
                "the message is not framed: it can only be decrypted as a whole".into(),
            ));
        }
        let mut keys = MessageKeys::room();
        let id = *check_commitment(&view, data_key, &mut keys)?;
        let key = AeadKey::new(&keys.content)?;
        check_header(&view, header.required(), key.for_call()?)?;
        let signed = verifier(header)?.map(|verifier| {
            let mut hash = Sha384::default();
            hash.update(header.bytes());
            (hash, verifier)
        });
        Ok(Self {
            key,
            id,
            frame_length: view.frame_length as usize,
            signed,
            next: 1,
            finished: false,
        })
    }

    /// What the whole frames at the start of `input` hold.
    ///
    /// # Errors
    /// Decryption: a final frame claims to be longer than a frame.
    pub fn piece(&self, input: &[u8]) -> EnvelopeResult<Piece> {
        let mut piece = Piece {
            consumed: 0,
            plaintext: 0,
            last: false,
        };
        while let Some(mark) = input[piece.consumed..].first_chunk::<4>() {
            let rest = &input[piece.consumed..];
            if *mark == FINAL_MARK {
                let Some(content) = final_content(rest) else {
                    break;
                };
                if content > self.frame_length {
                    return Err(EnvelopeFault::Decryption);
                }
                if rest.len() >= FINAL + content {
                    piece.consumed += FINAL + content;
                    piece.plaintext += content;
                    piece.last = true;
                }
                break;
            }
            if rest.len() < self.frame_length + REGULAR {
                break;
            }
            piece.consumed += self.frame_length + REGULAR;
            piece.plaintext += self.frame_length;
        }
        Ok(piece)
    }

    /// Opens the next piece, which `piece` described, into room of its plaintext's length.
    ///
    /// # Errors
    /// Decryption, whatever the cause; the room then holds zeros, and the reader opens nothing more.
    pub fn open(
        &mut self,
        piece: Piece,
        input: &[u8],
        room: Room<'_>,
        threads: usize,
    ) -> EnvelopeResult<()> {
        let opened = room.fill(|out| self.open_piece(piece, input, out, threads));
        if opened.is_err() {
            self.finished = true;
        }
        opened.map(drop)
    }

    fn open_piece(
        &mut self,
        piece: Piece,
        input: &[u8],
        out: Out<'_>,
        threads: usize,
    ) -> EnvelopeResult<()> {
        if self.finished || input.len() != piece.consumed || out.len() != piece.plaintext {
            return Err(EnvelopeFault::Decryption);
        }
        let frames = Frames {
            key: self.key.for_call()?,
            message_id: &self.id,
            length: self.frame_length,
        };
        let final_length = if piece.last { FINAL } else { 0 };
        let (before, _) = Way::Open.frame(self.frame_length);
        let span = Span {
            way: Way::Open,
            frame_length: self.frame_length,
            first: self.next,
            regular: (piece.consumed - final_length) / before,
            last: piece.last,
        };
        let runs = span.for_threads(threads, input, out)?;
        let open = || work_on_all(&frames, runs);
        match &mut self.signed {
            Some((hash, _)) => hash_beside(hash, input, threads, open)?,
            None => open()?,
        }
        self.next = later(span.first, span.regular).map_err(|_| EnvelopeFault::Decryption)?;
        self.finished = piece.last;
        Ok(())
    }

    /// Hashes a piece of the body without opening it.
    pub fn hash(&mut self, input: &[u8]) {
        if let Some((hash, _)) = &mut self.signed {
            hash.update(input);
        }
    }

    /// Checks what follows the final frame: a signature over everything before it, or nothing.
    pub fn verify(&mut self, footer: &[u8]) -> EnvelopeResult<()> {
        match self.signed.take() {
            Some((hash, verifier)) => verify_footer(&verifier, hash, footer),
            None if footer.is_empty() => Ok(()),
            None => Err(EnvelopeFault::Decryption),
        }
    }

    /// Opens whole regular frames from anywhere; they must be numbered from `first`.
    ///
    /// # Errors
    /// Decryption, whatever the cause; the room then holds zeros.
    pub fn open_frames<'o>(
        &self,
        first: u32,
        input: &[u8],
        room: Room<'o>,
    ) -> EnvelopeResult<&'o mut [u8]> {
        self.open_anywhere(room, |frames, out| {
            let (before, _) = Way::Open.frame(self.frame_length);
            let span = Span {
                way: Way::Open,
                frame_length: self.frame_length,
                first,
                regular: input.len() / before,
                last: false,
            };
            work_on_all(frames, span.for_threads(1, input, out)?)
        })
    }

    /// Opens the final frame, which must have this number.
    ///
    /// # Errors
    /// As `open_frames`.
    pub fn open_final<'o>(
        &self,
        number: u32,
        input: &[u8],
        room: Room<'o>,
    ) -> EnvelopeResult<&'o mut [u8]> {
        self.open_anywhere(room, |frames, mut out| {
            frames.open_final(number, input, &mut out)?;
            out.finish()?;
            Ok(())
        })
    }

    fn open_anywhere<'o>(
        &self,
        room: Room<'o>,
        open: impl FnOnce(&Frames<'_>, Out<'_>) -> EnvelopeResult<()>,
    ) -> EnvelopeResult<&'o mut [u8]> {
        let frames = Frames {
            key: self.key.for_call()?,
            message_id: &self.id,
            length: self.frame_length,
        };
        room.fill(|out| open(&frames, out))
            .map_err(|_: EnvelopeFault| EnvelopeFault::Decryption)
    }
}
