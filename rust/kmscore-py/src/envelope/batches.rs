//! Many messages in one call: lists of bytes, and columns in contiguous memory.

use std::sync::Arc;

use kmscore::envelope::batch::{MessageColumn, encrypt_rows};
use kmscore::envelope::materials::{DataKey, EncryptionMaterials};
use kmscore::envelope::{EnvelopeFault, EnvelopeResult};
use kmscore::rows::{Row, RowErrors};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use super::header::{PyMessageHeader, reading};
use super::keys::PyDataKey;
use super::request::PyEncryptionMaterials;
use crate::columns::{Column, Results, SeparateRows};
use crate::exceptions::{envelope_class, envelope_fault};

type Faults = Vec<(usize, String, String)>;

/// What rows are encrypted with, and their frame length: row `i` with the materials number `i / each`.
#[derive(FromPyObject)]
pub(crate) struct Runs(Vec<Py<PyEncryptionMaterials>>, usize, u32);

impl Runs {
    fn materials(&self) -> Vec<Arc<EncryptionMaterials>> {
        self.0
            .iter()
            .map(|materials| Arc::clone(&materials.get().0))
            .collect()
    }

    /// The length of each row's message. All rows of a run, and so most of a column, have one header length.
    fn length_of(
        &self,
        materials: &[Arc<EncryptionMaterials>],
        row: usize,
        plaintext: &[u8],
    ) -> EnvelopeResult<usize> {
        materials
            .get(row / self.1.max(1))
            .ok_or_else(|| EnvelopeFault::Argument("there are more rows than runs".into()))?
            .message_length(plaintext.len(), self.2)
    }

    fn encrypt(
        &self,
        py: Python<'_>,
        materials: &[Arc<EncryptionMaterials>],
        rows: &mut [Row<'_>],
        threads: usize,
    ) -> PyResult<()> {
        let (each, frame_length) = (self.1.max(1), self.2);
        py.detach(|| encrypt_rows(materials, each, frame_length, rows, threads))
            .map_err(|fault| envelope_fault(&fault))
    }
}

/// list[bytes] → list[bytes].
#[pyfunction]
pub(crate) fn encrypt_messages<'py>(
    py: Python<'py>,
    runs: Runs,
    rows: &Bound<'py, PyList>,
    threads: usize,
) -> PyResult<Vec<Option<Bound<'py, PyBytes>>>> {
    let materials = runs.materials();
    let mut rows = SeparateRows::new(rows)?;
    for (row, plaintext) in rows.inputs().enumerate() {
        checked(runs.length_of(&materials, row, plaintext))?;
    }
    // Every length was computed once without a fault.
    let length = |row, plaintext: &[u8]| runs.length_of(&materials, row, plaintext).unwrap_or(0);
    let mut work = rows.work(py, length)?;
    runs.encrypt(py, &materials, &mut work, threads)?;
    drop(work);
    Ok(rows.into_objects(core::iter::empty()))
}

/// Bytes of all messages of a column, and of the longest.
#[pyfunction]
#[pyo3(signature = (runs, data, offsets, validity = None))]
pub(crate) fn messages_length(
    runs: Runs,
    data: &Bound<'_, PyAny>,
    offsets: &Bound<'_, PyAny>,
    validity: Option<&Bound<'_, PyAny>>,
) -> PyResult<(usize, usize)> {
    let column = Column::new(data, offsets, validity)?;
    let materials = runs.materials();
    column.result_lengths(|row, plaintext| checked(runs.length_of(&materials, row, plaintext)))
}

/// Contiguous rows into contiguous messages.
#[pyfunction]
#[pyo3(signature = (runs, data, offsets, out, out_offsets, threads, validity = None))]
#[allow(
    clippy::too_many_arguments,
    reason = "one call stands for a whole column"
)]
pub(crate) fn encrypt_message_columns(
    py: Python<'_>,
    runs: Runs,
    data: &Bound<'_, PyAny>,
    offsets: &Bound<'_, PyAny>,
    out: &Bound<'_, PyAny>,
    out_offsets: Option<&Bound<'_, PyAny>>,
    threads: usize,
    validity: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let column = Column::new(data, offsets, validity)?;
    let mut out = Results::new(out, out_offsets)?;
    let materials = runs.materials();
    let length = |row, plaintext: &[u8]| runs.length_of(&materials, row, plaintext).unwrap_or(0);
    let mut work = column.rows(&mut out, length)?;
    runs.encrypt(py, &materials, &mut work, threads)
}

/// A column of messages whose headers were read.
#[pyclass(name = "MessageColumn", module = "kmscore._core", frozen)]
pub(crate) struct PyMessageColumn {
    column: MessageColumn,
    lengths: Vec<usize>,
}

#[pymethods]
impl PyMessageColumn {
    /// Of a list of bytes.
    #[staticmethod]
    #[pyo3(signature = (rows, commitment_policy, max_encrypted_data_keys, encryption_context))]
    fn of_rows(
        rows: &Bound<'_, PyList>,
        commitment_policy: &str,
        max_encrypted_data_keys: Option<i64>,
        encryption_context: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let (policy, limits, pairs) = reading(
            commitment_policy,
            max_encrypted_data_keys,
            encryption_context,
        )?;
        let rows = SeparateRows::new(rows)?;
        let rows = rows.inputs().map(Some);
        Ok(Self::new(MessageColumn::read(rows, policy, limits, &pairs)))
    }

    /// Of contiguous rows.
    #[staticmethod]
    #[pyo3(signature = (data, offsets, commitment_policy, max_encrypted_data_keys, encryption_context, validity = None))]
    fn of_column(
        data: &Bound<'_, PyAny>,
        offsets: &Bound<'_, PyAny>,
        commitment_policy: &str,
        max_encrypted_data_keys: Option<i64>,
        encryption_context: Option<&Bound<'_, PyDict>>,
        validity: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let (policy, limits, pairs) = reading(
            commitment_policy,
            max_encrypted_data_keys,
            encryption_context,
        )?;
        let column = Column::new(data, offsets, validity)?;
        let rows = column.inputs()?.collect::<PyResult<Vec<_>>>()?;
        Ok(Self::new(MessageColumn::read(
            rows.into_iter(),
            policy,
            limits,
            &pairs,
        )))
    }

    /// A header for each data key that is needed.
    fn headers(&self) -> Vec<PyMessageHeader> {
        self.column
            .headers()
            .into_iter()
            .map(PyMessageHeader)
            .collect()
    }

    /// Bytes of all plaintexts, and of the longest.
    fn plaintext_lengths(&self) -> (usize, usize) {
        (
            self.lengths.iter().sum(),
            self.lengths.iter().copied().max().unwrap_or(0),
        )
    }

    /// list[bytes] → list[bytes]; `keys` has a data key, or why there is none, for each header.
    fn decrypt_rows<'py>(
        &self,
        py: Python<'py>,
        rows: &Bound<'py, PyList>,
        keys: Vec<FoundKey>,
        threads: usize,
    ) -> PyResult<(Vec<Option<Bound<'py, PyBytes>>>, Faults)> {
        let mut rows = SeparateRows::new(rows)?;
        self.check(rows.inputs().count(), &keys)?;
        let mut work = rows.work(py, |row, _| self.lengths[row])?;
        let errors = self.decrypt(py, keys, &mut work, threads)?;
        drop(work);
        let objects = rows.into_objects(errors.iter().map(|(index, _)| *index));
        Ok((objects, faults(&errors)))
    }

    /// Contiguous messages into contiguous rows: of one width, or where their offsets are wanted.
    #[pyo3(signature = (data, offsets, out, out_offsets, keys, threads, width = None, validity = None))]
    #[allow(
        clippy::too_many_arguments,
        reason = "one call stands for a whole column"
    )]
    fn decrypt_columns(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        offsets: &Bound<'_, PyAny>,
        out: &Bound<'_, PyAny>,
        out_offsets: Option<&Bound<'_, PyAny>>,
        keys: Vec<FoundKey>,
        threads: usize,
        width: Option<usize>,
        validity: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Faults> {
        let column = Column::new(data, offsets, validity)?;
        let mut out = Results::new(out, out_offsets)?;
        self.check(column.inputs()?.count(), &keys)?;
        let length = |row: usize, _: &[u8]| width.unwrap_or_else(|| self.lengths[row]);
        let mut work = column.rows(&mut out, length)?;
        Ok(faults(&self.decrypt(py, keys, &mut work, threads)?))
    }
}

/// A data key, or the text of why a keyring gave none; an empty one when the ciphertext did not decrypt.
#[derive(FromPyObject)]
enum FoundKey {
    Key(Py<PyDataKey>),
    Fault(String),
}

impl FoundKey {
    fn into_result(self) -> EnvelopeResult<Arc<DataKey>> {
        match self {
            Self::Key(key) => Ok(Arc::clone(&key.get().0)),
            Self::Fault(text) if text.is_empty() => Err(EnvelopeFault::Decryption),
            Self::Fault(text) => Err(EnvelopeFault::Keyring(text)),
        }
    }
}

impl PyMessageColumn {
    fn new(column: MessageColumn) -> Self {
        let lengths = column.lengths().collect();
        Self { column, lengths }
    }

    fn check(&self, rows: usize, keys: &[FoundKey]) -> PyResult<()> {
        if rows == self.lengths.len() && keys.len() == self.column.headers().len() {
            return Ok(());
        }
        Err(PyValueError::new_err(
            "rows and keys must be those of this column",
        ))
    }

    fn decrypt(
        &self,
        py: Python<'_>,
        keys: Vec<FoundKey>,
        rows: &mut [Row<'_>],
        threads: usize,
    ) -> PyResult<RowErrors<EnvelopeFault>> {
        let keys: Vec<_> = keys.into_iter().map(FoundKey::into_result).collect();
        checked(py.detach(|| self.column.decrypt(&keys, rows, threads)))
    }
}

fn checked<T>(result: EnvelopeResult<T>) -> PyResult<T> {
    result.map_err(|fault| envelope_fault(&fault))
}

fn faults(errors: &[(usize, EnvelopeFault)]) -> Faults {
    errors
        .iter()
        .map(|(index, fault)| (*index, envelope_class(fault).to_owned(), fault.to_string()))
        .collect()
}
