use proptest::prelude::*;

use super::super::statement::Action;
use super::*;
use crate::policy::context::Facts;
use crate::policy::default_key_policy;

const ALL: [Kind; 8] = [
    Kind::KeyPolicy,
    Kind::Identity,
    Kind::Session,
    Kind::Boundary,
    Kind::ServiceControl,
    Kind::ResourceControl,
    Kind::VpcEndpoint,
    Kind::Trust,
];

fn key_policy(statement: &str) -> Result<Document, Fault> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
    Document::compile(&text, Kind::KeyPolicy)
}

fn identity(statement: &str) -> Result<Document, Fault> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
    Document::compile(&text, Kind::Identity)
}

fn fault(result: Result<Document, Fault>) -> Fault {
    result.expect_err("refused")
}

#[test]
fn the_default_key_policy_compiles() {
    let text = default_key_policy("111122223333", "us-east-1");
    let policy = Document::compile(&text, Kind::KeyPolicy).expect("the default");
    assert_eq!(policy.statement_name(0), "Enable IAM User Permissions");
    assert_eq!(policy.actions().collect::<Vec<_>>(), ["kms:*"]);
    let named: Vec<&str> = policy.principals().map(Named::text).collect();
    assert_eq!(named, ["111122223333"]);
    assert!(policy.condition_keys().is_empty() && !policy.is_volatile());
}

#[test]
fn statement_is_one_or_a_list_and_version_is_known() {
    let one = r#"{"Effect":"Allow","Action":"kms:*","Resource":"*"}"#;
    for text in [
        format!(r#"{{"Statement":{one}}}"#),
        format!(r#"{{"Statement":[{one}]}}"#),
        format!(r#"{{"Id":"a b","Version":"2008-10-17","Statement":[{one},{one}]}}"#),
        format!(r#"{{"Statement":[{one}],"Version":"2012-10-17"}}"#),
    ] {
        assert!(Document::compile(&text, Kind::Identity).is_ok(), "{text}");
    }
}

#[test]
fn what_is_not_the_policy_language_is_malformed_for_every_kind() {
    for text in [
        "",
        "null",
        "[]",
        "{}",
        "7",
        r#"{"Statement":[]}"#,
        r#"{"Statement":"x"}"#,
        r#"{"Statement":[7]}"#,
        r#"{"Version":"2012-10-17"}"#,
        r#"{"Version":"2020-01-01","Statement":{}}"#,
        r#"{"Version":2012,"Statement":{}}"#,
        r#"{"Id":7,"Statement":{}}"#,
        r#"{"statement":{"Effect":"Allow"}}"#,
        r#"{"Statement":{},"Comment":""}"#,
        r#"{"Statement":{"Effect":"Allow","Effect":"Deny"}}"#,
        r#"{"Statement":{}} x"#,
    ] {
        for kind in ALL {
            let fault = fault(Document::compile(text, kind));
            assert_eq!(fault.rule, Rule::Syntax, "{text}");
            assert!(
                fault.text.starts_with("Syntax errors in policy."),
                "{}",
                fault.text
            );
        }
    }
}

#[test]
fn malformed_statements_of_a_key_policy_are_refused() {
    let base = r#""Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*""#;
    assert!(key_policy(&format!("{{{base}}}")).is_ok());
    for extra in [
        r#""Sid":7"#,
        r#""Note":"x""#,
        r#""NotAction":"kms:*""#,
        r#""NotResource":"*""#,
        r#""NotPrincipal":"*""#,
        r#""Condition":[]"#,
        r#""Condition":{"StringEquals":"x"}"#,
    ] {
        assert!(
            key_policy(&format!("{{{base},{extra}}}")).is_err(),
            "{extra}"
        );
    }
    for statement in [
        r#"{"Principal":"*","Action":"kms:*","Resource":"*"}"#,
        r#"{"Effect":"allow","Principal":"*","Action":"kms:*","Resource":"*"}"#,
        r#"{"Effect":["Allow"],"Principal":"*","Action":"kms:*","Resource":"*"}"#,
        r#"{"Effect":"Allow","Principal":"*","Action":"Encrypt","Resource":"*"}"#,
        r#"{"Effect":"Allow","Principal":"*","Action":"kms:","Resource":"*"}"#,
        r#"{"Effect":"Allow","Principal":"*","Action":7,"Resource":"*"}"#,
        r#"{"Effect":"Allow","Principal":"*","Action":["kms:*",7],"Resource":"*"}"#,
        r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"key/*"}"#,
        r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"arn:aws:kms:*:*:key/${"}"#,
        r#"{"Effect":"Allow","Principal":"*","NotAction":[],"Resource":"*"}"#,
        r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","NotResource":[]}"#,
    ] {
        assert!(key_policy(statement).is_err(), "{statement}");
    }
}

#[test]
fn a_key_policy_statement_needs_a_principal_and_may_lack_the_rest() {
    let without = fault(key_policy(
        r#"{"Effect":"Allow","Action":"kms:*","Resource":"*"}"#,
    ));
    assert_eq!(without.rule, Rule::Principal);
    assert!(
        without
            .text
            .starts_with("Policy contains a statement with one or more invalid principals.")
    );
    for statement in [
        r#"{"Effect":"Allow","Principal":"*","Action":"kms:*"}"#,
        r#"{"Effect":"Allow","Principal":"*","Resource":"*"}"#,
        r#"{"Effect":"Allow","Principal":"*","Action":[],"Resource":"*"}"#,
        r#"{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":[]}"#,
    ] {
        let policy = key_policy(statement).expect("stored");
        let applies = policy.statements()[0].applies(
            Action::of("kms:Encrypt"),
            "arn:aws:kms:us-east-1:1:key/1",
            &Facts::default(),
        );
        assert!(!applies, "{statement}");
    }
}

#[test]
fn not_principal_stands_with_deny_only() {
    let statement = |effect: &str| {
        format!(
            r#"{{"Effect":"{effect}","NotPrincipal":{{"AWS":"111122223333"}},"Action":"kms:*","Resource":"*"}}"#
        )
    };
    assert!(key_policy(&statement("Deny")).is_ok());
    assert_eq!(fault(key_policy(&statement("Allow"))).rule, Rule::Principal);
}

#[test]
fn a_policy_of_iam_names_no_principal_and_has_action_and_resource() {
    for statement in [
        r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"kms:*"}"#,
        r#"{"Effect":"Allow","Resource":"*"}"#,
        r#"{"Sid":"a b","Effect":"Allow","Action":"kms:*","Resource":"*"}"#,
        r#"[{"Sid":"a","Effect":"Allow","Action":"kms:*","Resource":"*"},{"Sid":"a","Effect":"Deny","Action":"kms:*","Resource":"*"}]"#,
    ] {
        assert!(identity(statement).is_err(), "{statement}");
    }
}

#[test]
fn trust_and_resource_control_policies_have_their_own_rules() {
    let compile = |text: &str, kind| Document::compile(&format!(r#"{{"Statement":{text}}}"#), kind);
    let trust =
        r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}"#;
    assert!(compile(trust, Kind::Trust).is_ok());
    assert!(compile(trust, Kind::VpcEndpoint).is_err());
    let with_resource =
        r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}"#;
    assert!(compile(with_resource, Kind::Trust).is_err());
    assert!(compile(with_resource, Kind::ResourceControl).is_ok());
    let named =
        r#"{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}"#;
    assert!(compile(named, Kind::ResourceControl).is_err());
}

#[test]
fn a_key_policy_has_a_length_and_an_alphabet() {
    let statement = r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}"#;
    let padded = |length: usize, filler: &str| {
        let head = format!(r#"{{"Statement":{statement},"Id":""#);
        let rest = length - head.chars().count() - 2;
        format!("{head}{}\"}}", filler.repeat(rest))
    };
    assert!(Document::compile(&padded(KEY_POLICY_LENGTH, "é"), Kind::KeyPolicy).is_ok());
    let long = fault(Document::compile(
        &padded(KEY_POLICY_LENGTH + 1, "x"),
        Kind::KeyPolicy,
    ));
    assert_eq!(long.rule, Rule::TooLong);
    for odd in ["€", "\u{7}", "😀"] {
        let fault = fault(Document::compile(&padded(1000, odd), Kind::KeyPolicy));
        assert_eq!(fault.rule, Rule::Characters, "{odd:?}");
    }
    assert!(Document::compile(&padded(1000, "€"), Kind::VpcEndpoint).is_ok());
}

#[test]
fn for_all_values_on_keys_that_may_be_absent_is_refused_in_a_key_policy() {
    let statement = |operator: &str, key: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{{"{operator}":{{"{key}":"x"}}}}}}"#
        )
    };
    for key in [
        "kms:EncryptionContext:App",
        "KMS:encryptioncontext:app",
        "aws:RequestTag/Team",
    ] {
        let fault = fault(key_policy(&statement("ForAllValues:StringEquals", key)));
        assert_eq!(fault.rule, Rule::OverlyPermissive);
        assert!(
            fault.text.starts_with("OverlyPermissiveCondition"),
            "{}",
            fault.text
        );
        assert!(key_policy(&statement("ForAnyValue:StringEquals", key)).is_ok());
        assert!(key_policy(&statement("StringEquals", key)).is_ok());
    }
    for key in ["kms:EncryptionContextKeys", "aws:TagKeys"] {
        assert!(key_policy(&statement("ForAllValues:StringEquals", key)).is_ok());
    }
}

#[test]
fn a_policy_reports_what_it_names() {
    let policy = key_policy(
        r#"[{"Effect":"Allow","Principal":{"AWS":["AIDACKCEVSQ6C2EXAMPLE","111122223333"],"Service":"s3.amazonaws.com"},
            "Action":["kms:Encrypt","KMS:re*","kms:Encryt","s3:Get*"],"Resource":"arn:aws:kms:*:*:key/${aws:PrincipalTag/key}",
            "Condition":{"StringEquals":{"kms:ViaServices":"a","AWS:UserName":"b","other:key":"c"},
                         "DateLessThan":{"aws:CurrentTime":"2030"}}}]"#,
    )
    .expect("a policy");
    assert_eq!(
        policy.unique_ids().collect::<Vec<_>>(),
        ["AIDACKCEVSQ6C2EXAMPLE"]
    );
    assert_eq!(policy.unknown_actions().collect::<Vec<_>>(), ["kms:Encryt"]);
    assert_eq!(
        policy.unknown_condition_keys().collect::<Vec<_>>(),
        ["kms:viaservices"]
    );
    let keys: Vec<&str> = policy
        .condition_keys()
        .iter()
        .map(ConditionKey::name)
        .collect();
    assert_eq!(
        keys,
        [
            "aws:currenttime",
            "aws:principaltag/key",
            "aws:username",
            "kms:viaservices",
            "other:key"
        ]
    );
    assert!(policy.is_volatile());
    assert_eq!(policy.principals().count(), 3);
    assert_eq!(policy.statement_name(0), "#1");
}

#[test]
fn variables_that_read_the_time_are_volatile_in_the_newer_language_only() {
    let text = |version: &str| {
        format!(
            r#"{{"Version":"{version}","Statement":{{"Effect":"Allow","Action":"kms:*","Resource":"arn:aws:kms:*:*:key/${{aws:CurrentTime}}"}}}}"#
        )
    };
    let volatile = |version| {
        Document::compile(&text(version), Kind::Identity)
            .expect("a policy")
            .is_volatile()
    };
    assert!(volatile("2012-10-17"));
    assert!(!volatile("2008-10-17"));
}

/// Policies near the language: what a fuzzer finds by luck, this finds at once.
fn almost_a_policy() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"Statement\"",
        "\"Effect\"",
        "\"Allow\"",
        "\"Deny\"",
        "\"Principal\"",
        "\"*\"",
        "\"AWS\"",
        "\"Action\"",
        "\"kms:*\"",
        "\"Resource\"",
        "\"Condition\"",
        "\"StringLike\"",
        "\"aws:username\"",
        "\"${aws:username}\"",
        "\"arn:aws:kms:*\"",
        "\"Version\"",
        "\"2012-10-17\"",
        "7",
        "null",
        "\"é\"",
    ]);
    prop::collection::vec(words, 0..40).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn no_text_makes_the_compiler_panic(text in ".{0,200}", near in almost_a_policy()) {
        for kind in ALL {
            let _ = (Document::compile(&text, kind), Document::compile(&near, kind));
        }
    }
}
