//! `_core.Caller`: who calls, and what the door knows of the call.

use std::sync::Arc;

use kmscore::policy::{CallFacts, Caller, Document, Kind, NamedPolicy};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Who calls.
#[pyclass(name = "Caller", module = "kmscore._core", frozen)]
pub(crate) struct PyCaller(pub(crate) Caller);

#[pymethods]
impl PyCaller {
    #[new]
    #[pyo3(signature = (account, arn, region, facts = None))]
    fn new(
        account: String,
        arn: String,
        region: String,
        facts: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let facts = facts.map_or_else(|| Ok(CallFacts::default()), read_facts)?;
        Ok(Self(Caller::with_facts(account, arn, region, facts)))
    }

    #[getter]
    fn account(&self) -> &str {
        &self.0.account
    }

    #[getter]
    fn arn(&self) -> &str {
        &self.0.arn
    }

    #[getter]
    fn region(&self) -> &str {
        &self.0.region
    }
}

fn read_facts(given: &Bound<'_, PyDict>) -> PyResult<CallFacts> {
    let mut facts = CallFacts::default();
    for (name, value) in given {
        let name: String = name.extract()?;
        match name.as_str() {
            "access_key_id" => facts.access_key_id = value.extract()?,
            "source_ip" => facts.source_ip = value.extract()?,
            "source_vpc" => facts.source_vpc = value.extract()?,
            "source_vpce" => facts.source_vpce = value.extract()?,
            "secure_transport" => facts.secure_transport = value.extract()?,
            "user_agent" => facts.user_agent = value.extract()?,
            "mfa_present" => facts.mfa_present = value.extract()?,
            "mfa_time" => facts.mfa_time = value.extract()?,
            "token_issue_time" => facts.token_issue_time = value.extract()?,
            "via_service" => facts.via_service = value.extract()?,
            "called_via" => facts.called_via = value.extract()?,
            "source_arn" => facts.source_arn = value.extract()?,
            "source_account" => facts.source_account = value.extract()?,
            "session_tags" => facts.session_tags = value.extract()?,
            "session_policies" => {
                let texts: Vec<String> = value.extract()?;
                let compiled = texts.iter().map(|text| compile(text, Kind::Session));
                facts.session_policies = compiled.collect::<PyResult<_>>()?;
            }
            "vpc_endpoint_policy" => {
                let text: Option<String> = value.extract()?;
                let compiled = text.map(|text| compile(&text, Kind::VpcEndpoint));
                facts.vpc_endpoint_policy = compiled.transpose()?;
            }
            _ => {
                return Err(PyValueError::new_err(format!(
                    "{name:?} is no fact of a caller"
                )));
            }
        }
    }
    Ok(facts)
}

fn compile(text: &str, kind: Kind) -> PyResult<NamedPolicy> {
    let document =
        Document::compile(text, kind).map_err(|fault| PyValueError::new_err(fault.to_string()))?;
    Ok(NamedPolicy {
        name: "".into(),
        document: Arc::new(document),
    })
}
