//! Runs of frames: what one thread seals or opens at a time.

use kmscore_crypto::out::Out;

use super::body::Framed;
use super::fault::{EnvelopeFault, EnvelopeResult};
use super::frame::{Frames, REGULAR};

/// Bytes of plaintext that are hashed while they are still in the processor's cache.
const CACHED: usize = 64 * 1024;

/// How many frames are sealed or opened before they are hashed.
pub(super) const fn frames_in_cache(frame_length: usize) -> usize {
    let frames = CACHED / frame_length;
    if frames == 0 { 1 } else { frames }
}

/// Which way frames go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Seal,
    Open,
}

impl Way {
    /// Bytes of a regular frame before and after.
    pub(super) const fn frame(self, length: usize) -> (usize, usize) {
        match self {
            Self::Seal => (length, length + REGULAR),
            Self::Open => (length + REGULAR, length),
        }
    }
}

/// Regular frames numbered from `first`, perhaps the final one after them, and where they go.
pub(super) struct Run<'i, 'o> {
    way: Way,
    first: u32,
    regular: &'i [u8],
    last: Option<&'i [u8]>,
    out: Out<'o>,
}

impl<'i, 'o> Run<'i, 'o> {
    /// Cuts frames into runs of at most `each`, in order.
    pub(super) fn cut(
        way: Way,
        layout: &Framed,
        first: u32,
        input: &'i [u8],
        mut out: Out<'o>,
        each: usize,
    ) -> EnvelopeResult<Vec<Self>> {
        let (before, after) = way.frame(layout.frame_length);
        let count = layout.regular as usize;
        let (regular, last) = input
            .split_at_checked(count * before)
            .ok_or(EnvelopeFault::Decryption)?;
        let mut runs = Vec::with_capacity(count / each + 1);
        let mut first = first;
        let (alone, with_last) = regular.split_at((count.saturating_sub(1) / each) * each * before);
        for part in alone.chunks(each * before) {
            let out = out.split_off(each * after)?;
            runs.push(Self {
                way,
                first,
                regular: part,
                last: None,
                out,
            });
            first = later(first, each)?;
        }
        runs.push(Self {
            way,
            first,
            regular: with_last,
            last: Some(last),
            out,
        });
        Ok(runs)
    }

    /// Regular frames alone.
    pub(super) const fn regular(way: Way, first: u32, input: &'i [u8], out: Out<'o>) -> Self {
        Self {
            way,
            first,
            regular: input,
            last: None,
            out,
        }
    }

    /// What goes in: regular frames, and the final one.
    pub(super) const fn input(&self) -> (&'i [u8], &'i [u8]) {
        match self.last {
            Some(last) => (self.regular, last),
            None => (self.regular, &[]),
        }
    }

    /// Seals or opens; returns the result, all of it written.
    pub(super) fn work(mut self, frames: &Frames<'_>) -> EnvelopeResult<&'o [u8]> {
        let (before, _) = self.way.frame(frames.length);
        let number = later(self.first, self.regular.len() / before)?;
        match self.way {
            Way::Seal => frames.seal(self.first, self.regular, &mut self.out)?,
            Way::Open => frames.open(self.first, self.regular, &mut self.out)?,
        }
        match (self.way, self.last) {
            (Way::Seal, Some(last)) => frames.seal_final(number, last, &mut self.out)?,
            (Way::Open, Some(last)) => frames.open_final(number, last, &mut self.out)?,
            (_, None) => {}
        }
        Ok(self.out.finish()?)
    }
}

/// The sequence number after so many more frames. It never wraps: a number used twice would be an IV used twice.
pub(super) fn later(first: u32, frames: usize) -> EnvelopeResult<u32> {
    u32::try_from(frames)
        .ok()
        .and_then(|frames| first.checked_add(frames))
        .filter(|number| *number < u32::MAX)
        .ok_or_else(|| {
            EnvelopeFault::Argument(
                "the message has more than 4,294,967,294 frames: choose a larger frame_length"
                    .into(),
            )
        })
}
