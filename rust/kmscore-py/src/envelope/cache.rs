//! Cached data keys.

use std::sync::Arc;
use std::time::Duration;

use kmscore::envelope::cache::{CacheLimits, MaterialsCache};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::header::PyMessageHeader;
use super::keys::PyDataKey;
use super::request::{PyEncryptionMaterials, PyEncryptionRequest};
use crate::exceptions::envelope_fault;

/// A cache of data keys for one keyring.
#[pyclass(name = "MaterialsCache", module = "kmscore._core", frozen)]
pub(crate) struct PyMaterialsCache(MaterialsCache);

#[pymethods]
impl PyMaterialsCache {
    #[new]
    fn new(max_age: f64, max_messages: u64, max_bytes: u64, capacity: usize) -> PyResult<Self> {
        let max_age = Duration::try_from_secs_f64(max_age)
            .map_err(|error| PyValueError::new_err(format!("max_age: {error}")))?;
        Ok(Self(MaterialsCache::new(CacheLimits {
            max_age,
            max_messages,
            max_bytes,
            capacity,
        })))
    }

    /// Materials for so many more messages with this many bytes in all.
    fn encrypting(
        &self,
        request: &PyEncryptionRequest,
        messages: u64,
        length: u64,
    ) -> Option<PyEncryptionMaterials> {
        self.0
            .encrypting(&request.request, messages, length)
            .map(PyEncryptionMaterials)
    }

    /// Keeps materials that are used for first messages: so many, with this many bytes in all.
    fn keep_encrypting(
        &self,
        request: &PyEncryptionRequest,
        materials: &PyEncryptionMaterials,
        messages: u64,
        length: u64,
    ) {
        let materials = Arc::clone(&materials.0);
        self.0
            .keep_encrypting(&request.request, materials, messages, length);
    }

    /// The data key of a message.
    fn decrypting(&self, header: &PyMessageHeader) -> PyResult<Option<PyDataKey>> {
        let found = self
            .0
            .decrypting(&header.0)
            .map_err(|fault| envelope_fault(&fault))?;
        Ok(found.map(PyDataKey))
    }

    /// Keeps the data key of a message.
    fn keep_decrypting(&self, header: &PyMessageHeader, key: &PyDataKey) -> PyResult<()> {
        self.0
            .keep_decrypting(&header.0, Arc::clone(&key.0))
            .map_err(|fault| envelope_fault(&fault))
    }

    /// Hits and misses encrypting, then decrypting.
    fn statistics(&self) -> (u64, u64, u64, u64) {
        let [encrypting, decrypting] = self.0.statistics();
        (
            encrypting.hits,
            encrypting.misses,
            decrypting.hits,
            decrypting.misses,
        )
    }

    /// Forgets all data keys.
    fn clear(&self) {
        self.0.clear();
    }
}
