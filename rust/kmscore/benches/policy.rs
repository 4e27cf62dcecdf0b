//! Decisions on a key policy of ten statements with conditions, made anew and from the cache; compiling it.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark fails by panicking"
)]

use std::borrow::Cow;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use kmscore::policy::{
    ConditionKey, Context, DecisionCache, Document, Kind, Policies, Principal, Question, Values,
    decide, vocabulary,
};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const CONDITIONS: [&str; 10] = [
    r#"{"StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}}"#,
    r#"{"StringLike":{"kms:EncryptionContext:App":["billing-*","audit-*"]}}"#,
    r#"{"StringEquals":{"kms:CallerAccount":"444455556666"}}"#,
    r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/admin/*"}}"#,
    r#"{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}}"#,
    r#"{"Bool":{"aws:SecureTransport":"false"}}"#,
    r#"{"ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":["Tenant"]}}"#,
    r#"{"StringEquals":{"kms:EncryptionAlgorithm":"RSAES_OAEP_SHA_256"}}"#,
    r#"{"StringEquals":{"aws:PrincipalTag/team":"blue"},"Null":{"kms:GrantOperations":"true"}}"#,
    r#"{"StringEquals":{"kms:EncryptionContext:App":"payroll"}}"#,
];

/// As the engine holds a request: its values by the row of the table of condition keys.
struct Request {
    known: Vec<Option<String>>,
    encryption_context: Vec<(String, String)>,
}

impl Context for Request {
    fn values(&self, key: &ConditionKey) -> Values<'_> {
        let Some(index) = key.index() else {
            return Values::Missing;
        };
        if let Some(value) = &self.known[index] {
            return Values::text(value);
        }
        match (key.member(), vocabulary::CONDITION_KEYS[index].name) {
            (Some(member), "kms:EncryptionContext:") => {
                let pair = self
                    .encryption_context
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(member));
                pair.map_or(Values::Missing, |(_, value)| Values::text(value))
            }
            (None, "kms:EncryptionContextKeys") => {
                let names = self
                    .encryption_context
                    .iter()
                    .map(|(name, _)| Cow::Borrowed(&**name));
                Values::Many(names.collect())
            }
            _ => Values::Missing,
        }
    }
}

fn request() -> Request {
    let mut known = vec![None; vocabulary::CONDITION_KEYS.len()];
    for (name, value) in [
        ("kms:CallerAccount", "111122223333"),
        ("kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT"),
        ("aws:PrincipalArn", "arn:aws:iam::111122223333:user/ann"),
        ("aws:SourceIp", "198.51.100.7"),
        ("aws:SecureTransport", "true"),
    ] {
        known[ConditionKey::new(name).index().unwrap()] = Some(value.to_owned());
    }
    Request {
        known,
        encryption_context: vec![("App".into(), "payroll".into())],
    }
}

fn text() -> String {
    let statements: Vec<String> = CONDITIONS
        .iter()
        .enumerate()
        .map(|(index, condition)| {
            // The last one allows; every other is looked at to its condition, and half of them could deny.
            let effect = if index % 2 == 0 && index < 9 { "Deny" } else { "Allow" };
            format!(
                r#"{{"Sid":"statement {index}","Effect":"{effect}","Principal":{{"AWS":["arn:aws:iam::111122223333:root","arn:aws:iam::111122223333:user/ann"]}},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*"],"Resource":"*","Condition":{condition}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    )
}

fn decisions(criterion: &mut Criterion) {
    let policy = Document::compile(&text(), Kind::KeyPolicy).unwrap();
    let principal = Principal::parse("arn:aws:iam::111122223333:user/ann").unwrap();
    let context = request();
    let question = Question {
        action: "kms:Decrypt",
        resource: KEY,
        owner: Some("111122223333"),
        principal: &principal,
        context: &context,
        key_policy: Some(&policy),
        policies: Policies::default(),
        granted: None,
    };
    assert!(decide(&question).is_allowed());
    let mut group = criterion.benchmark_group("policy");
    group.bench_function("decide, 10 statements with conditions", |bencher| {
        bencher.iter(|| decide(black_box(&question)));
    });
    let cache = DecisionCache::new(1 << 20);
    group.bench_function("decide, the same from the cache", |bencher| {
        bencher.iter(|| cache.decide(black_box(&question)));
    });
    let plain = kmscore::policy::default_key_policy("111122223333", "us-east-1");
    let default = Document::compile(&plain, Kind::KeyPolicy).unwrap();
    let root = Principal::parse("arn:aws:iam::111122223333:root").unwrap();
    let by_root = Question {
        principal: &root,
        key_policy: Some(&default),
        ..question
    };
    assert!(decide(&by_root).is_allowed());
    group.bench_function("decide, root under the default policy", |bencher| {
        bencher.iter(|| decide(black_box(&by_root)));
    });
    group.bench_function("compile, 10 statements", |bencher| {
        let text = text();
        bencher.iter(|| Document::compile(black_box(&text), Kind::KeyPolicy));
    });
    group.finish();
}

criterion_group!(benches, decisions);
criterion_main!(benches);
