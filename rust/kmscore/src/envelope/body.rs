//! Where the pieces of a body lie.

use super::fault::{EnvelopeFault, EnvelopeResult};
use super::frame::{BLOCK, FINAL, FINAL_MARK, REGULAR};
use super::header::HeaderView;

/// The longest frame: a header has four bytes for it.
pub const LONGEST_FRAME: u32 = u32::MAX;

/// How the plaintext lies in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Regular frames and a final one.
    Framed(Framed),
    /// One block of this many bytes of plaintext.
    Block(usize),
}

/// Frames of one length and a last one that may be shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framed {
    /// Bytes of plaintext in a regular frame.
    pub frame_length: usize,
    /// How many regular frames.
    pub regular: u32,
    /// Bytes of plaintext in the final frame.
    pub last: usize,
}

impl Framed {
    /// The layout that kmscore writes: the final frame is full when the plaintext is a multiple of the frame length.
    pub fn of_plaintext(length: usize, frame_length: u32) -> EnvelopeResult<Self> {
        let frame = usize::try_from(frame_length).map_err(|_| too_many_frames(frame_length))?;
        if frame == 0 {
            return Err(EnvelopeFault::Argument(format!(
                "frame_length is 0: it must be between 1 and {LONGEST_FRAME}"
            )));
        }
        let regular = length.saturating_sub(1) / frame;
        Self::checked(frame, regular, length - regular * frame)
            .ok_or_else(|| too_many_frames(frame_length))
    }

    /// The layout of a body of this length, when nothing follows it. There is one at most.
    #[must_use]
    pub fn of_body(length: usize, frame_length: u32) -> Option<Self> {
        let frame = usize::try_from(frame_length).ok()?;
        let rest = length.checked_sub(FINAL)?;
        let whole = frame + REGULAR;
        let (regular, last) = (rest / whole, rest % whole);
        (last <= frame)
            .then(|| Self::checked(frame, regular, last))
            .flatten()
    }

    /// Follows the frames to the final one: a footer after it has no length of its own that could be trusted.
    fn walk(body: &[u8], frame_length: u32) -> Option<Self> {
        let frame = usize::try_from(frame_length).ok()?;
        let (mut at, mut regular) = (0, 0);
        while *body.get(at..)?.first_chunk::<4>()? != FINAL_MARK {
            at += frame + REGULAR;
            regular += 1;
        }
        let last = final_content(body.get(at..)?)?;
        (last <= frame)
            .then(|| Self::checked(frame, regular, last))
            .flatten()
            .filter(|layout| layout.body_length() <= body.len())
    }

    /// Whether what stands where this layout has the final frame says so: its mark, number and length.
    #[must_use]
    pub fn is_final(&self, frame: &[u8]) -> bool {
        frame.get(..4) == Some(&FINAL_MARK)
            && frame.get(4..8) == Some(&self.final_number().to_be_bytes())
            && final_content(frame) == Some(self.last)
    }

    /// Where a regular frame begins in the body, from 0; the final one is number `regular`.
    #[must_use]
    pub const fn frame_at(&self, index: u32) -> usize {
        index as usize * (self.frame_length + REGULAR)
    }

    fn checked(frame_length: usize, regular: usize, last: usize) -> Option<Self> {
        // The final frame has a number too, and the mark of all ones is none.
        let regular = u32::try_from(regular).ok().filter(|n| *n < u32::MAX - 1)?;
        let layout = Self {
            frame_length,
            regular,
            last,
        };
        let whole = (regular as usize).checked_mul(frame_length + REGULAR)?;
        whole.checked_add(last)?.checked_add(FINAL)?;
        Some(layout)
    }

    /// The number of the final frame.
    #[must_use]
    pub const fn final_number(&self) -> u32 {
        self.regular + 1
    }

    /// Bytes of the regular frames in the body.
    #[must_use]
    pub const fn regular_length(&self) -> usize {
        self.frame_at(self.regular)
    }

    /// Bytes of the body.
    #[must_use]
    pub const fn body_length(&self) -> usize {
        self.regular_length() + FINAL + self.last
    }

    /// Bytes of plaintext.
    #[must_use]
    pub const fn plaintext_length(&self) -> usize {
        self.regular as usize * self.frame_length + self.last
    }
}

/// Bytes of content that a final frame says it has.
pub(super) fn final_content(frame: &[u8]) -> Option<usize> {
    let length = frame.get(20..24)?.first_chunk::<4>()?;
    usize::try_from(u32::from_be_bytes(*length)).ok()
}

impl Layout {
    /// The layout of what follows a header. It is a claim until every tag has been checked.
    pub fn of_message(header: &HeaderView<'_>, body: &[u8]) -> EnvelopeResult<Self> {
        let layout = if !header.framed {
            block(body).map(Self::Block)
        } else if header.suite.signed {
            Framed::walk(body, header.frame_length).map(Self::Framed)
        } else {
            Framed::of_body(body.len(), header.frame_length)
                .filter(|framed| framed.is_final(&body[framed.regular_length()..]))
                .map(Self::Framed)
        };
        layout
            .filter(|layout| {
                body.get(layout.body_length()..)
                    .is_some_and(|rest| is_footer(header, rest))
            })
            .ok_or(EnvelopeFault::Decryption)
    }

    /// Bytes of the body, before a footer.
    #[must_use]
    pub const fn body_length(&self) -> usize {
        match self {
            Self::Framed(framed) => framed.body_length(),
            Self::Block(length) => *length + BLOCK,
        }
    }

    /// Bytes of plaintext.
    #[must_use]
    pub const fn plaintext_length(&self) -> usize {
        match self {
            Self::Framed(framed) => framed.plaintext_length(),
            Self::Block(length) => *length,
        }
    }
}

/// Whether these bytes have the outer form of what follows the body: a signature after its length, or nothing.
#[must_use]
pub fn is_footer(header: &HeaderView<'_>, bytes: &[u8]) -> bool {
    if header.suite.signed {
        signature(bytes).is_some()
    } else {
        bytes.is_empty()
    }
}

/// The signature in a footer: all that is left after its length, or there is none.
pub(super) fn signature(footer: &[u8]) -> Option<&[u8]> {
    let (length, signature) = footer.split_first_chunk::<2>()?;
    (usize::from(u16::from_be_bytes(*length)) == signature.len()).then_some(signature)
}

/// Bytes of plaintext that a body of one block says it has, if it has room for them.
fn block(body: &[u8]) -> Option<usize> {
    let length = body.get(12..20)?.first_chunk::<8>()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
    (length.checked_add(BLOCK)? <= body.len()).then_some(length)
}

fn too_many_frames(frame_length: u32) -> EnvelopeFault {
    EnvelopeFault::Argument(format!(
        "the plaintext has more than 4,294,967,294 frames of {frame_length} bytes: choose a larger frame_length"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn body_length_has_one_layout(length in 0_usize..100_000, frame in 1_u32..5_000) {
            let written = Framed::of_plaintext(length, frame).unwrap();
            proptest::prop_assert_eq!(written.plaintext_length(), length);
            proptest::prop_assert_eq!(Framed::of_body(written.body_length(), frame), Some(written));
        }
    }

    #[test]
    fn an_exact_multiple_ends_in_a_full_frame_and_an_empty_one_is_read_too() {
        let written = Framed::of_plaintext(8192, 4096).unwrap();
        assert_eq!((written.regular, written.last), (1, 4096));
        let other = Framed {
            frame_length: 4096,
            regular: 2,
            last: 0,
        };
        assert_eq!(Framed::of_body(other.body_length(), 4096), Some(other));
        assert_eq!(Framed::of_plaintext(0, 4096).unwrap().body_length(), FINAL);
    }

    #[test]
    fn lengths_that_no_body_has_are_refused() {
        for length in 0..FINAL {
            assert_eq!(Framed::of_body(length, 1), None);
        }
        assert_eq!(Framed::of_body(FINAL + 2, 1), None);
        assert!(Framed::of_plaintext(1, 0).is_err());
        assert!(Framed::of_plaintext(usize::MAX, 1).is_err());
    }
}
