//! ML-DSA over a message representative μ that the caller computed, as AWS-LC keeps ACVP's answers.

use kmscore_crypto::ml_dsa::ParameterSet;

use crate::aws_lc::public_of_expanded;
use crate::case::{Case, Judge, Tally};
use crate::folder::{self, hex};
use crate::judges::lattice::{KEY_BESIDE_MU, ml_dsa_ways};

/// The signatures of the `sigGen` files were made with expanded keys: they are verified.
fn run(set: ParameterSet, file: &str, prefix: &str) {
    let Some(text) = folder::text(&format!("acvp-mldsa-extmu/{file}.txt")) else {
        return;
    };
    let records = folder::records(&text);
    let mut tally = Tally::new(file);
    let judge: Judge = Box::new(move |fields| ml_dsa_ways(set, fields));
    for record in &records {
        let field = |name: &str| hex(record[format!("{prefix}_{name}").as_str()]);
        if prefix == "siggen" {
            assert_eq!(public_of_expanded(set, &field("sk")), field("pk"));
        }
        assert!(field("msg").is_empty());
        tally.case(
            record["count"].parse().unwrap(),
            file,
            record.get("sigver_result") != Some(&"False"),
            Case::Run(vec![field("pk"), field("mu"), field("sig")]),
            &judge,
            KEY_BESIDE_MU,
        );
    }
    tally.finish(15);
}

#[test]
fn signatures_made_elsewhere_verify() {
    run(
        ParameterSet::MlDsa44,
        "MLDSA_EXTMU_44_ACVP_sigGen",
        "siggen",
    );
    run(
        ParameterSet::MlDsa65,
        "MLDSA_EXTMU_65_ACVP_sigGen",
        "siggen",
    );
    run(
        ParameterSet::MlDsa87,
        "MLDSA_EXTMU_87_ACVP_sigGen",
        "siggen",
    );
}

#[test]
fn verification_answers_as_expected() {
    run(
        ParameterSet::MlDsa44,
        "MLDSA_EXTMU_44_ACVP_sigVer",
        "sigver",
    );
    run(
        ParameterSet::MlDsa65,
        "MLDSA_EXTMU_65_ACVP_sigVer",
        "sigver",
    );
    run(
        ParameterSet::MlDsa87,
        "MLDSA_EXTMU_87_ACVP_sigVer",
        "sigver",
    );
}
