//! Random bytes from AWS-LC's DRBG, which is seeded by the operating system and notices forks by itself.

use std::sync::{Mutex, PoisonError};

use kmscore_sys::fork::{HoldOff, PerProcess};
use kmscore_sys::pages::SecretBuffer;

use crate::Unspecified;
use crate::cleanse::{Cleansed, zeroize_slice};

/// One call for this many bytes costs 0.15 ns a byte; one call for 32 bytes costs 13 ns a byte.
const POOL: usize = 32 * 1024;
/// Requests longer than this gain nothing from the pool.
const POOLED: usize = 2048;
/// Bytes of data keys that are drawn ahead. Few: who reads the memory learns the next data keys from them, as from the
/// generator's own state.
const KEY_POOL: usize = 1024;
const KEY_POOLED: usize = 128;

type Shared = PerProcess<Mutex<Option<Pool>>>;

static NONCES: Shared = PerProcess::new();
static KEYS: Shared = PerProcess::new();

/// Fills `out` with random bytes for keys.
pub fn fill(out: &mut [u8]) -> Result<(), Unspecified> {
    static HEALTHY: PerProcess<bool> = PerProcess::new();
    if !HEALTHY.get_or_make(|| is_healthy(draw)) {
        return Err(Unspecified);
    }
    draw(out)
}

/// Fills `out` with random bytes that will be public: the N of a ciphertext, a request id. They come from a pool.
///
/// Parent and child of a fork never get the same bytes: the pool is wiped in the child, and refused there.
pub fn nonces(out: &mut [u8]) -> Result<(), Unspecified> {
    if out.len() > POOLED {
        return fill(out);
    }
    take_from(&NONCES, POOL, out)
}

/// Fills `out` with a data key. Short ones come from a small pool of their own, never from that of public bytes.
pub fn data_key(out: &mut [u8]) -> Result<(), Unspecified> {
    if out.len() > KEY_POOLED {
        return fill(out);
    }
    take_from(&KEYS, KEY_POOL, out)
}

fn take_from(shared: &'static Shared, size: usize, out: &mut [u8]) -> Result<(), Unspecified> {
    // A panic while the lock is held loses the pool at most: a half-used one is wiped up to `used` or drawn anew.
    let mut place = shared
        .get_or_make(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(pool) = place.as_mut()
        && pool.take(out).is_ok()
    {
        return Ok(());
    }
    place.insert(Pool::fresh(size)?).take(out)
}

struct Pool {
    bytes: SecretBuffer,
    used: usize,
}

impl Pool {
    fn fresh(size: usize) -> Result<Self, Unspecified> {
        let mut bytes = SecretBuffer::new(size).map_err(|_| Unspecified)?;
        fill(bytes.expose_mut()?)?;
        Ok(Self { bytes, used: 0 })
    }

    /// Hands out the next bytes and wipes them here. An error when too few are left, or they are a parent's.
    fn take(&mut self, out: &mut [u8]) -> Result<(), Unspecified> {
        let end = self.used + out.len();
        let taken = self
            .bytes
            .expose_mut()?
            .get_mut(self.used..end)
            .ok_or(Unspecified)?;
        self.used = end;
        out.copy_from_slice(taken);
        zeroize_slice(taken);
        Ok(())
    }
}

fn draw(out: &mut [u8]) -> Result<(), Unspecified> {
    // A child forked while another thread is in the generator would wait for that thread's lock.
    let _hold = HoldOff::begin();
    // SAFETY: the pointer and length are those of one exclusive slice.
    if unsafe { aws_lc_sys::RAND_bytes(out.as_mut_ptr(), out.len()) } == 1 {
        Ok(())
    } else {
        Err(Unspecified)
    }
}

/// A source that repeats itself or is stuck at zero is refused for good (SP 800-90B 4.4 asks for more of an entropy
/// source; this stands behind AWS-LC's own tests and catches a replaced or broken one).
fn is_healthy(mut source: impl FnMut(&mut [u8]) -> Result<(), Unspecified>) -> bool {
    let (mut one, mut other) = (Cleansed([0; 32]), Cleansed([0; 32]));
    if source(&mut one.0).is_err() || source(&mut other.0).is_err() {
        return false;
    }
    one.0 != other.0 && one.0 != [0; 32] && other.0 != [0; 32]
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_source_that_fails_repeats_or_is_stuck_at_zero_is_refused() {
        assert!(is_healthy(draw));
        assert!(!is_healthy(|_| Err(Unspecified)));
        assert!(!is_healthy(|_| Ok(())));
        assert!(!is_healthy(|out| {
            out.fill(7);
            Ok(())
        }));
        let mut calls = 0;
        assert!(!is_healthy(|out| {
            calls += 1;
            if calls == 1 {
                draw(out)
            } else {
                Err(Unspecified)
            }
        }));
    }

    #[test]
    fn nonces_of_many_threads_never_repeat() {
        let draw_many = || {
            let mut drawn = vec![[0_u8; 32]; 4000];
            drawn.iter_mut().for_each(|nonce| nonces(nonce).unwrap());
            drawn
        };
        let all = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(draw_many)).collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect::<HashSet<_>>()
        });
        assert_eq!(all.len(), 16_000);
    }

    #[test]
    fn every_length_is_filled() {
        for draw in [nonces, data_key] {
            for length in [0, 1, 32, KEY_POOLED + 1, POOLED, POOLED + 1, POOL, POOL + 1] {
                let mut out = vec![0; length];
                draw(&mut out).unwrap();
                assert!(length < 32 || out.chunks_exact(32).all(|piece| piece != [0; 32]));
            }
        }
    }

    #[test]
    fn data_keys_never_repeat() {
        let mut drawn = vec![[0_u8; 32]; 4000];
        drawn.iter_mut().for_each(|key| data_key(key).unwrap());
        assert_eq!(drawn.into_iter().collect::<HashSet<_>>().len(), 4000);
    }

    #[test]
    fn taken_bytes_are_wiped_and_a_short_pool_gives_nothing() {
        let mut pool = Pool::fresh(POOL).unwrap();
        let mut out = [0; 1000];
        pool.take(&mut out).unwrap();
        assert!(
            pool.bytes.expose().unwrap()[..1000]
                .iter()
                .all(|byte| *byte == 0)
        );
        pool.used = POOL - 999;
        let before = out;
        assert_eq!(pool.take(&mut out), Err(Unspecified));
        assert_eq!(out, before);
        assert!(pool.take(&mut out[..999]).is_ok());
    }
}
