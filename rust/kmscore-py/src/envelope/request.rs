//! What a caller asks for, and the materials that a keyring gave for it.

use std::sync::{Arc, Mutex, PoisonError};

use kmscore::envelope::context::Pairs;
use kmscore::envelope::materials::{EncryptionMaterials, EncryptionRequest};
use kmscore::envelope::suite::CommitmentPolicy;
use kmscore_crypto::ecdsa::SigningKey;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::header::{PyEncryptedDataKey, key_count};
use super::keys::PyDataKey;
use crate::exceptions::envelope_fault;

/// Text pairs of a dict.
pub(super) fn pairs_of(pairs: &Bound<'_, PyDict>, name: &str) -> PyResult<Pairs> {
    let text = |what: &str, object: &Bound<'_, PyAny>| {
        object
            .cast::<PyString>()
            .map_err(|_| ())
            .and_then(|text| text.to_str().map(str::to_owned).map_err(|_| ()))
            .map_err(|()| {
                let kind = object.get_type();
                PyTypeError::new_err(format!(
                    "a {what} of {name} must be a str that UTF-8 can write, not {kind}"
                ))
            })
    };
    pairs
        .iter()
        .map(|(key, value)| Ok((text("key", &key)?, text("value", &value)?)))
        .collect()
}

/// What a message shall be.
#[pyclass(name = "EncryptionRequest", module = "kmscore._core", frozen)]
pub(crate) struct PyEncryptionRequest {
    pub(super) request: EncryptionRequest,
    signer: Mutex<Option<SigningKey>>,
}

#[pymethods]
impl PyEncryptionRequest {
    #[new]
    #[pyo3(signature = (algorithm_suite, encryption_context, required_keys, commitment_policy, max_encrypted_data_keys))]
    fn new(
        algorithm_suite: i64,
        encryption_context: Option<&Bound<'_, PyDict>>,
        #[allow(clippy::needless_pass_by_value, reason = "PyO3 makes it")] required_keys: Vec<
            String,
        >,
        commitment_policy: &str,
        max_encrypted_data_keys: Option<i64>,
    ) -> PyResult<Self> {
        let pairs = encryption_context
            .map_or_else(|| Ok(vec![]), |pairs| pairs_of(pairs, "encryption_context"))?;
        let policy =
            CommitmentPolicy::parse(commitment_policy).map_err(|fault| envelope_fault(&fault))?;
        let suite = u16::try_from(algorithm_suite).map_err(|_| {
            PyValueError::new_err(format!(
                "algorithm_suite is {algorithm_suite}: it must be 0x0478 or 0x0578"
            ))
        })?;
        let most_keys = max_encrypted_data_keys.map(key_count).transpose()?;
        let request = EncryptionRequest::new(suite, pairs, &required_keys, policy, most_keys)
            .map_err(|fault| envelope_fault(&fault))?;
        Ok(Self {
            request,
            signer: Mutex::new(None),
        })
    }

    #[getter]
    const fn is_signed(&self) -> bool {
        self.request.suite().signed
    }

    /// The encryption context for the keyring. For a signed message it makes a fresh key pair and names the public key.
    fn keyring_context<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let signer = self
            .request
            .new_signing_key()
            .map_err(|fault| envelope_fault(&fault))?;
        let pairs = self
            .request
            .keyring_context(signer.as_ref())
            .map_err(|fault| envelope_fault(&fault))?;
        *self.signer.lock().unwrap_or_else(PoisonError::into_inner) = signer;
        let out = PyDict::new(py);
        for (key, value) in pairs {
            out.set_item(key, value)?;
        }
        Ok(out)
    }

    /// The materials of a data key that a keyring bound to `keyring_context`.
    fn materials(
        &self,
        data_key: &Bound<'_, PyDataKey>,
        #[allow(clippy::needless_pass_by_value, reason = "PyO3 makes it")] encrypted: Vec<
            PyRef<'_, PyEncryptedDataKey>,
        >,
    ) -> PyResult<PyEncryptionMaterials> {
        let signer = self
            .signer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let encrypted: Vec<_> = encrypted.iter().map(|key| key.0.clone()).collect();
        let data_key = Arc::clone(&data_key.get().0);
        EncryptionMaterials::new(&self.request, signer, data_key, &encrypted)
            .map(|materials| PyEncryptionMaterials(Arc::new(materials)))
            .map_err(|fault| envelope_fault(&fault))
    }
}

/// Everything that messages of one data key share.
#[pyclass(name = "EncryptionMaterials", module = "kmscore._core", frozen)]
pub(crate) struct PyEncryptionMaterials(pub(crate) Arc<EncryptionMaterials>);

#[pymethods]
impl PyEncryptionMaterials {
    /// Bytes of a message with a plaintext of this length.
    fn message_length(&self, plaintext: usize, frame_length: u32) -> PyResult<usize> {
        self.0
            .message_length(plaintext, frame_length)
            .map_err(|fault| envelope_fault(&fault))
    }
}
