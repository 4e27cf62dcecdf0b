//! Errors of the engine as Python exceptions: the one place where either is mapped to the other.

use std::cell::RefCell;

use kmscore::backup::BackupError as BackupFault;
use kmscore::envelope::EnvelopeFault;
use kmscore::error::{Error, ErrorCode};
use kmscore::import::ImportFault;
use kmscore::store::Refused;
use kmscore::store_fault::StoreFault;
use pyo3::exceptions::{PyException, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use pyo3::{create_exception, intern};

create_exception!(
    kmscore._core,
    StoreError,
    PyException,
    "The store cannot be used; the text names the cause and what to do."
);
create_exception!(
    kmscore._core,
    RootKeyError,
    StoreError,
    "The root key is missing, malformed, open to others, or not this store's."
);
create_exception!(
    kmscore._core,
    IntegrityError,
    StoreError,
    "Something in or beside the store is not what kmscore wrote."
);
create_exception!(
    kmscore._core,
    RollbackError,
    StoreError,
    "The store is older than its anchor."
);
create_exception!(
    kmscore._core,
    ForkedError,
    StoreError,
    "The engine belongs to the parent process; open a new one."
);
create_exception!(
    kmscore._core,
    BackupError,
    StoreError,
    "A backup cannot be read: damaged, or not this passphrase or recipient key."
);
create_exception!(
    kmscore._core,
    ParameterError,
    PyTypeError,
    "A member of a request is unknown, missing or of a wrong type."
);
create_exception!(
    kmscore._core,
    StaleState,
    PyException,
    "head.state moved since the pipeline decided: run again from resolve."
);

create_exception!(
    kmscore._core,
    EnvelopeError,
    PyException,
    "A message cannot be made or opened."
);
create_exception!(
    kmscore._core,
    DecryptionError,
    EnvelopeError,
    "The message does not decrypt. The one error for every cause: telling causes apart would help an attacker."
);
create_exception!(
    kmscore._core,
    MessageFormatError,
    EnvelopeError,
    "The bytes are no message that can be read, by their public structure alone; the text names the rule."
);
create_exception!(
    kmscore._core,
    CommitmentPolicyError,
    EnvelopeError,
    "The commitment policy refuses the algorithm suite."
);

create_exception!(
    kmscore._core,
    KeyringError,
    EnvelopeError,
    "A keyring gave no data key; the text says what it was asked for and why it could not."
);

/// Adds the exceptions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("StoreError", py.get_type::<StoreError>())?;
    module.add("RootKeyError", py.get_type::<RootKeyError>())?;
    module.add("IntegrityError", py.get_type::<IntegrityError>())?;
    module.add("RollbackError", py.get_type::<RollbackError>())?;
    module.add("ForkedError", py.get_type::<ForkedError>())?;
    module.add("BackupError", py.get_type::<BackupError>())?;
    module.add("ParameterError", py.get_type::<ParameterError>())?;
    module.add("StaleState", py.get_type::<StaleState>())?;
    module.add("KeyringError", py.get_type::<KeyringError>())?;
    module.add("EnvelopeError", py.get_type::<EnvelopeError>())?;
    module.add("DecryptionError", py.get_type::<DecryptionError>())?;
    module.add("MessageFormatError", py.get_type::<MessageFormatError>())?;
    module.add(
        "CommitmentPolicyError",
        py.get_type::<CommitmentPolicyError>(),
    )
}

/// A fault of the store's keys.
pub(crate) fn store_fault(fault: StoreFault) -> PyErr {
    match fault {
        StoreFault::RootKey(text) => RootKeyError::new_err(text),
        StoreFault::Integrity(text) => IntegrityError::new_err(text),
        StoreFault::Crypto => StoreError::new_err(fault.to_string()),
    }
}

/// A fault of an import, as `kmscore.errors` has it.
pub(crate) fn import_fault(py: Python<'_>, fault: ImportFault) -> PyErr {
    let (code, text) = match fault {
        ImportFault::Unsupported(text) => (ErrorCode::UnsupportedOperation, text),
        ImportFault::InvalidToken => (
            ErrorCode::InvalidImportToken,
            "The import token is not one of this KMS key.".to_owned(),
        ),
        ImportFault::ExpiredToken => (
            ErrorCode::ExpiredImportToken,
            "The import token has expired.".to_owned(),
        ),
        ImportFault::NotUnwrapped => (ErrorCode::InvalidCiphertext, String::new()),
        ImportFault::WrongMaterial => (
            ErrorCode::IncorrectKeyMaterial,
            "The key material is not valid for the key spec of the KMS key.".to_owned(),
        ),
        ImportFault::Store(fault) => return store_fault(fault),
    };
    kms_error(py, &Error::new(code, text), "", "")
}

/// A fault of a message.
pub(crate) fn envelope_fault(fault: &EnvelopeFault) -> PyErr {
    let text = fault.to_string();
    match fault {
        EnvelopeFault::Argument(_) => PyValueError::new_err(text),
        EnvelopeFault::Format(_) => MessageFormatError::new_err(text),
        EnvelopeFault::Policy(_) => CommitmentPolicyError::new_err(text),
        EnvelopeFault::Keyring(_) => KeyringError::new_err(text),
        EnvelopeFault::Decryption => DecryptionError::new_err(text),
        EnvelopeFault::Crypto => EnvelopeError::new_err(text),
    }
}

/// The class of the exception that `envelope_fault` makes, by name.
pub(crate) const fn envelope_class(fault: &EnvelopeFault) -> &'static str {
    match fault {
        EnvelopeFault::Argument(_) => "ValueError",
        EnvelopeFault::Format(_) => "MessageFormatError",
        EnvelopeFault::Policy(_) => "CommitmentPolicyError",
        EnvelopeFault::Keyring(_) => "KeyringError",
        EnvelopeFault::Decryption => "DecryptionError",
        EnvelopeFault::Crypto => "EnvelopeError",
    }
}

/// A fault of a backup.
pub(crate) fn backup_fault(fault: &BackupFault) -> PyErr {
    BackupError::new_err(fault.to_string())
}

thread_local! {
    /// An exception out of the Python store that is no KMS error: it goes on as itself at the in-process door.
    static UNEXPECTED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// A KMS error as `kmscore.errors` has it, with what the caller asked for.
pub(crate) fn kms_error(py: Python<'_>, error: &Error, operation: &str, request_id: &str) -> PyErr {
    if let Some(unexpected) = UNEXPECTED.take() {
        return unexpected;
    }
    let build = || -> PyResult<PyErr> {
        let class = by_code(py)?.get_item(error.code.name())?;
        let exception = class.call1((&error.message,))?;
        exception.call_method1(intern!(py, "attach"), (operation, request_id))?;
        Ok(PyErr::from_value(exception))
    };
    build().unwrap_or_else(|fault| fault)
}

/// An exception out of the Python store as the engine's error.
pub(crate) fn from_python(py: Python<'_>, exception: PyErr) -> Error {
    let code = exception
        .value(py)
        .getattr(intern!(py, "code"))
        .and_then(|code| code.extract::<String>());
    if let Some(code) = code.ok().as_deref().and_then(ErrorCode::parse) {
        let message = exception
            .value(py)
            .getattr(intern!(py, "message"))
            .and_then(|text| text.extract::<String>());
        return Error::new(code, message.unwrap_or_default());
    }
    let text = exception.to_string();
    UNEXPECTED.set(Some(exception));
    Error::internal(text)
}

/// An exception out of a control-plane handler.
pub(crate) fn refused(py: Python<'_>, exception: PyErr) -> Refused {
    if exception.is_instance_of::<StaleState>(py) {
        return Refused::Stale;
    }
    Refused::With(from_python(py, exception))
}

/// Forgets an exception that was answered in another way.
pub(crate) fn forget_unexpected() {
    drop(UNEXPECTED.take());
}

fn by_code(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static BY_CODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let table = BY_CODE.get_or_try_init(py, || {
        Ok::<_, PyErr>(py.import("kmscore.errors")?.getattr("BY_CODE")?.unbind())
    })?;
    Ok(table.bind(py))
}

/// Error code → HTTP status.
#[pyfunction]
pub(crate) fn error_codes(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let codes = PyDict::new(py);
    for code in ErrorCode::ALL {
        codes.set_item(code.name(), code.http_status())?;
    }
    Ok(codes)
}
