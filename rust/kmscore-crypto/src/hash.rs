//! SHA-256 (FIPS 180-4).

use crate::sha256;

/// The digest of the parts, one after another.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut state = sha256::initial();
    for part in parts {
        sha256::update(&mut state, part);
    }
    let mut digest = [0; 32];
    sha256::finish(&mut state, &mut digest);
    digest
}
