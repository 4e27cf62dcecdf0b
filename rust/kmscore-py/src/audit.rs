//! Counting and finding in audit segments.

use std::path::PathBuf;

use kmscore::audit;
use kmscore::ciphertext::BlobTrace;
use kmscore::hex;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::exceptions::store_fault;

/// Counts the whole lines of an audit segment from a place on.
#[pyfunction]
pub(crate) fn tally_segment(
    py: Python<'_>,
    path: PathBuf,
    offset: u64,
) -> PyResult<Bound<'_, PyDict>> {
    let tally = py
        .detach(|| audit::tally_segment(&path, offset))
        .map_err(store_fault)?;
    let counts: Vec<_> = tally
        .counts
        .into_iter()
        .map(|(cell, counts)| {
            (
                (cell.minute, cell.account, cell.region, cell.key),
                (cell.operation, cell.pair_spec, cell.via, cell.also),
                (counts.succeeded, counts.failed, counts.throttled),
            )
        })
        .collect();
    let last_uses: Vec<_> = tally
        .last_uses
        .into_iter()
        .map(|(key, last)| {
            (
                key,
                last.operation,
                last.time,
                last.line,
                last.request_id,
                last.account,
            )
        })
        .collect();
    let out = PyDict::new(py);
    out.set_item("offset", tally.offset)?;
    out.set_item("lines", tally.lines)?;
    out.set_item("unreadable", tally.unreadable)?;
    out.set_item("counts", counts)?;
    out.set_item("last_uses", last_uses)?;
    Ok(out)
}

/// What the audit log calls a ciphertext blob; None for what is none of ours.
#[pyfunction]
pub(crate) fn blob_trace(blob: &[u8]) -> Option<String> {
    BlobTrace::of(blob).map(|trace| hex::encode(&trace.blob))
}
