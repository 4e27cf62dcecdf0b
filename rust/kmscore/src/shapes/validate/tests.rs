#![allow(clippy::unwrap_used, reason = "a test that cannot run must fail")]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::string::string_regex;
use zeroize::Zeroizing;

use super::*;
use crate::error::ErrorCode;
use crate::shapes::operation;
use crate::shapes::pattern::tests::translated;
use crate::shapes::tables::OPERATIONS;
use crate::value::Members;

fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

fn blob(length: usize) -> Value {
    Value::Blob(Zeroizing::new(vec![7; length]))
}

fn texts(values: &[&str]) -> Value {
    Value::List(values.iter().map(|value| text(value)).collect())
}

fn check(name: &str, members: Members) -> Result<()> {
    validate(operation(name).unwrap(), &Request::new(members))
}

/// The text of a refusal.
fn refusal(name: &str, members: Members) -> String {
    let error = check(name, members).unwrap_err();
    assert_eq!(error.code, ErrorCode::Validation);
    error.message
}

fn tag(key: &str, value: &str) -> Value {
    Value::Structure(vec![("TagKey", text(key)), ("TagValue", text(value))])
}

#[test]
fn all_faults_are_reported_at_once() {
    let long = "k".repeat(2049);
    assert_eq!(
        refusal("Encrypt", vec![("KeyId", text(&long))]),
        format!(
            "2 validation errors detected: Value '{long}' at 'keyId' failed to satisfy constraint: Member must have length \
             less than or equal to 2048; Value null at 'plaintext' failed to satisfy constraint: Member must not be null"
        )
    );
}

#[test]
fn one_fault_is_counted_in_the_singular() {
    assert_eq!(
        refusal(
            "GenerateRandom",
            vec![("NumberOfBytes", Value::Integer(1025))]
        ),
        "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value \
         less than or equal to 1024"
    );
    assert_eq!(
        refusal("GenerateRandom", vec![("NumberOfBytes", Value::Integer(0))]),
        "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value \
         greater than or equal to 1"
    );
}

#[test]
fn value_of_a_blob_is_not_shown() {
    assert_eq!(
        refusal(
            "Encrypt",
            vec![("KeyId", text("k")), ("Plaintext", blob(0))]
        ),
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length greater \
         than or equal to 1"
    );
}

#[test]
fn sensitive_text_is_not_shown() {
    let credential = vec![
        ("AccessKeyId", text("lower-case-secret-20")),
        ("RawSecretAccessKey", text("secret!")),
    ];
    let members = vec![
        ("CustomKeyStoreId", text("cks-1")),
        ("KeyStorePassword", text("secret")),
        (
            "XksProxyAuthenticationCredential",
            Value::Structure(credential),
        ),
    ];
    let message = refusal("UpdateCustomKeyStore", members);
    assert!(
        message.starts_with("4 validation errors detected: Value at 'keyStorePassword' failed"),
        "{message}"
    );
    assert!(
        message.contains("Value at 'xksProxyAuthenticationCredential.accessKeyId' failed"),
        "{message}"
    );
    assert!(
        message.contains("Value at 'xksProxyAuthenticationCredential.rawSecretAccessKey' failed"),
        "{message}"
    );
    assert!(
        !message.contains("secret-20")
            && !message.contains("secret!")
            && !message.contains("'secret'"),
        "{message}"
    );
}

#[test]
fn enum_names_its_words() {
    assert_eq!(
        refusal(
            "GenerateDataKey",
            vec![("KeyId", text("k")), ("KeySpec", text("AES_512"))]
        ),
        "1 validation error detected: Value 'AES_512' at 'keySpec' failed to satisfy constraint: Member must satisfy enum \
         value set: [AES_256, AES_128]"
    );
}

#[test]
fn pattern_is_shown_after_the_length() {
    assert_eq!(
        refusal("DeleteAlias", vec![("AliasName", text(""))]),
        "2 validation errors detected: Value '' at 'aliasName' failed to satisfy constraint: Member must have length \
         greater than or equal to 1; Value '' at 'aliasName' failed to satisfy constraint: Member must satisfy regular \
         expression pattern: ^[a-zA-Z0-9:/_-]+$"
    );
}

#[test]
fn structures_of_a_list_are_numbered_from_one() {
    let tags = Value::List(vec![
        tag("", "v"),
        tag("k", "v"),
        Value::Structure(vec![("TagKey", text("k"))]),
    ]);
    assert_eq!(
        refusal("TagResource", vec![("KeyId", text("k")), ("Tags", tags)]),
        "2 validation errors detected: Value '' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have \
         length greater than or equal to 1; Value null at 'tags.3.member.tagValue' failed to satisfy constraint: Member \
         must not be null"
    );
}

#[test]
fn other_items_of_a_list_are_reported_together() {
    assert_eq!(
        refusal(
            "UntagResource",
            vec![("KeyId", text("k")), ("TagKeys", texts(&["good", ""]))]
        ),
        "1 validation error detected: Value '[good, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy \
         constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]"
    );
    assert_eq!(
        refusal(
            "ListKeys",
            vec![("ResourceOwners", texts(&["SELF", "ME", "YOU"]))]
        ),
        "2 validation errors detected: Value '[SELF, ME, YOU]' at 'resourceOwners' failed to satisfy constraint: Member \
         must have length less than or equal to 2; Value '[SELF, ME, YOU]' at 'resourceOwners' failed to satisfy \
         constraint: Member must satisfy constraint: [Member must satisfy enum value set: [SELF, OTHER_ACCOUNTS_VIA_RAM]]"
    );
}

#[test]
fn nested_member_has_a_dotted_path() {
    let constraints = Value::Structure(vec![("SourceArn", text("no arn but long enough"))]);
    let members = vec![
        ("KeyId", text("k")),
        ("Operations", texts(&["Encrypt"])),
        ("Constraints", constraints),
    ];
    let message = refusal("CreateGrant", members);
    assert!(
        message.contains("Value 'no arn but long enough' at 'constraints.sourceArn' failed"),
        "{message}"
    );
}

#[test]
fn limits_are_inclusive_on_both_sides() {
    let plaintext = |length| {
        check(
            "Encrypt",
            vec![("KeyId", text("k")), ("Plaintext", blob(length))],
        )
        .is_ok()
    };
    assert_eq!(
        [0, 1, 4096, 4097].map(plaintext),
        [false, true, true, false]
    );
    let key_id = |length| check("DescribeKey", vec![("KeyId", text(&"k".repeat(length)))]).is_ok();
    assert_eq!([0, 1, 2048, 2049].map(key_id), [false, true, true, false]);
    let limit = |number| check("ListKeys", vec![("Limit", Value::Integer(number))]).is_ok();
    assert_eq!(
        [i64::MIN, 0, 1, 1000, 1001].map(limit),
        [false, false, true, true, false]
    );
    let tokens = |count| {
        check(
            "DescribeKey",
            vec![
                ("KeyId", text("k")),
                ("GrantTokens", texts(&vec!["t"; count])),
            ],
        )
        .is_ok()
    };
    assert_eq!([0, 10, 11].map(tokens), [true, true, false]);
}

#[test]
fn pending_window_is_held_to_the_service_model_here() {
    let window = |days| {
        check(
            "ScheduleKeyDeletion",
            vec![
                ("KeyId", text("k")),
                ("PendingWindowInDays", Value::Integer(days)),
            ],
        )
        .is_ok()
    };
    assert_eq!(
        [0, 1, 6, 365, 366].map(window),
        [false, true, true, true, false]
    );
}

#[test]
fn length_of_a_text_counts_characters() {
    let description = |text: &str| {
        check(
            "UpdateKeyDescription",
            vec![
                ("KeyId", Value::String("k".into())),
                ("Description", Value::String(text.into())),
            ],
        )
    };
    assert!(description(&"𝕜".repeat(8192)).is_ok());
    assert!(description(&"𝕜".repeat(8193)).is_err());
}

#[test]
fn generate_random_may_lack_a_length_here() {
    assert!(check("GenerateRandom", vec![]).is_ok());
}

#[test]
fn value_of_another_kind_is_refused() {
    assert!(check("DescribeKey", vec![("KeyId", Value::Integer(1))]).is_err());
    assert!(check("ListKeys", vec![("Limit", text("1"))]).is_err());
    assert!(
        check(
            "GenerateDataKey",
            vec![("KeyId", text("k")), ("KeySpec", Value::Boolean(true))]
        )
        .is_err()
    );
}

#[test]
fn every_operation_names_each_missing_member() {
    for operation in OPERATIONS {
        let required = operation
            .input
            .members
            .iter()
            .filter(|member| member.required)
            .count();
        let answer = validate(operation, &Request::default());
        let named = answer
            .err()
            .map_or(0, |error| error.message.matches("Value null at").count());
        assert_eq!(named, required, "{}", operation.name);
    }
}

/// Any value within the declared limits.
fn within(kind: &'static Kind) -> BoxedStrategy<Value> {
    const LONGEST: usize = 70;
    match *kind {
        Kind::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Kind::Integer { min, max } => (min.unwrap()..=max.unwrap())
            .prop_map(Value::Integer)
            .boxed(),
        Kind::String {
            min,
            max,
            pattern: None,
        } => {
            let longest = max.min(min + LONGEST);
            vec(any::<char>(), min..=longest)
                .prop_map(|characters| Value::String(characters.into_iter().collect()))
                .boxed()
        }
        Kind::String {
            min,
            max,
            pattern: Some(pattern),
        } => string_regex(&sized(pattern, min, max))
            .unwrap()
            .prop_filter("its length is one of the limits", move |text| {
                (min..=max).contains(&text.chars().count())
            })
            .prop_map(Value::String)
            .boxed(),
        Kind::Enum(words) => select(words).prop_map(text).boxed(),
        Kind::Blob { min, max } => (min..=max.min(min + LONGEST)).prop_map(blob).boxed(),
        Kind::Timestamp => any::<i32>()
            .prop_map(|time| Value::Timestamp(f64::from(time)))
            .boxed(),
        Kind::List { min, max, item } => vec(within(item), min..=max.min(min + 3))
            .prop_map(Value::List)
            .boxed(),
        Kind::Map => vec((any::<String>(), any::<String>()), 0..3)
            .prop_map(Value::Map)
            .boxed(),
        Kind::Structure(shape) => members_within(shape).prop_map(Value::Structure).boxed(),
    }
}

/// A translated pattern that yields texts of the right length often enough.
fn sized(pattern: &str, min: usize, max: usize) -> String {
    let translated = translated(pattern);
    match translated
        .strip_suffix("]+")
        .or_else(|| translated.strip_suffix("]*"))
    {
        Some(class) if class.starts_with('[') => {
            format!("{class}]{{{},{}}}", min.max(1), max.min(min + 40))
        }
        _ => translated,
    }
}

/// A structure with its required members, and each other one or not.
fn members_within(shape: &'static Structure) -> BoxedStrategy<Members> {
    shape
        .members
        .iter()
        .fold(Just(()).prop_map(|()| vec![]).boxed(), |members, member| {
            let sent = if member.required {
                Just(true).boxed()
            } else {
                any::<bool>().boxed()
            };
            (members, sent, within(&member.kind))
                .prop_map(move |(mut members, sent, value): (Members, bool, Value)| {
                    if sent {
                        members.push((member.name, value));
                    }
                    members
                })
                .boxed()
        })
}

#[test]
fn every_operation_accepts_whatever_is_within_its_limits() {
    for operation in OPERATIONS {
        let config = ProptestConfig {
            cases: 24,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let outcome = proptest::test_runner::TestRunner::new(config).run(
            &members_within(operation.input),
            |members| {
                validate(operation, &Request::new(members))
                    .map_err(|error| TestCaseError::fail(error.message))
            },
        );
        assert!(
            outcome.is_ok(),
            "{}: {}",
            operation.name,
            outcome.unwrap_err()
        );
    }
}
