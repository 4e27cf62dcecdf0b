//! What a request tells to condition keys.

use std::borrow::Cow;

/// The value of a condition key in one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values<'a> {
    /// The request does not have the key.
    Absent,
    /// A single-valued key.
    One(Cow<'a, str>),
    /// A multivalued key.
    Many(Vec<Cow<'a, str>>),
}

impl<'a> Values<'a> {
    /// A text that may be absent.
    #[must_use]
    pub fn text(value: Option<&'a str>) -> Self {
        value.map_or(Self::Absent, |value| Self::One(Cow::Borrowed(value)))
    }

    /// A truth value.
    #[must_use]
    pub const fn truth(value: bool) -> Self {
        Self::One(Cow::Borrowed(if value { "true" } else { "false" }))
    }

    /// A number that may be absent.
    #[must_use]
    pub fn number(value: Option<i64>) -> Self {
        value.map_or(Self::Absent, |value| {
            Self::One(Cow::Owned(value.to_string()))
        })
    }

    /// A multivalued key; absent when there is no value.
    pub fn many(values: impl IntoIterator<Item = &'a str>) -> Self {
        let values: Vec<_> = values.into_iter().map(Cow::Borrowed).collect();
        if values.is_empty() {
            return Self::Absent;
        }
        Self::Many(values)
    }

    pub(super) fn as_slice(&self) -> Option<&[Cow<'a, str>]> {
        match self {
            Self::Absent => None,
            Self::One(value) => Some(core::slice::from_ref(value)),
            Self::Many(values) => Some(values),
        }
    }
}

/// Values of condition keys, looked up when a policy asks for them.
pub trait Context {
    /// The value of a key, named in lower case.
    fn values(&self, key: &str) -> Values<'_>;
}

/// Condition keys that are known beforehand: questions of simulations and tests.
#[derive(Debug, Default)]
pub struct Pairs(Vec<(String, PairValue)>);

#[derive(Debug)]
enum PairValue {
    One(String),
    Many(Vec<String>),
}

impl Pairs {
    /// Adds a single-valued key.
    pub fn set(&mut self, key: &str, value: &str) {
        self.0
            .push((key.to_ascii_lowercase(), PairValue::One(value.to_owned())));
    }

    /// Adds a multivalued key.
    pub fn set_many(&mut self, key: &str, values: Vec<String>) {
        self.0
            .push((key.to_ascii_lowercase(), PairValue::Many(values)));
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Pairs {
    fn from(pairs: [(&str, &str); N]) -> Self {
        let mut found = Self::default();
        for (key, value) in pairs {
            found.set(key, value);
        }
        found
    }
}

impl Context for Pairs {
    fn values(&self, key: &str) -> Values<'_> {
        match self.0.iter().find(|(name, _)| name == key) {
            None => Values::Absent,
            Some((_, PairValue::One(value))) => Values::text(Some(value)),
            Some((_, PairValue::Many(values))) => {
                Values::Many(values.iter().map(|v| Cow::Borrowed(v.as_str())).collect())
            }
        }
    }
}
