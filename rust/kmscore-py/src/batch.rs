//! Many rows in one call: lists of bytes, and columns in contiguous memory.

use kmscore::ciphertext::OVERHEAD;
use kmscore::operations::batch::{Row, RowError, plaintext_length};
use kmscore::value::{Request, Value};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::buffers::{Buffer, FreshBytes};
use crate::engine::{PyCaller, PyEngine};
use crate::exceptions::{ParameterError, kms_error};

type Faults = Vec<(usize, String, String)>;
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
        let column = Column::new(data, offsets, out, out_offsets, validity)?;
        self.column(
            py,
            Direction::Encrypt,
            &request(Some(key_id), context)?,
            column,
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
        let column = Column::new(data, offsets, out, out_offsets, validity)?;
        self.column(
            py,
            Direction::Decrypt,
            &request(key_id, context)?,
            column,
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
        let inputs = rows
            .iter()
            .enumerate()
            .map(|(index, row)| bytes_of(index, row))
            .collect::<PyResult<Vec<_>>>()?;
        let lengths = inputs
            .iter()
            .map(|row| Some(direction.length(row.as_bytes().len())));
        let mut fresh = FreshBytes::new(py, lengths)?;
        let mut work: Vec<Row<'_>> = inputs
            .iter()
            .zip(fresh.slices())
            .map(|(input, output)| Row {
                input: Some(input.as_bytes()),
                output,
            })
            .collect();
        let errors = self.run(py, direction, request, &mut work, caller, threads)?;
        drop(work);
        let mut objects = fresh.into_objects();
        for (index, _) in &errors {
            objects[*index] = None;
        }
        Ok((objects, faults(errors)))
    }

    fn column(
        &self,
        py: Python<'_>,
        direction: Direction,
        request: &Request,
        mut column: Column,
        caller: &PyCaller,
        threads: usize,
    ) -> PyResult<Faults> {
        let mut work = column.rows(direction)?;
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

fn request(key_id: Option<String>, context: &Bound<'_, PyDict>) -> PyResult<Request> {
    let pairs = context.extract::<std::collections::HashMap<String, String>>().map_err(|_| {
        ParameterError::new_err("Invalid type for parameter EncryptionContext, keys and values must be <class 'str'>")
    })?;
    let mut members = vec![];
    members.extend(key_id.map(|id| ("KeyId", Value::String(id))));
    members.push(("EncryptionContext", Value::Map(pairs.into_iter().collect())));
    Ok(Request::new(members))
}

fn bytes_of(index: usize, row: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyBytes>> {
    row.cast_into::<PyBytes>().map_err(|error| {
        let kind = error.into_inner().get_type();
        ParameterError::new_err(format!(
            "Invalid type for row {index}, type: {kind}, valid types: <class 'bytes'>"
        ))
    })
}

fn faults(mut errors: Vec<RowError>) -> Faults {
    errors.sort_unstable_by_key(|(index, _)| *index);
    errors
        .into_iter()
        .map(|(index, error)| (index, error.code.name().to_owned(), error.message))
        .collect()
}

/// Where each row begins.
enum Offsets {
    Width(usize),
    At(Buffer),
}

/// A column's memory on both sides.
struct Column {
    data: Buffer,
    offsets: Offsets,
    out: Buffer,
    out_offsets: Option<Buffer>,
    validity: Option<Buffer>,
}

impl Column {
    fn new(
        data: &Bound<'_, PyAny>,
        offsets: &Bound<'_, PyAny>,
        out: &Bound<'_, PyAny>,
        out_offsets: Option<&Bound<'_, PyAny>>,
        validity: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let offsets = match offsets.extract::<usize>() {
            Ok(width) => Offsets::Width(width),
            Err(_) => Offsets::At(Buffer::new(offsets, "offsets")?),
        };
        Ok(Self {
            data: Buffer::new(data, "data")?,
            offsets,
            out: Buffer::new(out, "out")?,
            out_offsets: out_offsets
                .map(|buffer| Buffer::new(buffer, "out_offsets"))
                .transpose()?,
            validity: validity
                .map(|buffer| Buffer::new(buffer, "validity"))
                .transpose()?,
        })
    }

    /// The rows as slices, and the offsets of their results written down.
    fn rows(&mut self, direction: Direction) -> PyResult<Vec<Row<'_>>> {
        let inputs = Inputs::new(self.data.bytes(), &self.offsets)?;
        let count = inputs.count();
        let validity = self.validity.as_ref().map(Buffer::bytes);
        if validity.is_some_and(|validity| validity.len() != count) {
            return Err(PyValueError::new_err("validity must have one byte a row"));
        }
        let mut ends = Ends::new(self.out_offsets.as_mut(), count)?;
        let mut room = self.out.bytes_mut("out")?;
        let mut rows = Vec::with_capacity(count);
        for row in 0..count {
            let input = inputs.row(row)?;
            let is_null = validity.is_some_and(|validity| validity[row] == 0);
            // Rows of fixed width keep their places, nulls too; others close up.
            let length = match inputs {
                Inputs::At(..) if is_null => 0,
                _ => direction.length(input.len()),
            };
            let (output, rest) = room
                .split_at_mut_checked(length)
                .ok_or_else(|| PyValueError::new_err("out is too small"))?;
            room = rest;
            ends.push(row, length)?;
            rows.push(Row {
                input: (!is_null).then_some(input),
                output,
            });
        }
        Ok(rows)
    }
}

/// The input rows of a column.
enum Inputs<'a> {
    Width(&'a [u8], usize),
    At(&'a [u8], &'a [[u8; 8]]),
}

impl<'a> Inputs<'a> {
    fn new(data: &'a [u8], offsets: &'a Offsets) -> PyResult<Self> {
        match offsets {
            Offsets::Width(width) if *width > 0 && data.len().is_multiple_of(*width) => {
                Ok(Self::Width(data, *width))
            }
            Offsets::Width(width) => {
                let length = data.len();
                Err(PyValueError::new_err(format!(
                    "data of {length} bytes is not rows of {width} bytes"
                )))
            }
            Offsets::At(offsets) => match offsets.bytes().as_chunks::<8>() {
                (words, []) => Ok(Self::At(data, words)),
                _ => Err(PyValueError::new_err("offsets must be 64-bit integers")),
            },
        }
    }

    const fn count(&self) -> usize {
        match self {
            Self::Width(data, width) => data.len() / *width,
            Self::At(_, words) => words.len().saturating_sub(1),
        }
    }

    fn row(&self, row: usize) -> PyResult<&'a [u8]> {
        let (data, start, end) = match self {
            Self::Width(data, width) => (data, row * width, (row + 1) * width),
            Self::At(data, words) => (data, position(&words[row]), position(&words[row + 1])),
        };
        data.get(start..end)
            .ok_or_else(|| PyValueError::new_err("offsets must rise and stay within data"))
    }
}

fn position(word: &[u8; 8]) -> usize {
    usize::try_from(i64::from_ne_bytes(*word)).unwrap_or(usize::MAX)
}

/// Where the result of each row ends, when the caller wants to know.
struct Ends<'a> {
    words: Option<&'a mut [[u8; 8]]>,
    end: i64,
}

impl<'a> Ends<'a> {
    fn new(buffer: Option<&'a mut Buffer>, rows: usize) -> PyResult<Self> {
        let Some(buffer) = buffer else {
            return Ok(Self {
                words: None,
                end: 0,
            });
        };
        match buffer.bytes_mut("out_offsets")?.as_chunks_mut::<8>() {
            (words, []) if words.len() == rows + 1 => {
                words[0] = 0_i64.to_ne_bytes();
                Ok(Self {
                    words: Some(words),
                    end: 0,
                })
            }
            _ => Err(PyValueError::new_err(
                "out_offsets must have one 64-bit entry more than there are rows",
            )),
        }
    }

    fn push(&mut self, row: usize, length: usize) -> PyResult<()> {
        let Some(words) = &mut self.words else {
            return Ok(());
        };
        self.end +=
            i64::try_from(length).map_err(|_| PyValueError::new_err("a row is too long"))?;
        words[row + 1] = self.end.to_ne_bytes();
        Ok(())
    }
}
