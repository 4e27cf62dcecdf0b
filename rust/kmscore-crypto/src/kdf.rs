//! The one key derivation of kmscore: SP 800-108r1 in counter mode over HMAC-SHA-256. docs/formats.md "Key derivation".

use zeroize::Zeroizing;

use crate::Unspecified;
use crate::cleanse::Cleansed;
use crate::hmac::HmacKey;
use crate::sha256::DIGEST;

/// Bytes of an HMAC message that needs no allocation. One update of a buffer is faster than one for each part; only data
/// keys under ML-KEM, whose header is a whole ciphertext, need more than 136.
const MESSAGE: usize = 256;
const COUNTER: usize = 4;

/// Fills `out`.
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
        .ok_or(Unspecified)?
        .to_be_bytes();
    let context_length: usize = context.iter().map(|part| part.len()).sum();
    let length = COUNTER + label.len() + 1 + context_length + bits.len();
    let mut short = Cleansed([0; MESSAGE]);
    let mut long = Zeroizing::new(vec![]);
    let message = match short.get_mut(..length) {
        Some(message) => message,
        None => {
            long.resize(length, 0);
            &mut long[..]
        }
    };
    let mut rest = &mut message[COUNTER..];
    for part in [label, &[0]].iter().chain(context).chain([&&bits[..]]) {
        let (place, after) = rest.split_at_mut(part.len());
        place.copy_from_slice(part);
        rest = after;
    }
    counter_mode(key, message, out)
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// NIST CAVP KDFCTR_gen: HMAC-SHA-256, counter of 32 bits before the fixed input data; counts 0, 10, 20 and 30.
    const CAVP: [(&str, &str, &str); 4] = [
        (
            "dd1d91b7d90b2bd3138533ce92b272fbf8a369316aefe242e659cc0ae238afe0",
            concat!(
                "01322b96b30acd197979444e468e1c5c6859bf1b1cf951b7e725303e237e46b864a145fab25e517b",
                "08f8683d0315bb2911d80a0e8aba17f3b413faac",
            ),
            "10621342bfb0fd40046c0e29f2cfdbf0",
        ),
        (
            "e204d6d466aad507ffaf6d6dab0a5b26152c9e21e764370464e360c8fbc765c6",
            concat!(
                "7b03b98d9f94b899e591f3ef264b71b193fba7043c7e953cde23bc5384bc1a6293580115fae3495f",
                "d845dadbd02bd6455cf48d0f62b33e62364a3a80",
            ),
            "770dfab6a6a4a4bee0257ff335213f78d8287b4fd537d5c1fffa956910e7c779",
        ),
        (
            "dc60338d884eecb72975c603c27b360605011756c697c4fc388f5176ef81efb1",
            concat!(
                "44d7aa08feba26093c14979c122c2437c3117b63b78841cd10a4bc5ed55c56586ad8986d55307dca",
                "1d198edcffbc516a8fbe6152aa428cdd800c062d",
            ),
            "29ac07dccf1f28d506cd623e6e3fc2fa255bd60b",
        ),
        (
            "c4bedbddb66493e7c7259a3bbbc25f8c7e0ca7fe284d92d431d9cd99a0d214ac",
            concat!(
                "1c69c54766791e315c2cc5c47ecd3ffab87d0d273dd920e70955814c220eacace6a5946542da3dfe",
                "24ff626b4897898cafb7db83bdff3c14fa46fd4b",
            ),
            "1da47638d6c9c4d04d74d4640bbd42ab814d9e8cc22f4326695239f96b0693f12d0dd1152cf44430",
        ),
    ];

    #[test]
    fn counter_mode_gives_the_answers_of_cavp() {
        for (key, fixed, answer) in CAVP {
            assert_eq!(
                derived(&hex(key), &hex(fixed), answer.len() / 2),
                hex(answer)
            );
        }
    }

    #[test]
    fn one_changed_bit_of_key_or_fixed_data_gives_another_answer() {
        for (key, fixed, answer) in CAVP {
            let (key, fixed) = (hex(key), hex(fixed));
            for bit in 0..8 * key.len() {
                assert_ne!(
                    derived(&flipped(&key, bit), &fixed, answer.len() / 2),
                    hex(answer)
                );
            }
            for bit in 0..8 * fixed.len() {
                assert_ne!(
                    derived(&key, &flipped(&fixed, bit), answer.len() / 2),
                    hex(answer)
                );
            }
        }
    }

    fn derived(key: &[u8], fixed: &[u8], length: usize) -> Vec<u8> {
        let mut out = vec![0xEE; length];
        let mut message = [&[0; COUNTER], fixed].concat();
        counter_mode(&HmacKey::new(key).unwrap(), &mut message, &mut out).unwrap();
        out
    }

    fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }
}
