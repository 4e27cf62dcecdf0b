use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::policy::{Facts, Grant, Kind, Principal};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn compile(kind: Kind, statements: &[String]) -> Arc<Document> {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    );
    Arc::new(Document::compile(&text, kind).expect("a policy"))
}

fn pick(list: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(list).prop_map(str::to_owned)
}

fn statement(principal: bool) -> impl Strategy<Value = String> {
    (
        pick(&["Allow", "Allow", "Deny"]),
        pick(&[r#""*""#, r#"{"AWS":"111122223333"}"#, r#"{"AWS":"arn:aws:iam::111122223333:user/ann"}"#]),
        pick(&["kms:*", "kms:Encrypt", "kms:D*"]),
        pick(&["*", "arn:aws:kms:*:*:key/${aws:username}", "arn:aws:kms:*:*:key/1*"]),
        pick(&[
            "{}",
            r#"{"StringEquals":{"kms:EncryptionContext:App":"a"}}"#,
            r#"{"StringNotEquals":{"kms:EncryptionContext:App":"${aws:username}"}}"#,
            r#"{"ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":["App"]}}"#,
            r#"{"Null":{"kms:ViaService":"true"}}"#,
            r#"{"NumericLessThan":{"aws:MultiFactorAuthAge":"5"}}"#,
        ]),
    )
        .prop_map(move |(effect, who, action, resource, condition)| {
            let who = if principal { format!(r#""Principal":{who},"#) } else { String::new() };
            format!(r#"{{"Effect":"{effect}",{who}"Action":"{action}","Resource":"{resource}","Condition":{condition}}}"#)
        })
}

#[derive(Debug, Clone)]
struct Asked {
    action: String,
    caller: String,
    app: Option<String>,
    keys: Option<Vec<String>>,
    age: Option<String>,
    via: bool,
    granted: bool,
    key_policy: usize,
    bounded: bool,
}

fn asked() -> impl Strategy<Value = Asked> {
    (
        (
            pick(&["kms:Encrypt", "kms:Decrypt"]),
            pick(&["user/ann", "user/1", "root"]),
        ),
        prop::option::of(pick(&["a", "ann", "", "b"])),
        prop::option::of(prop::collection::vec(pick(&["App", "Stage"]), 0..3)),
        prop::option::of(pick(&["1", "9"])),
        (any::<bool>(), any::<bool>(), 0..2usize, any::<bool>()),
    )
        .prop_map(
            |((action, caller), app, keys, age, (via, granted, key_policy, bounded))| Asked {
                action,
                caller,
                app,
                keys,
                age,
                via,
                granted,
                key_policy,
                bounded,
            },
        )
}

impl Asked {
    fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        if let Some(name) = self.caller.strip_prefix("user/") {
            facts.set("aws:username", name);
        }
        if let Some(app) = &self.app {
            facts.set("kms:EncryptionContext:App", app.as_str());
        }
        if let Some(keys) = &self.keys {
            facts.set_many("kms:EncryptionContextKeys", keys.clone());
        }
        if let Some(age) = &self.age {
            facts.set("aws:MultiFactorAuthAge", age.as_str());
        }
        if self.via {
            facts.set("kms:ViaService", "s3.us-east-1.amazonaws.com");
        }
        facts
    }
}

proptest! {
    #[test]
    fn a_cache_never_changes_an_answer(
        one in prop::collection::vec(statement(true), 1..5),
        two in prop::collection::vec(statement(true), 1..3),
        own in prop::collection::vec(statement(false), 1..4),
        limit in statement(false),
        questions in prop::collection::vec(asked(), 1..60),
        bytes in prop::sample::select(vec![1usize, 10_000, 1_000_000]),
    ) {
        let key_policies = [compile(Kind::KeyPolicy, &one), compile(Kind::KeyPolicy, &two)];
        let identity = [NamedPolicy { name: "own".into(), document: compile(Kind::Identity, &own) }];
        let boundary = NamedPolicy { name: "limit".into(), document: compile(Kind::Boundary, &[limit]) };
        let cache = DecisionCache::new(bytes);
        for asked in &questions {
            let principal = Principal::parse(&format!("arn:aws:iam::111122223333:{}", asked.caller)).expect("a caller");
            let facts = asked.facts();
            let question = Question {
                action: &asked.action,
                resource: KEY,
                owner: Some("111122223333"),
                principal: &principal,
                context: &facts,
                key_policy: Some(&key_policies[asked.key_policy]),
                policies: Policies {
                    identity: &identity,
                    boundary: asked.bounded.then_some(&boundary),
                    ..Policies::default()
                },
                granted: asked.granted.then_some(Grant { id: "g", grantee: principal.arn() }),
            };
            prop_assert_eq!(cache.decide(&question), decide(&question));
            prop_assert_eq!(cache.decide(&question), decide(&question));
        }
    }
}

#[test]
fn what_reads_the_time_and_what_is_too_long_is_not_kept() {
    let cacheable = |condition: &str, value: &str| {
        let statement = format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{condition}}}"#
        );
        let policy = compile(Kind::KeyPolicy, &[statement]);
        let principal = Principal::parse("arn:aws:iam::111122223333:root").expect("root");
        let mut facts = Facts::default();
        facts.set("kms:ViaService", value);
        let mut key = Key(Vec::new());
        key.write(&Question {
            action: "kms:Encrypt",
            resource: KEY,
            owner: Some("111122223333"),
            principal: &principal,
            context: &facts,
            key_policy: Some(&policy),
            policies: Policies::default(),
            granted: None,
        })
    };
    let by_service = r#"{"StringLike":{"kms:ViaService":"*"}}"#;
    assert!(cacheable(by_service, "s3"));
    assert!(!cacheable(by_service, &"s".repeat(KEY_LENGTH)));
    for key in ["aws:CurrentTime", "aws:EpochTime", "aws:TokenIssueTime"] {
        assert!(
            !cacheable(&format!(r#"{{"DateLessThan":{{"{key}":"2030"}}}}"#), "s3"),
            "{key}"
        );
    }
    assert!(!cacheable(
        r#"{"NumericLessThan":{"aws:MultiFactorAuthAge":"9"}}"#,
        "s3"
    ));
}
