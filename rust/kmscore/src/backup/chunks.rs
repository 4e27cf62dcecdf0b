//! The encrypted part of a backup: chunks whose IV says which they are and whether they are the last.

use std::io::{self, Read, Write};

use kmscore_crypto::aead::{AeadKey, TAG};
use zeroize::Zeroizing;

use super::BackupError;

/// Bytes of plaintext in every chunk but the last.
pub(super) const CHUNK: usize = 65_536;

/// u88 number ‖ u8 last. The number is the file's own count, so chunks cannot change places, and a file that ends
/// early ends without a last one (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár).
fn iv(number: u64, last: bool) -> [u8; 12] {
    let mut iv = [0; 12];
    iv[3..11].copy_from_slice(&number.to_be_bytes());
    iv[11] = u8::from(last);
    iv
}

/// Collects plaintext into chunks.
pub(super) struct ChunkWriter<'a, W: Write> {
    key: AeadKey,
    number: u64,
    plaintext: Zeroizing<Vec<u8>>,
    filled: usize,
    sealed: Vec<u8>,
    out: &'a mut W,
}

impl<'a, W: Write> ChunkWriter<'a, W> {
    pub(super) fn new(key: &[u8; 32], out: &'a mut W) -> Result<Self, BackupError> {
        let (plaintext, sealed) = (Zeroizing::new(vec![0; CHUNK]), vec![0; CHUNK + TAG]);
        Ok(Self {
            key: AeadKey::new(key)?,
            number: 0,
            plaintext,
            filled: 0,
            sealed,
            out,
        })
    }

    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<(), BackupError> {
        while !bytes.is_empty() {
            self.make_room()?;
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.filled));
            self.plaintext[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            bytes = later;
        }
        Ok(())
    }

    pub(super) fn copy(&mut self, source: &mut impl Read) -> Result<(), BackupError> {
        let mut one = [0; 1];
        loop {
            // A full chunk waits for one more byte: only then is it known not to be the last.
            if self.filled == CHUNK {
                match read_some(source, &mut one)? {
                    0 => return Ok(()),
                    _ => self.write(&one)?,
                }
            }
            match read_some(source, &mut self.plaintext[self.filled..])? {
                0 => return Ok(()),
                read => self.filled += read,
            }
        }
    }

    pub(super) fn finish(mut self) -> Result<(), BackupError> {
        self.seal(true)?;
        self.out.flush().map_err(BackupError::Write)
    }

    fn make_room(&mut self) -> Result<(), BackupError> {
        if self.filled == CHUNK {
            self.seal(false)
        } else {
            Ok(())
        }
    }

    fn seal(&mut self, last: bool) -> Result<(), BackupError> {
        let sealed = &mut self.sealed[..self.filled + TAG];
        self.key.seal(
            &iv(self.number, last),
            &[],
            &self.plaintext[..self.filled],
            sealed,
        )?;
        self.out.write_all(sealed).map_err(BackupError::Write)?;
        self.number += 1;
        self.filled = 0;
        Ok(())
    }
}

/// Opens chunk after chunk.
pub(super) struct ChunkReader<'a, R: Read> {
    key: AeadKey,
    number: u64,
    /// One sealed chunk and the byte after it, which tells whether it is the last.
    sealed: Vec<u8>,
    ahead: usize,
    plaintext: Zeroizing<Vec<u8>>,
    /// What of `plaintext` was not handed out yet.
    rest: core::ops::Range<usize>,
    ended: bool,
    source: &'a mut R,
}

impl<'a, R: Read> ChunkReader<'a, R> {
    pub(super) fn new(key: &[u8; 32], source: &'a mut R) -> Result<Self, BackupError> {
        Ok(Self {
            key: AeadKey::new(key)?,
            number: 0,
            sealed: vec![0; CHUNK + TAG + 1],
            ahead: 0,
            plaintext: Zeroizing::new(vec![0; CHUNK]),
            rest: 0..0,
            ended: false,
            source,
        })
    }

    /// What comes next of the plaintext; `None` after the last chunk.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, BackupError> {
        if self.rest.is_empty() && !self.ended {
            self.open()?;
        }
        let rest = core::mem::take(&mut self.rest);
        Ok((!rest.is_empty()).then(|| &self.plaintext[rest]))
    }

    /// Exactly this much of the plaintext.
    pub(super) fn fill(&mut self, out: &mut [u8]) -> Result<(), BackupError> {
        let mut filled = 0;
        while filled < out.len() {
            if self.rest.is_empty() {
                if self.ended {
                    return Err(BackupError::Damaged);
                }
                self.open()?;
            }
            let length = self.rest.len().min(out.len() - filled);
            let from = self.rest.start;
            out[filled..filled + length].copy_from_slice(&self.plaintext[from..from + length]);
            self.rest.start += length;
            filled += length;
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), BackupError> {
        let read = self.ahead + read_full(self.source, &mut self.sealed[self.ahead..])?;
        let sealed = read.min(CHUNK + TAG);
        self.ahead = read - sealed;
        self.ended = self.ahead == 0;
        // Every chunk has plaintext: the stream starts with a length, and the writer seals no empty chunk after it.
        if sealed <= TAG {
            return Err(BackupError::Damaged);
        }
        let plaintext = &mut self.plaintext[..sealed - TAG];
        self.key
            .open(
                &iv(self.number, self.ended),
                &[],
                &self.sealed[..sealed],
                plaintext,
            )
            .map_err(|_| BackupError::Damaged)?;
        self.sealed[0] = self.sealed[CHUNK + TAG];
        self.rest = 0..sealed - TAG;
        self.number += 1;
        Ok(())
    }
}

/// Reads until the buffer is full or the source ends.
fn read_full(source: &mut impl Read, out: &mut [u8]) -> Result<usize, BackupError> {
    let mut filled = 0;
    while filled < out.len() {
        match read_some(source, &mut out[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

fn read_some(source: &mut impl Read, out: &mut [u8]) -> Result<usize, BackupError> {
    loop {
        match source.read(out) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map_err(BackupError::Read),
        }
    }
}
