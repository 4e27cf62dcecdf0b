//! Policies by themselves: checking documents, and deciding questions that are written down whole.

use std::sync::Arc;

use kmscore::policy::{
    Decision, Document, Facts, Grant, Kind, Level, MANAGED_POLICIES, NamedPolicy, Policies,
    Principal, Question, decide, managed_policy, vocabulary,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Map, Value, json};

/// Why a policy document is refused; `None` when it is not.
#[pyfunction]
pub(crate) fn policy_fault(document: &str, kind: &str) -> PyResult<Option<String>> {
    let kind = parse_kind(kind)?;
    Ok(Document::compile(document, kind)
        .err()
        .map(|fault| fault.to_string()))
}

/// The principals that a policy names, as it writes them.
#[pyfunction]
pub(crate) fn policy_principals(document: &str, kind: &str) -> PyResult<Vec<String>> {
    let document = Document::compile(document, parse_kind(kind)?)
        .map_err(|fault| PyValueError::new_err(fault.to_string()))?;
    Ok(document
        .principals()
        .map(|named| named.text().to_owned())
        .collect())
}

/// Names and texts of the AWS managed policies that kmscore has.
#[pyfunction]
pub(crate) fn managed_policies() -> Vec<(&'static str, &'static str)> {
    MANAGED_POLICIES.to_vec()
}

/// The actions of KMS and the condition keys it knows, with the type of their values.
#[pyfunction]
pub(crate) fn policy_vocabulary(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let keys = PyDict::new(py);
    for key in vocabulary::CONDITION_KEYS {
        keys.set_item(key.name, format!("{:?}", key.value))?;
    }
    let out = PyDict::new(py);
    out.set_item("actions", vocabulary::ACTIONS)?;
    out.set_item("condition_keys", keys)?;
    Ok(out)
}

/// What a policy names that AWS KMS does not know: actions, and condition keys in lower case.
#[pyfunction]
pub(crate) fn policy_unknowns(document: &str, kind: &str) -> PyResult<(Vec<String>, Vec<String>)> {
    let document = compile(document, "document", parse_kind(kind)?)?;
    Ok((
        document.unknown_actions().map(str::to_owned).collect(),
        document
            .unknown_condition_keys()
            .map(str::to_owned)
            .collect(),
    ))
}

/// Decides a question that is JSON; the answer is JSON too.
#[pyfunction]
pub(crate) fn decide_policy(question: &str) -> PyResult<String> {
    let question: Value = serde_json::from_str(question)
        .map_err(|error| PyValueError::new_err(format!("the question is not JSON: {error}")))?;
    Ok(Asked::read(&question)?.answer().to_string())
}

fn parse_kind(name: &str) -> PyResult<Kind> {
    Kind::parse(name).ok_or_else(|| PyValueError::new_err(format!("{name:?} is no kind of policy")))
}

/// A question with its policies compiled.
struct Asked<'q> {
    action: &'q str,
    resource: &'q str,
    owner: Option<&'q str>,
    principal: Principal,
    context: Facts,
    granted: Option<Grant<'q>>,
    key: Option<Document>,
    identity: Vec<NamedPolicy>,
    boundary: Vec<NamedPolicy>,
    session: Vec<NamedPolicy>,
    service_control: Vec<Level>,
    resource_control: Vec<Level>,
    vpc_endpoint: Vec<NamedPolicy>,
}

impl<'q> Asked<'q> {
    fn read(question: &'q Value) -> PyResult<Self> {
        let key = question["key_policy"].as_str();
        let arn = text(question, "principal")?;
        let list = |member: &str, kind| policies(&question[member], member, kind);
        let levels = |member: &str, kind| -> PyResult<Vec<Level>> {
            let items = question[member].as_array().into_iter().flatten();
            items.map(|level| policies(level, member, kind)).collect()
        };
        let granted = question["granted"].as_str().map(|id| Grant {
            id,
            grantee: question["grantee"].as_str().unwrap_or(arn),
        });
        Ok(Self {
            action: text(question, "action")?,
            resource: text(question, "resource")?,
            owner: question["owner"].as_str(),
            principal: Principal::parse(arn).unwrap_or_else(|| Principal::service(arn)),
            context: context(question["context"].as_object())?,
            granted,
            key: key
                .map(|text| compile(text, "key_policy", Kind::KeyPolicy))
                .transpose()?,
            identity: list("identity", Kind::Identity)?,
            boundary: list("boundary", Kind::Boundary)?,
            session: list("session", Kind::Session)?,
            service_control: levels("service_control", Kind::ServiceControl)?,
            resource_control: levels("resource_control", Kind::ResourceControl)?,
            vpc_endpoint: list("vpc_endpoint", Kind::VpcEndpoint)?,
        })
    }

    fn answer(&self) -> Value {
        let question = Question {
            action: self.action,
            resource: self.resource,
            owner: self.owner,
            principal: &self.principal,
            context: &self.context,
            key_policy: self.key.as_ref(),
            policies: Policies {
                identity: &self.identity,
                boundary: self.boundary.first(),
                session: &self.session,
                service_control: &self.service_control,
                resource_control: &self.resource_control,
                vpc_endpoint: self.vpc_endpoint.first(),
            },
            granted: self.granted,
        };
        let decision = decide(&question);
        let message = match decision {
            Decision::Allowed(_) => String::new(),
            Decision::Denied(why) => question.denial(why),
        };
        let (policy, statement) = question.decided_by(decision).unzip();
        json!({
            "allowed": decision.is_allowed(),
            "message": message,
            "explanation": question.explanation(decision),
            "policy": policy,
            "statement": statement,
        })
    }
}

fn text<'q>(question: &'q Value, member: &str) -> PyResult<&'q str> {
    question[member]
        .as_str()
        .ok_or_else(|| PyValueError::new_err(format!("{member} must be text")))
}

/// One policy or a list of them, each `{"name": …, "document": …}`; an AWS managed policy has no document.
fn policies(given: &Value, member: &str, kind: Kind) -> PyResult<Vec<NamedPolicy>> {
    match given {
        Value::Null => Ok(vec![]),
        Value::Array(items) => {
            let lists = items.iter().map(|item| policies(item, member, kind));
            Ok(lists.collect::<PyResult<Vec<_>>>()?.concat())
        }
        Value::Object(policy) => {
            let name = policy
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let text = policy.get("document").and_then(Value::as_str);
            let text = text.or_else(|| managed_policy(name)).ok_or_else(|| {
                PyValueError::new_err(format!(
                    "{member} has a policy without a document: {name:?}"
                ))
            })?;
            Ok(vec![NamedPolicy {
                name: name.into(),
                document: Arc::new(compile(text, member, kind)?),
            }])
        }
        _ => Err(PyValueError::new_err(format!(
            "{member} must hold policies"
        ))),
    }
}

fn compile(text: &str, member: &str, kind: Kind) -> PyResult<Document> {
    Document::compile(text, kind)
        .map_err(|fault| PyValueError::new_err(format!("{member}: {fault}")))
}

fn context(given: Option<&Map<String, Value>>) -> PyResult<Facts> {
    let mut pairs = Facts::default();
    for (key, value) in given.into_iter().flatten() {
        match value {
            Value::String(text) => pairs.set(key, text.as_str()),
            Value::Bool(truth) => pairs.set(key, if *truth { "true" } else { "false" }),
            Value::Number(number) => pairs.set(key, number.to_string()),
            Value::Array(items) => {
                let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
                let texts: Option<Vec<_>> = texts.collect();
                let texts = texts.ok_or_else(|| {
                    PyValueError::new_err(format!("context has no texts in {key}"))
                })?;
                pairs.set_many(key, texts);
            }
            _ => {
                return Err(PyValueError::new_err(format!(
                    "context has neither text nor a list of texts in {key}"
                )));
            }
        }
    }
    Ok(pairs)
}
