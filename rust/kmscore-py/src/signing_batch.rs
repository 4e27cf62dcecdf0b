//! Many signatures or message authentication codes in one call: of lists of bytes, and of columns in contiguous memory.

use std::sync::Arc;

use kmscore::engine::Engine;
use kmscore::error;
use kmscore::key_pair;
use kmscore::operations::signing_batch::{Claim, Done};
use kmscore::rows::MadeRows;
use kmscore::shapes::Operation;
use kmscore::shapes::tables::{MAC_BATCH, SIGN_BATCH, VERIFY_BATCH};
use kmscore::spec::SigningAlgorithm;
use kmscore::value::Request;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::batch::{Faults, faults};
use crate::caller::PyCaller;
use crate::columns::{AnyRows, Results};
use crate::convert;
use crate::engine::PyEngine;
use crate::exceptions::kms_error;

/// One byte a row: whether its signature is right.
type Answers<'py> = Bound<'py, PyBytes>;
/// One byte a row, 0 where there is no answer; `None` when there is one for every row.
type Known<'py> = Option<Bound<'py, PyBytes>>;

#[pymethods]
impl PyEngine {
    /// Signatures of messages.
    #[pyo3(signature = (request, messages, caller, *, threads))]
    fn sign_rows(
        &self,
        py: Python<'_>,
        request: &Bound<'_, PyDict>,
        messages: &Bound<'_, PyAny>,
        caller: &PyCaller,
        threads: usize,
    ) -> PyResult<(PyMadeRows, Faults)> {
        let sign = |engine: &Arc<Engine>, request: &Request, messages: &[Option<&[u8]>]| {
            engine.sign_rows(request, messages, threads, &caller.0)
        };
        self.make(py, &SIGN_BATCH, request, messages, sign)
    }

    /// MACs of messages.
    #[pyo3(signature = (request, messages, caller, *, threads))]
    fn mac_rows(
        &self,
        py: Python<'_>,
        request: &Bound<'_, PyDict>,
        messages: &Bound<'_, PyAny>,
        caller: &PyCaller,
        threads: usize,
    ) -> PyResult<(PyMadeRows, Faults)> {
        let mac = |engine: &Arc<Engine>, request: &Request, messages: &[Option<&[u8]>]| {
            engine.mac_rows(request, messages, threads, &caller.0)
        };
        self.make(py, &MAC_BATCH, request, messages, mac)
    }

    /// Whether signatures belong to messages.
    #[pyo3(signature = (request, messages, signatures, caller, *, threads))]
    #[allow(
        clippy::too_many_arguments,
        reason = "one call stands for two whole columns"
    )]
    fn verify_rows<'py>(
        &self,
        py: Python<'py>,
        request: &Bound<'_, PyDict>,
        messages: &Bound<'_, PyAny>,
        signatures: &Bound<'_, PyAny>,
        caller: &PyCaller,
        threads: usize,
    ) -> PyResult<(Answers<'py>, Known<'py>, Faults)> {
        let request = convert::request(&VERIFY_BATCH, request)?;
        let (messages, signatures) = (AnyRows::new(messages)?, AnyRows::new(signatures)?);
        let claims = claims(messages.inputs()?, signatures.inputs()?)?;
        let engine = self.engine()?;
        let done = py.detach(|| engine.verify_rows(&request, &claims, threads, &caller.0));
        let (answers, errors) =
            done.map_err(|error| kms_error(py, &error, VERIFY_BATCH.name, ""))?;
        let bytes = |of: fn(&Option<bool>) -> bool| {
            let bytes: Vec<u8> = answers.iter().map(|answer| of(answer).into()).collect();
            PyBytes::new(py, &bytes)
        };
        let all_known = answers.iter().all(Option::is_some);
        let known = (!all_known).then(|| bytes(Option::is_some));
        Ok((bytes(|answer| *answer == Some(true)), known, faults(errors)))
    }
}

fn claims<'a>(
    messages: Vec<Option<&'a [u8]>>,
    signatures: Vec<Option<&'a [u8]>>,
) -> PyResult<Vec<Claim<'a>>> {
    if messages.len() != signatures.len() {
        return Err(PyValueError::new_err(
            "there must be as many signatures as messages",
        ));
    }
    Ok(messages.into_iter().zip(signatures).collect())
}

impl PyEngine {
    fn make(
        &self,
        py: Python<'_>,
        operation: &Operation,
        request: &Bound<'_, PyDict>,
        messages: &Bound<'_, PyAny>,
        make: impl FnOnce(&Arc<Engine>, &Request, &[Option<&[u8]>]) -> error::Result<Done<MadeRows>>
        + Send,
    ) -> PyResult<(PyMadeRows, Faults)> {
        let request = convert::request(operation, request)?;
        let messages = AnyRows::new(messages)?;
        let inputs = messages.inputs()?;
        let engine = self.engine()?;
        let done = py.detach(|| make(&engine, &request, &inputs));
        let (made, errors) = done.map_err(|error| kms_error(py, &error, operation.name, ""))?;
        Ok((PyMadeRows(made), faults(errors)))
    }
}

/// Signatures or MACs that have no place in Python's memory yet.
#[pyclass(name = "MadeRows", module = "kmscore._core", frozen)]
pub(crate) struct PyMadeRows(MadeRows);

#[pymethods]
impl PyMadeRows {
    /// Bytes of all results, and the most that one may have.
    fn lengths(&self) -> (usize, usize) {
        (self.0.results().map(<[u8]>::len).sum(), self.0.room())
    }

    /// Each result; None for a row without.
    fn to_list<'py>(&self, py: Python<'py>) -> Vec<Option<Bound<'py, PyBytes>>> {
        let results = self.0.results();
        results
            .map(|result| (!result.is_empty()).then(|| PyBytes::new(py, result)))
            .collect()
    }

    /// Contiguous results: of one width, or with their offsets.
    #[pyo3(signature = (out, out_offsets = None))]
    fn write(
        &self,
        out: &Bound<'_, PyAny>,
        out_offsets: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        Results::new(out, out_offsets)?.write(&self.0)
    }
}

/// Whether the signatures of an algorithm have more than one length. Those of an unknown one have none.
#[pyfunction]
pub(crate) fn signatures_vary(signing_algorithm: &Bound<'_, PyAny>) -> bool {
    let name = signing_algorithm.extract::<String>();
    let algorithm = name.ok().and_then(|name| SigningAlgorithm::parse(&name));
    algorithm.is_some_and(key_pair::signatures_vary)
}
