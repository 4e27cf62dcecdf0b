//! Room for a result that need not be initialised before it is written.

use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::Unspecified;

/// The whole room of a result. Zeroing a large one before it is written would cost as much as sealing it.
pub struct Room<'a>(&'a mut [MaybeUninit<u8>]);

impl<'a> Room<'a> {
    /// Room that already holds bytes; they are overwritten.
    pub fn new(room: &'a mut [u8]) -> Self {
        let (start, length) = (room.as_mut_ptr(), room.len());
        // SAFETY: the same memory under a type with fewer promises, exclusively borrowed for the same time; only
        // initialised bytes are ever written through it.
        Self::uninitialised(unsafe { core::slice::from_raw_parts_mut(start.cast(), length) })
    }

    /// Room that holds nothing yet.
    pub const fn uninitialised(room: &'a mut [MaybeUninit<u8>]) -> Self {
        Self(room)
    }

    /// All of the room.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no room at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets `fill` fill it, in parts if it likes. The result is handed out only if every byte was written.
    ///
    /// # Errors
    /// What `fill` answers, or `Unspecified` when it left a gap. The room then holds zeros.
    pub fn fill<E: From<Unspecified>>(
        self,
        fill: impl FnOnce(Out<'_>) -> Result<(), E>,
    ) -> Result<&'a mut [u8], E> {
        let finished = AtomicUsize::new(0);
        let filled = fill(Out {
            room: self.0,
            filled: 0,
            finished: Some(&finished),
        });
        let whole = finished.into_inner() == self.0.len();
        let (start, length) = (self.0.as_mut_ptr().cast::<u8>(), self.0.len());
        if filled.is_err() || !whole {
            // SAFETY: exclusively ours, of this length.
            unsafe { aws_lc_sys::OPENSSL_cleanse(start.cast(), length) };
        }
        filled?;
        if !whole {
            return Err(Unspecified.into());
        }
        // SAFETY: parts of the room are disjoint, each was finished once, by value, and together they are all of it.
        Ok(unsafe { core::slice::from_raw_parts_mut(start, length) })
    }
}

/// Room that is filled from front to back, once. What is not filled yet cannot be read.
pub struct Out<'a> {
    room: &'a mut [MaybeUninit<u8>],
    filled: usize,
    finished: Option<&'a AtomicUsize>,
}

impl<'a> Out<'a> {
    /// Room that already holds bytes; they are overwritten.
    pub fn new(room: &'a mut [u8]) -> Self {
        Self {
            room: Room::new(room).0,
            filled: 0,
            finished: None,
        }
    }

    /// All of the room.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.room.len()
    }

    /// Whether there is no room at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.room.is_empty()
    }

    /// Fills the next bytes with these.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Unspecified> {
        let place = self.next(bytes.len())?;
        // SAFETY: `place` has the length of `bytes`, and an exclusive borrow does not overlap a shared one.
        unsafe {
            core::ptr::copy_nonoverlapping(
                bytes.as_ptr(),
                place.as_mut_ptr().cast::<u8>(),
                bytes.len(),
            );
        }
        self.filled += bytes.len();
        Ok(())
    }

    /// The next `length` bytes as room of its own, to be filled and finished by itself.
    ///
    /// # Errors
    /// There are not that many, or filling has begun.
    pub fn split_off(&mut self, length: usize) -> Result<Self, Unspecified> {
        if self.filled != 0 || length > self.room.len() {
            return Err(Unspecified);
        }
        let (part, rest) = core::mem::take(&mut self.room).split_at_mut(length);
        self.room = rest;
        Ok(Self {
            room: part,
            filled: 0,
            finished: self.finished,
        })
    }

    /// The bytes, once every one of them was filled.
    ///
    /// # Errors
    /// Some were not.
    pub fn finish(self) -> Result<&'a mut [u8], Unspecified> {
        if self.filled != self.room.len() {
            return Err(Unspecified);
        }
        if let Some(finished) = self.finished {
            finished.fetch_add(self.filled, Ordering::Relaxed);
        }
        let (start, length) = (self.room.as_mut_ptr(), self.room.len());
        // SAFETY: `filled` counts bytes that `put` and `filling` initialised, without gaps, and it is all of them.
        Ok(unsafe { core::slice::from_raw_parts_mut(start.cast(), length) })
    }

    /// Lets a C function fill the next `length` bytes.
    ///
    /// # Safety
    /// When `fill` answers Ok it has initialised all of them. It never reads them before.
    pub(crate) unsafe fn filling(
        &mut self,
        length: usize,
        fill: impl FnOnce(*mut u8) -> Result<(), Unspecified>,
    ) -> Result<(), Unspecified> {
        let place = self.next(length)?.as_mut_ptr().cast();
        fill(place)?;
        self.filled += length;
        Ok(())
    }

    fn next(&mut self, length: usize) -> Result<&mut [MaybeUninit<u8>], Unspecified> {
        self.room
            .get_mut(self.filled..)
            .and_then(|rest| rest.get_mut(..length))
            .ok_or(Unspecified)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn filled(
        fill: impl FnOnce(Out<'_>) -> Result<(), Unspecified>,
    ) -> Result<[u8; 4], Unspecified> {
        let mut room = [MaybeUninit::uninit(); 4];
        let bytes = Room::uninitialised(&mut room).fill(fill)?;
        Ok(bytes.try_into().unwrap())
    }

    #[test]
    fn room_is_handed_out_when_all_of_it_was_filled() {
        let whole = filled(|mut out| {
            out.put(&[1, 2])?;
            assert!(out.put(&[3, 4, 5]).is_err());
            out.put(&[3, 4])?;
            out.finish().map(drop)
        });
        assert_eq!(whole, Ok([1, 2, 3, 4]));
        let short = filled(|mut out| {
            out.put(&[1, 2, 3])?;
            out.finish().map(drop)
        });
        assert!(short.is_err());
        assert!(filled(|_| Ok(())).is_err());
    }

    #[test]
    fn parts_are_filled_in_any_order_and_none_may_be_missing() {
        let whole = filled(|mut out| {
            let mut part = out.split_off(1)?;
            assert!(out.split_off(4).is_err());
            out.put(&[2, 3, 4])?;
            assert!(out.split_off(0).is_err());
            assert_eq!(out.finish()?, [2, 3, 4]);
            part.put(&[1])?;
            part.finish().map(drop)
        });
        assert_eq!(whole, Ok([1, 2, 3, 4]));
        let gap = filled(|mut out| {
            let mut part = out.split_off(2)?;
            part.put(&[1, 2])?;
            part.finish().map(drop)
        });
        assert!(gap.is_err());
    }

    #[test]
    fn room_of_a_failure_holds_zeros() {
        let mut room = [0xEE; 64];
        let failed = Room::new(&mut room).fill(|mut out| {
            out.put(&[1, 2])?;
            Err(Unspecified)
        });
        assert!(failed.is_err());
        assert_eq!(room, [0; 64]);
    }
}
