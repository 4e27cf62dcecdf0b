use super::*;
use crate::policy::context::Facts;
use crate::policy::document::Kind;

const OWNER: &str = "111122223333";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const USER: &str = "arn:aws:iam::111122223333:user/ann";
const STRANGER: &str = "arn:aws:iam::444455556666:user/eve";
const ROLE: &str = "arn:aws:iam::111122223333:role/reader";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/reader/one";

/// Everything a question holds, with names short enough to read a rule in one line.
#[derive(Default)]
struct World {
    key_policy: Option<Document>,
    identity: Vec<NamedPolicy>,
    boundary: Option<NamedPolicy>,
    session: Vec<NamedPolicy>,
    service_control: Vec<Level>,
    resource_control: Vec<Level>,
    vpc_endpoint: Option<NamedPolicy>,
    grantee: Option<&'static str>,
}

fn statement(effect: &str, principal: &str, action: &str) -> String {
    let principal = match principal {
        "" => String::new(),
        "*" => r#""Principal":"*","#.into(),
        service if service.ends_with(".com") => {
            format!(r#""Principal":{{"Service":"{service}"}},"#)
        }
        named => format!(r#""Principal":{{"AWS":"{named}"}},"#),
    };
    format!(r#"{{"Effect":"{effect}",{principal}"Action":"{action}","Resource":"*"}}"#)
}

fn document(kind: Kind, statements: &[String]) -> Document {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    );
    Document::compile(&text, kind).expect("a policy")
}

fn named(kind: Kind, effect: &str, action: &str) -> NamedPolicy {
    let principal = if matches!(kind, Kind::VpcEndpoint | Kind::ResourceControl) {
        "*"
    } else {
        ""
    };
    NamedPolicy {
        name: "policy".into(),
        document: Arc::new(document(kind, &[statement(effect, principal, action)])),
    }
}

impl World {
    fn key(statements: &[(&str, &str)]) -> Self {
        let all: Vec<String> = statements
            .iter()
            .map(|(effect, who)| statement(effect, who, "kms:*"))
            .collect();
        Self {
            key_policy: Some(document(Kind::KeyPolicy, &all)),
            ..Self::default()
        }
    }

    fn identity(mut self, effect: &str, action: &str) -> Self {
        self.identity.push(named(Kind::Identity, effect, action));
        self
    }

    fn boundary(mut self, effect: &str, action: &str) -> Self {
        self.boundary = Some(named(Kind::Boundary, effect, action));
        self
    }

    fn session(mut self, effect: &str, action: &str) -> Self {
        self.session.push(named(Kind::Session, effect, action));
        self
    }

    fn service_control(mut self, effect: &str, action: &str) -> Self {
        self.service_control
            .push(vec![named(Kind::ServiceControl, effect, action)]);
        self
    }

    fn resource_control(mut self, effect: &str, action: &str) -> Self {
        self.resource_control
            .push(vec![named(Kind::ResourceControl, effect, action)]);
        self
    }

    fn vpc_endpoint(mut self, effect: &str, action: &str) -> Self {
        self.vpc_endpoint = Some(named(Kind::VpcEndpoint, effect, action));
        self
    }

    fn granted(mut self, grantee: &'static str) -> Self {
        self.grantee = Some(grantee);
        self
    }

    fn decide(&self, principal: &Principal) -> Decision {
        self.decide_on(principal, "kms:Encrypt", KEY, Some(OWNER))
    }

    fn decide_on(
        &self,
        principal: &Principal,
        action: &str,
        resource: &str,
        owner: Option<&str>,
    ) -> Decision {
        decide(&Question {
            action,
            resource,
            owner,
            principal,
            context: &Facts::default(),
            key_policy: self.key_policy.as_ref(),
            policies: Policies {
                identity: &self.identity,
                boundary: self.boundary.as_ref(),
                session: &self.session,
                service_control: &self.service_control,
                resource_control: &self.resource_control,
                vpc_endpoint: self.vpc_endpoint.as_ref(),
            },
            granted: self.grantee.map(|grantee| Grant {
                id: "grant",
                grantee,
            }),
        })
    }

    fn allows(&self, arn: &str) -> bool {
        self.decide(&principal(arn)).is_allowed()
    }

    /// The kind of policy that denies, and whether it does so explicitly.
    fn denied(&self, arn: &str) -> Option<(PolicyType, bool)> {
        denied(self.decide(&principal(arn)))
    }
}

fn principal(arn: &str) -> Principal {
    Principal::parse(arn).expect(arn)
}

fn denied(decision: Decision) -> Option<(PolicyType, bool)> {
    match decision {
        Decision::Allowed(_) => None,
        Decision::Denied(Why::Explicit(place)) => Some((place.policy_type, true)),
        Decision::Denied(Why::Missing { policy_type, .. }) => Some((policy_type, false)),
    }
}

fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

#[test]
fn the_owners_root_in_a_key_policy_delegates_and_does_not_admit() {
    let world = World::key(&[("Allow", OWNER)]);
    assert_eq!(world.denied(USER), Some((PolicyType::Identity, false)));
    assert!(world.allows(&root(OWNER)));
    let world = world.identity("Allow", "kms:Encrypt");
    assert!(world.allows(USER));
    assert!(world.allows(SESSION));
}

#[test]
fn identity_policies_count_for_nothing_without_delegation_except_their_denies() {
    let world =
        World::key(&[("Allow", "arn:aws:iam::111122223333:user/bob")]).identity("Allow", "kms:*");
    assert_eq!(world.denied(USER), Some((PolicyType::Resource, false)));
    assert_eq!(
        world.denied(&root(OWNER)),
        Some((PolicyType::Resource, false))
    );
    let world = World::key(&[("Allow", USER)]).identity("Deny", "kms:*");
    assert_eq!(world.denied(USER), Some((PolicyType::Identity, true)));
}

#[test]
fn a_user_named_in_the_key_policy_needs_nothing_else() {
    let world = World::key(&[("Allow", USER)]);
    assert!(world.allows(USER));
    assert!(
        world.boundary("Allow", "s3:*").allows(USER),
        "an implicit deny of a boundary does not limit it"
    );
}

#[test]
fn a_role_named_in_the_key_policy_is_limited_by_boundary_and_session() {
    assert!(World::key(&[("Allow", ROLE)]).allows(SESSION));
    let world = World::key(&[("Allow", ROLE)]).boundary("Allow", "s3:*");
    assert_eq!(world.denied(SESSION), Some((PolicyType::Boundary, false)));
    let world = World::key(&[("Allow", ROLE)]).session("Allow", "kms:Decrypt");
    assert_eq!(world.denied(SESSION), Some((PolicyType::Session, false)));
    assert!(
        world.session("Allow", "kms:Encrypt").allows(SESSION),
        "one of several session policies is enough"
    );
}

#[test]
fn a_session_named_in_the_key_policy_is_limited_by_explicit_denies_only() {
    let world = || World::key(&[("Allow", SESSION)]).session("Allow", "s3:*");
    assert!(world().boundary("Allow", "s3:*").allows(SESSION));
    let denied = world().session("Deny", "kms:*").denied(SESSION);
    assert_eq!(denied, Some((PolicyType::Session, true)));
}

#[test]
fn everyone_admits_directly_at_home_and_with_identity_policies_from_elsewhere() {
    let world = World::key(&[("Allow", "*")]);
    assert!(world.allows(USER) && world.allows(SESSION) && world.allows(&root(OWNER)));
    assert_eq!(world.denied(STRANGER), Some((PolicyType::Identity, false)));
    assert!(world.allows(&root("444455556666")));
    assert!(world.identity("Allow", "kms:*").allows(STRANGER));
}

#[test]
fn another_account_needs_both_sides() {
    for named in ["444455556666", STRANGER] {
        let world = World::key(&[("Allow", named)]);
        assert_eq!(
            world.denied(STRANGER),
            Some((PolicyType::Identity, false)),
            "{named}"
        );
        assert!(
            world.identity("Allow", "kms:Encrypt").allows(STRANGER),
            "{named}"
        );
    }
    let world = World::key(&[("Allow", OWNER)]).identity("Allow", "kms:*");
    assert_eq!(world.denied(STRANGER), Some((PolicyType::Resource, false)));
}

#[test]
fn a_boundary_limits_a_stranger_even_when_named() {
    let world = World::key(&[("Allow", STRANGER)])
        .identity("Allow", "kms:*")
        .boundary("Allow", "s3:*");
    assert_eq!(world.denied(STRANGER), Some((PolicyType::Boundary, false)));
}

#[test]
fn boundary_and_session_limit_identity_policies() {
    let world = || World::key(&[("Allow", OWNER)]).identity("Allow", "kms:*");
    assert!(
        world()
            .boundary("Allow", "kms:E*")
            .session("Allow", "*")
            .allows(SESSION)
    );
    assert_eq!(
        world().boundary("Allow", "s3:*").denied(USER),
        Some((PolicyType::Boundary, false))
    );
    assert_eq!(
        world().session("Allow", "s3:*").denied(SESSION),
        Some((PolicyType::Session, false))
    );
    assert_eq!(
        world().boundary("Deny", "*").denied(USER),
        Some((PolicyType::Boundary, true))
    );
}

#[test]
fn every_level_of_control_policies_must_allow_even_root() {
    let world = || World::key(&[("Allow", OWNER), ("Allow", USER)]);
    for arn in [USER, &root(OWNER)] {
        let allowing = world()
            .service_control("Allow", "*")
            .service_control("Allow", "kms:*");
        assert!(allowing.allows(arn));
        let denied = allowing.service_control("Allow", "s3:*").denied(arn);
        assert_eq!(denied, Some((PolicyType::ServiceControl, false)));
        let denied = world().service_control("Deny", "kms:Encrypt").denied(arn);
        assert_eq!(denied, Some((PolicyType::ServiceControl, true)));
        let denied = world()
            .resource_control("Allow", "*")
            .resource_control("Deny", "kms:*")
            .denied(arn);
        assert_eq!(denied, Some((PolicyType::ResourceControl, true)));
        let denied = world().resource_control("Allow", "s3:*").denied(arn);
        assert_eq!(denied, Some((PolicyType::ResourceControl, false)));
    }
    let mut empty = world();
    empty.service_control.push(Vec::new());
    assert!(
        empty.allows(USER),
        "a level with none attached limits nothing"
    );
}

#[test]
fn the_endpoint_a_request_came_through_must_allow_it() {
    let world = || World::key(&[("Allow", USER)]);
    assert!(world().vpc_endpoint("Allow", "kms:*").allows(USER));
    assert_eq!(
        world().vpc_endpoint("Allow", "s3:*").denied(USER),
        Some((PolicyType::VpcEndpoint, false))
    );
    assert_eq!(
        world().vpc_endpoint("Deny", "kms:*").denied(USER),
        Some((PolicyType::VpcEndpoint, true))
    );
}

#[test]
fn an_explicit_deny_of_any_policy_overrides_allows_and_grants() {
    let open = || {
        World::key(&[("Allow", SESSION)])
            .identity("Allow", "*")
            .granted(SESSION)
    };
    for (world, policy_type) in [
        (open().identity("Deny", "kms:E*"), PolicyType::Identity),
        (open().boundary("Deny", "*"), PolicyType::Boundary),
        (open().session("Deny", "kms:*"), PolicyType::Session),
        (
            open().service_control("Deny", "*"),
            PolicyType::ServiceControl,
        ),
        (
            open().resource_control("Deny", "*"),
            PolicyType::ResourceControl,
        ),
        (open().vpc_endpoint("Deny", "*"), PolicyType::VpcEndpoint),
    ] {
        assert_eq!(world.denied(SESSION), Some((policy_type, true)));
    }
    for denied in ["*", OWNER, ROLE, SESSION] {
        let world = World::key(&[("Allow", SESSION), ("Deny", denied)]).granted(SESSION);
        assert_eq!(
            world.denied(SESSION),
            Some((PolicyType::Resource, true)),
            "{denied}"
        );
    }
}

#[test]
fn a_grant_allows_without_any_policy_and_across_accounts() {
    let closed = || World::key(&[("Allow", "arn:aws:iam::111122223333:user/bob")]);
    assert_eq!(
        closed().granted(USER).decide(&principal(USER)),
        Decision::Allowed(By::Grant)
    );
    assert_eq!(
        closed().granted(STRANGER).decide(&principal(STRANGER)),
        Decision::Allowed(By::Grant)
    );
    assert!(closed().granted(ROLE).allows(SESSION));
    assert!(
        !closed().granted(USER).allows(STRANGER),
        "the grantee is somebody else"
    );
    assert!(!closed().granted("*").allows(USER));
    assert!(!closed().granted("").allows(USER));
}

#[test]
fn a_grant_reaches_as_far_as_a_key_policy_that_names_its_grantee() {
    let closed = || World::key(&[("Allow", "arn:aws:iam::111122223333:user/bob")]);
    assert!(
        !closed()
            .granted(ROLE)
            .session("Allow", "s3:*")
            .allows(SESSION)
    );
    assert!(
        !closed()
            .granted(ROLE)
            .boundary("Allow", "s3:*")
            .allows(SESSION)
    );
    assert!(!closed().granted("444455556666").allows(STRANGER));
    assert!(
        closed()
            .granted("444455556666")
            .identity("Allow", "kms:*")
            .allows(STRANGER)
    );
    assert!(
        !closed()
            .granted(USER)
            .service_control("Allow", "s3:*")
            .allows(USER)
    );
}

#[test]
fn services_and_strangers_to_iam_must_be_named() {
    let service = Principal::service("s3.amazonaws.com");
    let everyone = World::key(&[("Allow", "*")]);
    assert!(!everyone.decide(&service).is_allowed());
    assert!(!everyone.decide(&Principal::anonymous()).is_allowed());
    let named = || World::key(&[("Allow", "s3.amazonaws.com")]);
    assert!(named().decide(&service).is_allowed());
    assert!(
        named()
            .service_control("Allow", "s3:*")
            .decide(&service)
            .is_allowed()
    );
    assert!(
        !named()
            .resource_control("Allow", "s3:*")
            .decide(&service)
            .is_allowed()
    );
    assert!(
        !named()
            .decide(&Principal::service("ec2.amazonaws.com"))
            .is_allowed()
    );
    let denied = World::key(&[("Allow", "s3.amazonaws.com"), ("Deny", "*")]).decide(&service);
    assert_eq!(self::denied(denied), Some((PolicyType::Resource, true)));
    assert!(
        World::default()
            .granted("s3.amazonaws.com")
            .decide(&service)
            .is_allowed()
    );
}

#[test]
fn a_federated_user_has_what_session_policies_and_its_user_both_allow() {
    let federated = principal("arn:aws:sts::111122223333:federated-user/bob")
        .issued_by(USER)
        .expect("a user");
    let world = || World::key(&[("Allow", OWNER)]).identity("Allow", "kms:*");
    assert_eq!(
        denied(world().decide(&federated)),
        Some((PolicyType::Session, false))
    );
    assert!(
        world()
            .session("Allow", "kms:Encrypt")
            .decide(&federated)
            .is_allowed()
    );
    let by_user = || World::key(&[("Allow", USER)]);
    assert!(
        !by_user()
            .session("Allow", "s3:*")
            .decide(&federated)
            .is_allowed()
    );
    let by_session = World::key(&[("Allow", "arn:aws:sts::111122223333:federated-user/bob")]);
    assert!(
        by_session
            .session("Allow", "s3:*")
            .decide(&federated)
            .is_allowed()
    );
}

#[test]
fn actions_on_no_key_are_decided_by_the_callers_own_policies() {
    let world = World::key(&[("Allow", "*")]);
    let decide = |world: &World, arn: &str, resource: &str| {
        denied(world.decide_on(&principal(arn), "kms:CreateKey", resource, None))
    };
    assert_eq!(
        decide(&world, USER, "*"),
        Some((PolicyType::Identity, false))
    );
    assert_eq!(decide(&world, &root(OWNER), "*"), None);
    let world = World::default().identity("Allow", "kms:Create*");
    assert_eq!(decide(&world, USER, "*"), None);
    assert_eq!(
        decide(&world, USER, "arn:aws:kms:us-east-1:111122223333:alias/a"),
        None
    );
    let foreign = "arn:aws:kms:us-east-1:444455556666:alias/a";
    assert_eq!(
        decide(&world, USER, foreign),
        Some((PolicyType::Resource, false))
    );
    assert_eq!(
        decide(&world, &root(OWNER), foreign),
        Some((PolicyType::Resource, false))
    );
    let world = world.boundary("Allow", "s3:*");
    assert_eq!(
        decide(&world, USER, "*"),
        Some((PolicyType::Boundary, false))
    );
}

#[test]
fn nothing_known_allows_nothing() {
    for arn in [USER, SESSION, STRANGER, &root(OWNER)] {
        assert!(!World::default().allows(arn));
        assert!(!World::default().identity("Allow", "*").allows(arn));
    }
}

#[test]
fn a_boundary_makes_not_principal_deny_whoever_has_it() {
    let text = format!(
        r#"{{"Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{USER}"}},"Action":"kms:*","Resource":"*"}},
            {{"Effect":"Deny","NotPrincipal":{{"AWS":["{USER}","{OWNER}"]}},"Action":"kms:*","Resource":"*"}}]}}"#
    );
    let policy = || Some(Document::compile(&text, Kind::KeyPolicy).expect("a policy"));
    let world = World {
        key_policy: policy(),
        ..World::default()
    };
    assert!(world.allows(USER));
    assert_eq!(world.denied(STRANGER), Some((PolicyType::Resource, true)));
    let world = world.boundary("Allow", "*");
    assert_eq!(world.denied(USER), Some((PolicyType::Resource, true)));
}

#[test]
fn a_decision_points_at_the_statement_that_made_it() {
    let world = World::key(&[("Allow", "444455556666"), ("Allow", OWNER)])
        .identity("Allow", "s3:*")
        .identity("Allow", "kms:Encrypt");
    let Decision::Allowed(By::Identity {
        identity,
        key_policy,
    }) = world.decide(&principal(USER))
    else {
        panic!("allowed by identity");
    };
    assert_eq!(
        identity.map(|place| (place.policy, place.statement)),
        Some((1, 0))
    );
    assert_eq!(key_policy.map(|place| place.statement), Some(1));
}
