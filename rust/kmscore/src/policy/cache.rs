//! Decisions kept under everything they were made from.
//!
//! A compiled policy has a number of its own and says which condition keys it reads, so the key of an entry is: action,
//! resource, owner, principal, grant, the numbers of all policies, and the values of those condition keys. Nothing goes
//! stale, and nothing is kept when a policy reads the time.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::sync::RwLock;

use super::context::Values;
use super::document::Document;
use super::evaluate::{Decision, NamedPolicy, Policies, Question, decide};
use crate::lock;

/// Longer keys are not kept: the memory of a cache is its slots times this.
const KEY_LENGTH: usize = 2_048;

/// Decisions, each in the one slot its key falls into: no chains, so that no caller can make it slow.
pub struct DecisionCache {
    slots: Box<[RwLock<Option<Entry>>]>,
    seed: u64,
}

struct Entry {
    key: Box<[u8]>,
    decision: Decision,
}

impl DecisionCache {
    /// A cache that takes at most this many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let slot = KEY_LENGTH + size_of::<RwLock<Option<Entry>>>();
        let count = (bytes / slot).max(1);
        Self {
            slots: (0..count).map(|_| RwLock::new(None)).collect(),
            seed: RandomState::new().hash_one(0),
        }
    }

    /// As [`decide`].
    #[must_use]
    pub fn decide(&self, question: &Question<'_>) -> Decision {
        let mut key = Key(BUFFER.take());
        key.0.clear();
        let decision = if key.write(question) {
            self.look_up(&key.0, question)
        } else {
            decide(question)
        };
        if key.0.capacity() <= 2 * KEY_LENGTH {
            BUFFER.set(key.0);
        }
        decision
    }

    fn look_up(&self, key: &[u8], question: &Question<'_>) -> Decision {
        let (_, index) = halves(u128::from(mix(self.seed, key)) * self.slots.len() as u128);
        let slot = &self.slots[usize::try_from(index).unwrap_or_default()];
        if let Some(entry) = &*lock::read(slot)
            && *entry.key == *key
        {
            return entry.decision;
        }
        let decision = decide(question);
        *lock::write(slot) = Some(Entry {
            key: key.into(),
            decision,
        });
        decision
    }
}

thread_local! {
    /// Keys are written here, one at a time; a context that asks the cache itself finds it empty and loses nothing.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Sixteen bytes a step: a weak hash costs hits, never answers.
fn mix(seed: u64, bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |one: u64, other: u64| {
        let (low, high) = halves(u128::from(one) * u128::from(other));
        low ^ high
    };
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let (words, tail) = bytes.as_chunks::<8>();
    let (pairs, single) = words.as_chunks::<2>();
    let step = |hash: u64, [one, two]: &[[u8; 8]; 2]| fold(hash ^ word(one), ODD ^ word(two));
    let mut hash = pairs.iter().fold(seed, step);
    let mut last = [0; 8];
    last[..tail.len()].copy_from_slice(tail);
    hash = fold(hash ^ single.first().map_or(0, word), ODD ^ word(&last));
    fold(hash ^ bytes.len() as u64, ODD)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the low half is what is asked for"
)]
const fn halves(product: u128) -> (u64, u64) {
    (product as u64, (product >> 64) as u64)
}

/// Every part with its length, so that two questions never share a key.
struct Key(Vec<u8>);

impl Key {
    /// `false` when the decision may not be kept.
    fn write(&mut self, question: &Question<'_>) -> bool {
        let Question {
            action,
            resource,
            owner,
            principal,
            key_policy,
            policies,
            granted,
            ..
        } = question;
        self.text(action);
        self.text(resource);
        self.optional(*owner);
        self.0.push(principal.kind() as u8);
        self.text(principal.arn());
        self.optional(principal.issuer());
        self.optional(principal.provider());
        self.optional(granted.map(|grant| grant.id));
        self.optional(granted.map(|grant| grant.grantee));
        self.documents(*key_policy, policies);
        let documents = || key_policy.iter().copied().chain(documents(policies));
        if documents().any(Document::is_volatile) {
            return false;
        }
        for key in documents().flat_map(Document::condition_keys) {
            self.values(&question.context.values(key));
            if self.0.len() > KEY_LENGTH {
                return false;
            }
        }
        self.0.len() <= KEY_LENGTH
    }

    fn documents(&mut self, key_policy: Option<&Document>, policies: &Policies<'_>) {
        self.number(key_policy.map_or(0, Document::identity));
        self.list(policies.identity);
        self.list(policies.boundary);
        self.list(policies.session);
        self.length(policies.service_control.len());
        policies
            .service_control
            .iter()
            .for_each(|level| self.list(level));
        self.length(policies.resource_control.len());
        policies
            .resource_control
            .iter()
            .for_each(|level| self.list(level));
        self.list(policies.vpc_endpoint);
    }

    /// No document has the number 0, which ends a list.
    fn list<'p>(&mut self, policies: impl IntoIterator<Item = &'p NamedPolicy>) {
        policies
            .into_iter()
            .for_each(|named| self.number(named.document.identity()));
        self.number(0);
    }

    fn values(&mut self, values: &Values<'_>) {
        match values {
            Values::Missing => self.0.push(0),
            Values::One(value) => {
                self.0.push(1);
                self.text(value);
            }
            Values::Many(values) => {
                self.0.push(2);
                self.length(values.len());
                values.iter().for_each(|value| self.text(value));
            }
        }
    }

    fn optional(&mut self, text: Option<&str>) {
        self.0.push(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn length(&mut self, length: usize) {
        // No text of a request is as long as four bytes can tell; one that were has a key too long to keep.
        self.0
            .extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    }
}

fn documents<'a>(policies: &Policies<'a>) -> impl Iterator<Item = &'a Document> {
    let levels = policies
        .service_control
        .iter()
        .chain(policies.resource_control);
    let single = policies.boundary.into_iter().chain(policies.vpc_endpoint);
    let several = policies.identity.iter().chain(policies.session);
    let all = several.chain(single).chain(levels.flatten());
    all.map(|named| &*named.document)
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
