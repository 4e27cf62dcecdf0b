//! Counting what a segment says of calls: the index of usage is made of these counts, and can be made again.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

use super::line::{Line, parse};
use super::record::SUCCESS;
use crate::error::ErrorCode;
use crate::operations::Body;
use crate::shapes;
use crate::store_fault::{StoreFault, StoreResult};

const MINUTE: i64 = 60_000_000;
const BUFFER: usize = 1 << 20;

/// What is counted apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    /// Minutes since 1970.
    pub minute: i64,
    /// The caller's account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The key's ARN; empty for a call that came to none.
    pub key: String,
    /// The operation; rows of a batch count as calls of it.
    pub operation: String,
    /// The spec of the data key pair that was asked for; empty for other calls. Its price differs.
    pub pair_spec: String,
    /// The AWS service through which the call came; empty for others.
    pub via: String,
    /// The call is counted under another key already: it had two.
    pub also: bool,
}

/// How many calls came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Answered.
    pub succeeded: u64,
    /// Refused or broken, but not throttled.
    pub failed: u64,
    /// Refused as too many.
    pub throttled: u64,
}

/// The last time a key did cryptographic work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    /// The operation.
    pub operation: String,
    /// Microseconds since 1970.
    pub time: i64,
    /// The line in the segment.
    pub line: u64,
    /// The request id.
    pub request_id: String,
    /// The caller's account.
    pub account: String,
}

/// What a part of a segment says.
#[derive(Debug, Default)]
pub struct Tally {
    /// Where the part ends: the next one starts here.
    pub offset: u64,
    /// Lines that were read.
    pub lines: u64,
    /// Lines that are no records; verifying the log names them.
    pub unreadable: u64,
    /// Calls.
    pub counts: HashMap<Cell, Counts>,
    /// By key ARN.
    pub last_uses: HashMap<String, LastUse>,
}

/// Counts the whole lines of a segment from `offset` on. A line that is still being written is left for the next time.
pub fn tally_segment(path: &Path, offset: u64) -> StoreResult<Tally> {
    let unreadable = |error: std::io::Error| {
        StoreFault::Integrity(format!(
            "audit segment {} cannot be read: {error}",
            path.display()
        ))
    };
    let mut file = File::open(path).map_err(unreadable)?;
    file.seek(SeekFrom::Start(offset)).map_err(unreadable)?;
    let mut reader = BufReader::with_capacity(BUFFER, file);
    let mut tally = Tally {
        offset,
        ..Tally::default()
    };
    let mut names = Names::default();
    let mut counts = HashMap::new();
    let mut text = vec![];
    loop {
        text.clear();
        reader.read_until(b'\n', &mut text).map_err(unreadable)?;
        if !text.ends_with(b"\n") {
            break;
        }
        let header = tally.offset == 0;
        tally.offset += text.len() as u64;
        tally.lines += 1;
        if header {
            continue;
        }
        match parse(&text) {
            Some(line) => tally.count(&line, &mut names, &mut counts),
            None => tally.unreadable += 1,
        }
    }
    tally.counts = counts
        .into_iter()
        .map(|(cell, counted)| (names.spell(&cell), counted))
        .collect();
    Ok(tally)
}

/// A cell in numbers: strings are not copied for every line.
type NumberedCell = (i64, [u32; 6], bool);

/// Strings by number.
#[derive(Default)]
struct Names {
    numbers: HashMap<String, u32>,
    texts: Vec<String>,
}

impl Names {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.numbers.insert(text.to_owned(), number);
        self.texts.push(text.to_owned());
        number
    }

    fn spell(&self, &(minute, numbers, also): &NumberedCell) -> Cell {
        let [account, region, key, operation, pair_spec, via] =
            numbers.map(|number| self.texts[number as usize].clone());
        Cell {
            minute,
            account,
            region,
            key,
            operation,
            pair_spec,
            via,
            also,
        }
    }
}

impl Tally {
    fn count(
        &mut self,
        line: &Line<'_>,
        names: &mut Names,
        counts: &mut HashMap<NumberedCell, Counts>,
    ) {
        let Some(caller) = line.account() else {
            // What the service does on its own is no call.
            return;
        };
        let (operation, counted) = (operation_of(&line.operation), counts_of(line));
        let minute = line.time.div_euclid(MINUTE);
        let [account, region, number, pair_spec, via] =
            [caller, &line.region, operation, &line.pair_spec, &line.via]
                .map(|text| names.number(text));
        let mut cell = |key: &str, also| {
            (
                minute,
                [account, region, names.number(key), number, pair_spec, via],
                also,
            )
        };
        let mut keys = line.keys().peekable();
        if keys.peek().is_none() {
            counts.entry(cell("", false)).or_default().add(counted);
        }
        let mut first = None;
        for key in keys {
            let also = first.is_some();
            if first == Some(key) {
                continue;
            }
            first = first.or(Some(key));
            let cell = cell(key, also);
            let counted = if also { counted.once() } else { counted };
            counts.entry(cell).or_default().add(counted);
            if counted.succeeded > 0 && is_cryptographic(operation) {
                self.note_use(key, operation, caller, line);
            }
        }
    }

    fn note_use(&mut self, key: &str, operation: &str, account: &str, line: &Line<'_>) {
        if let Some(known) = self.last_uses.get_mut(key) {
            if known.time <= line.time {
                known.time = line.time;
                known.line = line.number;
                operation.clone_into(&mut known.operation);
                account.clone_into(&mut known.account);
                line.request_id.as_ref().clone_into(&mut known.request_id);
            }
            return;
        }
        let used = LastUse {
            operation: operation.to_owned(),
            time: line.time,
            line: line.number,
            request_id: line.request_id.as_ref().to_owned(),
            account: account.to_owned(),
        };
        self.last_uses.insert(key.to_owned(), used);
    }
}

impl Counts {
    /// These and those.
    const fn add(&mut self, other: Self) {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.throttled += other.throttled;
    }

    /// Of many rows, one call.
    fn once(self) -> Self {
        Self {
            succeeded: self.succeeded.min(1),
            failed: self.failed.min(u64::from(self.succeeded == 0)),
            throttled: self.throttled.min(1),
        }
    }
}

fn counts_of(line: &Line<'_>) -> Counts {
    let (rows, failed) = line.rows.unwrap_or((1, 0));
    match &*line.outcome {
        SUCCESS => Counts {
            succeeded: rows.saturating_sub(failed),
            failed: failed.min(rows),
            throttled: 0,
        },
        code if code == ErrorCode::Throttling.name() => Counts {
            throttled: 1,
            ..Counts::default()
        },
        _ => Counts {
            failed: rows.max(1),
            ..Counts::default()
        },
    }
}

/// The operation of AWS KMS that one of ours does many of.
fn operation_of(name: &str) -> &str {
    match name.strip_suffix("Batch") {
        Some("Mac") => "GenerateMac",
        Some(single) => single,
        None => name,
    }
}

/// Whether an operation uses a key, as GetKeyLastUsage sees it: handing out a public key does not.
fn is_cryptographic(operation: &str) -> bool {
    operation != "GetPublicKey"
        && shapes::operation(operation)
            .is_some_and(|declared| matches!(declared.body, Body::Engine(_)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/a";
    const OTHER: &str = "arn:aws:kms:us-east-1:111122223333:key/b";

    fn segment(name: &str, lines: &[String]) -> std::path::PathBuf {
        let path =
            std::env::temp_dir().join(format!("kmscore-tally-{}-{name}", std::process::id()));
        std::fs::write(&path, format!("{{\"format\":1}}\ttag\n{}", lines.concat())).unwrap();
        path
    }

    fn line(number: u64, rest: &str) -> String {
        let caller = "arn:aws:iam::123456789012:root";
        format!(
            "{{\"n\":{number},\"id\":\"r{number}\",\"time\":{},\"state\":1,\"caller\":\"{caller}\",\"region\":\"us-east-1\",{rest}}}\ttag\n",
            number * 1000
        )
    }

    fn of<'t>(tally: &'t Tally, key: &str, operation: &str) -> &'t Counts {
        let mut found = tally.counts.iter();
        let same = |cell: &Cell| cell.key == key && cell.operation == operation;
        found.find(|(cell, _)| same(cell)).unwrap().1
    }

    #[test]
    fn calls_are_counted_by_what_came_of_them() {
        let path = segment(
            "outcomes",
            &[
                line(
                    1,
                    &format!(
                        "\"op\":\"Encrypt\",\"outcome\":\"Success\",\"resources\":[\"{KEY}\"]"
                    ),
                ),
                line(
                    2,
                    &format!(
                        "\"op\":\"Encrypt\",\"outcome\":\"DisabledException\",\"resources\":[\"{KEY}\"]"
                    ),
                ),
                line(
                    3,
                    &format!(
                        "\"op\":\"Encrypt\",\"outcome\":\"ThrottlingException\",\"resources\":[\"{KEY}\"]"
                    ),
                ),
                line(
                    4,
                    &format!(
                        "\"op\":\"EncryptBatch\",\"outcome\":\"Success\",\"resources\":[\"{KEY}\"],\"rows\":10,\"failed_rows\":3"
                    ),
                ),
                line(5, "\"op\":\"ListKeys\",\"outcome\":\"Success\""),
                "not a record\n".to_owned(),
            ],
        );
        let tally = tally_segment(&path, 0).unwrap();
        std::fs::remove_file(path).unwrap();
        let expected = Counts {
            succeeded: 8,
            failed: 4,
            throttled: 1,
        };
        assert_eq!(of(&tally, KEY, "Encrypt"), &expected);
        assert_eq!(of(&tally, "", "ListKeys").succeeded, 1);
        assert_eq!((tally.lines, tally.unreadable), (7, 1));
        assert_eq!(tally.last_uses[KEY].request_id, "r4");
    }

    #[test]
    fn a_call_of_two_keys_is_counted_under_both_and_once_in_all() {
        let path = segment(
            "two-keys",
            &[line(
                1,
                &format!(
                    "\"op\":\"ReEncrypt\",\"outcome\":\"Success\",\"resources\":[\"{KEY}\",\"{OTHER}\"]"
                ),
            )],
        );
        let tally = tally_segment(&path, 0).unwrap();
        std::fs::remove_file(path).unwrap();
        let mut found: Vec<_> = tally
            .counts
            .keys()
            .map(|cell| (&*cell.key, cell.also))
            .collect();
        found.sort_unstable();
        assert_eq!(found, [(KEY, false), (OTHER, true)]);
        assert_eq!(tally.last_uses.len(), 2);
    }

    #[test]
    fn a_torn_line_is_left_for_the_next_time() {
        let whole = line(1, "\"op\":\"ListKeys\",\"outcome\":\"Success\"");
        let path = segment("torn", &[whole.clone(), whole[..20].to_owned()]);
        let first = tally_segment(&path, 0).unwrap();
        assert_eq!((first.lines, first.counts.len()), (2, 1));
        let mut content = std::fs::read(&path).unwrap();
        content.extend(whole.as_bytes().iter().skip(20));
        std::fs::write(&path, content).unwrap();
        let second = tally_segment(&path, first.offset).unwrap();
        std::fs::remove_file(path).unwrap();
        assert_eq!(
            (second.lines, second.unreadable, second.counts.len()),
            (1, 0, 1)
        );
    }

    #[test]
    fn what_is_no_cryptographic_work_is_no_use_of_a_key() {
        for operation in ["DescribeKey", "GetPublicKey", "GenerateRandom", "RotateKey"] {
            let cryptographic = is_cryptographic(operation);
            assert_eq!(cryptographic, operation == "GenerateRandom", "{operation}");
        }
    }
}
