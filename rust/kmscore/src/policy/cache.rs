//! Remembering what was allowed.
//!
//! A decision is remembered under everything it rests on: the caller, the compiled policies, the action, and the value
//! of each condition key that any of the policies reads. Policies that read the time are asked each time.

use std::collections::HashSet;
use std::sync::Mutex;

use super::context::{Context, Values};
use crate::lock;

/// Keys that change by themselves.
const OF_TIME: &[&str] = &[
    "aws:currenttime",
    "aws:epochtime",
    "aws:multifactorauthage",
    "kms:trailingdayswithoutkeyusage",
];
/// The most that is remembered of one KMS key.
const ENTRIES: usize = 64;
/// Longer ones are rare and not worth their room.
const LONGEST: usize = 1024;

/// What was allowed on one resource whose policies do not change while it lives.
#[derive(Default)]
pub struct Allowances(Mutex<HashSet<Box<[u8]>>>);

/// Everything that a decision on that resource rests on.
#[derive(Default)]
pub struct Ground(Vec<u8>);

impl Ground {
    /// The ground of a decision; `None` when it changes with time.
    ///
    /// `serials` stand for the caller and for each set of compiled policies, `keys` are the condition keys that they read.
    pub fn of<'k>(
        serials: &[u64],
        action: &str,
        keys: impl Iterator<Item = &'k str>,
        context: &dyn Context,
    ) -> Option<Self> {
        let mut ground = Vec::with_capacity(128);
        for serial in serials {
            ground.extend_from_slice(&serial.to_le_bytes());
        }
        push(&mut ground, action);
        for key in keys {
            if OF_TIME.contains(&key) {
                return None;
            }
            match context.values(key) {
                Values::Absent => ground.push(0),
                Values::One(value) => {
                    ground.push(1);
                    push(&mut ground, &value);
                }
                Values::Many(values) => {
                    ground.push(2);
                    ground.extend_from_slice(&(values.len() as u64).to_le_bytes());
                    for value in values {
                        push(&mut ground, &value);
                    }
                }
            }
        }
        (ground.len() <= LONGEST).then_some(Self(ground))
    }
}

impl Allowances {
    /// Whether it was allowed on this ground.
    pub fn has(&self, ground: &Ground) -> bool {
        lock::lock(&self.0).contains(ground.0.as_slice())
    }

    /// Remembers that it was.
    pub fn note(&self, ground: Ground) {
        let mut known = lock::lock(&self.0);
        if known.len() >= ENTRIES {
            known.clear();
        }
        known.insert(ground.0.into_boxed_slice());
    }

    /// The most memory it takes.
    pub const BOUND: usize = ENTRIES * 256;
}

fn push(ground: &mut Vec<u8>, text: &str) {
    ground.extend_from_slice(&(text.len() as u64).to_le_bytes());
    ground.extend_from_slice(text.as_bytes());
}
