#![allow(clippy::unwrap_used, reason = "a test that cannot run must fail")]

use proptest::prelude::*;
use serde_json::json;
use zeroize::Zeroizing;

use super::reader::{DEPTH_LIMIT, Reader};
use super::*;
use crate::error::{Error, ErrorCode};
use crate::shapes::operation;
use crate::shapes::tables::OPERATIONS;
use crate::value::{Request, Value};

fn request(name: &str, body: &str) -> Request {
    decode(operation(name).unwrap(), body.as_bytes()).unwrap()
}

/// The text of a refusal.
fn refusal(name: &str, body: impl AsRef<[u8]>) -> String {
    let error = decode(operation(name).unwrap(), body.as_ref()).unwrap_err();
    assert_eq!(error.code, ErrorCode::Serialization);
    error.message
}

fn parsed(body: &[u8]) -> serde_json::Value {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn decode_reads_every_kind() {
    let request = request(
        "Encrypt",
        r#" { "KeyId" : "alias\/\u0061\ud83d\ude00", "Plaintext":"aGVsbG8=", "DryRun":true,
              "EncryptionContext": {"b":"2","a":"1"}, "GrantTokens":["x", "y"] } "#,
    );
    assert_eq!(request.string("KeyId"), Some("alias/a😀"));
    assert_eq!(request.blob("Plaintext"), Some(&b"hello"[..]));
    assert!(request.flag("DryRun"));
    assert_eq!(
        request.map("EncryptionContext"),
        [("b".into(), "2".into()), ("a".into(), "1".into())]
    );
    assert!(
        matches!(request.list("GrantTokens"), [Value::String(x), Value::String(y)] if x == "x" && y == "y")
    );
}

#[test]
fn decode_reads_integers_and_nested_structures() {
    assert_eq!(
        request("ListKeys", r#"{"Limit":-9223372036854775808}"#).integer("Limit"),
        Some(i64::MIN)
    );
    let request = request(
        "TagResource",
        r#"{"KeyId":"k","Tags":[{"TagKey":"a","TagValue":"b","Other":[]}]}"#,
    );
    let [Value::Structure(members)] = request.list("Tags") else {
        panic!("one structure")
    };
    assert!(
        matches!(&members[..], [("TagKey", Value::String(a)), ("TagValue", Value::String(b))] if a == "a" && b == "b")
    );
}

#[test]
fn decode_takes_null_for_absent_and_ignores_unknown_members() {
    let request = request(
        "DescribeKey",
        r#"{"KeyId":null,"GrantTokens":null,"Unknown":{"a":[1.5e3,true,null,"\n"]}}"#,
    );
    assert!(request.members().is_empty());
}

#[test]
fn decode_reads_timestamps_as_numbers_and_as_iso_8601() {
    let time = |text: &str| {
        let body = format!(
            r#"{{"KeyId":"k","ImportToken":"aQ==","EncryptedKeyMaterial":"aQ==","ValidTo":{text}}}"#
        );
        match request("ImportKeyMaterial", &body).member("ValidTo") {
            Some(Value::Timestamp(seconds)) => *seconds,
            _ => panic!("a timestamp"),
        }
    };
    for (text, seconds) in [
        ("1700000000", 1_700_000_000.0),
        ("1.7e9", 1_700_000_000.0),
        ("-0.5", -0.5),
        ("\"2023-11-14T22:13:20Z\"", 1_700_000_000.0),
        ("\"2023-11-14T22:13:20.25Z\"", 1_700_000_000.25),
        ("\"2023-11-15T00:13:20+02:00\"", 1_700_000_000.0),
        ("\"2023-11-14T17:43:20-04:30\"", 1_700_000_000.0),
        ("\"1970-01-01T00:00:00Z\"", 0.0),
        ("\"2024-02-29T00:00:00Z\"", 1_709_164_800.0),
        ("\"0001-01-01T00:00:00Z\"", -62_135_596_800.0),
        ("\"9999-12-31T23:59:59Z\"", 253_402_300_799.0),
    ] {
        assert_eq!(time(text), seconds, "{text}");
    }
}

#[test]
fn decode_refuses_malformed_timestamps() {
    for text in [
        "true",
        "1e999",
        "253402300800",
        "\"\"",
        "\"2023-11-14\"",
        "\"2023-11-14T22:13:20\"",
        "\"2023-11-14 22:13:20Z\"",
        "\"2023-02-29T00:00:00Z\"",
        "\"2023-13-01T00:00:00Z\"",
        "\"2023-00-01T00:00:00Z\"",
        "\"2023-01-00T00:00:00Z\"",
        "\"0000-01-01T00:00:00Z\"",
        "\"2023-11-14T24:00:00Z\"",
        "\"2023-11-14T22:13:20.Z\"",
        "\"2023-11-14T22:13:20+2\"",
        "\"+023-11-14T22:13:20Z\"",
        "\"2023-11-14T22:13:20Z \"",
        "\"２023-11-14T22:13:20Z\"",
        "\"0001-01-01T00:00:00+00:01\"",
    ] {
        let message = refusal("ImportKeyMaterial", format!(r#"{{"ValidTo":{text}}}"#));
        assert!(message.starts_with("ValidTo: "), "{text}: {message}");
    }
}

#[test]
fn decode_names_the_member_of_a_wrong_kind_and_not_its_value() {
    for (body, message) in [
        (r#"{"KeyId":12345}"#, "KeyId: a string was expected"),
        (
            r#"{"Plaintext":["s3cret"]}"#,
            "Plaintext: a string of base64 was expected",
        ),
        (
            r#"{"Plaintext":"s3cret!"}"#,
            "Plaintext: the base64 is malformed",
        ),
        (r#"{"DryRun":"true"}"#, "DryRun: true or false was expected"),
        (
            r#"{"GrantTokens":"t"}"#,
            "GrantTokens: an array was expected",
        ),
        (
            r#"{"GrantTokens":["t",null]}"#,
            "GrantTokens: a string was expected",
        ),
        (
            r#"{"EncryptionContext":[]}"#,
            "EncryptionContext: an object was expected",
        ),
        (
            r#"{"EncryptionContext":{"s3cret":1}}"#,
            "EncryptionContext: a value of the map is not a string",
        ),
        (
            r#"{"EncryptionContext":{"s3cret":null}}"#,
            "EncryptionContext: a value of the map is not a string",
        ),
    ] {
        assert_eq!(refusal("Encrypt", body), message, "{body}");
    }
    for number in ["1.0", "1e3", "9223372036854775808", "\"1\"", "true"] {
        let message = refusal("ListKeys", format!(r#"{{"Limit":{number}}}"#));
        assert!(
            message.starts_with("Limit: an integer"),
            "{number}: {message}"
        );
    }
    assert_eq!(
        refusal("TagResource", r#"{"Tags":[{"TagKey":1}]}"#),
        "TagKey: a string was expected"
    );
}

#[test]
fn decode_refuses_a_name_that_stands_twice() {
    assert_eq!(
        refusal("Encrypt", r#"{"KeyId":"a","KeyId":"b"}"#),
        "KeyId: the member stands twice"
    );
    assert_eq!(
        refusal("Encrypt", r#"{"KeyId":null,"KeyId":"b"}"#),
        "KeyId: the member stands twice"
    );
    assert_eq!(
        refusal("Encrypt", r#"{"KeyId":"a","\u004beyId":"b"}"#),
        "KeyId: the member stands twice"
    );
    let twice = "EncryptionContext: a name stands twice in the map";
    assert_eq!(
        refusal(
            "Encrypt",
            r#"{"EncryptionContext":{"a":"1","b":"2","a":"1"}}"#
        ),
        twice
    );
    assert_eq!(
        refusal("Encrypt", r#"{"EncryptionContext":{"a":"1","\u0061":"1"}}"#),
        twice
    );
    assert_eq!(
        refusal("TagResource", r#"{"Tags":[{"TagKey":"a","TagKey":"a"}]}"#),
        "TagKey: the member stands twice"
    );
}

#[test]
fn decode_refuses_bodies_that_are_no_json_object() {
    for body in [
        "",
        " ",
        "null",
        "[]",
        "\"KeyId\"",
        "1",
        "{",
        "}",
        "{}{}",
        "{},",
        "{\"KeyId\"}",
        "{\"KeyId\":}",
        "{\"KeyId\":\"k\",}",
        "{,}",
        "{KeyId:\"k\"}",
        "{'KeyId':'k'}",
        "{\"KeyId\":\"k\" \"x\":1}",
        "{\"x\":nul}",
        "{\"x\":truth}",
        "{\"x\":01}",
        "{\"x\":-}",
        "{\"x\":1.}",
        "{\"x\":.5}",
        "{\"x\":1e}",
        "{\"x\":+1}",
        "{\"x\":NaN}",
        "{\"x\":[1,]}",
        "{\"x\":[1 2]}",
        "{\"x\":\"\n\"}",
        "{\"x\":\"\\x\"}",
        "{\"x\":\"\\u12\"}",
        "{\"x\":\"\\u+123\"}",
        "{\"x\":\"\\ud800\"}",
        "{\"x\":\"\\udc00\\ud800\"}",
        "{\"x\":\"\\ud800\\u0061\"}",
        "{\"x\":\"\\\"}",
        "\u{feff}{}",
        "{}\0",
    ] {
        refusal("Encrypt", body);
    }
    refusal("Encrypt", b"{\"KeyId\":\"\xFF\"}");
    refusal("Encrypt", b"{\"KeyId\":\"\xED\xA0\x80\"}");
}

#[test]
fn decode_refuses_nesting_over_its_limit() {
    let nested = |depth: usize| {
        format!(
            "{{\"x\":{}{}}}",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    let list_keys = operation("ListKeys").unwrap();
    assert!(decode(list_keys, nested(DEPTH_LIMIT).as_bytes()).is_ok());
    assert_eq!(
        refusal("ListKeys", nested(DEPTH_LIMIT + 1)),
        "the document is nested too deeply"
    );
    refusal("ListKeys", "{\"x\":".repeat(1_000_000));
}

#[test]
fn decode_refuses_base64_that_is_not_canonical() {
    for text in [
        "aGVsbG8",
        "aGVsbG9=",
        "aGVs bG8=",
        "aGVsbG8=\\n",
        "aGVsbG8_",
        "====",
        "a",
    ] {
        assert_eq!(
            refusal("Encrypt", format!(r#"{{"Plaintext":"{text}"}}"#)),
            "Plaintext: the base64 is malformed"
        );
    }
    assert_eq!(
        request("Encrypt", r#"{"Plaintext":""}"#).blob("Plaintext"),
        Some(&b""[..])
    );
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

/// JSON values no deeper than the limit, without numbers that only serde_json refuses.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(8, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(serde_json::Value::from),
            proptest::collection::hash_map(any::<String>(), inner, 0..8)
                .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Bodies made of the pieces that bodies are made of.
fn body_like() -> impl Strategy<Value = String> {
    let pieces = vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\u",
        "d800",
        "\"KeyId\"",
        "\"Plaintext\"",
        "\"EncryptionContext\"",
        "\"GrantTokens\"",
        "\"DryRun\"",
        "\"Limit\"",
        "\"Tags\"",
        "\"TagKey\"",
        "\"ValidTo\"",
        "\"aQ==\"",
        "null",
        "true",
        "0",
        "-1.5e3",
        " ",
        "\n",
        "é",
        "\"\"",
    ];
    proptest::collection::vec(proptest::sample::select(pieces), 0..40)
        .prop_map(|pieces| pieces.concat())
}

fn accepted(document: &str) -> bool {
    Reader::new(document.as_bytes())
        .and_then(|mut reader| reader.skip().and_then(|()| reader.end()))
        .is_ok()
}

/// What serde_json refuses and this reader leaves to whoever wants the number.
fn is_out_of_range(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn decode_never_panics_on_arbitrary_bytes(body: Vec<u8>, index in 0..OPERATIONS.len()) {
        let _ = decode(&OPERATIONS[index], &body);
    }

    #[test]
    fn decode_never_panics_on_what_looks_like_a_body(body in body_like(), index in 0..OPERATIONS.len()) {
        let _ = decode(&OPERATIONS[index], body.as_bytes());
    }

    #[test]
    fn reader_accepts_every_json_document(document in any_json()) {
        prop_assert!(accepted(&document.to_string()));
        prop_assert!(accepted(&serde_json::to_string_pretty(&document).unwrap()));
    }

    #[test]
    fn reader_accepts_nothing_but_json(document in body_like()) {
        match serde_json::from_str::<serde_json::Value>(&document) {
            Ok(_) => prop_assert!(accepted(&document)),
            Err(error) if is_out_of_range(&error) => {}
            Err(_) => prop_assert!(!accepted(&document)),
        }
    }

    #[test]
    fn reader_unescapes_every_text(text: String, escape_all: bool) {
        let written = if escape_all {
            let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            format!("\"{units}\"")
        } else {
            serde_json::to_string(&text).unwrap()
        };
        let mut reader = Reader::new(written.as_bytes()).unwrap();
        prop_assert_eq!(&*reader.string().unwrap(), &*text);
    }

    #[test]
    fn encoded_text_and_bytes_read_back(text: String, bytes: Vec<u8>) {
        let response = vec![("KeyId", Value::String(text.clone())), ("Plaintext", Value::Blob(Zeroizing::new(bytes.clone())))];
        let request = decode(operation("Encrypt").unwrap(), &encode(&response)).unwrap();
        prop_assert_eq!(request.string("KeyId"), Some(&*text));
        prop_assert_eq!(request.blob("Plaintext"), Some(&*bytes));
    }
}
