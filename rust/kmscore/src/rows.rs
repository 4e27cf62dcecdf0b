//! Many pieces of work of one call, on several threads, and what they come to.

/// One row: what to read, or nothing for a null, and where its result goes, of exactly the right length.
pub struct Row<'a> {
    /// The input; `None` is a null and stays one.
    pub input: Option<&'a [u8]>,
    /// Room for the result.
    pub output: &'a mut [u8],
}

/// Results of which only the longest length is known beforehand: one after the other, each in room of that length.
pub struct MadeRows {
    room: usize,
    bytes: Vec<u8>,
    lengths: Vec<usize>,
}

/// Where the result of one row goes.
pub(crate) struct Place<'a> {
    room: &'a mut [u8],
    length: &'a mut usize,
}

impl MadeRows {
    /// Room for every row, none of which has a result yet. `None`: there is not as much memory.
    pub(crate) fn new(rows: usize, room: usize) -> Option<Self> {
        let length = rows.checked_mul(room)?;
        let mut bytes = vec![];
        bytes.try_reserve_exact(length).ok()?;
        bytes.resize(length, 0);
        Some(Self {
            room,
            bytes,
            lengths: vec![0; rows],
        })
    }

    pub(crate) fn places(&mut self) -> impl Iterator<Item = Place<'_>> {
        let rooms = self.bytes.chunks_exact_mut(self.room);
        rooms
            .zip(&mut self.lengths)
            .map(|(room, length)| Place { room, length })
    }

    /// How many rows there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.lengths.len()
    }

    /// Bytes of the room of each row.
    #[must_use]
    pub const fn room(&self) -> usize {
        self.room
    }

    /// The room of each row, zero where the result does not fill it.
    pub fn rooms(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.room)
    }

    /// The result of each row; empty for a null and for a row that failed.
    pub fn results(&self) -> impl Iterator<Item = &[u8]> {
        self.rooms()
            .zip(&self.lengths)
            .map(|(room, length)| &room[..*length])
    }
}

impl Place<'_> {
    /// Puts a result there. `None`: it is longer than was said.
    pub(crate) fn put(&mut self, result: &[u8]) -> Option<()> {
        self.room.get_mut(..result.len())?.copy_from_slice(result);
        *self.length = result.len();
        Some(())
    }
}

/// Rows that failed: their numbers and why.
pub type RowErrors<E> = Vec<(usize, E)>;

/// A thread of a call panicked.
#[derive(Debug, Clone, Copy)]
pub struct Panicked;

/// Splits rows evenly over threads; `work` gets the number of its first row.
pub(crate) fn in_parallel<R, E, F>(
    rows: &mut [R],
    threads: usize,
    work: F,
) -> Result<RowErrors<E>, E>
where
    R: Send,
    E: Send + From<Panicked>,
    F: Fn(usize, &mut [R]) -> Result<RowErrors<E>, E> + Sync,
{
    let size = rows.len().div_ceil(threads.max(1)).max(1);
    let parts: Vec<_> = rows
        .chunks_mut(size)
        .enumerate()
        .map(|(index, part)| (index * size, part))
        .collect();
    let errors = map_parallel(parts, |(first, part)| work(first, part))?;
    Ok(errors.into_iter().flatten().collect())
}

/// Does every piece of work, each but the first on a thread of its own.
pub(crate) fn map_parallel<T, R, E, F>(pieces: Vec<T>, work: F) -> Result<Vec<R>, E>
where
    T: Send,
    R: Send,
    E: Send + From<Panicked>,
    F: Fn(T) -> Result<R, E> + Sync,
{
    if pieces.len() < 2 {
        return pieces.into_iter().map(work).collect();
    }
    let work = &work;
    std::thread::scope(|scope| {
        let mut pieces = pieces.into_iter();
        let first = pieces.next();
        let others: Vec<_> = pieces
            .map(|piece| scope.spawn(move || work(piece)))
            .collect();
        let mut done: Vec<Result<R, E>> = first.into_iter().map(work).collect();
        for other in others {
            done.push(other.join().unwrap_or_else(|_| Err(Panicked.into())));
        }
        done.into_iter().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_rows_know_their_lengths_and_keep_to_their_room() {
        let Some(mut made) = MadeRows::new(3, 4) else {
            panic!("12 bytes are to be had");
        };
        let mut places: Vec<_> = made.places().collect();
        assert_eq!(places[0].put(b"abcd"), Some(()));
        assert_eq!(places[1].put(b"abcde"), None);
        assert_eq!(places[2].put(b"xy"), Some(()));
        drop(places);
        assert_eq!(
            made.results().collect::<Vec<_>>(),
            [&b"abcd"[..], b"", b"xy"]
        );
        assert_eq!(
            made.rooms().collect::<Vec<_>>(),
            [b"abcd", b"\0\0\0\0", b"xy\0\0"]
        );
        assert!(MadeRows::new(usize::MAX, 4).is_none());
    }
}
