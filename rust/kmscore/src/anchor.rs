//! The anchor: a file outside the store's directory that remembers how far the store and its audit log had come.
//! docs/formats.md "Anchor".

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::audit::Head;
use crate::hex;
use crate::hierarchy::KeyHierarchy;
use crate::store_fault::{StoreFault, StoreResult};

/// Heads of this many segments are kept; of older ones the store's closing entry tells.
const SEGMENT_LIMIT: usize = 256;

/// What an anchor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Raised by each restore from a backup.
    pub epoch: u64,
    /// The highest `head.state` seen.
    pub state: u64,
    /// Heads of audit segments, oldest first.
    pub segments: Vec<(String, Head)>,
}

/// The anchor of one store.
pub struct Anchor {
    path: PathBuf,
    epoch: u64,
    hierarchy: Arc<KeyHierarchy>,
}

impl Anchor {
    /// The anchor at `path`, for a store of this epoch.
    #[must_use]
    pub const fn new(path: PathBuf, epoch: u64, hierarchy: Arc<KeyHierarchy>) -> Self {
        Self {
            path,
            epoch,
            hierarchy,
        }
    }

    /// What it says; `None` when there is none.
    pub fn read(&self) -> StoreResult<Option<Content>> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.fault(&format!("cannot be read: {error}"))),
        };
        self.parse(&text)
            .map(Some)
            .ok_or_else(|| self.fault("was changed outside kmscore, or is another store's"))
    }

    /// Raises the state and merges heads; nothing ever goes down.
    pub fn advance(&self, state: u64, heads: &BTreeMap<String, Head>) -> StoreResult<()> {
        let _lock = self.lock()?;
        let mut content = self.read()?.unwrap_or(Content {
            epoch: self.epoch,
            state: 0,
            segments: vec![],
        });
        content.epoch = content.epoch.max(self.epoch);
        content.state = content.state.max(state);
        for (segment, head) in heads {
            match content
                .segments
                .iter_mut()
                .find(|(known, _)| known == segment)
            {
                Some((_, known)) if known.0 < head.0 => *known = *head,
                Some(_) => {}
                None => content.segments.push((segment.clone(), *head)),
            }
        }
        let surplus = content.segments.len().saturating_sub(SEGMENT_LIMIT);
        content.segments.drain(..surplus);
        self.replace(&content)
    }

    /// Writes exactly this, whatever was there: a new store, a restore, or a rollback the operator accepted.
    pub fn overwrite(&self, content: &Content) -> StoreResult<()> {
        let _lock = self.lock()?;
        self.replace(content)
    }

    fn parse(&self, text: &str) -> Option<Content> {
        let (json, tag) = text.strip_suffix('\n')?.rsplit_once('\t')?;
        self.hierarchy
            .anchor_mac
            .verify(&[json.as_bytes()], &hex::decode::<32>(tag)?)
            .ok()?;
        let value: Value = serde_json::from_str(json).ok()?;
        if value["store"].as_str()? != hex::encode(self.hierarchy.store_id()) {
            return None;
        }
        let segments = value["segments"]
            .as_array()?
            .iter()
            .map(parse_segment)
            .collect::<Option<_>>()?;
        Some(Content {
            epoch: value["epoch"].as_u64()?,
            state: value["state"].as_u64()?,
            segments,
        })
    }

    fn replace(&self, content: &Content) -> StoreResult<()> {
        let segments: Vec<Value> = content
            .segments
            .iter()
            .map(|(id, (lines, tag))| json!([id, lines, hex::encode(tag)]))
            .collect();
        let store = hex::encode(self.hierarchy.store_id());
        let json = json!({"store": store, "epoch": content.epoch, "state": content.state, "segments": segments});
        let json = json.to_string();
        let tag = hex::encode(&self.hierarchy.anchor_mac.tag(&[json.as_bytes()])?);
        let temporary = self.path.with_extension("new");
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&temporary)?;
            writeln!(file, "{json}\t{tag}")?;
            std::fs::rename(&temporary, &self.path)
        };
        write().map_err(|error| self.fault(&format!("cannot be written: {error}")))
    }

    fn lock(&self) -> StoreResult<File> {
        lock_beside(&self.path).map_err(|error| self.fault(&format!("cannot be locked: {error}")))
    }

    fn fault(&self, text: &str) -> StoreFault {
        StoreFault::Integrity(format!("anchor {} {text}", self.path.display()))
    }
}

fn parse_segment(value: &Value) -> Option<(String, Head)> {
    let [id, lines, tag] = value.as_array()?.as_slice() else {
        return None;
    };
    Some((
        id.as_str()?.to_owned(),
        (lines.as_u64()?, hex::decode(tag.as_str()?)?),
    ))
}

fn lock_beside(path: &Path) -> std::io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path.with_extension("lock"))?;
    file.lock()?;
    Ok(file)
}
