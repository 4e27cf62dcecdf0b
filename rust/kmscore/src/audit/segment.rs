//! One segment file and the chain of keys and tags through it.

use std::fs::{File, OpenOptions};
use std::io::{Error as IoError, Result as IoResult, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::secret::SecretBytes;
use kmscore_crypto::{Unspecified, random};

use super::Head;
use crate::seal::{Binding, Kind, SealingKey, derive_key};
use crate::{hex, json_text};

/// The seeds of the segments of one process, each derived from the one before, which is wiped.
pub(super) struct Session {
    id: [u8; 16],
    sealed_seed: String,
    seed: HmacKey,
    started: u64,
}

impl Session {
    pub(super) fn start(audit_key: &SealingKey, store_id: &[u8; 16]) -> Result<Self, Unspecified> {
        let mut id = [0; 16];
        random::fill(&mut id)?;
        let seed = SecretBytes::random(32)?;
        let sealed = audit_key.seal(
            Kind::AuditSeed,
            &seed_binding(store_id, &id),
            seed.expose()?,
        )?;
        Ok(Self {
            id,
            sealed_seed: STANDARD.encode(sealed),
            seed: HmacKey::new(seed.expose()?)?,
            started: 0,
        })
    }

    /// Creates the next segment's file and writes its header line.
    pub(super) fn next_segment(
        &mut self,
        directory: &Path,
        store_id: &[u8; 16],
        state: u64,
        time: i64,
    ) -> IoResult<Segment> {
        let mut id = [0; 16];
        random::fill(&mut id).map_err(IoError::other)?;
        let header = self.header(&id, store_id, state, time);
        let chain = Chain::new(&self.seed, id).map_err(IoError::other)?;
        self.seed = next_seed(&self.seed).map_err(IoError::other)?;
        self.started += 1;
        Segment::create(directory, self.started, chain, &header)
    }

    fn header(&self, id: &[u8; 16], store_id: &[u8; 16], state: u64, time: i64) -> String {
        format!(
            r#"{{"format":1,"segment":"{}","store":"{}","start_state":{state},"time":{time},"session":{},"session_id":"{}","seed":"{}"}}"#,
            hex::encode(id),
            hex::encode(store_id),
            self.started,
            hex::encode(&self.id),
            self.sealed_seed
        )
    }
}

/// What the seed of a session is bound to.
pub(super) fn seed_binding(store_id: &[u8; 16], session_id: &[u8; 16]) -> Binding {
    Binding::default()
        .with("store", hex::encode(store_id))
        .with("session_id", hex::encode(session_id))
}

/// m(j+1) from m(j).
pub(super) fn next_seed(seed: &HmacKey) -> Result<HmacKey, Unspecified> {
    derive_key(seed, b"kmscore audit seed", &[])
}

/// k(i) and tag(i-1) of a segment.
pub(super) struct Chain {
    id: [u8; 16],
    key: HmacKey,
    tag: [u8; 32],
    lines: u64,
}

impl Chain {
    pub(super) fn new(seed: &HmacKey, id: [u8; 16]) -> Result<Self, Unspecified> {
        let key = derive_key(seed, b"kmscore audit segment", &id)?;
        Ok(Self {
            id,
            key,
            tag: [0; 32],
            lines: 0,
        })
    }

    /// The tag of the next line, and the key after it. Nothing moves until `advance`.
    pub(super) fn next(&self, json: &str) -> Result<([u8; 32], HmacKey), Unspecified> {
        let tag = self.key.tag(&[&self.tag, json.as_bytes()])?;
        let key = derive_key(&self.key, b"kmscore audit next", &self.id)?;
        Ok((tag, key))
    }

    pub(super) fn advance(&mut self, (tag, key): ([u8; 32], HmacKey)) {
        self.tag = tag;
        self.key = key;
        self.lines += 1;
    }

    pub(super) const fn head(&self) -> Head {
        (self.lines, self.tag)
    }
}

/// A segment being written. The file is locked as long as it is, so that others know its process lives.
pub(super) struct Segment {
    file: Arc<File>,
    number: u64,
    chain: Chain,
    bytes: u64,
    line: String,
}

impl Segment {
    fn create(directory: &Path, number: u64, chain: Chain, header: &str) -> IoResult<Self> {
        let path = directory.join(format!("{}.log", hex::encode(&chain.id)));
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        file.try_lock().map_err(IoError::other)?;
        let mut segment = Self {
            file: Arc::new(file),
            number,
            chain,
            bytes: 0,
            line: String::with_capacity(1024),
        };
        segment.line.push_str(header);
        segment.finish_line()?;
        File::open(directory)?.sync_all()?;
        Ok(segment)
    }

    /// Numbers the record, chains it and writes it. After an error the segment is poisoned.
    pub(super) fn append(&mut self, record: &str) -> IoResult<super::Place> {
        self.line.clear();
        self.line.push_str("{\"n\":");
        json_text::push_integer(&mut self.line, self.chain.lines);
        self.line.push(',');
        self.line
            .push_str(record.strip_prefix('{').unwrap_or(record));
        self.finish_line()?;
        Ok(self.place())
    }

    pub(super) fn id(&self) -> String {
        hex::encode(&self.chain.id)
    }

    pub(super) const fn head(&self) -> Head {
        self.chain.head()
    }

    pub(super) const fn place(&self) -> super::Place {
        (self.number, self.chain.lines)
    }

    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    fn finish_line(&mut self) -> IoResult<()> {
        let step = self.chain.next(&self.line).map_err(IoError::other)?;
        self.line.push('\t');
        hex::push(&mut self.line, &step.0);
        self.line.push('\n');
        let written = (&*self.file).write(self.line.as_bytes());
        if !matches!(written, Ok(count) if count == self.line.len()) {
            // What was torn off is cut away when the file system lets us; the reader knows a torn tail either way.
            drop(self.file.set_len(self.bytes));
            return Err(written
                .err()
                .unwrap_or_else(|| IoError::from(std::io::ErrorKind::WriteZero)));
        }
        self.bytes += self.line.len() as u64;
        self.chain.advance(step);
        Ok(())
    }
}
