//! NIST's ACVP demonstration prompts, as BoringSSL trimmed them to about one case a group.

use kmscore_crypto::hash::Hash;
use kmscore_crypto::rsa::Encoding;
use kmscore_crypto::{ec, ed25519, ml_dsa, ml_kem};
use serde_json::Value;

use crate::aws_lc;
use crate::case::{Case, Fields, Harmless, Judge, NONE, Tally, Verdict, checked, gave};
use crate::encodings::{ec_spki, ed25519_spki, numbers, rsa_spki};
use crate::folder::{self, bytes, list, number, word};
use crate::judges::elliptic::{OTHER_CURVE, curve, ecdsa_ways, ed25519_ways};
use crate::judges::lattice::{
    KEY_BESIDE_MU, STILL_REDUCED, Z, Z_OF_EXPANDED, ml_dsa_ways,
    ml_kem_decapsulating_expanded_ways, ml_kem_encapsulating_ways, ml_kem_set,
};
use crate::judges::rsa::rsa_ways;
use crate::judges::symmetric::{gcm_ways, hmac_ways};
use crate::judges::{KEY_WRAPPING, OTHER_HASH, OTHER_KDF, hash};

/// A test with what it stands in and what is expected of it.
struct Prompt<'a> {
    set: &'a Value,
    group: &'a Value,
    test: &'a Value,
    answer: &'a Value,
}

/// What a prompt asks, and how it is judged.
struct Question {
    is_valid: bool,
    case: Case,
    judge: Judge,
    harmless: Harmless,
}

impl Question {
    fn new(fields: Fields, judge: impl Fn(&Fields) -> Vec<Verdict> + 'static) -> Self {
        Self {
            is_valid: true,
            case: Case::Run(fields),
            judge: Box::new(judge),
            harmless: NONE,
        }
    }

    fn not_offered(reason: &'static str) -> Self {
        let question = Self::new(vec![], |_| vec![]);
        Self {
            case: Case::NotOffered(reason),
            ..question
        }
    }

    /// The expected answer is whether the test passed.
    fn passing(mut self, prompt: &Prompt<'_>) -> Self {
        self.is_valid = prompt.answer["testPassed"].as_bool().unwrap();
        self
    }

    fn but_for(mut self, harmless: Harmless) -> Self {
        self.harmless = harmless;
        self
    }
}

fn run(name: &str, cases: usize, question: fn(&Prompt<'_>) -> Question) {
    let Some(text) = folder::text(&format!("acvp-trimmed/{name}.json")) else {
        return;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    let mut tally = Tally::new(format!("ACVP {name}"));
    let sets = list(&file, "prompt").iter().zip(list(&file, "expected"));
    for (set, answers) in sets {
        for (group, answers) in list(set, "testGroups")
            .iter()
            .zip(list(answers, "testGroups"))
        {
            assert_eq!(group["tgId"], answers["tgId"]);
            for (test, answer) in list(group, "tests").iter().zip(list(answers, "tests")) {
                assert_eq!(test["tcId"], answer["tcId"]);
                let question = question(&Prompt {
                    set,
                    group,
                    test,
                    answer,
                });
                tally.case(
                    number(test, "tcId"),
                    &format!("{} {}", set["mode"], group["tgId"]),
                    question.is_valid,
                    question.case,
                    &question.judge,
                    question.harmless,
                );
            }
        }
    }
    tally.finish(cases);
}

fn gcm(prompt: &Prompt<'_>) -> Question {
    let Prompt { test, answer, .. } = prompt;
    let decrypts = word(prompt.group, "direction") == "decrypt";
    let (plaintext, sealed) = if decrypts {
        (*answer, *test)
    } else {
        (*test, *answer)
    };
    let fields = vec![
        bytes(test, "key"),
        bytes(test, "iv"),
        bytes(test, "aad"),
        bytes(plaintext, "pt"),
        [bytes(sealed, "ct"), bytes(sealed, "tag")].concat(),
    ];
    let mut question = Question::new(fields, gcm_ways);
    question.is_valid = answer["testPassed"].as_bool() != Some(false);
    if let (128.., Case::Run(fields)) = (number(prompt.group, "tagLen"), &question.case) {
        assert_eq!(fields[1].len(), 12);
    } else if let Case::Run(fields) = question.case {
        question.case = Case::MustRefuse("only whole tags are taken", fields);
    }
    question
}

fn hmac(prompt: &Prompt<'_>) -> Question {
    let hash = hash(word(prompt.set, "algorithm").trim_start_matches("HMAC-")).unwrap();
    assert_eq!(number(prompt.group, "macLen"), 8 * hash.length());
    let (key, message) = (bytes(prompt.test, "key"), bytes(prompt.test, "msg"));
    Question::new(
        vec![key, message, bytes(prompt.answer, "mac")],
        move |fields| hmac_ways(hash, fields),
    )
}

fn ecdsa(prompt: &Prompt<'_>) -> Question {
    let Prompt { group, test, .. } = prompt;
    let Some(curve) = curve(word(group, "curve")) else {
        return Question::not_offered(OTHER_CURVE);
    };
    let point = [vec![4], bytes(test, "qx"), bytes(test, "qy")].concat();
    let key = ec_spki(curve, &point);
    if word(prompt.set, "mode") == "keyVer" {
        return Question::new(vec![key], |fields| {
            vec![checked(&ec::PublicKey::from_spki(&fields[0]))]
        })
        .passing(prompt);
    }
    let Some(hash) = hash(word(group, "hashAlg")) else {
        return Question::not_offered(OTHER_HASH);
    };
    let signature = numbers(&bytes(test, "r"), &bytes(test, "s"));
    Question::new(
        vec![key, bytes(test, "message"), signature],
        move |fields| ecdsa_ways(hash, fields),
    )
    .passing(prompt)
}

fn eddsa(prompt: &Prompt<'_>) -> Question {
    let Prompt { group, test, .. } = prompt;
    let key = ed25519_spki(&bytes(test, "q"));
    if word(prompt.set, "mode") == "keyVer" {
        assert_eq!(prompt.answer["testPassed"], Value::Bool(false));
        let mut question = Question::new(vec![], ed25519_ways);
        let reason = "that a key of Ed25519 is a point is seen when it verifies";
        let fields = vec![key, vec![], vec![0; ed25519::SIGNATURE]];
        question.case = Case::MustRefuse(reason, fields);
        return question;
    }
    let fields = vec![key, bytes(test, "message"), bytes(test, "signature")];
    if group["preHash"] != Value::Bool(true) {
        return Question::new(fields, ed25519_ways).passing(prompt);
    }
    Question::new(fields, |fields| {
        let digest = Hash::Sha512.digest(&fields[1]).unwrap();
        let digest = (&*digest).try_into().unwrap();
        let verified = ed25519::PublicKey::from_spki(&fields[0])
            .and_then(|key| key.verify_prehash(digest, &fields[2]));
        vec![checked(&verified)]
    })
    .passing(prompt)
}

fn rsa(prompt: &Prompt<'_>) -> Question {
    let Prompt { group, test, .. } = prompt;
    let Some(hash) = hash(word(group, "hashAlg")) else {
        return Question::not_offered(OTHER_HASH);
    };
    let encoding = match word(group, "sigType") {
        "pkcs1v1.5" => Encoding::Pkcs1,
        "pss" => Encoding::Pss,
        other => panic!("{other}"),
    };
    if encoding == Encoding::Pss {
        assert_eq!(number(group, "saltLen"), hash.length());
    }
    let key = rsa_spki(&numbers(&bytes(group, "n"), &bytes(group, "e")));
    let fields = vec![key, bytes(test, "message"), bytes(test, "signature")];
    Question::new(fields, move |fields| rsa_ways(encoding, hash, fields)).passing(prompt)
}

fn ml_dsa_set(name: &str) -> ml_dsa::ParameterSet {
    match name {
        "ML-DSA-44" => ml_dsa::ParameterSet::MlDsa44,
        "ML-DSA-65" => ml_dsa::ParameterSet::MlDsa65,
        "ML-DSA-87" => ml_dsa::ParameterSet::MlDsa87,
        _ => panic!("no set of ML-DSA: {name}"),
    }
}

/// Signatures that are to be made are verified instead: ours are hedged. These prompts sign inside, without the context
/// that comes before a message: so all go by μ.
fn lattice_signature(prompt: &Prompt<'_>) -> Question {
    let Prompt {
        group,
        test,
        answer,
        ..
    } = prompt;
    let set = ml_dsa_set(word(group, "parameterSet"));
    let derived = move |seed: &[u8]| {
        ml_dsa::PrivateKey::from_seed(set, seed).and_then(|key| key.public_key().to_raw())
    };
    let mode = word(prompt.set, "mode");
    if mode == "keyGen" {
        let fields = vec![bytes(test, "seed"), bytes(answer, "pk")];
        return Question::new(fields, move |fields| {
            vec![gave(derived(&fields[0]), &fields[1])]
        });
    }
    let key = match (mode, test["seed"].is_string()) {
        ("sigVer", _) => bytes(test, "pk"),
        (_, true) => derived(&bytes(test, "seed")).unwrap(),
        (_, false) => aws_lc::public_of_expanded(set, &bytes(test, "sk")),
    };
    let mu = match test["mu"].as_str() {
        Some(mu) => folder::hex(mu),
        None => aws_lc::mu(&key, &[&bytes(test, "message")]).to_vec(),
    };
    let signature = bytes(if mode == "sigVer" { test } else { answer }, "signature");
    let question = Question::new(vec![key, mu, signature], move |fields| {
        ml_dsa_ways(set, fields)
    })
    .but_for(KEY_BESIDE_MU);
    if mode == "sigVer" {
        question.passing(prompt)
    } else {
        question
    }
}

fn lattice_encapsulation(prompt: &Prompt<'_>) -> Question {
    let Prompt {
        group,
        test,
        answer,
        ..
    } = prompt;
    let set = ml_kem_set(word(group, "parameterSet"));
    match group["function"].as_str() {
        None => {
            let seed = [bytes(test, "d"), bytes(test, "z")].concat();
            Question::new(vec![seed, bytes(answer, "ek")], move |fields| {
                let public = ml_kem::PrivateKey::from_seed(set, &fields[0])
                    .and_then(|key| key.public_key().to_raw());
                vec![gave(public, &fields[1])]
            })
            .but_for(Z)
        }
        Some("encapsulation") => {
            let encapsulated = [bytes(answer, "c"), bytes(answer, "k")].concat();
            let fields = vec![bytes(test, "ek"), bytes(test, "m"), encapsulated];
            Question::new(fields, move |fields| ml_kem_encapsulating_ways(set, fields))
        }
        Some("decapsulation") => {
            let fields = vec![bytes(test, "dk"), bytes(test, "c"), bytes(answer, "k")];
            Question::new(fields, move |fields| {
                ml_kem_decapsulating_expanded_ways(set, fields)
            })
            .but_for(Z_OF_EXPANDED)
        }
        Some("encapsulationKeyCheck") => Question::new(vec![bytes(test, "ek")], move |fields| {
            vec![checked(&ml_kem::PublicKey::from_raw(set, &fields[0]))]
        })
        .but_for(STILL_REDUCED)
        .passing(prompt),
        Some(_) => Question::not_offered("a decapsulation key is its seed"),
    }
}

#[test]
fn aes() {
    run("ACVP-AES-GCM", 42, gcm);
    run("ACVP-AES-KW", 30, |_| Question::not_offered(KEY_WRAPPING));
    run("ACVP-AES-KWP", 24, |_| Question::not_offered(KEY_WRAPPING));
}

#[test]
fn hashed() {
    run("HMAC-SHA2-224", 7, hmac);
    run("HMAC-SHA2-256", 8, hmac);
    run("HMAC-SHA2-384", 7, hmac);
    run("HMAC-SHA2-512", 7, hmac);
    run("HKDF", 10, |_| Question::not_offered(OTHER_KDF));
    run("KDA", 20, |_| Question::not_offered(OTHER_KDF));
}

#[test]
fn signatures() {
    run("ECDSA", 24, ecdsa);
    run("EDDSA", 3, eddsa);
    run("RSA", 105, rsa);
}

#[test]
fn lattices() {
    run("ML-DSA", 27, lattice_signature);
    run("ML-DSA-seed", 6, lattice_signature);
    run("ML-KEM", 10, lattice_encapsulation);
    run("ML-KEM-encap-key-check", 4, lattice_encapsulation);
}
