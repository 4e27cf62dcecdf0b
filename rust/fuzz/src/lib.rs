//! What the fuzz targets share: an input that is noise, or a genuine artefact with edits.

use arbitrary::Arbitrary;

/// What a target is given. Noise alone would never get past a magic number or a commitment.
#[derive(Arbitrary, Debug)]
pub enum Input {
    /// Any bytes.
    Noise(Vec<u8>),
    /// The genuine artefact, changed.
    Edited(Edits),
}

/// Changes to a genuine artefact; possibly none.
#[derive(Arbitrary, Debug)]
pub struct Edits {
    replaced: Vec<(u16, u8)>,
    cut_at: Option<u16>,
    appended: Vec<u8>,
}

impl Input {
    /// The bytes to read.
    pub fn bytes(self, genuine: &[u8]) -> Vec<u8> {
        match self {
            Self::Noise(bytes) => bytes,
            Self::Edited(edits) => edits.apply(genuine),
        }
    }
}

impl Edits {
    fn apply(self, genuine: &[u8]) -> Vec<u8> {
        let mut bytes = genuine.to_vec();
        if let Some(cut) = self.cut_at {
            bytes.truncate(usize::from(cut) % (genuine.len() + 1));
        }
        bytes.extend(self.appended);
        if !bytes.is_empty() {
            for (place, value) in self.replaced {
                let place = usize::from(place) % bytes.len();
                bytes[place] = value;
            }
        }
        bytes
    }
}
