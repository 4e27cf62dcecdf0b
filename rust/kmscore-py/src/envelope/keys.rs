//! Data keys and raw AES wrapping keys, opaque to Python.

use std::sync::Arc;

use kmscore::envelope::EnvelopeFault;
use kmscore::envelope::materials::DataKey;
use kmscore::envelope::raw_aes::RawAesKey;
use kmscore_crypto::secret::SecretBytes;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use zeroize::Zeroizing;

use super::header::PyEncryptedDataKey;
use super::request::pairs_of;
use crate::buffers::Input;
use crate::exceptions::envelope_fault;

/// A data key.
#[pyclass(name = "DataKey", module = "kmscore._core", frozen)]
pub(crate) struct PyDataKey(pub(crate) Arc<DataKey>);

impl PyDataKey {
    pub(crate) fn wrapping(key: DataKey) -> Self {
        Self(Arc::new(key))
    }
}

#[pymethods]
impl PyDataKey {
    /// A fresh random one.
    #[staticmethod]
    fn random() -> PyResult<Self> {
        let key = DataKey::random().map_err(|fault| envelope_fault(&fault))?;
        Ok(Self::wrapping(key))
    }

    /// One that a key service returned.
    #[staticmethod]
    fn from_bytes(key: &Bound<'_, PyAny>) -> PyResult<Self> {
        let key = Input::new(key, "key")?;
        let mut copy = Zeroizing::new(key.bytes().to_vec());
        let key = DataKey::from_wiping(&mut copy).map_err(|fault| envelope_fault(&fault))?;
        Ok(Self::wrapping(key))
    }

    /// The key itself, for a key service that must encrypt it. Python never wipes the result.
    fn dangerous_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self
            .0
            .secret()
            .expose()
            .map_err(|error| envelope_fault(&error.into()))?;
        Ok(PyBytes::new(py, bytes))
    }

    fn __repr__(&self) -> &'static str {
        "DataKey(<redacted>)"
    }
}

/// An AES key that wraps data keys.
#[pyclass(name = "RawAesKey", module = "kmscore._core", frozen)]
pub(crate) struct PyRawAesKey(RawAesKey);

#[pymethods]
impl PyRawAesKey {
    #[new]
    fn new(namespace: String, name: String, wrapping_key: &Bound<'_, PyAny>) -> PyResult<Self> {
        let wrapping_key = Input::new(wrapping_key, "wrapping_key")?;
        let mut copy = Zeroizing::new(wrapping_key.bytes().to_vec());
        let key =
            SecretBytes::from_wiping(&mut copy).map_err(|error| envelope_fault(&error.into()))?;
        RawAesKey::new(namespace, name, key)
            .map(Self)
            .map_err(|fault| envelope_fault(&fault))
    }

    /// Encrypts a data key.
    fn wrap(
        &self,
        data_key: &PyDataKey,
        encryption_context: &Bound<'_, PyDict>,
    ) -> PyResult<PyEncryptedDataKey> {
        let pairs = pairs_of(encryption_context, "encryption_context")?;
        self.0
            .wrap(&data_key.0, &pairs)
            .map(PyEncryptedDataKey)
            .map_err(|fault| envelope_fault(&fault))
    }

    /// Whether an encrypted data key says that it is of this key.
    fn made(&self, encrypted: &PyEncryptedDataKey) -> bool {
        self.0.made(&encrypted.0)
    }

    /// Decrypts a data key.
    fn unwrap(
        &self,
        encrypted: &PyEncryptedDataKey,
        encryption_context: &Bound<'_, PyDict>,
    ) -> PyResult<PyDataKey> {
        let pairs = pairs_of(encryption_context, "encryption_context")?;
        self.0
            .unwrap(&encrypted.0, &pairs)
            .map(PyDataKey::wrapping)
            .map_err(|fault| envelope_fault(&fault))
    }
}

/// The one error of every message that does not decrypt, for keyrings written in Python.
#[pyfunction]
pub(crate) fn decryption_error(py: Python<'_>) -> Py<PyAny> {
    envelope_fault(&EnvelopeFault::Decryption)
        .into_value(py)
        .into_any()
}
