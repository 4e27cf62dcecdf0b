//! The Python binding of kmscore: converts, detaches from the interpreter, calls, converts back.
#![deny(unsafe_code)]

mod audit;
mod backup;
mod batch;
#[allow(unsafe_code, reason = "the one buffer file")]
mod buffers;
mod caller;
mod columns;
mod control;
mod convert;
mod engine;
mod envelope;
mod exceptions;
mod facts;
mod hierarchy;
mod policy;
mod public_key;
mod signing_batch;
mod store;

use pyo3::prelude::*;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // Before anything else: AWS-LC takes its memory from one place for as long as the process lives.
    kmscore_crypto::memory::install();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    exceptions::register(module)?;
    module.add_class::<control::PyControlCall>()?;
    module.add_class::<caller::PyCaller>()?;
    module.add_class::<engine::PyClock>()?;
    module.add_class::<engine::PyEngine>()?;
    module.add_class::<engine::PyStateCounter>()?;
    module.add_class::<hierarchy::PyKeyHierarchy>()?;
    module.add_class::<hierarchy::PyRootKey>()?;
    module.add_class::<public_key::PyPublicKey>()?;
    module.add_class::<signing_batch::PyMadeRows>()?;
    envelope::register(module)?;
    module.add_function(wrap_pyfunction!(audit::blob_trace, module)?)?;
    module.add_function(wrap_pyfunction!(audit::tally_segment, module)?)?;
    module.add_function(wrap_pyfunction!(backup::new_backup_identity, module)?)?;
    module.add_function(wrap_pyfunction!(backup::read_backup, module)?)?;
    module.add_function(wrap_pyfunction!(backup::write_backup, module)?)?;
    module.add_function(wrap_pyfunction!(batch::blob_lengths, module)?)?;
    module.add_function(wrap_pyfunction!(engine::check_data_key_pairs, module)?)?;
    module.add_function(wrap_pyfunction!(engine::check_request_quotas, module)?)?;
    module.add_function(wrap_pyfunction!(engine::new_key_id, module)?)?;
    module.add_function(wrap_pyfunction!(exceptions::error_codes, module)?)?;
    module.add_function(wrap_pyfunction!(facts::crypto_module, module)?)?;
    module.add_function(wrap_pyfunction!(facts::default_key_policy, module)?)?;
    module.add_function(wrap_pyfunction!(facts::disable_core_dumps, module)?)?;
    module.add_function(wrap_pyfunction!(facts::file_system_kind, module)?)?;
    module.add_function(wrap_pyfunction!(facts::key_spec_fault, module)?)?;
    module.add_function(wrap_pyfunction!(facts::key_specs, module)?)?;
    module.add_function(wrap_pyfunction!(facts::operations, module)?)?;
    module.add_function(wrap_pyfunction!(facts::random_bytes, module)?)?;
    module.add_function(wrap_pyfunction!(hierarchy::verify_segment, module)?)?;
    module.add_function(wrap_pyfunction!(policy::decide_policy, module)?)?;
    module.add_function(wrap_pyfunction!(policy::managed_policies, module)?)?;
    module.add_function(wrap_pyfunction!(policy::policy_unknowns, module)?)?;
    module.add_function(wrap_pyfunction!(policy::policy_fault, module)?)?;
    module.add_function(wrap_pyfunction!(policy::policy_vocabulary, module)?)?;
    module.add_function(wrap_pyfunction!(policy::policy_principals, module)?)?;
    module.add_function(wrap_pyfunction!(signing_batch::signatures_vary, module)?)?;
    Ok(())
}
