//! `_core.PublicKey`: what can be done with a public key alone, without a store.

use std::ops::RangeInclusive;

use kmscore::key_pair::{Message, PublicKey};
use kmscore::operations::check_message;
use kmscore::spec::{MessageType, SigningAlgorithm};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::buffers::Input;

/// The public half of a key pair.
#[pyclass(name = "PublicKey", module = "kmscore._core", frozen)]
pub(crate) struct PyPublicKey(pub(crate) PublicKey);

#[pymethods]
impl PyPublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280) in DER, as GetPublicKey answers with.
    #[new]
    fn new(der: &Bound<'_, PyAny>) -> PyResult<Self> {
        let der = Input::new(der, "der")?;
        PublicKey::from_spki(der.bytes()).map(Self).map_err(|_| {
            PyValueError::new_err(
                "der is not the canonical SubjectPublicKeyInfo of a key spec of AWS KMS",
            )
        })
    }

    /// The key spec.
    #[getter]
    fn key_spec(&self) -> Option<&'static str> {
        self.0.spec().map(|spec| spec.name())
    }

    /// The SubjectPublicKeyInfo in DER.
    fn to_der<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let der = self.0.to_spki();
        der.map(|der| PyBytes::new(py, &der)).map_err(|_| failed())
    }

    /// Whether a signature belongs to a message.
    #[pyo3(signature = (message, signature, *, signing_algorithm, message_type = "RAW"))]
    fn verify(
        &self,
        py: Python<'_>,
        message: &Bound<'_, PyAny>,
        signature: &Bound<'_, PyAny>,
        signing_algorithm: &str,
        message_type: &str,
    ) -> PyResult<bool> {
        let (message, signature) = (
            Input::new(message, "message")?,
            Input::new(signature, "signature")?,
        );
        let algorithm = self.signing_algorithm(signing_algorithm)?;
        let kind = MessageType::parse(message_type).ok_or_else(|| {
            let known = MessageType::NAMES.join(", ");
            PyValueError::new_err(format!(
                "message_type is {message_type:?}: it must be one of {known}"
            ))
        })?;
        let (message, signature) = (message.bytes(), signature.bytes());
        let message = Message {
            kind,
            bytes: message,
        };
        check_message(algorithm, &message).map_err(|error| PyValueError::new_err(error.message))?;
        Ok(py.detach(|| self.0.verify(algorithm, &message, signature).is_ok()))
    }

    /// The fewest and the most bytes that a signature has.
    fn signature_lengths(&self, signing_algorithm: &str) -> PyResult<(usize, usize)> {
        let lengths = self
            .0
            .signature_lengths(self.signing_algorithm(signing_algorithm)?);
        lengths
            .map(RangeInclusive::into_inner)
            .ok_or_else(|| self.incompatible("signing_algorithm", signing_algorithm))
    }

    fn __repr__(&self) -> String {
        format!("<kmscore.PublicKey {}>", self.key_spec().unwrap_or("?"))
    }
}

impl PyPublicKey {
    /// A signing algorithm of the key's spec.
    fn signing_algorithm(&self, name: &str) -> PyResult<SigningAlgorithm> {
        let has = |algorithm: &SigningAlgorithm| {
            let mut usages = self.0.spec().into_iter().flat_map(|spec| spec.row().usages);
            usages.any(|(_, algorithms)| algorithms.contains(&algorithm.name()))
        };
        SigningAlgorithm::parse(name)
            .filter(has)
            .ok_or_else(|| self.incompatible("signing_algorithm", name))
    }

    pub(crate) fn incompatible(&self, argument: &str, algorithm: &str) -> PyErr {
        let spec = self.key_spec().unwrap_or_default();
        PyValueError::new_err(format!(
            "{argument} is {algorithm:?}, which is incompatible with key spec {spec}"
        ))
    }
}

fn failed() -> PyErr {
    PyRuntimeError::new_err("the cryptographic library refused the public key")
}
