//! Columns of rows in Python's memory: separate bytes objects, and contiguous bytes with offsets or a width.

use kmscore::rows::{MadeRows, Row};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::buffers::{Buffer, FreshBytes};
use crate::exceptions::ParameterError;

/// Rows of a list, and the new bytes objects that their results go to.
pub(crate) struct SeparateRows<'py> {
    inputs: Vec<Bound<'py, PyBytes>>,
    results: FreshBytes<'py>,
}

impl<'py> SeparateRows<'py> {
    /// Takes a list of bytes.
    pub(crate) fn new(rows: &Bound<'py, PyList>) -> PyResult<Self> {
        let inputs = rows
            .iter()
            .enumerate()
            .map(|(index, row)| bytes_of(index, row))
            .collect::<PyResult<_>>()?;
        Ok(Self {
            inputs,
            results: FreshBytes::default(),
        })
    }

    /// The bytes of each row.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &[u8]> {
        self.inputs.iter().map(|row| row.as_bytes())
    }

    /// The rows as slices. `length` tells the length of a row's result from its number and input.
    pub(crate) fn work(
        &mut self,
        py: Python<'py>,
        length: impl Fn(usize, &[u8]) -> usize,
    ) -> PyResult<Vec<Row<'_>>> {
        let lengths = self
            .inputs
            .iter()
            .enumerate()
            .map(|(index, row)| Some(length(index, row.as_bytes())));
        self.results = FreshBytes::new(py, lengths)?;
        let inputs = self.inputs.iter().map(|row| row.as_bytes());
        Ok(inputs
            .zip(self.results.slices())
            .map(|(input, output)| Row {
                input: Some(input),
                output,
            })
            .collect())
    }

    /// The results; `None` for each row that failed.
    pub(crate) fn into_objects(
        self,
        failed: impl Iterator<Item = usize>,
    ) -> Vec<Option<Bound<'py, PyBytes>>> {
        let mut objects = self.results.into_objects();
        for index in failed {
            objects[index] = None;
        }
        objects
    }
}

fn bytes_of(index: usize, row: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyBytes>> {
    row.cast_into::<PyBytes>().map_err(|error| {
        let kind = error.into_inner().get_type();
        ParameterError::new_err(format!(
            "Invalid type for row {index}, type: {kind}, valid types: <class 'bytes'>"
        ))
    })
}

/// The rows of either kind, to be read only.
pub(crate) enum AnyRows<'py> {
    Separate(SeparateRows<'py>),
    Contiguous(Column),
}

impl AnyRows<'_> {
    /// The bytes of each row; `None` for a null.
    pub(crate) fn inputs(&self) -> PyResult<Vec<Option<&[u8]>>> {
        match self {
            Self::Separate(rows) => Ok(rows.inputs().map(Some).collect()),
            Self::Contiguous(column) => column.inputs()?.collect(),
        }
    }
}

impl<'py> AnyRows<'py> {
    /// Takes a list of bytes, or what `Column::new` takes as a tuple.
    pub(crate) fn new(rows: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(rows) = rows.cast::<PyList>() {
            return SeparateRows::new(rows).map(Self::Separate);
        }
        let (data, offsets, validity): (Bound<'_, _>, Bound<'_, _>, Option<Bound<'_, _>>) =
            rows.extract()?;
        Column::new(&data, &offsets, validity.as_ref()).map(Self::Contiguous)
    }
}

/// Where each row begins.
enum Offsets {
    Width(usize),
    At(Buffer),
}

/// A column that is read.
pub(crate) struct Column {
    data: Buffer,
    offsets: Offsets,
    validity: Option<Buffer>,
}

/// Where a column's results go.
pub(crate) struct Results {
    data: Buffer,
    offsets: Option<Buffer>,
}

impl Results {
    /// Takes room for the results, and for the offset of each if they are wanted.
    pub(crate) fn new(
        data: &Bound<'_, PyAny>,
        offsets: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let offsets = offsets.map(|buffer| Buffer::new(buffer, "out_offsets"));
        Ok(Self {
            data: Buffer::new(data, "out")?,
            offsets: offsets.transpose()?,
        })
    }

    /// Writes results that were made elsewhere.
    pub(crate) fn write(&mut self, made: &MadeRows) -> PyResult<()> {
        let closed_up = self.offsets.is_some();
        let mut ends = Ends::new(self.offsets.as_mut(), made.count())?;
        let mut room = self.data.bytes_mut("out")?;
        for (row, (result, whole)) in made.results().zip(made.rooms()).enumerate() {
            // Rows of one width keep their places, those without a result too; others close up.
            let result = if closed_up { result } else { whole };
            let (place, rest) = room
                .split_at_mut_checked(result.len())
                .ok_or_else(|| PyValueError::new_err("out is too small"))?;
            place.copy_from_slice(result);
            room = rest;
            ends.push(row, result.len())?;
        }
        Ok(())
    }
}

impl Column {
    /// Takes a column's bytes, the rows' offsets or their width, and one byte a row that is 0 where it is null.
    pub(crate) fn new(
        data: &Bound<'_, PyAny>,
        offsets: &Bound<'_, PyAny>,
        validity: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let offsets = match offsets.extract::<usize>() {
            Ok(width) => Offsets::Width(width),
            Err(_) => Offsets::At(Buffer::new(offsets, "offsets")?),
        };
        let validity = validity.map(|buffer| Buffer::new(buffer, "validity"));
        Ok(Self {
            data: Buffer::new(data, "data")?,
            offsets,
            validity: validity.transpose()?,
        })
    }

    /// The bytes of each row; `None` for a null.
    pub(crate) fn inputs(&self) -> PyResult<impl Iterator<Item = PyResult<Option<&[u8]>>>> {
        let inputs = Inputs::new(self.data.bytes(), &self.offsets)?;
        let validity = self.validity.as_ref().map(Buffer::bytes);
        if validity.is_some_and(|validity| validity.len() != inputs.count()) {
            return Err(PyValueError::new_err("validity must have one byte a row"));
        }
        Ok((0..inputs.count()).map(move |row| {
            let is_null = validity.is_some_and(|validity| validity[row] == 0);
            inputs.row(row).map(|input| (!is_null).then_some(input))
        }))
    }

    /// Bytes of all results, and of the longest.
    pub(crate) fn result_lengths(
        &self,
        mut length: impl FnMut(usize, &[u8]) -> PyResult<usize>,
    ) -> PyResult<(usize, usize)> {
        let (mut total, mut longest) = (0_usize, 0);
        for (row, input) in self.inputs()?.enumerate() {
            if let Some(input) = input? {
                let length = length(row, input)?;
                total = total.saturating_add(length);
                longest = longest.max(length);
            }
        }
        Ok((total, longest))
    }

    /// The width of the rows, if they have one.
    pub(crate) const fn width(&self) -> Option<usize> {
        match self.offsets {
            Offsets::Width(width) => Some(width),
            Offsets::At(_) => None,
        }
    }

    /// The rows as slices, and the offsets of their results written down. `length` tells the length of a row's result
    /// from its number and input.
    pub(crate) fn rows<'a>(
        &'a self,
        out: &'a mut Results,
        length: impl Fn(usize, &[u8]) -> usize,
    ) -> PyResult<Vec<Row<'a>>> {
        let inputs = Inputs::new(self.data.bytes(), &self.offsets)?;
        let mut ends = Ends::new(out.offsets.as_mut(), inputs.count())?;
        let mut room = out.data.bytes_mut("out")?;
        let mut rows = Vec::with_capacity(inputs.count());
        for (row, input) in self.inputs()?.enumerate() {
            let input = input?;
            // Rows of fixed width keep their places, nulls too; others close up.
            let length = match (&inputs, input) {
                (_, Some(input)) => length(row, input),
                (Inputs::Width(..), None) => length(row, inputs.row(row)?),
                (Inputs::At(..), None) => 0,
            };
            let (output, rest) = room
                .split_at_mut_checked(length)
                .ok_or_else(|| PyValueError::new_err("out is too small"))?;
            room = rest;
            ends.push(row, length)?;
            rows.push(Row { input, output });
        }
        Ok(rows)
    }
}

/// The input rows of a column.
#[derive(Clone, Copy)]
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
            Offsets::Width(0) if data.is_empty() => Ok(Self::Width(data, 1)),
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
