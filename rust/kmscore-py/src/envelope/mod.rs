//! The envelope engine for Python.

mod batches;
mod cache;
mod header;
mod hybrid;
mod keys;
mod kms;
mod limits;
mod messages;
mod request;
mod streams;

use pyo3::prelude::*;

/// Adds the envelope engine to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<batches::PyMessageColumn>()?;
    module.add_class::<cache::PyMaterialsCache>()?;
    module.add_class::<header::PyEncryptedDataKey>()?;
    module.add_class::<header::PyFrameLayout>()?;
    module.add_class::<header::PyMessageHeader>()?;
    module.add_class::<keys::PyDataKey>()?;
    module.add_class::<keys::PyRawAesKey>()?;
    module.add_class::<request::PyEncryptionMaterials>()?;
    module.add_class::<request::PyEncryptionRequest>()?;
    module.add_class::<streams::PyMessageReader>()?;
    module.add_class::<streams::PyMessageWriter>()?;
    module.add_function(wrap_pyfunction!(batches::encrypt_messages, module)?)?;
    module.add_function(wrap_pyfunction!(batches::encrypt_message_columns, module)?)?;
    module.add_function(wrap_pyfunction!(batches::messages_length, module)?)?;
    module.add_function(wrap_pyfunction!(header::message_layout, module)?)?;
    module.add_function(wrap_pyfunction!(hybrid::ml_kem_ciphertext, module)?)?;
    module.add_function(wrap_pyfunction!(hybrid::unwrap_ml_kem, module)?)?;
    module.add_function(wrap_pyfunction!(hybrid::unwrap_rsa, module)?)?;
    module.add_function(wrap_pyfunction!(keys::decryption_error, module)?)?;
    module.add_function(wrap_pyfunction!(limits::envelope_limits, module)?)?;
    module.add_function(wrap_pyfunction!(messages::decrypt_message, module)?)?;
    module.add_function(wrap_pyfunction!(messages::decrypt_message_into, module)?)?;
    module.add_function(wrap_pyfunction!(messages::encrypt_message, module)?)?;
    module.add_function(wrap_pyfunction!(messages::encrypt_message_into, module)?)?;
    Ok(())
}
