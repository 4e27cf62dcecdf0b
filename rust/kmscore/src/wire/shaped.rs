//! Values of the declared shapes, as seeds and visitors of serde.

use core::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::decode::{Fault, Reading};
use super::ignore::IgnoreBounded;
use super::{blob, timestamp};
use crate::shapes::{Kind, Structure};
use crate::value::{Members, Value};

/// Reads the members of a structure.
pub(super) struct StructureVisitor<'a> {
    pub(super) shape: &'static Structure,
    pub(super) reading: &'a mut Reading,
}

impl<'de> Visitor<'de> for StructureVisitor<'_> {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shape.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let Self { shape, reading } = self;
        let mut members = Members::with_capacity(shape.members.len());
        let mut seen = 0_u64;
        let outer = reading.place;
        reading.enter()?;
        while let Some(index) = map.next_key_seed(MemberIndex(shape))? {
            let Some(index) = index else {
                map.next_value_seed(IgnoreBounded(reading))?;
                continue;
            };
            let member = &shape.members[index];
            reading.place = member.name;
            if seen & (1 << index) != 0 {
                return Err(reading.refuse("the member stands twice"));
            }
            seen |= 1 << index;
            let kind = &member.kind;
            if let Some(value) = map.next_value_seed(Nullable(KindSeed { kind, reading }))? {
                members.push((member.name, value));
            }
            reading.place = outer;
        }
        reading.leave();
        Ok(members)
    }
}

/// Finds the member that a name stands for; `None` for a name that is not declared.
struct MemberIndex(&'static Structure);

impl<'de> DeserializeSeed<'de> for MemberIndex {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_identifier(self)
    }
}

impl Visitor<'_> for MemberIndex {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.members.iter().position(|member| member.name == name))
    }
}

/// Reads a value or `null`.
struct Nullable<'a>(KindSeed<'a>);

impl<'de> DeserializeSeed<'de> for Nullable<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        value.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Nullable<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(expected(self.0.kind))
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(value).map(Some)
    }
}

/// Reads a value of a kind.
struct KindSeed<'a> {
    kind: &'static Kind,
    reading: &'a mut Reading,
}

impl<'de> DeserializeSeed<'de> for KindSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Value, D::Error> {
        let Self { kind, reading } = self;
        reading.fault = expected(kind);
        match kind {
            Kind::Boolean => bool::deserialize(value).map(Value::Boolean),
            Kind::Integer { .. } => i64::deserialize(value).map(Value::Integer),
            Kind::String { .. } | Kind::Enum(_) => String::deserialize(value).map(Value::String),
            Kind::Blob { .. } => blob::from_json(<&RawValue>::deserialize(value)?.get())
                .map(Value::Blob)
                .map_err(|fault| reading.refuse(fault)),
            Kind::Timestamp => value
                .deserialize_any(timestamp::Timestamp)?
                .map(Value::Timestamp)
                .map_err(|fault| reading.refuse(fault)),
            Kind::List { item, .. } => value
                .deserialize_seq(ListVisitor { item, reading })
                .map(Value::List),
            Kind::Map => value.deserialize_map(MapVisitor(reading)).map(Value::Map),
            Kind::Structure(shape) => value
                .deserialize_map(StructureVisitor { shape, reading })
                .map(Value::Structure),
        }
    }
}

const fn expected(kind: &Kind) -> Fault {
    match kind {
        Kind::Boolean => "true or false was expected",
        Kind::Integer { .. } => "an integer of 64 bits was expected",
        Kind::String { .. } | Kind::Enum(_) => "a string was expected",
        Kind::Blob { .. } => "a string of base64 was expected",
        Kind::Timestamp => {
            "a timestamp was expected: a number of seconds since 1970, or ISO 8601 text"
        }
        Kind::List { .. } => "an array was expected",
        Kind::Map | Kind::Structure(_) => "an object was expected",
    }
}

struct ListVisitor<'a> {
    item: &'static Kind,
    reading: &'a mut Reading,
}

impl<'de> Visitor<'de> for ListVisitor<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let Self { item, reading } = self;
        let mut items = vec![];
        reading.enter()?;
        while let Some(value) = list.next_element_seed(KindSeed {
            kind: item,
            reading,
        })? {
            items.push(value);
        }
        reading.leave();
        Ok(items)
    }
}

struct MapVisitor<'a>(&'a mut Reading);

impl<'de> Visitor<'de> for MapVisitor<'_> {
    type Value = Vec<(String, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = vec![];
        self.0.enter()?;
        while let Some(name) = map.next_key()? {
            self.0.fault = "a value of the map is not a string";
            pairs.push((name, map.next_value()?));
        }
        if has_duplicate(&pairs) {
            return Err(self.0.refuse("a name stands twice in the map"));
        }
        self.0.leave();
        Ok(pairs)
    }
}

/// Sorted, so that a hostile map of many names costs no more than sorting it.
fn has_duplicate(pairs: &[(String, String)]) -> bool {
    let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).any(|two| two[0] == two[1])
}
