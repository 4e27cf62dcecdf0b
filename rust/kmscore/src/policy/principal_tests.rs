use proptest::prelude::*;

use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/app/reader";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/reader/one";
const USER: &str = "arn:aws:iam::111122223333:user/staff/ann";

fn principal(arn: &str) -> Principal {
    Principal::parse(arn).expect(arn)
}

fn session() -> Principal {
    principal(SESSION).issued_by(ROLE).expect("its role")
}

fn reach(principal: &Principal, named: &str) -> Option<Reach> {
    principal.reach(&Named::parse(named).expect(named))
}

#[test]
fn principals_are_read_from_their_arns() {
    for (arn, kind, name) in [
        ("arn:aws:iam::111122223333:root", PrincipalKind::Root, None),
        (USER, PrincipalKind::User, Some("ann")),
        (SESSION, PrincipalKind::RoleSession, None),
        (
            "arn:aws-cn:sts::111122223333:federated-user/bob",
            PrincipalKind::FederatedUser,
            Some("bob"),
        ),
    ] {
        let principal = principal(arn);
        assert_eq!((principal.kind(), principal.name()), (kind, name), "{arn}");
        assert_eq!(principal.account(), Some("111122223333"));
    }
    for arn in [
        "",
        "root",
        "arn:aws:iam::1:root",
        "arn:aws:iam::111122223333:user/",
        "arn:aws:sts::111122223333:assumed-role/reader",
        "arn:aws:sts::111122223333:assumed-role/a/b/c",
        "arn:aws:iam::111122223333:user/*",
        "arn:aws:iam:us-east-1:111122223333:root",
        "arn:aws:kms::111122223333:root",
        "arn:aws:iam::111122223333:root/x",
        "arn:aws:iam::111122223333:group/g",
    ] {
        assert_eq!(Principal::parse(arn), None, "{arn}");
    }
}

#[test]
fn a_session_answers_with_its_role() {
    assert_eq!(
        principal(SESSION).principal_arn(),
        "arn:aws:iam::111122223333:role/reader"
    );
    assert_eq!(session().principal_arn(), ROLE);
    for other in [
        "arn:aws:iam::111122223333:role/writer",
        "arn:aws:iam::444455556666:role/reader",
        USER,
    ] {
        assert_eq!(principal(SESSION).issued_by(other), None, "{other}");
    }
    assert_eq!(principal(USER).issued_by(ROLE), None);
}

#[test]
fn names_reach_the_caller_in_their_own_ways() {
    let root = principal("arn:aws:iam::111122223333:root");
    let user = principal(USER);
    for (caller, named, expected) in [
        (&root, "111122223333", Some(Reach::Direct)),
        (&root, "arn:aws:iam::111122223333:root", Some(Reach::Direct)),
        (&root, "444455556666", None),
        (&root, USER, None),
        (&user, "111122223333", Some(Reach::Account)),
        (&user, USER, Some(Reach::Direct)),
        (&user, "arn:aws:iam::111122223333:user/ann", None),
        (&user, "*", Some(Reach::Everyone)),
        (&session(), ROLE, Some(Reach::Issuer)),
        (&session(), SESSION, Some(Reach::Direct)),
        (
            &session(),
            "arn:aws:sts::111122223333:assumed-role/reader/two",
            None,
        ),
        (
            &session(),
            "arn:aws:iam::111122223333:root",
            Some(Reach::Account),
        ),
        (&session(), "AROAIIIIIIIIIIIIIIIII", None),
        (&Principal::anonymous(), "111122223333", None),
        (
            &Principal::service("s3.amazonaws.com"),
            "*",
            Some(Reach::Everyone),
        ),
    ] {
        assert_eq!(reach(caller, named), expected, "{} {named}", caller.arn());
    }
}

#[test]
fn a_federated_user_is_reached_through_the_user_who_federated() {
    let federated = principal("arn:aws:sts::111122223333:federated-user/bob")
        .issued_by(USER)
        .expect("a user");
    assert_eq!(reach(&federated, USER), Some(Reach::Issuer));
    assert_eq!(reach(&federated, federated.arn()), Some(Reach::Direct));
    assert_eq!(
        reach(&federated, "arn:aws:iam::111122223333:user/bob"),
        None
    );
}

#[test]
fn services_and_providers_are_matched_by_name() {
    let service = Principal::service("s3.amazonaws.com");
    assert_eq!(
        service.reach(&Named::Service("s3.amazonaws.com".into())),
        Some(Reach::Direct)
    );
    assert_eq!(
        service.reach(&Named::Service("ec2.amazonaws.com".into())),
        None
    );
    let provider = Named::Federated("accounts.google.com".into());
    assert_eq!(
        session()
            .provided_by("accounts.google.com")
            .reach(&provider),
        Some(Reach::Issuer)
    );
    assert_eq!(session().reach(&provider), None);
    let bearer = Principal::anonymous().provided_by("accounts.google.com");
    assert_eq!(bearer.reach(&provider), Some(Reach::Direct));
}

#[test]
fn not_principal_needs_account_role_and_session() {
    let account = Named::Account("111122223333".into());
    let role = Named::Role(ROLE.into());
    let own = Named::Session(SESSION.into());
    let all = [account.clone(), role, own];
    assert!(session().excepted(&all));
    for missing in 0..all.len() {
        let mut list = all.to_vec();
        list.remove(missing);
        assert!(!session().excepted(&list), "without {missing}");
    }
    let user = Named::User(USER.into());
    assert!(principal(USER).excepted(&[account.clone(), user.clone()]));
    assert!(!principal(USER).excepted(&[user]));
    assert!(!principal(USER).excepted(core::slice::from_ref(&account)));
    assert!(principal("arn:aws:iam::111122223333:root").excepted(&[account]));
    assert!(principal(USER).excepted(&[Named::Everyone]));
}

#[test]
fn what_cannot_be_a_principal_is_refused() {
    for text in [
        r#""111122223333""#,
        r#""arn:aws:iam::111122223333:root""#,
        "{}",
        "[]",
        "null",
        "7",
        r#"{"AWS":[]}"#,
        r#"{"AWS":"12345"}"#,
        r#"{"AWS":"arn:aws:iam::111122223333:user/*"}"#,
        r#"{"AWS":"arn:aws:iam::*:root"}"#,
        r#"{"AWS":"arn:aws:iam::111122223333:group/g"}"#,
        r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/reader"}"#,
        r#"{"AWS":"arn:aws:iam::111122223333:role/"}"#,
        r#"{"AWS":"arn:aws:iam::111122223333:role//r"}"#,
        r#"{"AWS":["*",7]}"#,
        r#"{"AWS":{"a":"b"}}"#,
        r#"{"Service":"*"}"#,
        r#"{"Service":"s3"}"#,
        r#"{"Federated":""}"#,
        r#"{"CanonicalUser":"x"}"#,
        r#"{"Group":"g"}"#,
        r#"{"aws":"*"}"#,
    ] {
        let fault = Principals::compile(&Node::parse(text).expect("JSON"), false).expect_err(text);
        assert!(
            fault
                .text
                .starts_with("Policy contains a statement with one or more invalid principals.")
        );
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in ".*", tail in "[a-z:/*]{0,20}") {
        for text in [text, format!("arn:aws:iam::111122223333:{tail}"), format!("arn:aws:sts::111122223333:{tail}")] {
            let _ = (Principal::parse(&text), Named::parse(&text));
        }
    }
}
