//! From a body to a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::reader::{Fault, Next, Reader, Text};
use super::timestamp;
use crate::error::{Error, ErrorCode, Result};
use crate::shapes::{Kind, Operation, Structure};
use crate::value::{Members, Request, Value};

/// Reads the members that the operation declares; others are ignored, and `null` is as good as absent.
///
/// # Errors
/// `SerializationException`: the body is no JSON object, a member is of a wrong kind, or a name stands twice. The text names
/// the member, never its value.
pub fn decode(operation: &Operation, body: &[u8]) -> Result<Request> {
    let mut place = "";
    read(operation.input, body, &mut place)
        .map(Request::new)
        .map_err(|fault| {
            let text = if place.is_empty() {
                fault.to_owned()
            } else {
                format!("{place}: {fault}")
            };
            Error::new(ErrorCode::Serialization, text)
        })
}

type Decoded<T> = core::result::Result<T, Fault>;

/// `place` is the member being read, for the error text.
fn read(shape: &'static Structure, body: &[u8], place: &mut &'static str) -> Decoded<Members> {
    let mut reader = Reader::new(body)?;
    if reader.peek()? != Next::Object {
        return Err("the body is not a JSON object");
    }
    let members = structure(&mut reader, shape, place)?;
    reader.end()?;
    Ok(members)
}

fn structure(
    reader: &mut Reader<'_>,
    shape: &'static Structure,
    place: &mut &'static str,
) -> Decoded<Members> {
    let mut members = Members::with_capacity(shape.members.len());
    let mut seen = 0_u64;
    let outer = *place;
    reader.object(|reader, name| {
        let Some(index) = shape
            .members
            .iter()
            .position(|member| *member.name == *name)
        else {
            return reader.skip();
        };
        let member = &shape.members[index];
        *place = member.name;
        if seen & (1 << index) != 0 {
            return Err("the member stands twice");
        }
        seen |= 1 << index;
        if reader.peek()? == Next::Null {
            reader.word("null")?;
        } else {
            members.push((member.name, value(reader, &member.kind, place)?));
        }
        *place = outer;
        Ok(())
    })?;
    Ok(members)
}

fn value(reader: &mut Reader<'_>, kind: &Kind, place: &mut &'static str) -> Decoded<Value> {
    match (kind, reader.peek()?) {
        (Kind::Boolean, Next::True) => reader.word("true").map(|()| Value::Boolean(true)),
        (Kind::Boolean, Next::False) => reader.word("false").map(|()| Value::Boolean(false)),
        (Kind::Integer { .. }, Next::Number) => integer(reader.number()?).map(Value::Integer),
        (Kind::String { .. } | Kind::Enum(_), Next::String) => {
            Ok(Value::String(reader.string()?.to_owned()))
        }
        (Kind::Blob { .. }, Next::String) => blob(&reader.string()?).map(Value::Blob),
        (Kind::Timestamp, Next::Number) => {
            timestamp::from_number(reader.number()?).map(Value::Timestamp)
        }
        (Kind::Timestamp, Next::String) => {
            timestamp::from_text(&reader.string()?).map(Value::Timestamp)
        }
        (Kind::List { item, .. }, Next::Array) => list(reader, item, place).map(Value::List),
        (Kind::Map, Next::Object) => map(reader).map(Value::Map),
        (Kind::Structure(shape), Next::Object) => {
            structure(reader, shape, place).map(Value::Structure)
        }
        (kind, _) => Err(expected(kind)),
    }
}

const fn expected(kind: &Kind) -> Fault {
    match kind {
        Kind::Boolean => "true or false was expected",
        Kind::Integer { .. } => "an integer was expected",
        Kind::String { .. } | Kind::Enum(_) => "a string was expected",
        Kind::Blob { .. } => "a string of base64 was expected",
        Kind::Timestamp => {
            "a timestamp was expected: a number of seconds since 1970, or ISO 8601 text"
        }
        Kind::List { .. } => "an array was expected",
        Kind::Map | Kind::Structure(_) => "an object was expected",
    }
}

fn integer(number: &str) -> Decoded<i64> {
    number
        .parse()
        .map_err(|_| "an integer of 64 bits was expected")
}

fn blob(text: &str) -> Decoded<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = STANDARD
        .decode_slice(text, &mut bytes)
        .map_err(|_| "the base64 is malformed")?;
    bytes.truncate(length);
    Ok(bytes)
}

fn list(reader: &mut Reader<'_>, item: &Kind, place: &mut &'static str) -> Decoded<Vec<Value>> {
    let mut items = vec![];
    reader.array(|reader| {
        items.push(value(reader, item, place)?);
        Ok(())
    })?;
    Ok(items)
}

fn map(reader: &mut Reader<'_>) -> Decoded<Vec<(String, String)>> {
    let mut pairs = vec![];
    reader.object(|reader, name| {
        if reader.peek()? != Next::String {
            return Err("a value of the map is not a string");
        }
        let value: Text<'_> = reader.string()?;
        pairs.push((name.to_owned(), value.to_owned()));
        Ok(())
    })?;
    if has_duplicate(&pairs) {
        Err("a name stands twice in the map")
    } else {
        Ok(pairs)
    }
}

/// Sorted, so that a hostile map of many names costs no more than sorting it.
fn has_duplicate(pairs: &[(String, String)]) -> bool {
    let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).any(|two| two[0] == two[1])
}
