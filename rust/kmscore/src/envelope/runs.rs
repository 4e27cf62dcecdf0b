//! Runs of frames: what one thread seals or opens at a time.

use kmscore_crypto::out::Out;

use super::body::Framed;
use super::fault::{EnvelopeFault, EnvelopeResult};
use super::frame::{Frames, REGULAR};
use crate::rows::map_parallel;

/// Bytes of plaintext in a run that is still in the processor's cache when it is hashed.
const CACHED: usize = 64 * 1024;

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

/// Frames that lie together: so many regular ones numbered from `first`, and the final one after them if it is `last`.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) way: Way,
    pub(super) frame_length: usize,
    pub(super) first: u32,
    pub(super) regular: usize,
    pub(super) last: bool,
}

impl Span {
    /// All frames of a body.
    pub(super) const fn whole(way: Way, layout: &Framed) -> Self {
        Self {
            way,
            frame_length: layout.frame_length,
            first: 1,
            regular: layout.regular as usize,
            last: true,
        }
    }

    /// Runs of the same length, one for each thread.
    pub(super) fn for_threads<'i, 'o>(
        self,
        threads: usize,
        input: &'i [u8],
        out: Out<'o>,
    ) -> EnvelopeResult<Vec<Run<'i, 'o>>> {
        self.cut(self.regular.div_ceil(threads.max(1)).max(1), input, out)
    }

    /// Runs that are hashed while they are still in the processor's cache.
    pub(super) fn for_cache<'i, 'o>(
        self,
        input: &'i [u8],
        out: Out<'o>,
    ) -> EnvelopeResult<Vec<Run<'i, 'o>>> {
        self.cut((CACHED / self.frame_length).max(1), input, out)
    }

    /// Cuts frames into runs of at most `each` regular ones, in order; the final one goes with the last of them.
    fn cut<'i, 'o>(
        self,
        each: usize,
        input: &'i [u8],
        mut out: Out<'o>,
    ) -> EnvelopeResult<Vec<Run<'i, 'o>>> {
        let (before, after) = self.way.frame(self.frame_length);
        let run = |first, regular, last, out| Run {
            way: self.way,
            first,
            regular,
            last,
            out,
        };
        let (regular, last) = input
            .split_at_checked(self.regular * before)
            .ok_or(EnvelopeFault::Decryption)?;
        let alone = self.regular.saturating_sub(1) / each * each;
        let (alone, with_last) = regular.split_at(alone * before);
        let mut runs = Vec::with_capacity(self.regular / each + 1);
        let mut first = self.first;
        for part in alone.chunks(each * before) {
            runs.push(run(first, part, None, out.split_off(each * after)?));
            first = later(first, each)?;
        }
        runs.push(run(first, with_last, self.last.then_some(last), out));
        Ok(runs)
    }
}

/// Seals or opens all runs, each but the first on a thread of its own.
pub(super) fn work_on_all(frames: &Frames<'_>, runs: Vec<Run<'_, '_>>) -> EnvelopeResult<()> {
    map_parallel(runs, |run| run.work(frames).map(drop)).map(drop)
}

/// What one thread works on: regular frames numbered from `first`, perhaps the final one, and where they go.
pub(super) struct Run<'i, 'o> {
    way: Way,
    first: u32,
    regular: &'i [u8],
    last: Option<&'i [u8]>,
    out: Out<'o>,
}

impl<'i, 'o> Run<'i, 'o> {
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
