//! Large results in large pages: the first touch of a small page costs more than sealing its bytes.

use core::mem::MaybeUninit;

/// Shorter memory gains nothing.
const WORTH_IT: usize = 2 * 1024 * 1024;

/// Asks the system to back memory that is about to be written with huge pages. Nothing is lost where it declines.
pub fn advise(memory: &mut [MaybeUninit<u8>]) {
    if memory.len() < WORTH_IT {
        return;
    }
    let page = rustix::param::page_size();
    let start = memory.as_mut_ptr();
    let skipped = start.align_offset(page);
    let length = (memory.len() - skipped) / page * page;
    #[cfg(target_os = "linux")]
    // SAFETY: whole pages within one exclusive slice, and the advice changes no contents.
    let _ = unsafe {
        rustix::mm::madvise(
            start.add(skipped).cast(),
            length,
            rustix::mm::Advice::LinuxHugepage,
        )
    };
    #[cfg(not(target_os = "linux"))]
    let _ = length;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_any_length_keeps_its_bytes() {
        for length in [0, 1, WORTH_IT - 1, WORTH_IT, WORTH_IT + 4097] {
            let mut memory = vec![MaybeUninit::new(7_u8); length];
            advise(&mut memory);
            // SAFETY: every byte was initialised above.
            assert!(memory.iter().all(|byte| unsafe { byte.assume_init() } == 7));
        }
    }
}
