//! Headers and encrypted data keys as Python sees them.

use std::sync::Arc;

use kmscore::envelope::body::{Framed, Layout, is_footer};
use kmscore::envelope::context;
use kmscore::envelope::header::{EncryptedDataKey, Header, HeaderFault, HeaderLimits, HeaderView};
use kmscore::envelope::suite::CommitmentPolicy;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::request::pairs_of;
use crate::buffers::Input;
use crate::exceptions::envelope_fault;

/// A data key, encrypted by a keyring.
#[pyclass(name = "EncryptedDataKey", module = "kmscore._core", frozen, eq)]
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PyEncryptedDataKey(pub(crate) EncryptedDataKey);

#[pymethods]
impl PyEncryptedDataKey {
    #[new]
    fn new(provider_id: String, provider_info: Vec<u8>, ciphertext: Vec<u8>) -> Self {
        Self(EncryptedDataKey {
            provider_id,
            provider_info,
            ciphertext,
        })
    }

    #[getter]
    fn provider_id(&self) -> &str {
        &self.0.provider_id
    }

    #[getter]
    fn provider_info<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.provider_info)
    }

    #[getter]
    fn ciphertext<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.ciphertext)
    }

    fn __repr__(&self) -> String {
        format!(
            "EncryptedDataKey(provider_id={:?}, provider_info={} bytes, ciphertext={} bytes)",
            self.0.provider_id,
            self.0.provider_info.len(),
            self.0.ciphertext.len()
        )
    }
}

/// The header of a message.
#[pyclass(name = "MessageHeader", module = "kmscore._core", frozen)]
pub(crate) struct PyMessageHeader(pub(crate) Arc<Header>);

#[pymethods]
impl PyMessageHeader {
    /// Reads the header at the start of a message that is to be decrypted.
    #[staticmethod]
    #[pyo3(signature = (message, commitment_policy, max_encrypted_data_keys, encryption_context))]
    fn read(
        message: &Bound<'_, PyAny>,
        commitment_policy: &str,
        max_encrypted_data_keys: Option<i64>,
        encryption_context: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let message = Input::new(message, "message")?;
        let (policy, limits, reproduced) = reading(
            commitment_policy,
            max_encrypted_data_keys,
            encryption_context,
        )?;
        Header::read(message.bytes(), policy, limits, &reproduced)
            .map(|header| Self(Arc::new(header)))
            .map_err(|fault| envelope_fault(&fault))
    }

    /// Reads the header of a message of any suite, to be shown.
    #[staticmethod]
    fn inspect(message: &Bound<'_, PyAny>) -> PyResult<Self> {
        let message = Input::new(message, "message")?;
        Header::inspect(message.bytes())
            .map(|header| Self(Arc::new(header)))
            .map_err(|fault| envelope_fault(&fault))
    }

    /// Bytes of the header that `data` starts with; None when more are needed to tell.
    #[staticmethod]
    #[pyo3(signature = (data, max_encrypted_data_keys))]
    fn measure(
        data: &Bound<'_, PyAny>,
        max_encrypted_data_keys: Option<i64>,
    ) -> PyResult<Option<usize>> {
        let data = Input::new(data, "data")?;
        let limits = limits(max_encrypted_data_keys)?;
        match HeaderView::parse(data.bytes(), limits) {
            Ok(view) => Ok(Some(view.length)),
            Err(HeaderFault::Incomplete) => Ok(None),
            Err(fault) => Err(envelope_fault(&fault.into())),
        }
    }

    #[getter]
    fn algorithm_suite(&self) -> PyResult<u16> {
        self.view(|view| view.suite.id)
    }

    #[getter]
    fn algorithm_suite_name(&self) -> PyResult<&'static str> {
        self.view(|view| view.suite.name)
    }

    #[getter]
    fn format_version(&self) -> PyResult<u8> {
        self.view(|view| view.suite.version)
    }

    #[getter]
    pub(super) fn is_signed(&self) -> PyResult<bool> {
        self.view(|view| view.suite.signed)
    }

    #[getter]
    fn is_framed(&self) -> PyResult<bool> {
        self.view(|view| view.framed)
    }

    #[getter]
    fn frame_length(&self) -> PyResult<u32> {
        self.view(|view| view.frame_length)
    }

    #[getter]
    fn message_id<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.view(|view| PyBytes::new(py, view.message_id))
    }

    #[getter]
    fn length(&self) -> usize {
        self.0.bytes().len()
    }

    /// The pairs that the header stores and those that the caller gave, the library's own included.
    #[getter]
    fn encryption_context<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let out = PyDict::new(py);
        for (key, value) in self.0.context() {
            out.set_item(key, value)?;
        }
        Ok(out)
    }

    #[getter]
    fn encrypted_data_keys(&self) -> PyResult<Vec<PyEncryptedDataKey>> {
        let view = self.0.view().map_err(|fault| envelope_fault(&fault))?;
        let keys = view
            .encrypted_data_keys()
            .map_err(|fault| envelope_fault(&fault))?;
        Ok(keys.into_iter().map(PyEncryptedDataKey).collect())
    }
}

impl PyMessageHeader {
    fn view<T>(&self, read: impl FnOnce(&HeaderView<'_>) -> T) -> PyResult<T> {
        let view = self.0.view().map_err(|fault| envelope_fault(&fault))?;
        Ok(read(&view))
    }
}

/// What a caller accepts of messages.
pub(super) fn reading(
    policy: &str,
    most_keys: Option<i64>,
    reproduced: Option<&Bound<'_, PyDict>>,
) -> PyResult<(CommitmentPolicy, HeaderLimits, context::Pairs)> {
    let policy = CommitmentPolicy::parse(policy).map_err(|fault| envelope_fault(&fault))?;
    let pairs =
        reproduced.map_or_else(|| Ok(vec![]), |pairs| pairs_of(pairs, "encryption_context"))?;
    Ok((policy, limits(most_keys)?, pairs))
}

fn limits(most_keys: Option<i64>) -> PyResult<HeaderLimits> {
    Ok(HeaderLimits {
        encrypted_data_keys: most_keys.map(key_count).transpose()?,
    })
}

/// A bound on the number of encrypted data keys.
pub(super) fn key_count(most: i64) -> PyResult<u16> {
    u16::try_from(most)
        .ok()
        .filter(|most| *most > 0)
        .ok_or_else(|| {
            PyValueError::new_err(format!(
                "max_encrypted_data_keys is {most}: it must be between 1 and 65535"
            ))
        })
}

/// Where frames lie in a message, by its length alone: a claim, until its final frame has been opened.
#[pyclass(name = "FrameLayout", module = "kmscore._core", frozen)]
pub(crate) struct PyFrameLayout {
    header: Arc<Header>,
    framed: Framed,
}

#[pymethods]
impl PyFrameLayout {
    /// Of a message of this length that ends in a footer of that length. None: there is no such message.
    #[staticmethod]
    fn of_length(
        header: &PyMessageHeader,
        message: usize,
        footer: usize,
    ) -> PyResult<Option<Self>> {
        let body = message
            .checked_sub(header.length())
            .and_then(|rest| rest.checked_sub(footer));
        let frame_length = header.frame_length()?;
        let framed = body.and_then(|body| Framed::of_body(body, frame_length));
        Ok(framed.map(|framed| Self {
            header: Arc::clone(&header.0),
            framed,
        }))
    }

    /// Whether the start of the final frame, and all that follows that frame, say the same.
    fn is_said_by(&self, last: &[u8], footer: &[u8]) -> PyResult<bool> {
        let view = self.header.view().map_err(|fault| envelope_fault(&fault))?;
        Ok(self.framed.is_final(last) && is_footer(&view, footer))
    }

    /// How many regular frames.
    #[getter]
    const fn regular(&self) -> u32 {
        self.framed.regular
    }

    /// Bytes of plaintext in a regular frame.
    #[getter]
    const fn frame_length(&self) -> usize {
        self.framed.frame_length
    }

    /// Bytes of plaintext in the final frame.
    #[getter]
    const fn last(&self) -> usize {
        self.framed.last
    }

    /// Bytes of plaintext.
    #[getter]
    const fn plaintext_length(&self) -> usize {
        self.framed.plaintext_length()
    }

    /// Where the final frame ends in the message.
    #[getter]
    fn end(&self) -> usize {
        self.header.bytes().len() + self.framed.body_length()
    }

    /// Where a frame begins in the message, from 0; the final one is number `regular`.
    fn frame_at(&self, index: u32) -> usize {
        self.header.bytes().len() + self.framed.frame_at(index)
    }
}

/// Bytes of plaintext, number of frames and bytes of the footer of a whole message, by its structure alone.
#[pyfunction]
pub(crate) fn message_layout(
    message: &Bound<'_, PyAny>,
    header: &PyMessageHeader,
) -> PyResult<(usize, u32, usize)> {
    let message = Input::new(message, "message")?;
    let view = header.0.view().map_err(|fault| envelope_fault(&fault))?;
    let body = message.bytes().get(view.length..).unwrap_or_default();
    let layout = Layout::of_message(&view, body).map_err(|fault| envelope_fault(&fault))?;
    let frames = match layout {
        Layout::Framed(framed) => framed.final_number(),
        Layout::Block(_) => 0,
    };
    Ok((
        layout.plaintext_length(),
        frames,
        body.len() - layout.body_length(),
    ))
}
