//! Reading the members of a record that are counted, without copying them.

use core::fmt;
use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A record, as far as counting needs it.
#[derive(Default)]
pub(super) struct Line<'a> {
    pub(super) number: u64,
    pub(super) request_id: Text<'a>,
    pub(super) time: i64,
    pub(super) operation: Text<'a>,
    pub(super) caller: Text<'a>,
    pub(super) region: Text<'a>,
    pub(super) outcome: Text<'a>,
    pub(super) rows: Option<(u64, u64)>,
    /// The AWS service through which the call came.
    pub(super) via: Text<'a>,
    /// The spec of the data key pair that was asked for.
    pub(super) pair_spec: Text<'a>,
    account: Option<Text<'a>>,
    resources: Vec<Text<'a>>,
}

/// The record in a line; `None` when there is none.
pub(super) fn parse(line: &[u8]) -> Option<Line<'_>> {
    let tab = line.iter().rposition(|&byte| byte == b'\t')?;
    serde_json::from_slice(&line[..tab]).ok()
}

impl Line<'_> {
    /// The caller's account; the service has none.
    pub(super) fn account(&self) -> Option<&str> {
        match &self.account {
            Some(account) => Some(account),
            None => self.caller.split(':').nth(4),
        }
    }

    /// The ARNs of its keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let resources = self.resources.iter().map(|resource| &**resource);
        resources.filter(|resource| resource.contains(":key/"))
    }
}

/// A string that is copied only when it had escapes.
#[derive(Default)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl core::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        value.deserialize_str(Texts)
    }
}

struct Texts<'a>(Vec<Text<'a>>);

impl<'de> Deserialize<'de> for Texts<'de> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        struct Items;
        impl<'de> Visitor<'de> for Items {
            type Value = Texts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of strings")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts<'de>, A::Error> {
                let mut texts = vec![];
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        value.deserialize_seq(Items)
    }
}

/// Of a request, the spec of the data key pair.
struct Asked<'a>(Text<'a>);

impl<'de> Deserialize<'de> for Asked<'de> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Asked<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("members of a request")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Asked<'de>, A::Error> {
                let mut asked = Asked(Text::default());
                while let Some(name) = map.next_key::<Text<'de>>()? {
                    match &*name {
                        "KeyPairSpec" => asked.0 = map.next_value()?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(asked)
            }
        }
        value.deserialize_map(Members)
    }
}

impl<'de> Deserialize<'de> for Line<'de> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Line<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an audit record")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line<'de>, A::Error> {
                let mut line = Line::default();
                let (mut rows, mut failed_rows) = (None, 0);
                while let Some(name) = map.next_key::<Text<'de>>()? {
                    match &*name {
                        "n" => line.number = map.next_value()?,
                        "id" => line.request_id = map.next_value()?,
                        "time" => line.time = map.next_value()?,
                        "op" => line.operation = map.next_value()?,
                        "caller" => line.caller = map.next_value()?,
                        "region" => line.region = map.next_value()?,
                        "outcome" => line.outcome = map.next_value()?,
                        "account" => line.account = Some(map.next_value()?),
                        "resources" => line.resources = map.next_value::<Texts<'de>>()?.0,
                        "request" => line.pair_spec = map.next_value::<Asked<'de>>()?.0,
                        "via" => line.via = map.next_value()?,
                        "rows" => rows = Some(map.next_value()?),
                        "failed_rows" => failed_rows = map.next_value()?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                line.rows = rows.map(|rows| (rows, failed_rows));
                Ok(line)
            }
        }
        value.deserialize_map(Members)
    }
}
