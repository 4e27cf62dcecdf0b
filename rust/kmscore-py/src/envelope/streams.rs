//! Messages in pieces.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kmscore::envelope::EnvelopeFault;
use kmscore::envelope::stream::{MessageReader, MessageWriter};
use kmscore_crypto::out::Room;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::header::PyMessageHeader;
use super::keys::PyDataKey;
use super::request::PyEncryptionMaterials;
use crate::buffers::{Buffer, Input, filled, is_long};
use crate::exceptions::envelope_fault;

/// A message that is written from front to back.
#[pyclass(name = "MessageWriter", module = "kmscore._core", frozen)]
pub(crate) struct PyMessageWriter(Mutex<MessageWriter>);

#[pymethods]
impl PyMessageWriter {
    #[new]
    fn new(materials: &PyEncryptionMaterials, frame_length: u32) -> PyResult<Self> {
        MessageWriter::new(Arc::clone(&materials.0), frame_length)
            .map(|writer| Self(Mutex::new(writer)))
            .map_err(|fault| envelope_fault(&fault))
    }

    fn header<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, locked(&self.0).header())
    }

    /// Whole frames, or the last piece: sealed into `out`. Returns the bytes written.
    fn seal(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        out: &Bound<'_, PyAny>,
        last: bool,
        threads: usize,
    ) -> PyResult<usize> {
        let data = Input::new(data, "data")?;
        let mut out = Buffer::new(out, "out")?;
        let plaintext = data.bytes();
        let length = locked(&self.0)
            .sealed_length(plaintext.len(), last)
            .map_err(|fault| envelope_fault(&fault))?;
        let room = out.start_mut("out", length, "piece")?;
        py.detach(|| locked(&self.0).seal(plaintext, last, Room::new(room), threads))
            .map_err(|fault| envelope_fault(&fault))?;
        Ok(length)
    }

    /// Bytes that `seal` writes.
    fn sealed_length(&self, plaintext: usize, last: bool) -> PyResult<usize> {
        locked(&self.0)
            .sealed_length(plaintext, last)
            .map_err(|fault| envelope_fault(&fault))
    }

    /// What stands after the final frame.
    fn footer<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let footer = locked(&self.0)
            .footer()
            .map_err(|fault| envelope_fault(&fault))?;
        Ok(PyBytes::new(py, &footer))
    }
}

/// A message that is read piece by piece, or anywhere.
#[pyclass(name = "MessageReader", module = "kmscore._core", frozen)]
pub(crate) struct PyMessageReader(Mutex<MessageReader>);

#[pymethods]
impl PyMessageReader {
    #[new]
    fn new(header: &PyMessageHeader, data_key: &PyDataKey) -> PyResult<Self> {
        MessageReader::new(&header.0, &data_key.0)
            .map(|reader| Self(Mutex::new(reader)))
            .map_err(|fault| envelope_fault(&fault))
    }

    /// Opens the whole frames at the start of `data` into `out`, which needs no more room than `data` has.
    ///
    /// Returns bytes of the frames, bytes of their plaintext, and whether the final one is among them.
    fn open(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        out: &Bound<'_, PyAny>,
        threads: usize,
    ) -> PyResult<(usize, usize, bool)> {
        let data = Input::new(data, "data")?;
        let mut out = Buffer::new(out, "out")?;
        let input = data.bytes();
        let piece = locked(&self.0)
            .piece(input)
            .map_err(|fault| envelope_fault(&fault))?;
        let room = out.start_mut("out", piece.plaintext, "piece")?;
        py.detach(|| {
            let input = &input[..piece.consumed];
            locked(&self.0).open(piece, input, Room::new(room), threads)
        })
        .map_err(|fault| envelope_fault(&fault))?;
        Ok((piece.consumed, piece.plaintext, piece.last))
    }

    /// Hashes a piece of the body without opening it.
    fn hash(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let data = Input::new(data, "data")?;
        let input = data.bytes();
        py.detach(|| locked(&self.0).hash(input));
        Ok(())
    }

    /// Checks what follows the final frame.
    fn verify(&self, footer: &[u8]) -> PyResult<()> {
        locked(&self.0)
            .verify(footer)
            .map_err(|fault| envelope_fault(&fault))
    }

    /// Opens whole regular frames numbered from `first`, or with `last` the final frame of that number.
    fn open_at<'py>(
        &self,
        py: Python<'py>,
        first: u32,
        data: &Bound<'py, PyAny>,
        length: usize,
        last: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let data = Input::new(data, "data")?;
        let input = data.bytes();
        let opened = filled(py, length, is_long(length), |room| {
            let reader = locked(&self.0);
            if last {
                reader.open_final(first, input, room)
            } else {
                reader.open_frames(first, input, room)
            }
        })?;
        opened.map_err(|fault: EnvelopeFault| envelope_fault(&fault))
    }
}

fn locked<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    // After a panic the state refuses by itself: numbers were used up before the work began.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
