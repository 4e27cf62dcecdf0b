//! Blobs of requests: base64 in a JSON string.
//!
//! A blob is taken as it stands in the document. Were it read as a text, serde_json would resolve its escapes in a buffer of its
//! own, which nobody wipes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::decode::Fault;

/// The bytes of a JSON value, which must be a string of canonical base64 (RFC 4648 section 4).
pub(super) fn from_json(value: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let text = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .ok_or("a string of base64 was expected")?;
    let bytes = if text.contains('\\') {
        unescape(text).and_then(|plain| decode(&plain))
    } else {
        decode(text)
    };
    bytes.ok_or("the base64 is malformed")
}

fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = STANDARD.decode_slice(text, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

/// Resolves the escapes that can stand for a character of base64: some writers escape `/`, some `=`.
///
/// No text grows, so the buffer never moves and leaves no copy behind.
fn unescape(text: &str) -> Option<Zeroizing<String>> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut pieces = text.split('\\');
    plain.push_str(pieces.next()?);
    for piece in pieces {
        let (character, rest) = escape(piece)?;
        plain.push(character);
        plain.push_str(rest);
    }
    Some(plain)
}

/// The character of an escape without its backslash, and what follows it.
fn escape(piece: &str) -> Option<(char, &str)> {
    if let Some(rest) = piece.strip_prefix('/') {
        return Some(('/', rest));
    }
    let (digits, rest) = piece.strip_prefix('u')?.split_at_checked(4)?;
    let byte = u8::from_str_radix(digits, 16).ok()?;
    Some((char::from(byte), rest))
}
