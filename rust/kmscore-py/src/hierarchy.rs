//! `_core.RootKey` and `_core.KeyHierarchy`: keys at rest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use kmscore::anchor::{Anchor, Content};
use kmscore::audit;
use kmscore::ciphertext::KeyId;
use kmscore::hex;
use kmscore::hierarchy::{KeyHierarchy, Purpose, WrappedKey};
use kmscore::import::{ImportFault, Importing, WrappingAlgorithm};
use kmscore::root_key::RootKey;
use kmscore::row_mac::Column;
use kmscore::seal::Binding;
use kmscore::spec::KeySpec;
use kmscore_crypto::passphrase::Argon2Parameters;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyInt, PyString};
use zeroize::Zeroizing;

use crate::exceptions::{StoreError, import_fault, store_fault};

/// A root key in locked memory.
#[pyclass(name = "RootKey", module = "kmscore._core", frozen)]
pub(crate) struct PyRootKey(pub(crate) RootKey);

#[pymethods]
impl PyRootKey {
    /// Draws a root key and writes it to a new file of mode 0600.
    #[staticmethod]
    fn create_file(path: PathBuf) -> PyResult<Self> {
        RootKey::create_file(&path).map(Self).map_err(store_fault)
    }

    /// Reads a key file.
    #[staticmethod]
    fn from_file(path: PathBuf) -> PyResult<Self> {
        RootKey::from_file(&path).map(Self).map_err(store_fault)
    }

    /// Stretches a passphrase with Argon2id; the bytearray is wiped.
    #[staticmethod]
    #[pyo3(signature = (passphrase, *, salt, memory_kib, passes, lanes))]
    fn from_passphrase(
        py: Python<'_>,
        passphrase: &Bound<'_, PyByteArray>,
        salt: &[u8],
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    ) -> PyResult<Self> {
        let passphrase = take_passphrase(passphrase)?;
        let parameters = Argon2Parameters {
            memory_kib,
            passes,
            lanes,
        };
        py.detach(|| RootKey::from_passphrase(&passphrase, salt, parameters))
            .map(Self)
            .map_err(store_fault)
    }

    #[getter]
    fn key_id(&self) -> String {
        self.0.key_id()
    }
}

/// Copies a passphrase out of a bytearray and wipes the bytearray.
pub(crate) fn take_passphrase(passphrase: &Bound<'_, PyByteArray>) -> PyResult<Zeroizing<Vec<u8>>> {
    let taken = Zeroizing::new(passphrase.to_vec());
    for index in 0..passphrase.len() {
        passphrase.set_item(index, 0)?;
    }
    if taken.is_empty() {
        return Err(PyValueError::new_err("the passphrase is empty"));
    }
    Ok(taken)
}

/// Root key → domain key → sealed records and row MACs of one store.
#[pyclass(name = "KeyHierarchy", module = "kmscore._core", frozen)]
pub(crate) struct PyKeyHierarchy(Mutex<Option<Arc<KeyHierarchy>>>);

impl PyKeyHierarchy {
    fn new(hierarchy: KeyHierarchy) -> Self {
        Self(Mutex::new(Some(Arc::new(hierarchy))))
    }

    pub(crate) fn open_hierarchy(&self) -> PyResult<Arc<KeyHierarchy>> {
        let hierarchy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hierarchy
            .clone()
            .ok_or_else(|| StoreError::new_err("the store is closed"))
    }

    fn anchor(&self, path: PathBuf, epoch: u64) -> PyResult<Anchor> {
        Ok(Anchor::new(path, epoch, self.open_hierarchy()?))
    }
}

#[pymethods]
impl PyKeyHierarchy {
    /// Draws the domain key and the audit key of a new store.
    #[staticmethod]
    fn create<'py>(
        py: Python<'py>,
        root: &PyRootKey,
        store_id: [u8; 16],
    ) -> PyResult<(Self, Vec<Bound<'py, PyDict>>)> {
        let (hierarchy, rows) = KeyHierarchy::create(&root.0, store_id).map_err(store_fault)?;
        Ok((Self::new(hierarchy), wrapped_to_python(py, &rows)?))
    }

    /// Unwraps the domain key.
    #[staticmethod]
    fn open(root: &PyRootKey, store_id: [u8; 16], rows: &Bound<'_, PyAny>) -> PyResult<Self> {
        let rows = wrapped_keys(rows)?;
        KeyHierarchy::open(&root.0, store_id, &rows)
            .map(Self::new)
            .map_err(store_fault)
    }

    #[getter]
    fn domain_key_id(&self) -> PyResult<String> {
        Ok(self.open_hierarchy()?.domain_key_id())
    }

    #[getter]
    fn store_id<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, self.open_hierarchy()?.store_id()))
    }

    /// 32 bytes over the row's canonical content.
    fn row_mac<'py>(
        &self,
        py: Python<'py>,
        table: &str,
        row: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mac = self
            .open_hierarchy()?
            .row_mac(table, &mut columns(row)?)
            .map_err(store_fault)?;
        Ok(PyBytes::new(py, &mac))
    }

    /// A fresh token of a grant.
    fn new_grant_token(&self, region: &str, key_id: &str, grant_id: &str) -> PyResult<String> {
        let key_id = KeyId::parse(key_id)
            .ok_or_else(|| PyValueError::new_err(format!("{key_id:?} is no key id")))?;
        self.open_hierarchy()?
            .new_grant_token(region, key_id, grant_id)
            .map_err(store_fault)
    }

    /// Region, key id and grant id of a token; `None` when this store did not make it.
    fn open_grant_token(&self, token: &str) -> PyResult<Option<(String, String, String)>> {
        let named = self.open_hierarchy()?.open_grant_token(token);
        Ok(named.map(|named| (named.region, named.key_id.to_string(), named.grant_id)))
    }

    /// Refuses a row that was changed outside kmscore.
    fn check_row(&self, table: &str, row: &Bound<'_, PyAny>, mac: &[u8]) -> PyResult<()> {
        self.open_hierarchy()?
            .check_row(table, &mut columns(row)?, mac)
            .map_err(store_fault)
    }

    /// Draws key material and seals it.
    fn new_material<'py>(
        &self,
        py: Python<'py>,
        binding: &Bound<'py, PyAny>,
    ) -> PyResult<(String, Bound<'py, PyBytes>)> {
        let key_id = parsed(binding, "key_id", KeyId::parse)?;
        let spec = parsed(binding, "spec", KeySpec::parse)?;
        let (hierarchy, binding) = (self.open_hierarchy()?, material_binding(binding)?);
        // The primes of an RSA key take up to seconds.
        let (id, sealed) = py
            .detach(|| hierarchy.new_material(key_id, spec, binding))
            .map_err(store_fault)?;
        Ok((id, PyBytes::new(py, &sealed)))
    }

    /// Seals the same key material for another row.
    fn reseal<'py>(
        &self,
        py: Python<'py>,
        source: &Bound<'py, PyAny>,
        target: &Bound<'py, PyAny>,
        material_id: &str,
        sealed: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (from, to) = (material_binding(source)?, material_binding(target)?);
        let hierarchy = self.open_hierarchy()?;
        let sealed = hierarchy
            .reseal(from, to, material_id, sealed)
            .map_err(store_fault)?;
        Ok(PyBytes::new(py, &sealed))
    }

    /// A wrapping key for an import: the token, the public key, and until when both are good.
    fn new_import_parameters<'py>(
        &self,
        py: Python<'py>,
        binding: &Bound<'py, PyAny>,
        wrapping_algorithm: &str,
        wrapping_key_spec: &str,
        now: i64,
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>, i64)> {
        let (key, hierarchy) = (importing(binding)?, self.open_hierarchy()?);
        let algorithm = WrappingAlgorithm::parse(wrapping_algorithm);
        let unsupported = || {
            let text = format!("WrappingAlgorithm {wrapping_algorithm} is not supported any more.");
            import_fault(py, ImportFault::Unsupported(text))
        };
        let algorithm = algorithm.ok_or_else(unsupported)?;
        let wrapping = KeySpec::parse(wrapping_key_spec)
            .ok_or_else(|| PyValueError::new_err(format!("{wrapping_key_spec:?} is not one")))?;
        // The primes of an RSA key take up to seconds.
        let made = py
            .detach(|| hierarchy.new_import_parameters(&key, algorithm, wrapping, now))
            .map_err(|fault| import_fault(py, fault))?;
        let (token, public_key) = (&made.token, &made.public_key);
        Ok((
            PyBytes::new(py, token),
            PyBytes::new(py, public_key),
            made.valid_to,
        ))
    }

    /// Unwraps imported material and seals it.
    fn unwrap_import<'py>(
        &self,
        py: Python<'py>,
        token: &[u8],
        encrypted: &[u8],
        binding: &Bound<'py, PyAny>,
        now: i64,
    ) -> PyResult<(String, Bound<'py, PyBytes>)> {
        let key = importing(binding)?;
        let (id, sealed) = self
            .open_hierarchy()?
            .unwrap_import(&key, material_binding(binding)?, token, encrypted, now)
            .map_err(|fault| import_fault(py, fault))?;
        Ok((id, PyBytes::new(py, &sealed)))
    }

    /// The hierarchy under a fresh domain key, and its row of `domain_keys`.
    fn succeed<'py>(
        &self,
        py: Python<'py>,
        root: &PyRootKey,
        rows: &Bound<'py, PyAny>,
    ) -> PyResult<(Self, Bound<'py, PyDict>)> {
        let rows = wrapped_keys(rows)?;
        let (next, row) = self
            .open_hierarchy()?
            .succeed(&root.0, &rows)
            .map_err(store_fault)?;
        let row = wrapped_to_python(py, &[row])?.remove(0);
        Ok((Self::new(next), row))
    }

    /// Seals key material under the domain key of another hierarchy.
    fn move_material<'py>(
        &self,
        py: Python<'py>,
        to: &Self,
        binding: &Bound<'py, PyAny>,
        material_id: &str,
        sealed: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (from, to) = (self.open_hierarchy()?, to.open_hierarchy()?);
        let moved = from.move_material(&to, material_binding(binding)?, material_id, sealed);
        Ok(PyBytes::new(py, &moved.map_err(store_fault)?))
    }

    /// Seals any other secret of a row under the domain key of another hierarchy.
    fn move_secret<'py>(
        &self,
        py: Python<'py>,
        to: &Self,
        binding: &Bound<'py, PyAny>,
        sealed: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (from, to) = (self.open_hierarchy()?, to.open_hierarchy()?);
        let moved = from.move_secret(&to, binding_of(binding, &SECRET_NAMES)?, sealed);
        Ok(PyBytes::new(py, &moved.map_err(store_fault)?))
    }

    /// Opens key material and forgets it.
    fn check_material(
        &self,
        binding: &Bound<'_, PyAny>,
        material_id: &str,
        sealed: &[u8],
    ) -> PyResult<()> {
        let opened =
            self.open_hierarchy()?
                .open_material(material_binding(binding)?, material_id, sealed);
        opened.map(drop).map_err(store_fault)
    }

    /// A secret access key, shown once, and its sealed record.
    fn new_secret_access_key<'py>(
        &self,
        py: Python<'py>,
        binding: &Bound<'py, PyAny>,
    ) -> PyResult<(Bound<'py, PyString>, Bound<'py, PyBytes>)> {
        let (secret, sealed) = self
            .open_hierarchy()?
            .new_secret_access_key(binding_of(binding, &SECRET_NAMES)?)
            .map_err(store_fault)?;
        Ok((PyString::new(py, &secret), PyBytes::new(py, &sealed)))
    }

    /// Seals the secret with which a custom key store is reached.
    fn seal_custom_key_store<'py>(
        &self,
        py: Python<'py>,
        binding: &Bound<'py, PyAny>,
        secret: &str,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let sealed = self
            .open_hierarchy()?
            .seal_custom_key_store(binding_of(binding, &SECRET_NAMES)?, secret)
            .map_err(store_fault)?;
        Ok(PyBytes::new(py, &sealed))
    }

    /// What the anchor says; `None` when there is none.
    fn read_anchor<'py>(
        &self,
        py: Python<'py>,
        path: PathBuf,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(content) = self.anchor(path, 0)?.read().map_err(store_fault)? else {
            return Ok(None);
        };
        let out = PyDict::new(py);
        out.set_item("store", hex::encode(self.open_hierarchy()?.store_id()))?;
        out.set_item("epoch", content.epoch)?;
        out.set_item("state", content.state)?;
        out.set_item("segments", heads_to_python(py, content.segments)?)?;
        Ok(Some(out))
    }

    /// Merges under a file lock; `force` writes exactly this.
    #[pyo3(signature = (path, *, epoch, state, segments, force = false))]
    fn write_anchor(
        &self,
        path: PathBuf,
        epoch: u64,
        state: u64,
        segments: BTreeMap<String, (u64, String)>,
        force: bool,
    ) -> PyResult<()> {
        let heads = segments
            .into_iter()
            .map(|(id, (lines, tag))| Some((id, (lines, hex::decode(&tag)?))))
            .collect::<Option<BTreeMap<String, audit::Head>>>()
            .ok_or_else(|| PyValueError::new_err("a tag is 64 hex digits"))?;
        let anchor = self.anchor(path, epoch)?;
        let written = if force {
            anchor.overwrite(&Content {
                epoch,
                state,
                segments: heads.into_iter().collect(),
            })
        } else {
            anchor.advance(state, &heads)
        };
        written.map_err(store_fault)
    }

    /// Wipes the keys; later calls raise StoreError.
    fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

pub(crate) fn heads_to_python(
    py: Python<'_>,
    heads: impl IntoIterator<Item = (String, audit::Head)>,
) -> PyResult<Bound<'_, PyDict>> {
    let out = PyDict::new(py);
    for (id, (lines, tag)) in heads {
        out.set_item(id, (lines, hex::encode(&tag)))?;
    }
    Ok(out)
}

/// The rows of `domain_keys` out of Python mappings.
pub(crate) fn wrapped_keys(rows: &Bound<'_, PyAny>) -> PyResult<Vec<WrappedKey>> {
    rows.try_iter()?
        .map(|row| {
            let row = row?;
            let purpose: String = row.get_item("purpose")?.extract()?;
            Ok(WrappedKey {
                domain_key_id: row.get_item("domain_key_id")?.extract()?,
                purpose: Purpose::parse(&purpose).ok_or_else(|| {
                    PyValueError::new_err(format!("purpose {purpose:?} of a domain key is unknown"))
                })?,
                version: row.get_item("version")?.extract()?,
                root_key_id: row.get_item("root_key_id")?.extract()?,
                sealed: row.get_item("sealed")?.extract()?,
            })
        })
        .collect()
}

/// The rows of `domain_keys` as Python dicts.
pub(crate) fn wrapped_to_python<'py>(
    py: Python<'py>,
    rows: &[WrappedKey],
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    rows.iter()
        .map(|row| {
            let out = PyDict::new(py);
            out.set_item("domain_key_id", &row.domain_key_id)?;
            out.set_item("purpose", row.purpose.name())?;
            out.set_item("version", row.version)?;
            out.set_item("root_key_id", &row.root_key_id)?;
            out.set_item("sealed", PyBytes::new(py, &row.sealed))?;
            Ok(out)
        })
        .collect()
}

fn columns(row: &Bound<'_, PyAny>) -> PyResult<Vec<(String, Column)>> {
    let items = row.call_method0("items")?;
    items
        .try_iter()?
        .map(|item| {
            let (name, value): (String, Bound<'_, PyAny>) = item?.extract()?;
            let column = if value.is_none() {
                Column::Null
            } else if value.is_instance_of::<PyInt>() {
                Column::Integer(value.extract()?)
            } else if value.is_instance_of::<PyString>() {
                Column::Text(value.extract()?)
            } else if value.is_instance_of::<PyBytes>() {
                Column::Bytes(value.extract()?)
            } else {
                let kind = value.get_type();
                return Err(PyValueError::new_err(format!(
                    "column {name} is a {kind}, not None, int, str or bytes"
                )));
            };
            Ok((name, column))
        })
        .collect()
}

const SECRET_NAMES: [&str; 5] = ["account", "table", "row", "column", "record_version"];

const MATERIAL_NAMES: [&str; 10] = [
    "account",
    "region",
    "table",
    "row",
    "column",
    "record_version",
    "key_id",
    "spec",
    "usage",
    "origin",
];

fn importing(binding: &Bound<'_, PyAny>) -> PyResult<Importing> {
    Ok(Importing {
        account: binding.get_item("account")?.extract()?,
        region: binding.get_item("region")?.extract()?,
        key_id: parsed(binding, "key_id", KeyId::parse)?,
        spec: parsed(binding, "spec", KeySpec::parse)?,
    })
}

fn material_binding(binding: &Bound<'_, PyAny>) -> PyResult<Binding> {
    binding_of(binding, &MATERIAL_NAMES)
}

fn binding_of(binding: &Bound<'_, PyAny>, names: &[&'static str]) -> PyResult<Binding> {
    names.iter().try_fold(Binding::default(), |out, name| {
        let text: String = binding.get_item(*name)?.extract()?;
        Ok(out.with(name, text))
    })
}

fn parsed<T>(
    binding: &Bound<'_, PyAny>,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> PyResult<T> {
    let text: String = binding.get_item(name)?.extract()?;
    parse(&text).ok_or_else(|| PyValueError::new_err(format!("{name} {text:?} is not one")))
}

/// Checks one audit segment.
#[pyfunction]
pub(crate) fn verify_segment<'py>(
    py: Python<'py>,
    path: PathBuf,
    root: &PyRootKey,
    store_id: [u8; 16],
    domain_rows: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let rows = wrapped_keys(domain_rows)?;
    let path: &Path = &path;
    let report = py
        .detach(|| audit::verify_segment(path, &root.0, &store_id, &rows))
        .map_err(store_fault)?;
    let out = PyDict::new(py);
    out.set_item("segment", report.segment)?;
    out.set_item("start_state", report.start_state)?;
    out.set_item("lines", report.lines)?;
    out.set_item("tags", PyBytes::new(py, report.tags.as_flattened()))?;
    out.set_item("torn", report.torn)?;
    out.set_item("bad_line", report.bad.map(|(line, _)| line))?;
    out.set_item("reason", report.bad.map(|(_, reason)| reason))?;
    Ok(out)
}
