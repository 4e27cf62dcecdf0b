//! The audit log: one hash-chained segment file a process. docs/formats.md "Audit segment".

mod line;
mod record;
mod segment;
mod tally;
mod verify;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

pub use record::{Record, request_members};
pub use tally::{Cell, Counts, LastUse, Tally, tally_segment};
pub use verify::{SegmentReport, verify_segment};

use crate::anchor::Anchor;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::hierarchy::{self, WrappedKey};
use crate::lock::{self, Flights};
use crate::root_key::RootKey;
use crate::store::Store;
use crate::store_fault::StoreResult;
use segment::{Segment, Session};

/// When a record counts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In the kernel's hands: survives a killed process.
    Write,
    /// On the disk: survives a power loss. Waiting calls share one sync.
    Fsync,
    /// Not written at all; shown in health.
    Off,
}

/// Heads go to the anchor at least once in this many records.
const ANCHOR_INTERVAL: u64 = 16_384;

/// The audit log of one process.
pub struct Audit {
    mode: Mode,
    directory: PathBuf,
    store_id: [u8; 16],
    session: Mutex<Session>,
    segment: Mutex<Option<Segment>>,
    closed: Mutex<BTreeMap<String, Head>>,
    /// Lines that are on the disk, of each segment by its number.
    synced: Mutex<BTreeMap<u64, u64>>,
    flights: Flights<Work>,
    clock: Arc<Clock>,
    anchor: Arc<Anchor>,
}

/// The number of lines of a segment and the tag of the last.
pub type Head = (u64, [u8; 32]);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Work {
    Start,
    Sync,
}

/// Where a record went: the segment's number in the process, and its line.
type Place = (u64, u64);

impl Audit {
    /// Starts an audit session. The audit key is unwrapped, used once, and wiped.
    pub fn new(
        mode: Mode,
        directory: PathBuf,
        root: &RootKey,
        store_id: [u8; 16],
        wrapped: &[WrappedKey],
        clock: Arc<Clock>,
        anchor: Arc<Anchor>,
    ) -> StoreResult<Self> {
        let key = hierarchy::audit_sealing_key(root, &store_id, wrapped)?;
        Ok(Self {
            mode,
            directory,
            store_id,
            session: Mutex::new(Session::start(&key, &store_id)?),
            segment: Mutex::new(None),
            closed: Mutex::default(),
            synced: Mutex::default(),
            flights: Flights::new(),
            clock,
            anchor,
        })
    }

    /// Writes a record; when this returns, it is as safe as the mode says.
    ///
    /// A failed or short write poisons the segment, and a new one is started; if none can be, the call fails.
    pub fn append(&self, record: &str, store: &dyn Store) -> Result<()> {
        if self.mode == Mode::Off {
            return Ok(());
        }
        let place = self.write(record, store)?;
        if self.mode == Mode::Fsync {
            self.sync(place, store)?;
        }
        if place.1.is_multiple_of(ANCHOR_INTERVAL) {
            self.anchor_heads(0)?;
        }
        Ok(())
    }

    /// Writes the heads of this process's segments, and the state, to the anchor.
    pub fn anchor_heads(&self, state: u64) -> Result<()> {
        self.anchor
            .advance(state, &self.heads())
            .map_err(|fault| Error::internal(fault.to_string()))
    }

    /// The heads of the segments this process wrote.
    pub fn heads(&self) -> BTreeMap<String, Head> {
        let mut heads = lock::lock(&self.closed).clone();
        if let Some(segment) = &*lock::lock(&self.segment) {
            heads.insert(segment.id(), segment.head());
        }
        heads
    }

    /// The mode.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Ends the segment; the next record starts another.
    pub fn close(&self) {
        let ended = lock::lock(&self.segment).take();
        self.retire(ended);
    }

    fn write(&self, record: &str, store: &dyn Store) -> Result<Place> {
        let mut failures = 0;
        loop {
            let poisoned = {
                let mut open = lock::lock(&self.segment);
                match open.as_mut().map(|segment| segment.append(record)) {
                    Some(Ok(place)) => return Ok(place),
                    Some(Err(error)) => Some((open.take(), error)),
                    None => None,
                }
            };
            if let Some((ended, error)) = poisoned {
                self.retire(ended);
                failures += 1;
                if failures > 1 {
                    return Err(unwritable(&error));
                }
            }
            self.start_segment(store)?;
        }
    }

    fn start_segment(&self, store: &dyn Store) -> Result<()> {
        let Some(_flight) = self
            .flights
            .start(&Work::Start, |wait| store.blocking(wait))
        else {
            return Ok(());
        };
        if lock::lock(&self.segment).is_some() {
            return Ok(());
        }
        let state = store.head_state()?;
        let started = lock::lock(&self.session).next_segment(
            &self.directory,
            &self.store_id,
            state,
            self.clock.now(),
        );
        let segment = started.map_err(|error| unwritable(&error))?;
        store.open_segment(&segment.id(), state)?;
        *lock::lock(&self.segment) = Some(segment);
        Ok(())
    }

    fn retire(&self, ended: Option<Segment>) {
        let Some(segment) = ended else { return };
        // Calls may still wait for lines of it. When this fails they find nothing synced, and fail.
        if self.mode == Mode::Fsync && segment.file().sync_data().is_ok() {
            self.note_synced(segment.place());
        }
        lock::lock(&self.closed).insert(segment.id(), segment.head());
    }

    /// Waits until `place` is on the disk; one thread syncs for all that wait.
    fn sync(&self, place: Place, store: &dyn Store) -> Result<()> {
        while !self.is_synced(place) {
            let Some(_flight) = self.flights.start(&Work::Sync, |wait| store.blocking(wait)) else {
                continue;
            };
            let open = lock::lock(&self.segment)
                .as_ref()
                .map(|segment| (segment.file(), segment.place()));
            match open {
                Some((file, reached)) if reached.0 == place.0 => {
                    self.sync_file(&file, reached, store)?;
                }
                _ if self.is_synced(place) => {}
                _ => {
                    let text = "the segment ended before its records were on the disk";
                    return Err(unwritable(&std::io::Error::other(text)));
                }
            }
        }
        Ok(())
    }

    fn sync_file(&self, file: &Arc<File>, reached: Place, store: &dyn Store) -> Result<()> {
        let mut outcome = Err(std::io::Error::from(std::io::ErrorKind::Interrupted));
        store.blocking(&mut || outcome = file.sync_data());
        match outcome {
            Ok(()) => {
                self.note_synced(reached);
                Ok(())
            }
            Err(error) => {
                // After a failed fsync the kernel may have dropped the pages: this segment can no longer be trusted.
                let mut open = lock::lock(&self.segment);
                if let Some(ended) = open.take_if(|segment| segment.place().0 == reached.0) {
                    lock::lock(&self.closed).insert(ended.id(), ended.head());
                }
                Err(unwritable(&error))
            }
        }
    }

    fn is_synced(&self, place: Place) -> bool {
        lock::lock(&self.synced).get(&place.0) >= Some(&place.1)
    }

    fn note_synced(&self, place: Place) {
        let mut synced = lock::lock(&self.synced);
        let lines = synced.entry(place.0).or_default();
        *lines = (*lines).max(place.1);
    }
}

fn unwritable(error: &std::io::Error) -> Error {
    Error::internal(format!(
        "the audit log cannot be written ({error}); no call is answered unrecorded"
    ))
}
