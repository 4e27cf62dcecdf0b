//! Data keys under public keys, and out of what a key service decrypted or decapsulated.

use kmscore::envelope::hybrid;
use kmscore::spec::EncryptionAlgorithm;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::header::PyEncryptedDataKey;
use super::keys::PyDataKey;
use super::request::pairs_of;
use crate::buffers::Input;
use crate::exceptions::envelope_fault;
use crate::public_key::PyPublicKey;

#[pymethods]
impl PyPublicKey {
    /// Encrypts a data key to the holder of an RSA key.
    fn wrap_rsa(
        &self,
        py: Python<'_>,
        data_key: &PyDataKey,
        encryption_algorithm: &str,
        key_arn: &str,
        encryption_context: &Bound<'_, PyDict>,
    ) -> PyResult<PyEncryptedDataKey> {
        let algorithm = EncryptionAlgorithm::parse(encryption_algorithm)
            .ok_or_else(|| self.incompatible("encryption_algorithm", encryption_algorithm))?;
        let pairs = pairs_of(encryption_context, "encryption_context")?;
        py.detach(|| hybrid::wrap_rsa(&self.0, algorithm, key_arn, &data_key.0, &pairs))
            .map(PyEncryptedDataKey)
            .map_err(|fault| envelope_fault(&fault))
    }

    /// Encrypts a data key to the holder of an ML-KEM key.
    fn wrap_ml_kem(
        &self,
        py: Python<'_>,
        data_key: &PyDataKey,
        key_arn: &str,
        encryption_context: &Bound<'_, PyDict>,
    ) -> PyResult<PyEncryptedDataKey> {
        let pairs = pairs_of(encryption_context, "encryption_context")?;
        py.detach(|| hybrid::wrap_ml_kem(&self.0, key_arn, &data_key.0, &pairs))
            .map(PyEncryptedDataKey)
            .map_err(|fault| envelope_fault(&fault))
    }
}

/// The data key in what a key service decrypted.
#[pyfunction]
pub(crate) fn unwrap_rsa(
    plaintext: &Bound<'_, PyAny>,
    encryption_context: &Bound<'_, PyDict>,
) -> PyResult<PyDataKey> {
    let plaintext = Input::new(plaintext, "plaintext")?;
    let pairs = pairs_of(encryption_context, "encryption_context")?;
    hybrid::unwrap_rsa(plaintext.bytes(), &pairs)
        .map(PyDataKey::wrapping)
        .map_err(|fault| envelope_fault(&fault))
}

/// The ML-KEM ciphertext in an encrypted data key.
#[pyfunction]
pub(crate) fn ml_kem_ciphertext<'py>(
    py: Python<'py>,
    encrypted: &PyEncryptedDataKey,
) -> PyResult<Bound<'py, PyBytes>> {
    hybrid::ml_kem_ciphertext(&encrypted.0)
        .map(|ciphertext| PyBytes::new(py, ciphertext))
        .map_err(|fault| envelope_fault(&fault))
}

/// The data key under what a key service decapsulated.
#[pyfunction]
pub(crate) fn unwrap_ml_kem(
    shared_secret: &Bound<'_, PyAny>,
    encrypted: &PyEncryptedDataKey,
    encryption_context: &Bound<'_, PyDict>,
) -> PyResult<PyDataKey> {
    let shared_secret = Input::new(shared_secret, "shared_secret")?;
    let pairs = pairs_of(encryption_context, "encryption_context")?;
    hybrid::unwrap_ml_kem(shared_secret.bytes(), &encrypted.0, &pairs)
        .map(PyDataKey::wrapping)
        .map_err(|fault| envelope_fault(&fault))
}
