use serde_json::json;
use zeroize::Zeroizing;

use super::super::{encode, encode_error};
use crate::error::{Error, ErrorCode};
use crate::value::Value;

fn parsed(body: &[u8]) -> serde_json::Value {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn encode_writes_every_kind() {
    let response = vec![
        ("Flag", Value::Boolean(false)),
        ("Count", Value::Integer(i64::MIN)),
        (
            "Text",
            Value::String("quote \" backslash \\ control \u{1} line \n ünï 😀".into()),
        ),
        ("Blob", Value::Blob(Zeroizing::new(vec![0xFB, 0xFF]))),
        ("Whole", Value::Timestamp(1_700_000_000.0)),
        ("Time", Value::Timestamp(1_700_000_000.125)),
        (
            "List",
            Value::List(vec![Value::Integer(1), Value::Structure(vec![])]),
        ),
        ("Map", Value::Map(vec![("a\"".into(), "b".into())])),
    ];
    let body = encode(&response);
    assert_eq!(
        parsed(&body),
        json!({
            "Flag": false, "Count": i64::MIN, "Text": "quote \" backslash \\ control \u{1} line \n ünï 😀", "Blob": "+/8=",
            "Whole": 1_700_000_000, "Time": 1_700_000_000.125, "List": [1, {}], "Map": {"a\"": "b"},
        })
    );
}

#[test]
fn encode_writes_an_empty_response_as_an_empty_object() {
    assert_eq!(**encode(&vec![]), *b"{}");
}

#[test]
fn encode_writes_null_for_a_time_that_is_no_number() {
    assert_eq!(
        **encode(&vec![("Time", Value::Timestamp(f64::NAN))]),
        *br#"{"Time":null}"#
    );
}

#[test]
fn encode_never_outgrows_its_buffer() {
    for length in 0..200 {
        let plaintext = Value::Blob(Zeroizing::new(vec![9; length]));
        let awkward = Value::String("\u{1}\"ü".repeat(length));
        let response = vec![
            ("Plaintext", plaintext),
            ("Text", awkward),
            ("Time", Value::Timestamp(f64::MIN_POSITIVE)),
        ];
        let body = encode(&response);
        assert!(
            body.capacity() - body.len() <= 1,
            "the size is computed, not guessed: {length}"
        );
    }
}

#[test]
fn encode_error_has_type_and_message() {
    let error = Error::new(ErrorCode::NotFound, "Key 'a\"b' does not exist");
    assert_eq!(
        parsed(&encode_error(&error)),
        json!({"__type": "NotFoundException", "message": "Key 'a\"b' does not exist"})
    );
    assert_eq!(
        parsed(&encode_error(&Error::invalid_ciphertext()))["message"],
        ""
    );
}
