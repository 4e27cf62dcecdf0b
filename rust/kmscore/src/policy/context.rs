//! Condition keys and the values a request has for them.

use std::borrow::Cow;

use super::vocabulary::{self, KnownKey};

/// The name of a condition key: letter case does not count, and known names are found without comparing texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConditionKey {
    name: Box<str>,
    known: Option<usize>,
}

impl ConditionKey {
    /// The key of this name, in any letter case.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let name = name.to_lowercase();
        Self {
            known: vocabulary::index(&name),
            name: name.into(),
        }
    }

    /// The name in lower case (`kms:encryptioncontext:app`).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The row of [`vocabulary::CONDITION_KEYS`].
    #[must_use]
    pub const fn index(&self) -> Option<usize> {
        self.known
    }

    /// What is known of it.
    #[must_use]
    pub fn known(&self) -> Option<&'static KnownKey> {
        self.known.map(|index| &vocabulary::CONDITION_KEYS[index])
    }

    /// What follows the name of a family: `app` in `kms:encryptioncontext:app`, in lower case.
    #[must_use]
    pub fn member(&self) -> Option<&str> {
        let known = self.known().filter(|known| known.family)?;
        self.name.get(known.name.len()..)
    }

    /// Its value moves with time, so that a decision which read it cannot be kept.
    #[must_use]
    pub fn is_volatile(&self) -> bool {
        self.known().is_some_and(|known| known.volatile)
    }
}

/// What a request has for a condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values<'a> {
    /// The key is not in the request context.
    Missing,
    /// A single-valued key.
    One(Cow<'a, str>),
    /// A multivalued key; an empty list counts as missing.
    Many(Vec<Cow<'a, str>>),
}

impl<'a> Values<'a> {
    /// A single value that the context holds as text.
    #[must_use]
    pub const fn text(value: &'a str) -> Self {
        Self::One(Cow::Borrowed(value))
    }

    /// The values, none when the key is missing.
    #[must_use]
    pub fn as_slice(&self) -> &[Cow<'a, str>] {
        match self {
            Self::Missing => &[],
            Self::One(value) => core::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// The request context: asked lazily, and only for keys that the policies name.
///
/// Numbers are decimal text, dates ISO 8601 or epoch seconds, booleans `true` and `false`, binary values base64.
pub trait Context {
    /// The values of a condition key.
    fn values(&self, key: &ConditionKey) -> Values<'_>;
}

/// A context held as a list, for tests and for questions asked by hand.
#[derive(Debug, Clone, Default)]
pub struct Facts(Vec<(String, Fact)>);

#[derive(Debug, Clone)]
enum Fact {
    One(String),
    Many(Vec<String>),
}

impl Facts {
    /// Sets a single-valued key.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_lowercase(), Fact::One(value.into())));
    }

    /// Sets a multivalued key.
    pub fn set_many(&mut self, name: &str, values: Vec<String>) {
        self.0.push((name.to_lowercase(), Fact::Many(values)));
    }
}

impl Context for Facts {
    fn values(&self, key: &ConditionKey) -> Values<'_> {
        let found = self.0.iter().rev().find(|(name, _)| name == key.name());
        match found.map(|(_, fact)| fact) {
            None => Values::Missing,
            Some(Fact::One(value)) => Values::text(value),
            Some(Fact::Many(values)) => {
                Values::Many(values.iter().map(|value| Cow::Borrowed(&**value)).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn condition_keys_ignore_case_and_know_their_family() {
        let key = ConditionKey::new("KMS:EncryptionContext:App");
        assert_eq!(key, ConditionKey::new("kms:encryptioncontext:aPP"));
        assert_eq!(key.member(), Some("app"));
        assert_eq!(ConditionKey::new("aws:SourceIp").member(), None);
        assert!(ConditionKey::new("AWS:currenttime").is_volatile());
        assert_eq!(ConditionKey::new("kms:Nothing").index(), None);
    }
}
