//! The folder of shared vectors beside the repository, and the formats of its files.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::case::say;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors")
}

/// The names in one of its folders without `.gz`; none, said aloud, if the folder is not there.
pub(crate) fn names(folder: &str) -> Option<Vec<String>> {
    let Ok(entries) = std::fs::read_dir(root().join(folder)) else {
        say(&format!("{folder}: 0 run, for the folder is not here"));
        return None;
    };
    let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry.unwrap()).trim_end_matches(".gz").to_owned())
        .collect();
    names.sort();
    Some(names)
}

/// The text of a file, which may be packed. None, said aloud, if there is no shared folder at all.
pub(crate) fn text(path: &str) -> Option<String> {
    if !root().is_dir() {
        say(&format!("{path}: 0 run, for the folder is not here"));
        return None;
    }
    if let Ok(text) = std::fs::read_to_string(root().join(path)) {
        return Some(text);
    }
    let packed = std::fs::File::open(root().join(format!("{path}.gz"))).unwrap();
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    Some(text)
}

/// The records of a text of lines `name = value`, apart by empty lines.
pub(crate) fn records(text: &str) -> Vec<HashMap<&str, &str>> {
    text.split("\n\n")
        .map(|record| {
            let fields = record.lines().filter_map(|line| line.split_once(" ="));
            fields.map(|(name, value)| (name, value.trim())).collect()
        })
        .filter(|record: &HashMap<_, _>| !record.is_empty())
        .collect()
}

/// The bytes of a member that is hexadecimal; none if it is absent or null.
pub(crate) fn bytes(object: &Value, name: &str) -> Vec<u8> {
    object[name].as_str().map(hex).unwrap_or_default()
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    text.as_bytes()
        .chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

pub(crate) fn number(object: &Value, name: &str) -> usize {
    usize::try_from(object[name].as_u64().unwrap()).unwrap()
}

pub(crate) fn word<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap()
}

pub(crate) fn list<'a>(object: &'a Value, name: &str) -> &'a [Value] {
    object[name].as_array().map_or(&[], Vec::as_slice)
}

/// As many as are run by name or counted as not offered, with their licences and notes.
#[test]
fn no_folder_has_more_files_than_are_known() {
    for (folder, entries) in [
        ("acvp-mldsa-extmu", 7),
        ("acvp-trimmed", 17),
        ("cctv", 6),
        ("cctv/ML-KEM", 4),
        ("cctv/ed25519", 2),
        ("cctv/keygen", 3),
        ("sm2", 1),
        ("wycheproof", 104),
    ] {
        if let Some(names) = names(folder) {
            assert_eq!(names.len(), entries, "{folder}");
        }
    }
}
