//! The one canonical form of string maps: the AWS Encryption SDK's encryption context serialisation.
//!
//! docs/formats.md "Encryption context". Sealed-record bindings use the same form.

/// The longest canonical encryption context a KMS call may carry, in bytes.
pub const CONTEXT_LIMIT: usize = 8192;

/// Why a map has no canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CanonicalError {
    /// A key stands twice.
    DuplicateKey,
    /// A key, a value or the number of pairs does not fit its two-byte length.
    TooLong,
}

/// Serialises a map: nothing for the empty one, else a count and the pairs sorted by the bytes of their keys.
pub fn serialise<K: AsRef<str>, V: AsRef<str>>(
    pairs: &[(K, V)],
) -> Result<Vec<u8>, CanonicalError> {
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let mut sorted: Vec<(&[u8], &[u8])> = pairs
        .iter()
        .map(|(key, value)| (key.as_ref().as_bytes(), value.as_ref().as_bytes()))
        .collect();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    if sorted.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(CanonicalError::DuplicateKey);
    }
    let mut out = Vec::with_capacity(
        2 + sorted
            .iter()
            .map(|(key, value)| 4 + key.len() + value.len())
            .sum::<usize>(),
    );
    push_length(&mut out, sorted.len())?;
    for (key, value) in sorted {
        for text in [key, value] {
            push_length(&mut out, text.len())?;
            out.extend_from_slice(text);
        }
    }
    Ok(out)
}

fn push_length(out: &mut Vec<u8>, length: usize) -> Result<(), CanonicalError> {
    let length = u16::try_from(length).map_err(|_| CanonicalError::TooLong)?;
    out.extend_from_slice(&length.to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_sorted_by_the_bytes_of_their_keys() {
        let bytes = serialise(&[("b", "2"), ("a", "1")]).expect("short");
        assert_eq!(bytes, b"\x00\x02\x00\x01a\x00\x011\x00\x01b\x00\x012");
    }

    #[test]
    fn the_empty_map_is_no_bytes() {
        assert_eq!(serialise::<&str, &str>(&[]), Ok(vec![]));
    }

    #[test]
    fn a_key_twice_is_refused() {
        assert_eq!(
            serialise(&[("a", "1"), ("a", "2")]),
            Err(CanonicalError::DuplicateKey)
        );
    }

    #[test]
    fn a_value_over_its_length_field_is_refused() {
        assert_eq!(
            serialise(&[("a", "x".repeat(65536).as_str())]),
            Err(CanonicalError::TooLong)
        );
    }

    proptest::proptest! {
        #[test]
        fn different_contexts_never_share_bytes(
            one: std::collections::BTreeMap<String, String>, other: std::collections::BTreeMap<String, String>,
        ) {
            let bytes = |map: &std::collections::BTreeMap<String, String>| {
                serialise(&map.iter().collect::<Vec<_>>()).expect("short")
            };
            proptest::prop_assert_eq!(bytes(&one) == bytes(&other), one == other);
        }
    }
}
