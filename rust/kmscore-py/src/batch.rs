//! Many rows in one call: lists of bytes, and columns in contiguous memory.

use kmscore::ciphertext::OVERHEAD;
use kmscore::operations::batch::{RowError, plaintext_length};
use kmscore::rows::Row;
use kmscore::value::{Request, Value};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::caller::PyCaller;
use crate::columns::{Column, Results, SeparateRows};
use crate::engine::PyEngine;
use crate::exceptions::{ParameterError, kms_error};

/// Rows that failed: index, code and message.
pub(crate) type Faults = Vec<(usize, String, String)>;
type Rows<'py> = (Vec<Option<Bound<'py, PyBytes>>>, Faults);

/// Which way a batch goes.
#[derive(Clone, Copy)]
enum Direction {
    Encrypt,
    Decrypt,
}

impl Direction {
    const fn length(self, input: usize) -> usize {
        match self {
            Self::Encrypt => input + OVERHEAD,
            Self::Decrypt => plaintext_length(input),
        }
    }

    const fn operation(self) -> &'static str {
        match self {
            Self::Encrypt => "EncryptBatch",
            Self::Decrypt => "DecryptBatch",
        }
    }
}

#[pymethods]
impl PyEngine {
    /// list[bytes] → list[bytes].
    #[pyo3(signature = (key_id, rows, context, caller, *, threads))]
    fn encrypt_rows<'py>(
        &self,
        py: Python<'py>,
        key_id: String,
        rows: &Bound<'py, PyList>,
        context: &Bound<'py, PyDict>,
        caller: &PyCaller,
        threads: usize,
    ) -> PyResult<Rows<'py>> {
        self.rows(
            py,
            Direction::Encrypt,
            &request(Some(key_id), context)?,
            rows,
            caller,
            threads,
        )
    }

    /// list[bytes] → list[bytes].
    #[pyo3(signature = (key_id, rows, context, caller, *, threads))]
    fn decrypt_rows<'py>(
        &self,
        py: Python<'py>,
        key_id: Option<String>,
        rows: &Bound<'py, PyList>,
        context: &Bound<'py, PyDict>,
        caller: &PyCaller,
        threads: usize,
    ) -> PyResult<Rows<'py>> {
        self.rows(
            py,
            Direction::Decrypt,
            &request(key_id, context)?,
            rows,
            caller,
            threads,
        )
    }

    /// Contiguous rows into contiguous rows.
    #[pyo3(signature = (key_id, data, offsets, out, out_offsets, context, caller, *, threads, validity = None))]
    #[allow(
        clippy::too_many_arguments,
        reason = "one call stands for a whole column"
    )]
    fn encrypt_columns(
        &self,
        py: Python<'_>,
        key_id: String,
        data: &Bound<'_, PyAny>,
        offsets: &Bound<'_, PyAny>,
        out: &Bound<'_, PyAny>,
        out_offsets: Option<&Bound<'_, PyAny>>,
        context: &Bound<'_, PyDict>,
        caller: &PyCaller,
        threads: usize,
        validity: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Faults> {
        let column = Column::new(data, offsets, validity)?;
        let mut out = Results::new(out, out_offsets)?;
        self.column(
            py,
            Direction::Encrypt,
            &request(Some(key_id), context)?,
            (&column, &mut out),
            caller,
            threads,
        )
    }

    /// The reverse; the place of a row that fails is zero.
    #[pyo3(signature = (key_id, data, offsets, out, out_offsets, context, caller, *, threads, validity = None))]
    #[allow(
        clippy::too_many_arguments,
        reason = "one call stands for a whole column"
    )]
    fn decrypt_columns(
        &self,
        py: Python<'_>,
        key_id: Option<String>,
        data: &Bound<'_, PyAny>,
        offsets: &Bound<'_, PyAny>,
        out: &Bound<'_, PyAny>,
        out_offsets: Option<&Bound<'_, PyAny>>,
        context: &Bound<'_, PyDict>,
        caller: &PyCaller,
        threads: usize,
        validity: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Faults> {
        let column = Column::new(data, offsets, validity)?;
        let mut out = Results::new(out, out_offsets)?;
        self.column(
            py,
            Direction::Decrypt,
            &request(key_id, context)?,
            (&column, &mut out),
            caller,
            threads,
        )
    }
}

impl PyEngine {
    fn rows<'py>(
        &self,
        py: Python<'py>,
        direction: Direction,
        request: &Request,
        rows: &Bound<'py, PyList>,
        caller: &PyCaller,
        threads: usize,
    ) -> PyResult<Rows<'py>> {
        let mut rows = SeparateRows::new(rows)?;
        let length = |_: usize, row: &[u8]| direction.length(row.len());
        let mut work = rows.work(py, length)?;
        let errors = self.run(py, direction, request, &mut work, caller, threads)?;
        drop(work);
        let objects = rows.into_objects(errors.iter().map(|(index, _)| *index));
        Ok((objects, faults(errors)))
    }

    fn column(
        &self,
        py: Python<'_>,
        direction: Direction,
        request: &Request,
        (column, out): (&Column, &mut Results),
        caller: &PyCaller,
        threads: usize,
    ) -> PyResult<Faults> {
        let length = |_: usize, row: &[u8]| direction.length(row.len());
        let mut work = column.rows(out, length)?;
        let errors = self.run(py, direction, request, &mut work, caller, threads)?;
        Ok(faults(errors))
    }

    fn run(
        &self,
        py: Python<'_>,
        direction: Direction,
        request: &Request,
        rows: &mut [Row<'_>],
        caller: &PyCaller,
        threads: usize,
    ) -> PyResult<Vec<RowError>> {
        let engine = self.engine()?;
        let done = py.detach(|| match direction {
            Direction::Encrypt => engine.encrypt_rows(request, rows, threads, &caller.0),
            Direction::Decrypt => engine.decrypt_rows(request, rows, threads, &caller.0),
        });
        done.map_err(|error| kms_error(py, &error, direction.operation(), ""))
    }
}

/// Bytes of all results of a batch, and of the longest; that of rows of one width is known when there are none, too.
#[pyfunction]
#[pyo3(signature = (data, offsets, *, encrypts, validity = None))]
pub(crate) fn blob_lengths(
    data: &Bound<'_, PyAny>,
    offsets: &Bound<'_, PyAny>,
    encrypts: bool,
    validity: Option<&Bound<'_, PyAny>>,
) -> PyResult<(usize, usize)> {
    let direction = if encrypts {
        Direction::Encrypt
    } else {
        Direction::Decrypt
    };
    let column = Column::new(data, offsets, validity)?;
    let (total, longest) = column.result_lengths(|_, row| Ok(direction.length(row.len())))?;
    let width = column
        .width()
        .map_or(longest, |width| direction.length(width));
    Ok((total, width))
}

fn request(key_id: Option<String>, context: &Bound<'_, PyDict>) -> PyResult<Request> {
    let pairs = context.extract::<std::collections::HashMap<String, String>>().map_err(|_| {
        ParameterError::new_err("Invalid type for parameter EncryptionContext, keys and values must be <class 'str'>")
    })?;
    let mut members = vec![];
    members.extend(key_id.map(|id| ("KeyId", Value::String(id))));
    members.push(("EncryptionContext", Value::Map(pairs.into_iter().collect())));
    Ok(Request::new(members))
}

/// Rows that failed, in order.
pub(crate) fn faults(mut errors: Vec<RowError>) -> Faults {
    errors.sort_unstable_by_key(|(index, _)| *index);
    errors
        .into_iter()
        .map(|(index, error)| (index, error.code.name().to_owned(), error.message))
        .collect()
}
