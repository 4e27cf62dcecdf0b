//! The one key derivation of kmscore: SP 800-108r1 in counter mode over HMAC-SHA-256. docs/formats.md "Key derivation".

use crate::Unspecified;
use crate::cleanse::Cleansed;
use crate::hmac::HmacKey;
use crate::sha256::DIGEST;

/// Bytes of one HMAC message. The longest of kmscore's is 136; one update of a buffer is faster than one for each part.
const MESSAGE: usize = 256;
const COUNTER: usize = 4;

/// Fills `out`. Label and context together have at most 247 bytes, by docs/formats.md far fewer.
pub fn derive(
    key: &HmacKey,
    label: &[u8],
    context: &[&[u8]],
    out: &mut [u8],
) -> Result<(), Unspecified> {
    let bits = out
        .len()
        .checked_mul(8)
        .and_then(|bits| u32::try_from(bits).ok())
        .ok_or(Unspecified)?;
    let mut message = Message {
        bytes: Cleansed([0; MESSAGE]),
        length: COUNTER,
    };
    message.push(label)?;
    message.push(&[0])?;
    for part in context {
        message.push(part)?;
    }
    message.push(&bits.to_be_bytes())?;
    counter_mode(key, &mut message.bytes.0[..message.length], out)
}

/// The message is a place for the counter and the fixed input data after it.
fn counter_mode(key: &HmacKey, message: &mut [u8], out: &mut [u8]) -> Result<(), Unspecified> {
    for (index, piece) in (1_u32..).zip(out.chunks_mut(DIGEST)) {
        message[..COUNTER].copy_from_slice(&index.to_be_bytes());
        if let Ok(piece) = <&mut [u8; DIGEST]>::try_from(&mut *piece) {
            key.tag_into(&[message], piece)?;
        } else {
            let mut last = Cleansed([0; DIGEST]);
            key.tag_into(&[message], &mut last)?;
            piece.copy_from_slice(&last[..piece.len()]);
        }
    }
    Ok(())
}

struct Message {
    bytes: Cleansed<[u8; MESSAGE]>,
    length: usize,
}

impl Message {
    fn push(&mut self, part: &[u8]) -> Result<(), Unspecified> {
        let end = self.length.checked_add(part.len()).ok_or(Unspecified)?;
        self.bytes
            .get_mut(self.length..end)
            .ok_or(Unspecified)?
            .copy_from_slice(part);
        self.length = end;
        Ok(())
    }
}
