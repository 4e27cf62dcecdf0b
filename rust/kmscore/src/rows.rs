//! Many pieces of work of one call, on several threads.

/// One row: what to read, or nothing for a null, and where its result goes, of exactly the right length.
pub struct Row<'a> {
    /// The input; `None` is a null and stays one.
    pub input: Option<&'a [u8]>,
    /// Room for the result.
    pub output: &'a mut [u8],
}

/// Rows that failed: their numbers and why.
pub type RowErrors<E> = Vec<(usize, E)>;

/// A thread of a call panicked.
#[derive(Debug, Clone, Copy)]
pub struct Panicked;

/// Splits rows evenly over threads; `work` gets the number of its first row.
pub(crate) fn in_parallel<'r, 'd: 'r, E, F>(
    rows: &'r mut [Row<'d>],
    threads: usize,
    work: F,
) -> Result<RowErrors<E>, E>
where
    E: Send + From<Panicked>,
    F: Fn(usize, &mut [Row<'d>]) -> Result<RowErrors<E>, E> + Sync,
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
