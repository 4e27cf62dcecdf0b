//! Does the time of an operation depend on what it is given? Welch's t-test over interleaved timings, after Reparaz,
//! Balasch and Verbauwhede, "Dude, is my code constant time?" (DATE 2017).

#![allow(
    clippy::print_stdout,
    reason = "whoever runs this wants to see the figures"
)]

use std::hint::black_box;
use std::sync::atomic::{Ordering, fence};
use std::time::Instant;

/// Where dudect speaks of a leak that is certain.
const LEAK: f64 = 10.0;
/// What two runs over the same inputs may differ by.
const QUIET: f64 = 5.0;
/// A machine that was disturbed is asked again this often at most.
const ATTEMPTS: usize = 5;

/// Inputs of the two classes: equally long, and equally many.
pub(crate) struct Classes {
    pub(crate) one: Vec<Vec<u8>>,
    pub(crate) other: Vec<Vec<u8>>,
    /// What the planted leak compares the end of an input with: the classes differ from it at different places.
    pub(crate) leak: Vec<u8>,
}

impl Classes {
    /// Copies of `right`, wrong in the first of these bytes, and wrong in the last.
    pub(crate) fn wrong_within(right: &[u8], bytes: core::ops::Range<usize>) -> Self {
        let wrong_at = |at: usize| {
            (1..=64_u8)
                .map(|mask| {
                    let mut wrong = right.to_vec();
                    wrong[at] ^= mask;
                    wrong
                })
                .collect()
        };
        Self {
            one: wrong_at(bytes.start),
            other: wrong_at(bytes.end - 1),
            leak: right.to_vec(),
        }
    }
}

/// Holds `work` to taking the same time for both classes.
///
/// # Panics
/// The times differ; or the run is void, because it did not find a leak that was planted, or found one where there is
/// none.
pub(crate) fn assert_constant_time(
    name: &str,
    samples: usize,
    classes: &Classes,
    work: impl Fn(&[u8]),
) {
    let leaking = |input: &[u8]| {
        work(input);
        let end = &input[input.len() - classes.leak.len()..];
        black_box(naive_equal(black_box(end), black_box(&classes.leak)));
    };
    let mut found = vec![];
    for _ in 0..ATTEMPTS {
        let same = t(samples, &classes.one, &classes.one, &work);
        let planted = t(samples, &classes.one, &classes.other, &leaking);
        let real = t(samples, &classes.one, &classes.other, &work);
        println!("{name}: |t| {real:.1}; same inputs {same:.1}; planted leak {planted:.1}");
        if same > QUIET || planted < LEAK {
            found.push("void");
        } else if real < LEAK {
            return;
        } else {
            found.push("leak");
        }
    }
    panic!("{name}: {found:?} in {ATTEMPTS} attempts of {samples} samples");
}

/// The planted leak: it takes some nanoseconds a byte and ends at the first that differs.
fn naive_equal(one: &[u8], other: &[u8]) -> bool {
    let mut bytes = one.iter().zip(other);
    bytes.all(|(one, other)| (0..8).all(|_| black_box(*one) == black_box(*other)))
}

/// The largest |t| over several croppings: slow outliers are the machine's.
#[allow(
    clippy::cast_precision_loss,
    reason = "nanoseconds and counts are far below 2^53"
)]
fn t(samples: usize, one: &[Vec<u8>], other: &[Vec<u8>], work: &impl Fn(&[u8])) -> f64 {
    let mut input = one[0].clone();
    let classes = random_classes(samples);
    let mut times = vec![0.0; samples];
    for (number, (class, time)) in classes.iter().zip(&mut times).enumerate() {
        // Both inputs are read and one is kept, without a branch: neither the predictor of branches nor a cache can
        // tell the classes apart.
        let (one, other) = (&one[number % one.len()], &other[number % other.len()]);
        let keep_other = black_box(class.wrapping_neg());
        for (kept, (one, other)) in input.iter_mut().zip(one.iter().zip(other)) {
            *kept = one ^ (keep_other & (one ^ other));
        }
        fence(Ordering::SeqCst);
        let start = Instant::now();
        work(black_box(&input));
        *time = start.elapsed().as_nanos() as f64;
    }
    let taken: Vec<(bool, f64)> = classes.iter().map(|class| *class == 1).zip(times).collect();
    let mut sorted: Vec<f64> = taken.iter().map(|(_, time)| *time).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let crops = [0.5, 0.75, 0.9, 0.97, 0.99].map(|part: f64| {
        let place = samples as f64 * part;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in the list"
        )]
        sorted[place as usize]
    });
    let welches = crops.map(|limit| {
        let kept = |class: bool| {
            let of_class = move |sample: &&(bool, f64)| sample.0 == class && sample.1 <= limit;
            taken.iter().filter(of_class).map(|sample| sample.1)
        };
        welch(kept(false), kept(true))
    });
    welches.into_iter().fold(0.0, f64::max)
}

/// 0 or 1 for each sample, by xorshift: known before anything is timed.
fn random_classes(samples: usize) -> Vec<u8> {
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        u8::from(random >> 63 == 1)
    };
    (0..samples).map(|_| next()).collect()
}

#[allow(clippy::cast_precision_loss, reason = "as above")]
fn welch(one: impl Iterator<Item = f64>, other: impl Iterator<Item = f64>) -> f64 {
    let describe = |times: Vec<f64>| {
        let count = times.len() as f64;
        let mean = times.iter().sum::<f64>() / count;
        let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let (one, other) = (describe(one.collect()), describe(other.collect()));
    let spread = (one.1 + other.1).sqrt();
    if spread > 0.0 {
        (one.0 - other.0).abs() / spread
    } else {
        0.0
    }
}
