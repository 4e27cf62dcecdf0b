//! Data keys from the embedded engine: they never become Python objects.

use kmscore::envelope::materials::DataKey;
use kmscore::envelope::{EnvelopeResult, hybrid};
use kmscore::shapes;
use kmscore::value::{Request, Response, Value};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use zeroize::Zeroizing;

use super::header::PyEncryptedDataKey;
use super::keys::PyDataKey;
use super::request::pairs_of;
use crate::caller::PyCaller;
use crate::engine::PyEngine;
use crate::exceptions::{envelope_fault, kms_error};

#[pymethods]
impl PyEngine {
    /// GenerateDataKey: the data key, the key ARN and the ciphertext blob.
    fn generate_data_key<'py>(
        &self,
        py: Python<'py>,
        key_id: String,
        encryption_context: &Bound<'_, PyDict>,
        grant_tokens: Vec<String>,
        caller: &PyCaller,
    ) -> PyResult<(PyDataKey, String, Bound<'py, PyBytes>)> {
        let mut members = common(key_id, encryption_context, grant_tokens)?;
        let length = i64::try_from(DataKey::LENGTH).unwrap_or(i64::MAX);
        members.push(("NumberOfBytes", Value::Integer(length)));
        let mut answer = self.answer(py, "GenerateDataKey", members, caller)?;
        let key = data_key(&mut answer)?;
        let blob = PyBytes::new(py, blob(&mut answer, "CiphertextBlob")?);
        Ok((key, key_arn(&answer)?, blob))
    }

    /// Encrypt, of a data key: the key ARN and the ciphertext blob.
    fn encrypt_data_key<'py>(
        &self,
        py: Python<'py>,
        key_id: String,
        key: &PyDataKey,
        encryption_context: &Bound<'_, PyDict>,
        grant_tokens: Vec<String>,
        caller: &PyCaller,
    ) -> PyResult<(String, Bound<'py, PyBytes>)> {
        let mut members = common(key_id, encryption_context, grant_tokens)?;
        let secret = key
            .0
            .secret()
            .expose()
            .map_err(|error| envelope_fault(&error.into()))?;
        let plaintext = Zeroizing::new(secret.to_vec());
        members.push(("Plaintext", Value::Blob(plaintext)));
        let mut answer = self.answer(py, "Encrypt", members, caller)?;
        let blob = PyBytes::new(py, blob(&mut answer, "CiphertextBlob")?);
        Ok((key_arn(&answer)?, blob))
    }

    /// Decrypt, of a data key: the data key and the key ARN.
    fn decrypt_data_key(
        &self,
        py: Python<'_>,
        key_id: String,
        ciphertext: &[u8],
        encryption_context: &Bound<'_, PyDict>,
        grant_tokens: Vec<String>,
        caller: &PyCaller,
    ) -> PyResult<(PyDataKey, String)> {
        let mut members = common(key_id, encryption_context, grant_tokens)?;
        let ciphertext = Zeroizing::new(ciphertext.to_vec());
        members.push(("CiphertextBlob", Value::Blob(ciphertext)));
        let mut answer = self.answer(py, "Decrypt", members, caller)?;
        Ok((data_key(&mut answer)?, key_arn(&answer)?))
    }

    /// Decrypt, of a data key under RSA: the data key and the key ARN.
    #[allow(
        clippy::too_many_arguments,
        reason = "an encryption context, which the request has not, and an algorithm"
    )]
    fn decrypt_rsa_data_key(
        &self,
        py: Python<'_>,
        key_id: String,
        ciphertext: &[u8],
        encryption_algorithm: String,
        encryption_context: &Bound<'_, PyDict>,
        grant_tokens: Vec<String>,
        caller: &PyCaller,
    ) -> PyResult<(PyDataKey, String)> {
        let pairs = pairs_of(encryption_context, "encryption_context")?;
        let mut members = members(key_id, grant_tokens);
        let ciphertext = Zeroizing::new(ciphertext.to_vec());
        members.push(("CiphertextBlob", Value::Blob(ciphertext)));
        members.push(("EncryptionAlgorithm", Value::String(encryption_algorithm)));
        let mut answer = self.answer(py, "Decrypt", members, caller)?;
        let key = hybrid::unwrap_rsa(blob(&mut answer, "Plaintext")?, &pairs);
        Ok((opened(key)?, key_arn(&answer)?))
    }

    /// Decapsulate, for a data key under ML-KEM: the data key and the key ARN.
    fn decapsulate_data_key(
        &self,
        py: Python<'_>,
        key_id: String,
        encrypted: &PyEncryptedDataKey,
        encryption_context: &Bound<'_, PyDict>,
        grant_tokens: Vec<String>,
        caller: &PyCaller,
    ) -> PyResult<(PyDataKey, String)> {
        let pairs = pairs_of(encryption_context, "encryption_context")?;
        let ciphertext =
            hybrid::ml_kem_ciphertext(&encrypted.0).map_err(|fault| envelope_fault(&fault))?;
        let ciphertext = Zeroizing::new(ciphertext.to_vec());
        let mut members = members(key_id, grant_tokens);
        members.push(("SharedSecretCiphertextBlob", Value::Blob(ciphertext)));
        members.push(("EncapsulationAlgorithm", Value::String("ML_KEM".into())));
        let mut answer = self.answer(py, "Decapsulate", members, caller)?;
        let shared = blob(&mut answer, "SharedSecret")?;
        let key = hybrid::unwrap_ml_kem(shared, &encrypted.0, &pairs);
        Ok((opened(key)?, key_arn(&answer)?))
    }
}

impl PyEngine {
    fn answer(
        &self,
        py: Python<'_>,
        name: &str,
        members: Vec<(&'static str, Value)>,
        caller: &PyCaller,
    ) -> PyResult<Response> {
        let operation = shapes::operation(name).ok_or_else(|| missing(name))?;
        let outcome = self.outcome(py, operation, &Request::new(members), caller)?;
        outcome
            .result
            .map_err(|error| kms_error(py, &error, name, &outcome.request_id))
    }
}

fn common(
    key_id: String,
    encryption_context: &Bound<'_, PyDict>,
    grant_tokens: Vec<String>,
) -> PyResult<Vec<(&'static str, Value)>> {
    let pairs = pairs_of(encryption_context, "encryption_context")?;
    let mut members = members(key_id, grant_tokens);
    members.push(("EncryptionContext", Value::Map(pairs)));
    Ok(members)
}

fn members(key_id: String, grant_tokens: Vec<String>) -> Vec<(&'static str, Value)> {
    let mut members = vec![("KeyId", Value::String(key_id))];
    if !grant_tokens.is_empty() {
        let tokens = grant_tokens.into_iter().map(Value::String).collect();
        members.push(("GrantTokens", Value::List(tokens)));
    }
    members
}

fn blob<'a>(answer: &'a mut Response, name: &str) -> PyResult<&'a mut [u8]> {
    match answer.iter_mut().find(|(member, _)| *member == name) {
        Some((_, Value::Blob(bytes))) => Ok(bytes),
        _ => Err(missing(name)),
    }
}

fn data_key(answer: &mut Response) -> PyResult<PyDataKey> {
    opened(DataKey::from_wiping(blob(answer, "Plaintext")?))
}

fn opened(key: EnvelopeResult<DataKey>) -> PyResult<PyDataKey> {
    key.map(PyDataKey::wrapping)
        .map_err(|fault| envelope_fault(&fault))
}

fn key_arn(answer: &Response) -> PyResult<String> {
    match answer.iter().find(|(member, _)| *member == "KeyId") {
        Some((_, Value::String(arn))) => Ok(arn.clone()),
        _ => Err(missing("KeyId")),
    }
}

fn missing(what: &str) -> PyErr {
    PyRuntimeError::new_err(format!("the engine's answer has no {what}"))
}
