//! Messages in one call.

use kmscore::envelope::body::Layout;
use kmscore::envelope::decrypt::decrypt;
use kmscore::envelope::encrypt::encrypt;
use kmscore::envelope::{EnvelopeFault, EnvelopeResult};
use kmscore_crypto::out::Room;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::header::PyMessageHeader;
use super::keys::PyDataKey;
use super::request::PyEncryptionMaterials;
use crate::buffers::{Buffer, Input, filled, is_long};
use crate::exceptions::envelope_fault;

/// Plaintext → message.
#[pyfunction]
pub(crate) fn encrypt_message<'py>(
    py: Python<'py>,
    materials: &PyEncryptionMaterials,
    data: &Bound<'py, PyAny>,
    frame_length: u32,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let data = Input::new(data, "data")?;
    let plaintext = data.bytes();
    let length = materials
        .0
        .message_length(plaintext.len(), frame_length)
        .map_err(|fault| envelope_fault(&fault))?;
    let materials = &materials.0;
    let detached = is_long(length) || materials.is_signed();
    filled(py, length, detached, |room| {
        encrypt(materials, plaintext, frame_length, room, threads)
    })?
    .map_err(|fault| envelope_fault(&fault))
}

/// Plaintext → message in a caller's buffer.
#[pyfunction]
pub(crate) fn encrypt_message_into(
    py: Python<'_>,
    materials: &PyEncryptionMaterials,
    data: &Bound<'_, PyAny>,
    out: &Bound<'_, PyAny>,
    frame_length: u32,
    threads: usize,
) -> PyResult<usize> {
    let data = Input::new(data, "data")?;
    let mut out = Buffer::new(out, "out")?;
    let plaintext = data.bytes();
    let length = materials
        .0
        .message_length(plaintext.len(), frame_length)
        .map_err(|fault| envelope_fault(&fault))?;
    let room = room_for(&mut out, plaintext, length, "message")?;
    let materials = &materials.0;
    released(py, is_long(length) || materials.is_signed(), || {
        encrypt(materials, plaintext, frame_length, Room::new(room), threads).map(drop)
    })?;
    Ok(length)
}

/// Message → plaintext.
#[pyfunction]
pub(crate) fn decrypt_message<'py>(
    py: Python<'py>,
    message: &Bound<'py, PyAny>,
    header: &PyMessageHeader,
    data_key: &PyDataKey,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let message = Input::new(message, "message")?;
    let body = after_header(message.bytes(), header)?;
    let length = plaintext_length(header, body)?;
    let detached = is_long(length) || header.is_signed()?;
    let (header, data_key) = (&header.0, &data_key.0);
    filled(py, length, detached, |room| {
        decrypt(header, data_key, body, room, threads)
    })?
    .map_err(|fault| envelope_fault(&fault))
}

/// Message → plaintext in a caller's buffer; on failure the buffer holds zeros where it was written.
#[pyfunction]
pub(crate) fn decrypt_message_into(
    py: Python<'_>,
    message: &Bound<'_, PyAny>,
    out: &Bound<'_, PyAny>,
    header: &PyMessageHeader,
    data_key: &PyDataKey,
    threads: usize,
) -> PyResult<usize> {
    let message = Input::new(message, "message")?;
    let mut out = Buffer::new(out, "out")?;
    let body = after_header(message.bytes(), header)?;
    let length = plaintext_length(header, body)?;
    let room = room_for(&mut out, message.bytes(), length, "plaintext")?;
    let detached = is_long(length) || header.is_signed()?;
    let (header, data_key) = (&header.0, &data_key.0);
    released(py, detached, || {
        decrypt(header, data_key, body, Room::new(room), threads).map(drop)
    })?;
    Ok(length)
}

fn after_header<'m>(message: &'m [u8], header: &PyMessageHeader) -> PyResult<&'m [u8]> {
    message
        .strip_prefix(header.0.bytes())
        .ok_or_else(|| envelope_fault(&EnvelopeFault::Decryption))
}

fn plaintext_length(header: &PyMessageHeader, body: &[u8]) -> PyResult<usize> {
    header
        .0
        .view()
        .and_then(|view| Layout::of_message(&view, body))
        .map(|layout| layout.plaintext_length())
        .map_err(|fault| envelope_fault(&fault))
}

/// The start of a caller's buffer, which must be long enough and apart from what is read.
fn room_for<'o>(
    out: &'o mut Buffer,
    input: &[u8],
    length: usize,
    what: &str,
) -> PyResult<&'o mut [u8]> {
    let room = out.start_mut("out", length, what)?;
    let (input, output) = (input.as_ptr_range(), room.as_ptr_range());
    if input.start < output.end && output.start < input.end {
        return Err(PyValueError::new_err(
            "out overlaps the input: they must be apart in memory",
        ));
    }
    Ok(room)
}

fn released(
    py: Python<'_>,
    detached: bool,
    work: impl FnOnce() -> EnvelopeResult<()> + Send,
) -> PyResult<()> {
    let done = if detached { py.detach(work) } else { work() };
    done.map_err(|fault| envelope_fault(&fault))
}
