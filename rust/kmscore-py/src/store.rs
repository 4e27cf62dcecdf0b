//! The Python store behind the engine's `Store` trait.

use kmscore::ciphertext::{KeyId, MaterialId};
use kmscore::control::ControlCall;
use kmscore::error::{Error, Result};
use kmscore::identity::{GrantRow, IdentityRow, PolicyRow};
use kmscore::key_entry::{KeyRow, MaterialRow};
use kmscore::lock::assert_none_held;
use kmscore::spec::{KeySpec, KeyUsage, Origin, State};
use kmscore::store::{Change, CustomKeyStoreRow, Handled, Refused, Store};
use kmscore::value::Request;
use pyo3::intern;
use pyo3::prelude::*;

use crate::control::PyControlCall;
use crate::exceptions::{from_python, refused};

/// A Python object with the methods of `_core.StorePort`.
pub(crate) struct PyStore(pub(crate) Py<PyAny>);

impl PyStore {
    fn ask<T>(
        &self,
        question: impl FnOnce(Python<'_>, &Bound<'_, PyAny>) -> PyResult<T>,
    ) -> Result<T> {
        assert_none_held();
        Python::attach(|py| {
            question(py, self.0.bind(py)).map_err(|exception| from_python(py, exception))
        })
    }
}

impl Store for PyStore {
    fn head_state(&self) -> Result<u64> {
        self.ask(|py, store| store.call_method0(intern!(py, "head_state"))?.extract())
    }

    fn changes_since(&self, state: u64) -> Result<(u64, Option<Vec<Change>>)> {
        self.ask(|py, store| {
            let answer = store.call_method1(intern!(py, "changes_since"), (state,))?;
            let (now, changes): (u64, Option<Vec<(String, String)>>) = answer.extract()?;
            Ok((
                now,
                changes.map(|changes| changes.iter().map(|(kind, id)| change(kind, id)).collect()),
            ))
        })
    }

    fn load_key(&self, region: &str, key_id: KeyId) -> Result<Option<KeyRow>> {
        self.ask(|py, store| {
            let row = store.call_method1(intern!(py, "load_key"), (region, key_id.to_string()))?;
            if row.is_none() {
                Ok(None)
            } else {
                Ok(Some(key_row(&row)?))
            }
        })?
        .transpose()
    }

    fn load_alias(&self, account: &str, region: &str, name: &str) -> Result<Option<KeyId>> {
        let target: Option<String> = self.ask(|py, store| {
            store
                .call_method1(intern!(py, "load_alias"), (account, region, name))?
                .extract()
        })?;
        target
            .map(|text| KeyId::parse(&text).ok_or_else(|| unreadable("aliases", "target_key_id")))
            .transpose()
    }

    fn load_grants(&self, region: &str, key_id: KeyId, grantees: &[&str]) -> Result<Vec<GrantRow>> {
        self.ask(|py, store| {
            let of_key = (region, key_id.to_string(), grantees.to_vec());
            let rows = store.call_method1(intern!(py, "load_grants"), of_key)?;
            rows.try_iter()?.map(|row| grant_row(&row?)).collect()
        })
    }

    fn load_grant(&self, region: &str, key_id: KeyId, grant_id: &str) -> Result<Option<GrantRow>> {
        self.ask(|py, store| {
            let of_key = (region, key_id.to_string(), grant_id);
            let row = store.call_method1(intern!(py, "load_grant"), of_key)?;
            (!row.is_none()).then(|| grant_row(&row)).transpose()
        })
    }

    fn load_identity(&self, account: &str, kind: &str, name: &str) -> Result<IdentityRow> {
        self.ask(|py, store| {
            let row = store.call_method1(intern!(py, "load_identity"), (account, kind, name))?;
            identity_row(&row)
        })
    }

    fn make_managed_key(&self, account: &str, region: &str, name: &str) -> Result<bool> {
        self.ask(|py, store| {
            let alias = (account, region, name);
            store
                .call_method1(intern!(py, "make_managed_key"), alias)?
                .extract()
        })
    }

    fn custom_key_store(
        &self,
        account: &str,
        region: &str,
        id: &str,
    ) -> Result<Option<CustomKeyStoreRow>> {
        let row: Option<(String, String)> = self.ask(|py, store| {
            let place = (account, region, id);
            store
                .call_method1(intern!(py, "custom_key_store"), place)?
                .extract()
        })?;
        Ok(row.map(|(kind, state)| CustomKeyStoreRow { kind, state }))
    }

    fn open_segment(&self, segment_id: &str, start_state: u64) -> Result<()> {
        self.ask(|py, store| {
            store
                .call_method1(intern!(py, "open_segment"), (segment_id, start_state))
                .map(drop)
        })
    }

    fn handle(
        &self,
        call: ControlCall,
        request: &Request,
    ) -> core::result::Result<Handled, Refused> {
        assert_none_held();
        Python::attach(|py| {
            let operation = call.operation;
            let call = Bound::new(
                py,
                PyControlCall::new(py, call, request).map_err(|e| refused(py, e))?,
            )
            .map_err(|e| refused(py, e))?;
            let answer = self
                .0
                .bind(py)
                .call_method1(intern!(py, "handle"), (&call,))
                .map_err(|e| refused(py, e))?;
            let response =
                crate::convert::response(operation, &answer).map_err(|e| refused(py, e))?;
            Ok(Handled {
                response,
                audited: call.get().is_audited(),
            })
        })
    }

    fn blocking(&self, wait: &mut (dyn FnMut() + Send)) {
        Python::attach(|py| py.detach(wait));
    }
}

fn change(kind: &str, id: &str) -> Change {
    let parsed = match kind {
        "key" => id.split_once('/').and_then(|(region, key_id)| {
            Some(Change::Key {
                region: region.to_owned(),
                key_id: KeyId::parse(key_id)?,
            })
        }),
        "alias" => {
            let mut parts = id.splitn(3, '/').map(str::to_owned);
            match (parts.next(), parts.next(), parts.next()) {
                (Some(account), Some(region), Some(name)) => Some(Change::Alias {
                    account,
                    region,
                    name,
                }),
                _ => None,
            }
        }
        "identity" => Some(Change::Identity {
            account: id.to_owned(),
        }),
        "custom_key_store" => Some(Change::CustomKeyStore),
        _ => None,
    };
    parsed.unwrap_or(Change::Unknown)
}

fn key_row(row: &Bound<'_, PyAny>) -> PyResult<Result<KeyRow>> {
    let text = |name: &str| -> PyResult<String> { row.get_item(name)?.extract() };
    let (account, region, policy) = (text("account")?, text("region")?, text("policy")?);
    let (key_id, spec, usage) = (text("key_id")?, text("spec")?, text("usage")?);
    let (origin, state) = (text("origin")?, text("state")?);
    let primary_region: Option<String> = row.get_item("primary_region")?.extract()?;
    let aws_managed = row.get_item("aws_managed")?.extract()?;
    let due = row.get_item("due")?.extract()?;
    let tags = row.get_item("tags")?.extract()?;
    let aliases = row.get_item("aliases")?.extract()?;
    let materials = row
        .get_item("materials")?
        .try_iter()?
        .map(|one| material_row(&one?))
        .collect::<PyResult<Vec<_>>>()?;
    Ok((|| {
        Ok(KeyRow {
            account: account.into(),
            region: region.into(),
            key_id: KeyId::parse(&key_id).ok_or_else(|| unreadable("keys", "key_id"))?,
            spec: KeySpec::parse(&spec).ok_or_else(|| unreadable("keys", "spec"))?,
            usage: KeyUsage::parse(&usage).ok_or_else(|| unreadable("keys", "usage"))?,
            origin: Origin::parse(&origin).ok_or_else(|| unreadable("keys", "origin"))?,
            state: State::parse(&state).ok_or_else(|| unreadable("keys", "state"))?,
            primary_region: primary_region.map(Into::into),
            aws_managed,
            due,
            tags,
            aliases,
            policy,
            materials: materials.into_iter().collect::<Result<_>>()?,
        })
    })())
}

fn grant_row(row: &Bound<'_, PyAny>) -> PyResult<GrantRow> {
    Ok(GrantRow {
        grant_id: row.get_item("grant_id")?.extract()?,
        grantee: row.get_item("grantee")?.extract()?,
        retiring: row.get_item("retiring")?.extract()?,
        issuing_account: row.get_item("issuing_account")?.extract()?,
        operations: row.get_item("operations")?.extract()?,
        context_equals: row.get_item("context_equals")?.extract()?,
        context_subset: row.get_item("context_subset")?.extract()?,
        source_arn: row.get_item("source_arn")?.extract()?,
    })
}

fn identity_row(row: &Bound<'_, PyAny>) -> PyResult<IdentityRow> {
    let policies: Vec<(String, String, Option<String>)> = row.get_item("policies")?.extract()?;
    Ok(IdentityRow {
        exists: row.get_item("exists")?.extract()?,
        unique_id: row.get_item("unique_id")?.extract()?,
        path: row.get_item("path")?.extract()?,
        tags: row.get_item("tags")?.extract()?,
        organization: row.get_item("organization")?.extract()?,
        policies: policies
            .into_iter()
            .map(|(purpose, name, document)| PolicyRow {
                purpose,
                name,
                document,
            })
            .collect(),
    })
}

fn material_row(row: &Bound<'_, PyAny>) -> PyResult<Result<MaterialRow>> {
    let material_id: String = row.get_item("material_id")?.extract()?;
    let (sealed, current): (Vec<u8>, bool) = (
        row.get_item("sealed")?.extract()?,
        row.get_item("current")?.extract()?,
    );
    let record_version = row.get_item("record_version")?.extract()?;
    let material_id =
        MaterialId::parse(&material_id).ok_or_else(|| unreadable("key_material", "material_id"));
    Ok(material_id.map(|material_id| MaterialRow {
        material_id,
        sealed,
        current,
        record_version,
    }))
}

fn unreadable(table: &str, column: &str) -> Error {
    Error::internal(format!(
        "a row of {table} has a {column} that this version cannot read"
    ))
}
