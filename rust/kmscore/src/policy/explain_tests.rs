use std::sync::Arc;

use super::*;
use crate::policy::{Document, Facts, Grant, Kind, NamedPolicy, Policies, Principal, decide};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn policy(name: &str, kind: Kind, statement: &str) -> NamedPolicy {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    NamedPolicy {
        name: name.into(),
        document: Arc::new(Document::compile(&text, kind).expect("a policy")),
    }
}

/// The API text of a denial and the operator's explanation.
fn words(
    key_policy: &str,
    policies: Policies<'_>,
    granted: Option<Grant<'_>>,
) -> (Option<String>, String) {
    let key_policy = policy("key", Kind::KeyPolicy, key_policy);
    let principal = Principal::parse("arn:aws:iam::111122223333:user/ann").expect("a user");
    let question = Question {
        action: "kms:Encrypt",
        resource: KEY,
        owner: Some("111122223333"),
        principal: &principal,
        context: &Facts::default(),
        key_policy: Some(&key_policy.document),
        policies,
        granted,
    };
    let decision = decide(&question);
    let denial = match decision {
        Decision::Allowed(_) => None,
        Decision::Denied(why) => Some(question.denial(why)),
    };
    (denial, question.explanation(decision))
}

const DELEGATES: &str = r#"{"Sid":"Enable IAM","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}"#;
const NAMES: &str = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/ann"},"Action":"kms:*","Resource":"*"}"#;
const FOREIGN: &str =
    r#"{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"kms:*","Resource":"*"}"#;
const DENIES: &str =
    r#"{"Sid":"No","Effect":"Deny","Principal":"*","Action":"kms:Enc*","Resource":"*"}"#;
const ALLOW: &str = r#"{"Sid":"Use","Effect":"Allow","Action":"kms:*","Resource":"*"}"#;
const OTHER: &str = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
const DENY: &str = r#"{"Sid":"Never","Effect":"Deny","Action":"kms:*","Resource":"*"}"#;

#[test]
#[expect(clippy::too_many_lines, reason = "one row for each wording")]
fn denials_are_worded_as_aws_words_them() {
    let allow = [policy("allow", Kind::Identity, ALLOW)];
    let deny = [policy("deny", Kind::Identity, DENY)];
    let boundary = policy("boundary", Kind::Boundary, OTHER);
    let deny_boundary = policy("boundary", Kind::Boundary, DENY);
    let session = [policy("session", Kind::Session, OTHER)];
    let deny_session = [policy("session", Kind::Session, DENY)];
    let organization = [vec![policy("scp", Kind::ServiceControl, OTHER)]];
    let star = r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}"#;
    let endpoint = policy("vpce", Kind::VpcEndpoint, star);
    let deny_endpoint = policy("vpce", Kind::VpcEndpoint, DENIES);
    let resources = [vec![policy("rcp", Kind::ResourceControl, DENIES)]];
    let none = Policies::default();
    let own = Policies {
        identity: &allow,
        ..none
    };
    let start = format!(
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: kms:Encrypt on resource: {KEY}"
    );
    for (key_policy, policies, end) in [
        (
            DELEGATES,
            none,
            "because no identity-based policy allows the kms:Encrypt action",
        ),
        (
            FOREIGN,
            own,
            "because no resource-based policy allows the kms:Encrypt action",
        ),
        (
            DENIES,
            own,
            "with an explicit deny in a resource-based policy",
        ),
        (
            DELEGATES,
            Policies {
                identity: &deny,
                ..none
            },
            "with an explicit deny in an identity-based policy",
        ),
        (
            DELEGATES,
            Policies {
                boundary: Some(&boundary),
                ..own
            },
            "because no permissions boundary allows the kms:Encrypt action",
        ),
        (
            DELEGATES,
            Policies {
                boundary: Some(&deny_boundary),
                ..own
            },
            "with an explicit deny in a permissions boundary",
        ),
        (
            DELEGATES,
            Policies {
                session: &session,
                ..own
            },
            "because no session policy allows the kms:Encrypt action",
        ),
        (
            DELEGATES,
            Policies {
                session: &deny_session,
                ..own
            },
            "with an explicit deny in a session policy",
        ),
        (
            DELEGATES,
            Policies {
                service_control: &organization,
                ..own
            },
            "with an explicit deny in a service control policy",
        ),
        (
            DELEGATES,
            Policies {
                resource_control: &resources,
                ..own
            },
            "with an explicit deny in a resource control policy",
        ),
        (
            DELEGATES,
            Policies {
                vpc_endpoint: Some(&endpoint),
                ..own
            },
            "because no VPC endpoint policy allows the kms:Encrypt action",
        ),
        (
            DELEGATES,
            Policies {
                vpc_endpoint: Some(&deny_endpoint),
                ..own
            },
            "with an explicit deny in a VPC endpoint policy",
        ),
    ] {
        let (denial, _) = words(key_policy, policies, None);
        assert_eq!(denial, Some(format!("{start} {end}")));
    }
}

#[test]
fn explanations_name_policies_statements_and_grants() {
    let allow = [policy("allow", Kind::Identity, ALLOW)];
    let deny = [
        policy("other", Kind::Identity, OTHER),
        policy("deny", Kind::Identity, DENY),
    ];
    let own = Policies {
        identity: &allow,
        ..Policies::default()
    };
    let grant = Grant {
        id: "abc",
        grantee: "arn:aws:iam::111122223333:user/ann",
    };
    let (_, text) = words(DELEGATES, own, None);
    assert!(text.ends_with("allowed by statement Use of the identity-based policy allow, to which statement Enable IAM of the key policy leaves it."), "{text}");
    let (_, text) = words(NAMES, Policies::default(), None);
    assert!(
        text.ends_with("allowed by statement #1 of the key policy."),
        "{text}"
    );
    let (_, text) = words(FOREIGN, Policies::default(), Some(grant));
    assert!(text.ends_with("allowed by grant abc."), "{text}");
    let (_, text) = words(
        NAMES,
        Policies {
            identity: &deny,
            ..own
        },
        None,
    );
    assert!(
        text.contains("denied by statement Never of the identity-based policy deny"),
        "{text}"
    );
    let (_, text) = words(FOREIGN, own, None);
    assert!(
        text.contains("the key policy needs an Allow of kms:Encrypt"),
        "{text}"
    );
}

#[test]
fn a_decision_names_its_policy_and_statement_unless_none_made_it() {
    let decided_by = |key_policy: &str, identity: &[NamedPolicy]| {
        let key_policy = policy("key", Kind::KeyPolicy, key_policy);
        let principal = Principal::parse("arn:aws:iam::111122223333:user/ann").expect("a user");
        let question = Question {
            action: "kms:Encrypt",
            resource: KEY,
            owner: Some("111122223333"),
            principal: &principal,
            context: &Facts::default(),
            key_policy: Some(&key_policy.document),
            policies: Policies {
                identity,
                ..Policies::default()
            },
            granted: None,
        };
        question.decided_by(decide(&question))
    };
    let names = |policy: &str, statement: &str| Some((policy.to_owned(), statement.to_owned()));
    let allow = [policy("mine", Kind::Identity, ALLOW)];
    let deny = [policy("mine", Kind::Identity, DENY)];
    assert_eq!(decided_by(NAMES, &[]), names("key policy", "#1"));
    assert_eq!(
        decided_by(DELEGATES, &allow),
        names("identity-based policy mine", "Use")
    );
    assert_eq!(
        decided_by(NAMES, &deny),
        names("identity-based policy mine", "Never")
    );
    assert_eq!(decided_by(DELEGATES, &[]), None);
}
