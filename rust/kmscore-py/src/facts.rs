//! What the engine says of itself and of the machine.

use std::path::PathBuf;

use kmscore::operations::Body;
use kmscore::policy;
use kmscore::shapes::tables::OPERATIONS;
use kmscore::shapes::{Operation, Resource};
use kmscore::spec::{KeySpec, SPECS, SpecRow};
use kmscore_crypto::{module, random};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::convert::describe;

/// The 56 declarations.
#[pyfunction]
pub(crate) fn operations(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    OPERATIONS
        .iter()
        .map(|operation| describe_operation(py, operation))
        .collect()
}

fn describe_operation<'py>(py: Python<'py>, operation: &Operation) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("name", operation.name)?;
    out.set_item("body", body_name(operation.body))?;
    out.set_item("read_only", operation.read_only)?;
    out.set_item("cross_account", operation.cross_account)?;
    out.set_item("dry_run", operation.dry_run)?;
    out.set_item("resource", resource_name(operation.resource))?;
    out.set_item("actions", operation.actions)?;
    out.set_item(
        "states",
        operation
            .states
            .allowed
            .iter()
            .map(|state| state.name())
            .collect::<Vec<_>>(),
    )?;
    out.set_item("usage", operation.usage.map(|usage| usage.name()))?;
    out.set_item("errors", operation.errors)?;
    out.set_item("input", describe(py, operation.input)?)?;
    out.set_item(
        "output",
        operation
            .output
            .map(|shape| describe(py, shape))
            .transpose()?,
    )?;
    Ok(out)
}

const fn body_name(body: Body) -> &'static str {
    match body {
        Body::Engine(_) => "engine",
        Body::Store => "store",
    }
}

const fn resource_name(resource: Resource) -> &'static str {
    match resource {
        Resource::None => "none",
        Resource::AnyKeyForm => "key",
        Resource::KeyIdOrArn => "key id or ARN",
        Resource::Ciphertext => "ciphertext",
        Resource::ReEncrypt => "ciphertext and key",
        Resource::NewAlias => "new alias",
        Resource::MovedAlias => "moved alias",
        Resource::Alias => "alias",
        Resource::KeyFilter => "key filter",
        Resource::OptionalKey => "optional key",
        Resource::Grant => "grant",
        Resource::RelatedKeys => "related keys",
        Resource::CustomKeyStore => "custom key store",
    }
}

/// The 20 rows of the spec table.
#[pyfunction]
pub(crate) fn key_specs(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    SPECS.iter().map(|row| describe_spec(py, row)).collect()
}

fn describe_spec<'py>(py: Python<'py>, row: &SpecRow) -> PyResult<Bound<'py, PyDict>> {
    let usages = PyDict::new(py);
    for (usage, algorithms) in row.usages {
        usages.set_item(usage.name(), *algorithms)?;
    }
    let out = PyDict::new(py);
    out.set_item("spec", row.spec.name())?;
    out.set_item("is_key_pair", row.spec.is_key_pair())?;
    out.set_item("default_usage", row.default_usage.map(|usage| usage.name()))?;
    out.set_item("usages", usages)?;
    Ok(out)
}

/// Why keys of a spec cannot be made in this build and Region, or in this build at all; `None` when they can.
#[pyfunction]
#[pyo3(signature = (spec, region = None))]
pub(crate) fn key_spec_fault(spec: &str, region: Option<&str>) -> PyResult<Option<&'static str>> {
    let spec = KeySpec::parse(spec)
        .ok_or_else(|| PyValueError::new_err(format!("{spec:?} is no key spec of AWS KMS")))?;
    Ok(region
        .map_or_else(|| spec.built(), |region| spec.available(region))
        .err())
}

/// What the library that does the cryptography says of itself.
#[pyfunction]
pub(crate) fn crypto_module(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let status = module::status()
        .map_err(|_| PyRuntimeError::new_err("the cryptographic library does not name itself"))?;
    let out = PyDict::new(py);
    out.set_item("name", status.name)?;
    out.set_item("version", status.version)?;
    out.set_item("fips_mode", status.fips)?;
    Ok(out)
}

/// The key policy that CreateKey attaches when none is given.
#[pyfunction]
pub(crate) fn default_key_policy(account: &str, region: &str) -> String {
    policy::default_key_policy(account, region)
}

/// The file system a path is on, and whether its shared memory is coherent.
#[pyfunction]
pub(crate) fn file_system_kind(path: PathBuf) -> PyResult<(String, bool)> {
    let kind = kmscore_sys::file_system::kind(&path)
        .map_err(|error| PyOSError::new_err(format!("{}: {error}", path.display())))?;
    Ok((kind.name.to_owned(), kind.coherent))
}

/// Sets RLIMIT_CORE to 0 and PR_SET_DUMPABLE to 0 for this whole process.
#[pyfunction]
pub(crate) fn disable_core_dumps() -> PyResult<()> {
    Ok(kmscore_sys::process::disable_core_dumps()?)
}

/// Random bytes for ids; never for keys.
#[pyfunction]
pub(crate) fn random_bytes(py: Python<'_>, count: usize) -> PyResult<Bound<'_, PyBytes>> {
    PyBytes::new_with(py, count, |bytes| {
        random::fill(bytes)
            .map_err(|_| PyOSError::new_err("the random generator of the operating system failed"))
    })
}
