//! Encryption contexts of messages (AWS Encryption SDK Specification, `framework/structures.md`).

use super::fault::{EnvelopeFault, EnvelopeResult};
use crate::canonical::{self, CanonicalError};

/// Keys that begin so are the library's own.
pub const RESERVED: &str = "aws-crypto-";
/// The key that holds the public key of a signed message.
pub const PUBLIC_KEY: &str = "aws-crypto-public-key";
/// The longest serialisation: a header has two bytes for its length.
const LIMIT: usize = u16::MAX as usize;

/// Pairs of text; no key stands twice.
pub type Pairs = Vec<(String, String)>;

/// Serialises pairs as a header stores them: nothing for none.
pub fn serialise<K: AsRef<str>, V: AsRef<str>>(pairs: &[(K, V)]) -> EnvelopeResult<Vec<u8>> {
    let too_long = || {
        EnvelopeFault::Argument(format!(
            "encryption_context is too long: at most {LIMIT} bytes in all"
        ))
    };
    let bytes = canonical::serialise(pairs).map_err(|error| match error {
        CanonicalError::TooLong => too_long(),
        CanonicalError::DuplicateKey => {
            EnvelopeFault::Argument("encryption_context has a key twice".into())
        }
    })?;
    if bytes.len() > LIMIT {
        return Err(too_long());
    }
    Ok(bytes)
}

/// Reads what `serialise` wrote; `None` for anything else, but for the order of the pairs.
#[must_use]
pub fn parse(bytes: &[u8]) -> Option<Pairs> {
    if bytes.is_empty() {
        return Some(vec![]);
    }
    let (count, mut rest) = bytes.split_first_chunk::<2>()?;
    let count = usize::from(u16::from_be_bytes(*count));
    // Each pair has at least its two lengths: a count that cannot be true allocates nothing.
    if count == 0 || count > rest.len() / 4 {
        return None;
    }
    let mut pairs = Vec::with_capacity(count);
    for _ in 0..count {
        let key = text(&mut rest)?;
        let value = text(&mut rest)?;
        pairs.push((key.to_owned(), value.to_owned()));
    }
    let mut keys: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    let unique = keys.windows(2).all(|two| two[0] != two[1]);
    (rest.is_empty() && unique).then_some(pairs)
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, after) = rest.split_first_chunk::<2>()?;
    let (bytes, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = after;
    core::str::from_utf8(bytes).ok()
}

/// The value of a key.
pub fn value<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(known, _)| known == key)
        .map(|(_, value)| value.as_str())
}

/// Refuses keys that callers may not choose.
pub fn check_reserved(pairs: &[(String, String)]) -> EnvelopeResult<()> {
    match pairs.iter().find(|(key, _)| key.starts_with(RESERVED)) {
        Some((key, _)) => Err(EnvelopeFault::Argument(format!(
            "encryption_context has the key {key:?}: keys that begin with {RESERVED:?} are reserved"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn pairs_survive_and_are_sorted_by_their_bytes(map: std::collections::BTreeMap<String, String>) {
            let pairs: Pairs = map.into_iter().collect();
            let bytes = serialise(&pairs).expect("short");
            proptest::prop_assert_eq!(parse(&bytes), Some(pairs));
        }

        #[test]
        fn nothing_but_a_serialisation_is_read(bytes: Vec<u8>) {
            if let Some(pairs) = parse(&bytes) {
                proptest::prop_assert_eq!(serialise(&pairs).expect("short").len(), bytes.len());
            }
        }
    }

    #[test]
    fn a_count_of_zero_a_key_twice_and_bytes_left_over_are_refused() {
        assert_eq!(parse(b"\0\0"), None);
        assert_eq!(parse(b"\0\x02\0\x01a\0\x01b\0\x01a\0\x01c"), None);
        assert_eq!(parse(b"\0\x01\0\x01a\0\x01b!"), None);
        assert_eq!(parse(b"\0\x01\0\x01\xFF\0\x01b"), None);
        assert_eq!(parse(b"\xFF\xFF\0\x01a\0\x01b"), None);
    }
}
