//! Policies by themselves: checking documents, and deciding questions that are written down whole.

use kmscore::policy::{
    Basis, Decision, Document, Kind, MANAGED_POLICIES, Named, Pairs, Place, Policies, Principal,
    Question, decide, managed_policy,
};
use kmscore::shapes::tables::OPERATIONS;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
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

/// Every action of KMS, those of which no operation bears the name included.
#[pyfunction]
pub(crate) fn policy_actions() -> Vec<&'static str> {
    let mut actions: Vec<_> = OPERATIONS
        .iter()
        .flat_map(|operation| operation.actions.iter().copied())
        .chain(["kms:SynchronizeMultiRegionKey"])
        .collect();
    actions.sort_unstable();
    actions.dedup();
    actions
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
    context: Pairs,
    granted: Option<&'q str>,
    key: Option<Document>,
    policies: Vec<(Kind, &'q str, Document)>,
}

impl<'q> Asked<'q> {
    fn read(question: &'q Value) -> PyResult<Self> {
        let mut policies = vec![];
        for (member, kind) in [
            ("identity", Kind::Identity),
            ("boundary", Kind::Boundary),
            ("session", Kind::Session),
            ("service_control", Kind::ServiceControl),
            ("resource_control", Kind::ResourceControl),
            ("vpc_endpoint", Kind::VpcEndpoint),
        ] {
            collect(&question[member], member, kind, &mut policies)?;
        }
        let key = question["key_policy"].as_str();
        Ok(Self {
            action: text(question, "action")?,
            resource: text(question, "resource")?,
            owner: question["owner"].as_str(),
            principal: Principal::parse(text(question, "principal")?),
            context: context(question["context"].as_object())?,
            granted: question["granted"].as_str(),
            key: key
                .map(|text| compile(text, "key_policy", Kind::Key))
                .transpose()?,
            policies,
        })
    }

    fn answer(&self) -> Value {
        let of = |kind: Kind| {
            let found = self.policies.iter().filter(move |(of, ..)| *of == kind);
            found.map(|(_, name, document)| Named { name, document })
        };
        let policies = Policies {
            key: self.key.as_ref(),
            identity: of(Kind::Identity).collect(),
            boundary: of(Kind::Boundary).next(),
            session: of(Kind::Session).collect(),
            service_control: of(Kind::ServiceControl).collect(),
            resource_control: of(Kind::ResourceControl).collect(),
            vpc_endpoint: of(Kind::VpcEndpoint).next(),
        };
        let question = Question {
            action: self.action,
            resource: self.resource,
            owner: self.owner,
            principal: &self.principal,
            context: &self.context,
            policies: &policies,
            granted: self.granted,
        };
        match decide(&question) {
            Decision::Allowed(basis) => written(true, "", &basis.explanation(), basis.place(), {
                match &basis {
                    Basis::Grant(grant) => Some(grant),
                    _ => None,
                }
            }),
            Decision::Denied(reason) => written(
                false,
                &reason.message(&question),
                &reason.explanation(),
                reason.place(),
                None,
            ),
        }
    }
}

fn written(
    allowed: bool,
    message: &str,
    explanation: &str,
    place: Option<&Place>,
    grant: Option<&String>,
) -> Value {
    json!({
        "allowed": allowed,
        "message": message,
        "explanation": explanation,
        "policy": place.map(ToString::to_string),
        "statement": place.map(|place| place.statement.clone()),
        "grant": grant,
    })
}

fn text<'q>(question: &'q Value, member: &str) -> PyResult<&'q str> {
    question[member]
        .as_str()
        .ok_or_else(|| PyValueError::new_err(format!("{member} must be text")))
}

/// A policy is `{"name": …, "document": …}`; an AWS managed policy has no document. Lists may hold lists.
fn collect<'q>(
    given: &'q Value,
    member: &str,
    kind: Kind,
    found: &mut Vec<(Kind, &'q str, Document)>,
) -> PyResult<()> {
    match given {
        Value::Null => Ok(()),
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| collect(item, member, kind, found)),
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
            found.push((kind, name, compile(text, member, kind)?));
            Ok(())
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

fn context(given: Option<&Map<String, Value>>) -> PyResult<Pairs> {
    let mut pairs = Pairs::default();
    for (key, value) in given.into_iter().flatten() {
        match value {
            Value::String(text) => pairs.set(key, text),
            Value::Bool(truth) => pairs.set(key, if *truth { "true" } else { "false" }),
            Value::Number(number) => pairs.set(key, &number.to_string()),
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
