use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::super::{decode, encode};
use super::request;
use crate::shapes::operation;
use crate::shapes::tables::OPERATIONS;
use crate::value::Value;

/// JSON values no deeper than the limit.
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

/// Accepts as a body; the operation declares no member of the names that stand in the bodies here.
fn accepted(body: &[u8]) -> bool {
    decode(operation("DisconnectCustomKeyStore").unwrap(), body).is_ok()
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body).is_ok()
}

/// The bytes between, as the value of a member.
fn member(before: &str, value: &[u8], after: &str) -> Vec<u8> {
    [
        b"{\"Unknown\":",
        before.as_bytes(),
        value,
        after.as_bytes(),
        b"}",
    ]
    .concat()
}

/// Every character as its escape, or those alone that must be.
fn written(text: &str, escape_all: bool) -> String {
    if !escape_all {
        return serde_json::to_string(text).unwrap();
    }
    let units: String = text
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect();
    format!("\"{units}\"")
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
    fn decode_accepts_every_json_value_in_an_unknown_member(document in any_json()) {
        prop_assert!(accepted(&member("", document.to_string().as_bytes(), "")));
        prop_assert!(accepted(&member("", serde_json::to_string_pretty(&document).unwrap().as_bytes(), "")));
    }

    #[test]
    fn decode_accepts_in_an_unknown_member_what_serde_json_accepts(document in body_like()) {
        let body = member("", document.as_bytes(), "");
        prop_assert_eq!(accepted(&body), is_json(&body));
    }

    #[test]
    fn decode_accepts_in_an_unknown_text_what_serde_json_accepts(text: Vec<u8>) {
        let body = member("\"", &text, "\"");
        prop_assert_eq!(accepted(&body), is_json(&body));
    }

    #[test]
    fn decode_unescapes_every_text(text: String, escape_all: bool) {
        let body = format!(r#"{{"KeyId":{}}}"#, written(&text, escape_all));
        let request = request("Encrypt", &body);
        prop_assert_eq!(request.string("KeyId"), Some(&*text));
    }

    #[test]
    fn decode_unescapes_every_blob(bytes: Vec<u8>, escape_all: bool) {
        let text = written(&STANDARD.encode(&bytes), escape_all);
        for text in [text.replace('/', "\\/"), text.replace('=', "\\u003D"), text] {
            let request = request("Encrypt", &format!(r#"{{"Plaintext":{text}}}"#));
            prop_assert_eq!(request.blob("Plaintext"), Some(&*bytes));
        }
    }

    #[test]
    fn encoded_text_and_bytes_read_back(text: String, bytes: Vec<u8>) {
        let response = vec![("KeyId", Value::String(text.clone())), ("Plaintext", Value::Blob(Zeroizing::new(bytes.clone())))];
        let request = decode(operation("Encrypt").unwrap(), &encode(&response)).unwrap();
        prop_assert_eq!(request.string("KeyId"), Some(&*text));
        prop_assert_eq!(request.blob("Plaintext"), Some(&*bytes));
    }
}
