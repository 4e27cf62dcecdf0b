//! From a response or an error to a body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::json_text::{push_integer, push_string};
use crate::value::{Response, Value};

/// The body of a response.
#[must_use]
pub fn encode(response: &Response) -> Zeroizing<Vec<u8>> {
    // The buffer has its final size from the start: one that grew would leave copies of a plaintext behind.
    let mut out = String::with_capacity(members_size(response));
    push_members(&mut out, response);
    Zeroizing::new(out.into_bytes())
}

/// The body of an error.
#[must_use]
pub fn encode_error(error: &Error) -> Vec<u8> {
    let mut out = String::with_capacity(64 + error.message.len());
    out.push_str("{\"__type\":");
    push_string(&mut out, error.code.name());
    out.push_str(",\"message\":");
    push_string(&mut out, &error.message);
    out.push('}');
    out.into_bytes()
}

fn push_members(out: &mut String, members: &[(&'static str, Value)]) {
    push_joined(out, ['{', '}'], members, |out, (name, value)| {
        push_string(out, name);
        out.push(':');
        push_value(out, value);
    });
}

fn push_value(out: &mut String, value: &Value) {
    match value {
        Value::Boolean(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Integer(number) => push_integer(out, number),
        Value::String(text) => push_string(out, text),
        Value::Blob(bytes) => push_blob(out, bytes),
        Value::Timestamp(seconds) if seconds.is_finite() => push_integer(out, seconds),
        // JSON has no such number.
        Value::Timestamp(_) => out.push_str("null"),
        Value::List(items) => push_joined(out, ['[', ']'], items, push_value),
        Value::Map(pairs) => push_joined(out, ['{', '}'], pairs, |out, (name, value)| {
            push_string(out, name);
            out.push(':');
            push_string(out, value);
        }),
        Value::Structure(members) => push_members(out, members),
    }
}

fn push_joined<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: &[T],
    push: impl Fn(&mut String, &T),
) {
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(out, item);
    }
    out.push(close);
}

fn push_blob(out: &mut String, bytes: &[u8]) {
    let mut text = Zeroizing::new(vec![0; base64_size(bytes)]);
    let length = STANDARD
        .encode_slice(bytes, &mut text)
        .expect("the buffer has the encoding's size");
    out.push('"');
    out.push_str(str::from_utf8(&text[..length]).expect("base64 is ASCII"));
    out.push('"');
}

/// At least the bytes of a structure's JSON.
fn members_size(members: &[(&'static str, Value)]) -> usize {
    2 + members
        .iter()
        .map(|(name, value)| string_size(name) + 2 + value_size(value))
        .sum::<usize>()
}

fn value_size(value: &Value) -> usize {
    match value {
        Value::Boolean(_) => 5,
        Value::Integer(number) => number.to_string().len(),
        Value::Timestamp(seconds) => seconds.to_string().len().max("null".len()),
        Value::String(text) => string_size(text),
        Value::Blob(bytes) => 2 + base64_size(bytes),
        Value::List(items) => 2 + items.iter().map(|item| 1 + value_size(item)).sum::<usize>(),
        Value::Map(pairs) => {
            2 + pairs
                .iter()
                .map(|(name, value)| 2 + string_size(name) + string_size(value))
                .sum::<usize>()
        }
        Value::Structure(members) => members_size(members),
    }
}

/// A control character takes six bytes, a quotation mark or backslash two.
fn string_size(text: &str) -> usize {
    let size = |byte| match byte {
        0..=0x1F => 6,
        b'"' | b'\\' => 2,
        _ => 1,
    };
    2 + text.bytes().map(size).sum::<usize>()
}

fn base64_size(bytes: &[u8]) -> usize {
    bytes.len().div_ceil(3) * 4
}
