//! `_core.Engine`: the pipeline behind Python calls.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use kmscore::audit::Mode;
use kmscore::backend::software::Software;
use kmscore::clock::Clock;
use kmscore::engine::{self, Configuration, Engine};
use kmscore::error::Error;
use kmscore::json_door;
use kmscore::key_pair_pool;
use kmscore::operations;
use kmscore::pipeline::Outcome;
use kmscore::quota::{Class, Quotas, Rate};
use kmscore::shapes::{self, Operation};
use kmscore::spec::KeySpec;
use kmscore::value::Request;
use kmscore_sys::counter::SharedCounter;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::caller::PyCaller;
use crate::convert;
use crate::exceptions::{
    ForkedError, ParameterError, StoreError, forget_unexpected, kms_error, store_fault,
};
use crate::hierarchy::{PyKeyHierarchy, PyRootKey, heads_to_python, wrapped_keys};
use crate::store::PyStore;

/// The shared-memory counter beside the store.
#[pyclass(name = "StateCounter", module = "kmscore._core", frozen)]
pub(crate) struct PyStateCounter {
    path: PathBuf,
    counter: SharedCounter,
}

#[pymethods]
impl PyStateCounter {
    #[new]
    fn new(path: PathBuf) -> PyResult<Self> {
        let counter = open_counter(&path)?;
        Ok(Self { path, counter })
    }

    /// Makes it odd; returns the odd value.
    fn begin(&self) -> u64 {
        self.counter.begin()
    }

    /// Makes it even, if it still is `value`.
    fn end(&self, value: u64) {
        self.counter.end(value);
    }

    /// The value now.
    fn load(&self) -> u64 {
        self.counter.load()
    }
}

fn open_counter(path: &std::path::Path) -> PyResult<SharedCounter> {
    SharedCounter::open(path)
        .map_err(|error| PyOSError::new_err(format!("{}: {error}", path.display())))
}

/// The one source of time.
#[pyclass(name = "Clock", module = "kmscore._core", frozen)]
pub(crate) struct PyClock(Arc<Clock>);

#[pymethods]
impl PyClock {
    #[new]
    fn new() -> Self {
        Self(Arc::new(Clock::new()))
    }

    /// Seconds since 1970.
    #[allow(
        clippy::cast_precision_loss,
        reason = "microseconds since 1970 fit 53 bits until the year 2255"
    )]
    fn now(&self) -> f64 {
        self.0.now() as f64 / 1e6
    }

    /// Raises the floor to a time the store has seen.
    fn seen(&self, time: f64) {
        self.0.seen(microseconds(time));
    }

    /// Moves the clock, for tests.
    fn advance(&self, seconds: f64) {
        self.0.advance(microseconds(seconds));
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a float cast saturates, which is what a far time should do"
)]
fn microseconds(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}

/// The pipeline over one store.
#[pyclass(name = "Engine", module = "kmscore._core", frozen)]
pub(crate) struct PyEngine(RwLock<Option<Arc<Engine>>>);

impl PyEngine {
    /// The engine, unless it was closed or belongs to the parent of this process.
    pub(crate) fn engine(&self) -> PyResult<Arc<Engine>> {
        let engine = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let engine = engine.ok_or_else(|| StoreError::new_err("the store is closed"))?;
        if engine.is_forked() {
            return Err(ForkedError::new_err(
                "this process is a fork of the one that opened the store; open it again",
            ));
        }
        Ok(engine)
    }

    /// Runs an operation; other threads run meanwhile if it is a slow one.
    pub(crate) fn outcome(
        &self,
        py: Python<'_>,
        operation: &'static Operation,
        request: &Request,
        caller: &PyCaller,
    ) -> PyResult<Outcome> {
        let engine = self.engine()?;
        let run = || engine.call(operation, request, &caller.0);
        Ok(if operations::is_slow(operation, request) {
            py.detach(run)
        } else {
            run()
        })
    }
}

impl Drop for PyEngine {
    fn drop(&mut self) {
        let engine = self
            .0
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(engine) = engine.filter(|engine| engine.is_forked()) {
            // A child never touches its parent's engine, not even to take it apart.
            core::mem::forget(engine);
        }
    }
}

#[pymethods]
impl PyEngine {
    #[new]
    #[pyo3(signature = (
        *, hierarchy, root, domain_rows, store, counter, clock, audit_directory, anchor_path, epoch,
        audit_mode = "write", key_cache_bytes = 64 << 20, strict = false, data_key_pairs = None, quotas = None,
    ))]
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a keyword of the one constructor"
    )]
    fn new(
        hierarchy: &PyKeyHierarchy,
        root: &PyRootKey,
        domain_rows: &Bound<'_, PyAny>,
        store: Py<PyAny>,
        counter: &PyStateCounter,
        clock: &PyClock,
        audit_directory: PathBuf,
        anchor_path: PathBuf,
        epoch: u64,
        audit_mode: &str,
        key_cache_bytes: usize,
        strict: bool,
        data_key_pairs: Option<&Bound<'_, PyDict>>,
        quotas: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let hierarchy = hierarchy.open_hierarchy()?;
        let configuration = Configuration {
            wrapped: wrapped_keys(domain_rows)?,
            store: Arc::new(PyStore(store)),
            backend: Arc::new(Software::new(Arc::clone(&hierarchy))),
            hierarchy,
            counter: open_counter(&counter.path)?,
            clock: Arc::clone(&clock.0),
            audit_directory,
            anchor_path,
            epoch,
            audit_mode: mode(audit_mode)?,
            key_cache_bytes,
            strict,
            key_pairs: data_key_pairs.map_or(Ok(vec![]), pool_sizes)?,
            quotas: quotas.map(request_quotas).transpose()?,
        };
        let engine = Engine::new(configuration, &root.0).map_err(store_fault)?;
        Ok(Self(RwLock::new(Some(Arc::new(engine)))))
    }

    /// One operation, boto3's shapes both ways.
    fn call<'py>(
        &self,
        py: Python<'py>,
        operation: &str,
        parameters: &Bound<'py, PyDict>,
        caller: &PyCaller,
    ) -> PyResult<Bound<'py, PyDict>> {
        let operation = declared(operation)?;
        let request = convert::request(operation, parameters)?;
        let outcome = self.outcome(py, operation, &request, caller)?;
        let response = outcome
            .result
            .map_err(|error| kms_error(py, &error, operation.name, &outcome.request_id))?;
        let out = convert::response_to_python(py, &response)?;
        out.set_item(
            intern!(py, "ResponseMetadata"),
            response_metadata(py, &outcome.request_id)?,
        )?;
        Ok(out)
    }

    /// The AWS JSON 1.1 door.
    fn call_json<'py>(
        &self,
        py: Python<'py>,
        operation: &str,
        body: &[u8],
        caller: &PyCaller,
    ) -> PyResult<(u16, Bound<'py, PyBytes>, String)> {
        let engine = self.engine()?;
        let answer = py.detach(|| json_door::answer(&engine, operation, body, &caller.0));
        forget_unexpected();
        Ok((
            answer.status,
            PyBytes::new(py, &answer.body),
            answer.request_id,
        ))
    }

    /// Heads of the segments this process wrote.
    fn segments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        heads_to_python(py, self.engine()?.audit().heads())
    }

    /// At open: an outbox record of a dead process that never reached its segment.
    fn append_recovered(&self, py: Python<'_>, record: &str) -> PyResult<()> {
        self.engine()?
            .append_committed(record, 0)
            .map_err(|error| kms_error(py, &error, "RecoverAudit", ""))
    }

    /// What `doctor` and health checks show.
    fn health<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let engine = self.engine()?;
        let out = PyDict::new(py);
        out.set_item("audit_mode", mode_name(engine.audit().mode()))?;
        out.set_item("unlocked_pages", kmscore_sys::pages::lock_failures())?;
        let pairs = PyDict::new(py);
        for (spec, waiting, size) in engine.key_pairs().waiting() {
            pairs.set_item(spec.name(), (waiting, size))?;
        }
        out.set_item("data_key_pairs", pairs)?;
        Ok(out)
    }

    /// Wipes all keys, ends the segment and writes the anchor.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let engine = self
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match engine {
            Some(engine) if engine.is_forked() => {
                core::mem::forget(engine);
                Ok(())
            }
            Some(engine) => engine
                .close()
                .map_err(|error| kms_error(py, &error, "Close", "")),
            None => Ok(()),
        }
    }
}

/// How many data key pairs of which specs are made ahead.
fn pool_sizes(sizes: &Bound<'_, PyDict>) -> PyResult<Vec<(KeySpec, usize)>> {
    let (pairs, limit) = (shapes::tables::DATA_KEY_PAIR_SPECS, key_pair_pool::LIMIT);
    let mut found = vec![];
    for (name, size) in sizes {
        let known = name.extract::<String>().ok();
        let known = known.filter(|name| pairs.contains(&name.as_str()));
        let spec = known.as_deref().and_then(KeySpec::parse).ok_or_else(|| {
            PyValueError::new_err(format!(
                "data_key_pairs has {name:?}, which is none of {}",
                pairs.join(", ")
            ))
        })?;
        let number = size.extract::<usize>().ok();
        let number = number.filter(|number| *number <= limit).ok_or_else(|| {
            PyValueError::new_err(format!(
                "data_key_pairs asks for {size:?} pairs of {}: it must be a number from 0 to {limit}",
                spec.name()
            ))
        })?;
        found.push((spec, number));
    }
    Ok(found)
}

/// Refuses numbers of data key pairs that no engine would take.
#[pyfunction]
pub(crate) fn check_data_key_pairs(sizes: &Bound<'_, PyDict>) -> PyResult<()> {
    pool_sizes(sizes).map(drop)
}

/// Rates by class of calls: `{"CreateKey": {"default": 5, "us-east-1": 10}}`.
fn request_quotas(rates: &Bound<'_, PyDict>) -> PyResult<Quotas> {
    let mut found = HashMap::new();
    for (name, by_region) in rates {
        let name: String = name.extract()?;
        let class = Class::parse(&name).ok_or_else(|| {
            PyValueError::new_err(format!("{name:?} is no request quota of AWS KMS"))
        })?;
        let mut regions: HashMap<String, f64> = by_region.extract()?;
        if !regions
            .values()
            .all(|rate| rate.is_finite() && *rate >= 0.0)
        {
            let text = format!("the request quota {name:?} must be calls a second, not below zero");
            return Err(PyValueError::new_err(text));
        }
        let default = regions.remove("default").ok_or_else(|| {
            PyValueError::new_err(format!("the request quota {name:?} has no default"))
        })?;
        found.insert(class, Rate { default, regions });
    }
    Ok(Quotas::new(found))
}

/// Refuses request quotas that no engine would take.
#[pyfunction]
pub(crate) fn check_request_quotas(rates: &Bound<'_, PyDict>) -> PyResult<()> {
    request_quotas(rates).map(drop)
}

fn declared(name: &str) -> PyResult<&'static Operation> {
    shapes::operation(name)
        .ok_or_else(|| ParameterError::new_err(format!("{name:?} is no AWS KMS operation")))
}

fn response_metadata<'py>(py: Python<'py>, request_id: &str) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item(intern!(py, "RequestId"), PyString::new(py, request_id))?;
    out.set_item(intern!(py, "HTTPStatusCode"), 200)?;
    out.set_item(intern!(py, "HTTPHeaders"), PyDict::new(py))?;
    out.set_item(intern!(py, "RetryAttempts"), 0)?;
    Ok(out)
}

const MODES: [(&str, Mode); 3] = [
    ("write", Mode::Write),
    ("fsync", Mode::Fsync),
    ("off", Mode::Off),
];

fn mode(name: &str) -> PyResult<Mode> {
    let found = MODES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, mode)| *mode);
    found.ok_or_else(|| {
        PyValueError::new_err(format!("audit_mode {name:?} is none of write, fsync, off"))
    })
}

fn mode_name(mode: Mode) -> &'static str {
    MODES
        .iter()
        .find(|(_, known)| *known == mode)
        .map_or("write", |(name, _)| name)
}

/// A fresh key id.
#[pyfunction]
#[pyo3(signature = (multi_region = false))]
pub(crate) fn new_key_id(py: Python<'_>, multi_region: bool) -> PyResult<String> {
    let id = engine::new_key_id(multi_region)
        .map_err(|error: Error| kms_error(py, &error, "CreateKey", ""))?;
    Ok(id.to_string())
}
