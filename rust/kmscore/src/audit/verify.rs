//! Reading a segment back and checking every link of its chain.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmscore_crypto::constant_time;
use kmscore_crypto::hmac::HmacKey;

use super::segment::{Chain, next_seed, seed_binding};
use crate::hex;
use crate::hierarchy::{self, WrappedKey};
use crate::root_key::RootKey;
use crate::seal::Kind;
use crate::store_fault::{StoreFault, StoreResult};

/// What was found in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentReport {
    /// Its id as its header says.
    pub segment: String,
    /// `head.state` when it was started.
    pub start_state: u64,
    /// Good lines from the start, the header included.
    pub lines: u64,
    /// The tag of each good line, in order: the anchor and a closing entry name one of them.
    pub tags: Vec<[u8; 32]>,
    /// The file ends in the middle of a line.
    pub torn: bool,
    /// The first line (from 0) that is not what kmscore wrote, and why.
    pub bad: Option<(u64, &'static str)>,
}

/// Checks one segment file line by line.
pub fn verify_segment(
    path: &Path,
    root: &RootKey,
    store_id: &[u8; 16],
    wrapped: &[WrappedKey],
) -> StoreResult<SegmentReport> {
    let mut lines = Lines::open(path)?;
    let mut report = SegmentReport {
        segment: String::new(),
        start_state: 0,
        lines: 0,
        tags: vec![],
        torn: false,
        bad: None,
    };
    if !lines.advance()? {
        report.torn = lines.torn;
        return Ok(report);
    }
    let Some(header) = Header::parse(&lines.line) else {
        report.bad = Some((0, "the header is not one of a kmscore audit segment"));
        return Ok(report);
    };
    report.segment.clone_from(&header.segment);
    report.start_state = header.start_state;
    if path.file_stem().and_then(|stem| stem.to_str()) != Some(&header.segment) {
        report.bad = Some((0, "the file's name is not the segment's id"));
        return Ok(report);
    }
    let key = hierarchy::audit_sealing_key(root, store_id, wrapped)?;
    let Some(chain) = header.chain(&key, store_id) else {
        report.bad = Some((
            0,
            "the header was changed, or the segment is another store's",
        ));
        return Ok(report);
    };
    walk(chain, &mut lines, &mut report)?;
    report.torn = lines.torn;
    Ok(report)
}

/// Checks the line that `lines` stands at and all after it.
fn walk(mut chain: Chain, lines: &mut Lines, report: &mut SegmentReport) -> StoreResult<()> {
    loop {
        let index = report.lines;
        let Some((json, tag)) = split(&lines.line) else {
            report.bad = Some((index, "the line is not JSON, a tab and a tag"));
            return Ok(());
        };
        let step = chain.next(json)?;
        if !constant_time::equal(&step.0, &tag) {
            report.bad = Some((
                index,
                "the line, or one before it, was changed, moved or removed",
            ));
            return Ok(());
        }
        chain.advance(step);
        report.tags.push(tag);
        report.lines = index + 1;
        if !lines.advance()? {
            return Ok(());
        }
    }
}

/// The whole lines of a segment, one at a time: a segment can be longer than the memory.
struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    line: Vec<u8>,
    torn: bool,
}

impl Lines {
    fn open(path: &Path) -> StoreResult<Self> {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            reader: BufReader::new(file),
            line: vec![],
            torn: false,
        })
    }

    /// Reads the next line; false at the end, also when the file ends in the middle of a line.
    fn advance(&mut self) -> StoreResult<bool> {
        self.line.clear();
        self.reader
            .read_until(b'\n', &mut self.line)
            .map_err(|error| unreadable(&self.path, &error))?;
        self.torn = !self.line.is_empty() && !self.line.ends_with(b"\n");
        Ok(!self.line.is_empty() && !self.torn)
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> StoreFault {
    StoreFault::Integrity(format!(
        "audit segment {} cannot be read: {error}",
        path.display()
    ))
}

fn split(line: &[u8]) -> Option<(&str, [u8; 32])> {
    let text = core::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (json, tag) = text.rsplit_once('\t')?;
    Some((json, hex::decode(tag)?))
}

struct Header {
    segment: String,
    start_state: u64,
    session: u64,
    session_id: [u8; 16],
    seed: Vec<u8>,
}

/// No process starts this many segments; the header is not to be trusted with a longer loop.
const SESSION_LIMIT: u64 = 1 << 20;

impl Header {
    fn parse(line: &[u8]) -> Option<Self> {
        let (json, _) = split(line)?;
        let value: serde_json::Value = serde_json::from_str(json).ok()?;
        if value["format"].as_u64()? != 1 {
            return None;
        }
        Some(Self {
            segment: value["segment"].as_str()?.to_owned(),
            start_state: value["start_state"].as_u64()?,
            session: value["session"]
                .as_u64()
                .filter(|&session| session < SESSION_LIMIT)?,
            session_id: hex::decode(value["session_id"].as_str()?)?,
            seed: STANDARD.decode(value["seed"].as_str()?).ok()?,
        })
    }

    fn chain(&self, audit_key: &crate::seal::SealingKey, store_id: &[u8; 16]) -> Option<Chain> {
        let secret = audit_key
            .open(
                Kind::AuditSeed,
                &seed_binding(store_id, &self.session_id),
                &self.seed,
            )
            .ok()?;
        let mut seed = HmacKey::new(secret.expose().ok()?).ok()?;
        for _ in 0..self.session {
            seed = next_seed(&seed).ok()?;
        }
        Chain::new(&seed, hex::decode(&self.segment)?).ok()
    }
}
