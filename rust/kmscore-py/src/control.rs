//! `_core.ControlCall`: what a Python control-plane handler is given.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use kmscore::control::ControlCall;
use kmscore::error::Result;
use kmscore::value::Request;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert;
use crate::exceptions::kms_error;

/// A validated, resolved and authorised control-plane call.
#[pyclass(name = "ControlCall", module = "kmscore._core", frozen)]
pub(crate) struct PyControlCall {
    call: ControlCall,
    request: Py<PyDict>,
    state: AtomicU64,
    audited: AtomicBool,
}

impl PyControlCall {
    pub(crate) fn new(py: Python<'_>, call: ControlCall, request: &Request) -> PyResult<Self> {
        let request = convert::request_to_python(py, request)?.unbind();
        Ok(Self {
            call,
            request,
            state: AtomicU64::new(0),
            audited: AtomicBool::new(false),
        })
    }

    /// The request again: the engine's own ended with the handing over.
    fn parsed_request(&self, py: Python<'_>) -> PyResult<Request> {
        convert::request(self.call.operation, self.request.bind(py))
    }

    fn answer<T>(&self, py: Python<'_>, result: Result<T>) -> PyResult<T> {
        result
            .map_err(|error| kms_error(py, &error, self.call.operation.name, &self.call.request_id))
    }

    pub(crate) fn is_audited(&self) -> bool {
        self.audited.load(Ordering::Acquire)
    }
}

#[pymethods]
impl PyControlCall {
    #[getter]
    fn operation(&self) -> &'static str {
        self.call.operation.name
    }

    #[getter]
    fn request<'py>(&self, py: Python<'py>) -> Bound<'py, PyDict> {
        self.request.bind(py).clone()
    }

    #[getter]
    fn account(&self) -> &str {
        &self.call.caller.account
    }

    #[getter]
    fn region(&self) -> &str {
        &self.call.caller.region
    }

    #[getter]
    fn caller_arn(&self) -> &str {
        &self.call.caller.arn
    }

    #[getter]
    fn request_id(&self) -> &str {
        &self.call.request_id
    }

    #[getter]
    #[allow(
        clippy::cast_precision_loss,
        reason = "microseconds since 1970 fit 53 bits until the year 2255"
    )]
    fn now(&self) -> f64 {
        self.call.now as f64 / 1e6
    }

    #[getter]
    fn decided_state(&self) -> u64 {
        self.call.decided_state
    }

    #[getter]
    fn read_only(&self) -> bool {
        self.call.operation.read_only
    }

    #[getter]
    fn strict(&self) -> bool {
        self.call.engine.is_strict()
    }

    #[getter]
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let describe = |key: &std::sync::Arc<kmscore::key_entry::KeyEntry>| {
            let out = PyDict::new(py);
            out.set_item("key_id", key.row().key_id.to_string())?;
            out.set_item("account", &*key.row().account)?;
            out.set_item("region", &*key.row().region)?;
            out.set_item("arn", key.arn())?;
            out.set_item("state", key.row().state.name())?;
            out.set_item("spec", key.row().spec.name())?;
            out.set_item("usage", key.row().usage.name())?;
            out.set_item("origin", key.row().origin.name())?;
            Ok(out)
        };
        self.call.keys.iter().map(describe).collect()
    }

    /// The ARNs under which a grant may mean the caller, the narrowest first.
    #[getter]
    fn principals(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.answer(py, self.call.principals())
    }

    /// The grant by which the caller was admitted.
    #[getter]
    fn granted(&self) -> Option<&str> {
        self.call.granted.as_deref()
    }

    /// The AWS service in whose name the call comes.
    #[getter]
    fn via_service(&self) -> Option<&str> {
        self.call.caller.facts.via_service.as_deref()
    }

    /// Authorises something else than the operation's own action, by the caller's own policies alone.
    #[pyo3(signature = (action, resource, region = None))]
    fn require(
        &self,
        py: Python<'_>,
        action: &str,
        resource: &str,
        region: Option<&str>,
    ) -> PyResult<()> {
        let request = self.parsed_request(py)?;
        let required = self.call.require(&request, action, resource, region);
        self.answer(py, required)
    }

    /// Checks a new key policy: that it is one, and that the caller can replace it again.
    #[pyo3(signature = (document, key_arn, *, bypass = false))]
    fn check_policy(
        &self,
        py: Python<'_>,
        document: &str,
        key_arn: &str,
        bypass: bool,
    ) -> PyResult<()> {
        let request = self.parsed_request(py)?;
        let checked = self.call.check_policy(&request, document, key_arn, bypass);
        self.answer(py, checked)
    }

    /// The JSON of the success record, for the outbox row.
    fn audit_record(&self, response: Option<&Bound<'_, PyAny>>, state: u64) -> PyResult<String> {
        self.state.store(state, Ordering::Release);
        let response = match response {
            Some(response) => convert::response(self.call.operation, response)?,
            None => vec![],
        };
        Ok(self.call.audit_record(&response, state))
    }

    /// Copies the committed record into the segment.
    fn append_audit(&self, py: Python<'_>, record: &str) -> PyResult<()> {
        let state = self.state.load(Ordering::Acquire);
        self.answer(py, self.call.append_audit(record, state))?;
        self.audited.store(true, Ordering::Release);
        Ok(())
    }
}
