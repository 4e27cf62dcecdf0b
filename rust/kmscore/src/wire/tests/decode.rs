use super::super::decode;
use super::super::decode::DEPTH_LIMIT;
use super::{refusal, request};
use crate::shapes::operation;
use crate::value::Value;

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
    for number in ["1.0", "1e3", "-0", "9223372036854775808", "\"1\"", "true"] {
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
fn decode_names_the_member_and_the_column_of_broken_json_and_quotes_nothing() {
    for (body, message) in [
        ("", "the JSON cannot be read at line 1, column 0"),
        ("[\"s3cret\"]", "the body is not a JSON object"),
        ("{}s3cret", "the JSON cannot be read at line 1, column 3"),
        (
            "{\n\"KeyId\":\"s3cret",
            "KeyId: the JSON cannot be read at line 2, column 15",
        ),
        (
            "{\"EncryptionContext\":{\"s3cret\":\"s3cret\"",
            "EncryptionContext: the JSON cannot be read at line 1, column 39",
        ),
        (
            "{\"Plaintext\":s3cret}",
            "Plaintext: the JSON cannot be read at line 1, column 14",
        ),
    ] {
        assert_eq!(refusal("Encrypt", body), message, "{body}");
    }
    assert_eq!(refusal("Encrypt", b"\xFF"), "the document is not UTF-8");
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
    for open in ["[", "{\"x\":"] {
        let endless = open.repeat(1_000_000);
        assert_eq!(
            refusal("ListKeys", format!("{{\"x\":{endless}")),
            "the document is nested too deeply"
        );
        assert_eq!(
            refusal("TagResource", format!("{{\"Tags\":[{{\"x\":{endless}")),
            "Tags: the document is nested too deeply"
        );
        refusal("Encrypt", format!("{{\"Plaintext\":{endless}"));
        refusal("Encrypt", format!("{{\"KeyId\":{endless}"));
    }
}

#[test]
fn decode_refuses_base64_that_is_not_canonical() {
    for text in [
        "aGVsbG8",
        "aGVsbG9=",
        "aGVs bG8=",
        "aGVsbG8=\\n",
        "aGVsbG8_",
        "aGVsbG8\\n",
        "aGVsbG8\\\\=",
        "aGVsbG8\\u013d",
        "aGVsbG8\\ud83d\\ude00",
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
