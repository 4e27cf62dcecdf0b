use super::*;
use crate::policy::context::Facts;

fn facts() -> Facts {
    let mut facts = Facts::default();
    for (name, value) in [
        ("aws:username", "ann"),
        ("kms:ViaService", "s3.us-east-1.amazonaws.com"),
        ("kms:EncryptionContext:App", "Billing"),
        ("kms:RotationPeriodInDays", "180"),
        ("kms:ValidTo", "2026-01-01T00:00:00Z"),
        ("kms:MultiRegion", "true"),
        ("aws:SourceIp", "203.0.113.7"),
        (
            "aws:PrincipalArn",
            "arn:aws:iam::111122223333:role/app/reader",
        ),
        ("aws:PrincipalTag/empty", ""),
        ("test:bytes", "aGVsbG8="),
        ("test:garbage", "not a value"),
    ] {
        facts.set(name, value);
    }
    facts.set_many(
        "kms:EncryptionContextKeys",
        vec!["App".into(), "Stage".into()],
    );
    facts.set_many("kms:GrantOperations", vec!["Decrypt".into()]);
    facts.set_many("aws:TagKeys", vec![]);
    facts
}

fn holds_for(effect: Effect, operator: &str, key: &str, values: &str) -> bool {
    let text = format!("{{{operator:?}:{{{key:?}:{values}}}}}");
    let node = Node::parse(&text).expect("JSON");
    let conditions = Condition::compile_all(&node, true).expect(&text);
    conditions
        .iter()
        .all(|condition| condition.holds(&facts(), effect))
}

fn holds(operator: &str, key: &str, values: &str) -> bool {
    holds_for(Effect::Allow, operator, key, values)
}

fn refused(operator: &str, key: &str, values: &str) -> bool {
    let node = Node::parse(&format!("{{{operator:?}:{{{key:?}:{values}}}}}")).expect("JSON");
    Condition::compile_all(&node, true).is_err()
}

/// Operator, its negation if any, a key, a value that matches and one that does not.
const MATCHES: &[(&str, Option<&str>, &str, &str, &str)] = &[
    (
        "StringEquals",
        Some("StringNotEquals"),
        "aws:username",
        "ann",
        "Ann",
    ),
    (
        "StringEqualsIgnoreCase",
        Some("StringNotEqualsIgnoreCase"),
        "aws:username",
        "ANN",
        "anna",
    ),
    (
        "StringLike",
        Some("StringNotLike"),
        "kms:ViaService",
        "s3.*.amazonaws.com",
        "ec2.*",
    ),
    (
        "StringLike",
        Some("StringNotLike"),
        "aws:username",
        "a?n",
        "a?",
    ),
    (
        "StringEquals",
        Some("StringNotEquals"),
        "aws:username",
        "${aws:username}",
        "a*",
    ),
    (
        "NumericEquals",
        Some("NumericNotEquals"),
        "kms:RotationPeriodInDays",
        "180.0",
        "181",
    ),
    (
        "NumericLessThan",
        None,
        "kms:RotationPeriodInDays",
        "181",
        "180",
    ),
    (
        "NumericLessThanEquals",
        None,
        "kms:RotationPeriodInDays",
        "180",
        "179",
    ),
    (
        "NumericGreaterThan",
        None,
        "kms:RotationPeriodInDays",
        "179",
        "180",
    ),
    (
        "NumericGreaterThanEquals",
        None,
        "kms:RotationPeriodInDays",
        "180",
        "181",
    ),
    (
        "DateEquals",
        Some("DateNotEquals"),
        "kms:ValidTo",
        "1767225600",
        "2027",
    ),
    (
        "DateLessThan",
        None,
        "kms:ValidTo",
        "2026-01-01T00:00:01Z",
        "2026-01-01T00:00:00Z",
    ),
    (
        "DateLessThanEquals",
        None,
        "kms:ValidTo",
        "2026-01-01T00:00:00Z",
        "2025-12-31",
    ),
    (
        "DateGreaterThan",
        None,
        "kms:ValidTo",
        "2025",
        "2026-01-01T00:00:00Z",
    ),
    (
        "DateGreaterThanEquals",
        None,
        "kms:ValidTo",
        "2026-01-01",
        "2026-01-02",
    ),
    ("Bool", None, "kms:MultiRegion", "TRUE", "false"),
    ("BinaryEquals", None, "test:bytes", "aGVsbG8=", "aGVsbG9v"),
    (
        "IpAddress",
        Some("NotIpAddress"),
        "aws:SourceIp",
        "203.0.113.0/24",
        "198.51.100.0/24",
    ),
    (
        "ArnEquals",
        Some("ArnNotEquals"),
        "aws:PrincipalArn",
        "arn:aws:iam::*:role/app/*",
        "arn:aws:iam::*:user/*",
    ),
    (
        "ArnLike",
        Some("ArnNotLike"),
        "aws:PrincipalArn",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:iam::1:role/*",
    ),
];

#[test]
fn every_operator_and_its_negation_compare_one_value() {
    for (operator, negation, key, yes, no) in MATCHES {
        assert!(
            holds(operator, key, &format!("{yes:?}")),
            "{operator} {yes}"
        );
        assert!(!holds(operator, key, &format!("{no:?}")), "{operator} {no}");
        assert!(
            holds(operator, key, &format!("[{no:?},{yes:?}]")),
            "{operator} either"
        );
        if let Some(negation) = negation {
            assert!(
                !holds(negation, key, &format!("{yes:?}")),
                "{negation} {yes}"
            );
            assert!(holds(negation, key, &format!("{no:?}")), "{negation} {no}");
            assert!(
                !holds(negation, key, &format!("[{no:?},{yes:?}]")),
                "{negation} neither"
            );
        }
    }
}

#[test]
fn a_missing_key_fails_operators_and_satisfies_negated_ones() {
    for (operator, negation, _, value, _) in MATCHES {
        let value = format!("{value:?}");
        for effect in [Effect::Allow, Effect::Deny] {
            assert!(
                !holds_for(effect, operator, "test:missing", &value),
                "{operator}"
            );
            assert!(holds_for(
                effect,
                &format!("{operator}IfExists"),
                "test:missing",
                &value
            ));
            assert!(holds_for(
                effect,
                &format!("ForAllValues:{operator}"),
                "test:missing",
                &value
            ));
            assert!(!holds_for(
                effect,
                &format!("ForAnyValue:{operator}"),
                "test:missing",
                &value
            ));
            assert!(holds_for(
                effect,
                &format!("ForAnyValue:{operator}IfExists"),
                "test:missing",
                &value
            ));
            if let Some(negation) = negation {
                assert!(
                    holds_for(effect, negation, "test:missing", &value),
                    "{negation}"
                );
                assert!(!holds_for(
                    effect,
                    &format!("ForAnyValue:{negation}"),
                    "test:missing",
                    &value
                ));
            }
        }
    }
}

#[test]
fn an_existing_key_is_compared_by_if_exists_too() {
    assert!(!holds("StringEqualsIfExists", "aws:username", r#""bob""#));
    assert!(holds("StringEqualsIfExists", "aws:username", r#""ann""#));
    assert!(!holds(
        "StringNotEqualsIfExists",
        "aws:username",
        r#""ann""#
    ));
}

#[test]
fn null_asks_whether_the_key_is_absent() {
    for (key, values, expected) in [
        ("aws:username", r#""false""#, true),
        ("aws:username", "true", false),
        ("test:missing", r#""true""#, true),
        ("test:missing", "false", false),
        ("aws:TagKeys", r#""true""#, true),
        ("aws:PrincipalTag/empty", r#""false""#, true),
        ("test:missing", r#"["true","false"]"#, true),
    ] {
        assert_eq!(holds("Null", key, values), expected, "{key} {values}");
    }
}

#[test]
fn set_operators_ask_all_or_any_of_the_request() {
    let keys = "kms:EncryptionContextKeys";
    for (operator, values, expected) in [
        (
            "ForAllValues:StringEquals",
            r#"["App","Stage","Tier"]"#,
            true,
        ),
        ("ForAllValues:StringEquals", r#"["App"]"#, false),
        (
            "ForAllValues:StringEqualsIgnoreCase",
            r#"["app","stage"]"#,
            true,
        ),
        ("ForAllValues:StringNotEquals", r#"["Tier"]"#, true),
        ("ForAllValues:StringNotEquals", r#"["App"]"#, false),
        ("ForAllValues:StringLike", r#""*""#, true),
        ("ForAnyValue:StringEquals", r#"["App","Tier"]"#, true),
        ("ForAnyValue:StringEquals", r#"["Tier"]"#, false),
        ("ForAnyValue:StringNotEquals", r#"["App"]"#, true),
        ("ForAnyValue:StringNotEquals", r#"["App","Stage"]"#, false),
        ("ForAnyValue:StringLike", r#""S*""#, true),
    ] {
        assert_eq!(
            holds(operator, keys, values),
            expected,
            "{operator} {values}"
        );
    }
}

#[test]
fn empty_sets_and_empty_strings_satisfy_all_and_fail_any() {
    for key in ["aws:TagKeys", "aws:PrincipalTag/empty"] {
        assert!(holds("ForAllValues:StringEquals", key, r#""x""#), "{key}");
        assert!(
            !holds("ForAnyValue:StringEquals", key, r#"["x",""]"#),
            "{key}"
        );
    }
    assert!(holds("StringEquals", "aws:PrincipalTag/empty", r#""""#));
}

#[test]
fn without_a_set_operator_allow_asks_all_values_and_deny_any() {
    let keys = "kms:EncryptionContextKeys";
    assert!(!holds_for(Effect::Allow, "StringEquals", keys, r#""App""#));
    assert!(holds_for(Effect::Deny, "StringEquals", keys, r#""App""#));
    assert!(holds_for(
        Effect::Allow,
        "StringEquals",
        keys,
        r#"["App","Stage"]"#
    ));
    assert!(!holds_for(
        Effect::Allow,
        "StringNotEquals",
        keys,
        r#""App""#
    ));
    assert!(holds_for(Effect::Deny, "StringNotEquals", keys, r#""App""#));
    assert!(!holds_for(
        Effect::Deny,
        "StringNotEquals",
        keys,
        r#"["App","Stage"]"#
    ));
    assert!(holds_for(
        Effect::Allow,
        "StringEquals",
        "kms:GrantOperations",
        r#""Decrypt""#
    ));
}

#[test]
fn what_cannot_be_compared_never_opens() {
    for (operator, value) in [
        ("NumericEquals", "1"),
        ("DateLessThan", "2026"),
        ("IpAddress", "0.0.0.0/0"),
        ("BinaryEquals", "aGVsbG8="),
    ] {
        assert!(
            !holds(operator, "test:garbage", &format!("{value:?}")),
            "{operator}"
        );
    }
    for (operator, value) in [
        ("NumericNotEquals", "1"),
        ("DateNotEquals", "2026"),
        ("NotIpAddress", "::/0"),
    ] {
        let value = format!("{value:?}");
        assert!(
            !holds_for(Effect::Allow, operator, "test:garbage", &value),
            "{operator}"
        );
        assert!(
            holds_for(Effect::Deny, operator, "test:garbage", &value),
            "{operator}"
        );
    }
}

#[test]
fn an_unresolved_variable_matches_nothing_and_a_negated_deny_stands() {
    let value = r#""${aws:userid}""#;
    assert!(!holds("StringEquals", "aws:username", value));
    assert!(!holds("StringNotEquals", "aws:username", value));
    assert!(holds_for(
        Effect::Deny,
        "StringNotEquals",
        "aws:username",
        value
    ));
    assert!(!holds_for(
        Effect::Deny,
        "StringEquals",
        "aws:username",
        value
    ));
    assert!(holds(
        "StringEquals",
        "aws:username",
        r#"["${aws:userid}","ann"]"#
    ));
}

#[test]
fn mapped_addresses_are_version_4() {
    let mut facts = Facts::default();
    facts.set("aws:SourceIp", "::ffff:203.0.113.7");
    let node = Node::parse(r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#).expect("JSON");
    let conditions = Condition::compile_all(&node, true).expect("a condition");
    assert!(conditions[0].holds(&facts, Effect::Allow));
}

#[test]
fn key_names_ignore_case_and_numbers_and_booleans_need_no_quotes() {
    assert!(holds(
        "StringEquals",
        "KMS:encryptioncontext:APP",
        r#""Billing""#
    ));
    assert!(!holds(
        "StringEquals",
        "kms:EncryptionContext:App",
        r#""billing""#
    ));
    assert!(holds("NumericEquals", "kms:RotationPeriodInDays", "180"));
    assert!(holds("Bool", "kms:MultiRegion", "true"));
    assert!(!holds("StringEquals", "aws:username", "[]"));
    assert!(!holds("StringNotEquals", "aws:username", "[]"));
}

#[test]
fn unknown_operators_and_values_of_the_wrong_type_are_malformed() {
    for (operator, key, values) in [
        ("stringequals", "aws:username", r#""a""#),
        ("StringEqualsIfExist", "aws:username", r#""a""#),
        ("ForSomeValues:StringEquals", "aws:username", r#""a""#),
        ("NullIfExists", "aws:username", "true"),
        ("ForAllValues:Null", "aws:username", "true"),
        ("BoolNotEquals", "aws:username", "true"),
        ("StringEquals", "username", r#""a""#),
        ("StringEquals", "aws:", r#""a""#),
        ("StringEquals", "aws:username", r#"{"a":"b"}"#),
        ("StringEquals", "aws:username", "null"),
        ("StringEquals", "aws:username", r#"[["a"]]"#),
        ("StringEquals", "aws:username", r#""${aws""#),
        ("NumericEquals", "kms:RotationPeriodInDays", r#""many""#),
        (
            "NumericEquals",
            "kms:RotationPeriodInDays",
            r#""${aws:userid}""#,
        ),
        ("DateEquals", "kms:ValidTo", r#""tomorrow""#),
        ("Bool", "kms:MultiRegion", r#""yes""#),
        ("Null", "kms:MultiRegion", r#""maybe""#),
        ("BinaryEquals", "test:bytes", r#""!""#),
        ("IpAddress", "aws:SourceIp", r#""203.0.113.*""#),
    ] {
        assert!(refused(operator, key, values), "{operator} {key} {values}");
    }
}

#[test]
fn conditions_tell_which_keys_they_read() {
    let node = Node::parse(r#"{"StringEquals":{"aws:SourceVpc":"${aws:PrincipalTag/vpc}"}}"#)
        .expect("JSON");
    let conditions = Condition::compile_all(&node, true).expect("a condition");
    let keys: Vec<&str> = conditions[0].keys().map(ConditionKey::name).collect();
    assert_eq!(keys, ["aws:sourcevpc", "aws:principaltag/vpc"]);
}
