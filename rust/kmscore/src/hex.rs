//! Lower-case hexadecimal text of identifiers.

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    push(&mut out, bytes);
    out
}

/// Appends the digits of `bytes`.
pub fn push(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let at = 2 * usize::from(*byte);
        out.push_str(&PAIRS[at..at + 2]);
    }
}

/// Exactly `N` bytes from lower-case digits; anything else is `None`.
#[must_use]
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(out)
}

/// The two digits of every byte, one after another: ids are written on the path of every call.
const PAIRS: &str = match core::str::from_utf8(&ALL_PAIRS) {
    Ok(pairs) => pairs,
    Err(_) => panic!("digits are ASCII"),
};

const ALL_PAIRS: [u8; 512] = {
    let digits = b"0123456789abcdef";
    let mut pairs = [0; 512];
    let mut byte = 0;
    while byte < 256 {
        pairs[2 * byte] = digits[byte >> 4];
        pairs[2 * byte + 1] = digits[byte & 15];
        byte += 1;
    }
    pairs
};

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_go_there_and_back() {
        assert_eq!(encode(&[0x00, 0xab, 0x9f]), "00ab9f");
        assert_eq!(decode::<3>("00ab9f"), Some([0x00, 0xab, 0x9f]));
    }

    #[test]
    fn upper_case_wrong_length_and_other_letters_are_refused() {
        assert_eq!(decode::<1>("AB"), None);
        assert_eq!(decode::<2>("ab"), None);
        assert_eq!(decode::<1>("g0"), None);
    }
}
