//! The table of decisions in tests/policies/cases.json, which the Python tests read too. Its head says how to read it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use kmscore::policy::{
    By, Decision, DecisionCache, Document, Facts, Grant, Kind, Level, NamedPolicy, Policies,
    PolicyType, Principal, Question, Why, decide,
};
use serde_json::{Map, Value, json};

const CASES: &str = include_str!("../../../tests/policies/cases.json");

#[test]
fn every_case_of_the_table_is_decided_as_written() {
    let table: Value = serde_json::from_str(CASES).unwrap();
    let cache = DecisionCache::new(1 << 20);
    let mut cases = 0;
    let mut wrong = Vec::new();
    for group in table["groups"].as_array().unwrap() {
        for case in group["cases"].as_array().unwrap() {
            cases += 1;
            let asked = Case {
                table: &table,
                group,
                case,
            };
            let found = asked.answers(&cache);
            let expected = case["is"].as_str().unwrap();
            if found != expected
                && found.split(':').next() != Some(expected)
                && !denies(&found, expected)
            {
                wrong.push(format!("{}: {case}\n    found {found}", group["rule"]));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {cases}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(cases >= 300, "{cases}");
}

/// `deny` stands for a denial of either sort.
fn denies(found: &str, expected: &str) -> bool {
    expected == "deny" && found.starts_with("explicit")
}

struct Case<'a> {
    table: &'a Value,
    group: &'a Value,
    case: &'a Value,
}

impl Case<'_> {
    fn member(&self, name: &str) -> &Value {
        let here = |value: &'_ Value| value.get(name).is_some();
        match (here(self.case), here(self.group)) {
            (true, _) => &self.case[name],
            (false, true) => &self.group[name],
            (false, false) => &self.table[name],
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.member(name).as_str()
    }

    fn answers(&self, cache: &DecisionCache) -> String {
        let key_policy = self.key_policy();
        let identity = self.several("identity", Kind::Identity);
        let session = self.several("session", Kind::Session);
        let boundary = self.single("boundary", Kind::Boundary);
        let vpc_endpoint = self.single("vpc_endpoint", Kind::VpcEndpoint);
        let service_control = self.levels("service_control", Kind::ServiceControl);
        let resource_control = self.levels("resource_control", Kind::ResourceControl);
        let principal = self.principal();
        let context = self.facts();
        let question = Question {
            action: &format!("kms:{}", self.text("do").unwrap_or("Encrypt")),
            resource: self
                .text("on")
                .unwrap_or(self.table["key"].as_str().unwrap()),
            owner: self.text("owner"),
            principal: &principal,
            context: &context,
            key_policy: key_policy.as_ref(),
            policies: Policies {
                identity: &identity,
                boundary: boundary.as_ref(),
                session: &session,
                service_control: &service_control,
                resource_control: &resource_control,
                vpc_endpoint: vpc_endpoint.as_ref(),
            },
            granted: self.text("grant").map(|grantee| Grant {
                id: "grant",
                grantee,
            }),
        };
        let decision = decide(&question);
        assert_eq!(cache.decide(&question), decision, "{}", self.case);
        assert_eq!(cache.decide(&question), decision, "{}", self.case);
        assert!(!question.explanation(decision).is_empty());
        word(decision)
    }

    fn principal(&self) -> Principal {
        let described = &self.table["principals"][self.text("as").unwrap_or("ann")];
        let text = |name: &str| described[name].as_str();
        if let Some(service) = text("service") {
            return Principal::service(service);
        }
        let Some(arn) = text("arn") else {
            return Principal::anonymous();
        };
        let mut principal = Principal::parse(arn).unwrap();
        if let Some(issuer) = text("issuer") {
            principal = principal.issued_by(issuer).unwrap();
        }
        match text("provider") {
            Some(provider) => principal.provided_by(provider),
            None => principal,
        }
    }

    fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        for (name, value) in self.case["with"].as_object().unwrap_or(&Map::new()) {
            match value {
                Value::Array(values) => {
                    facts.set_many(
                        name,
                        values
                            .iter()
                            .map(|value| value.as_str().unwrap().into())
                            .collect(),
                    );
                }
                value => facts.set(name, value.as_str().unwrap()),
            }
        }
        facts
    }

    fn key_policy(&self) -> Option<Document> {
        let changes = match self.case.get("statement") {
            Some(changes) => changes.clone(),
            None => match (self.case.get("if"), self.case.get("deny_if")) {
                (Some(condition), _) => json!({ "Condition": condition }),
                (_, Some(condition)) => json!({ "Effect": "Deny", "Condition": condition }),
                _ => {
                    let statements = self.member("key_policy");
                    return (!statements.is_null())
                        .then(|| self.compile(statements, Kind::KeyPolicy));
                }
            },
        };
        let everyone =
            json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*" });
        let ann = json!({ "AWS": "arn:aws:iam::111122223333:user/ann" });
        let mut statement =
            json!({ "Effect": "Allow", "Principal": ann, "Action": "kms:*", "Resource": "*" });
        let members = statement.as_object_mut().unwrap();
        for (name, value) in changes.as_object().unwrap() {
            members.insert(name.clone(), value.clone());
        }
        members.retain(|_, value| !value.is_null());
        let statements = match statement["Effect"].as_str() {
            Some("Deny") => json!([everyone, statement]),
            _ => json!([statement]),
        };
        Some(self.compile(&statements, Kind::KeyPolicy))
    }

    fn compile(&self, statements: &Value, kind: Kind) -> Document {
        let version = self.text("version").unwrap_or("2012-10-17");
        let text = json!({ "Version": version, "Statement": statements }).to_string();
        Document::compile(&text, kind).unwrap_or_else(|fault| panic!("{fault}: {text}"))
    }

    fn named(&self, statements: &Value, kind: Kind) -> NamedPolicy {
        NamedPolicy {
            name: "policy".into(),
            document: Arc::new(self.compile(statements, kind)),
        }
    }

    fn single(&self, name: &str, kind: Kind) -> Option<NamedPolicy> {
        let statements = self.member(name);
        (!statements.is_null()).then(|| self.named(statements, kind))
    }

    fn several(&self, name: &str, kind: Kind) -> Vec<NamedPolicy> {
        self.list(self.member(name), kind)
    }

    fn list(&self, policies: &Value, kind: Kind) -> Level {
        let policies = policies.as_array().map_or(&[][..], Vec::as_slice);
        policies
            .iter()
            .map(|statements| self.named(statements, kind))
            .collect()
    }

    fn levels(&self, name: &str, kind: Kind) -> Vec<Level> {
        let levels = self.member(name).as_array().map_or(&[][..], Vec::as_slice);
        levels.iter().map(|level| self.list(level, kind)).collect()
    }
}

fn word(decision: Decision) -> String {
    match decision {
        Decision::Allowed(By::KeyPolicy(_)) => "allow:key".into(),
        Decision::Allowed(By::Identity { .. }) => "allow:identity".into(),
        Decision::Allowed(By::Grant) => "allow:grant".into(),
        Decision::Denied(Why::Explicit(place)) => format!("explicit:{}", name(place.policy_type)),
        Decision::Denied(Why::Missing { policy_type, .. }) => format!("deny:{}", name(policy_type)),
    }
}

fn name(policy_type: PolicyType) -> &'static str {
    match policy_type {
        PolicyType::Resource => "resource",
        PolicyType::Identity => "identity",
        PolicyType::Boundary => "boundary",
        PolicyType::Session => "session",
        PolicyType::ServiceControl => "service_control",
        PolicyType::ResourceControl => "resource_control",
        PolicyType::VpcEndpoint => "vpc_endpoint",
    }
}
