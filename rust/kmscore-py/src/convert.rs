//! Requests and responses between Python objects and the engine, by the declared shapes.

use kmscore::shapes::{Kind, Member, Operation, Structure};
use kmscore::value::{Members, Request, Response, Value};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple,
};
use zeroize::Zeroizing;

use crate::buffers::Buffer;
use crate::exceptions::ParameterError;

/// Reads keyword arguments; every fault is reported at once, in botocore's wording but without values.
pub(crate) fn request(operation: &Operation, parameters: &Bound<'_, PyDict>) -> PyResult<Request> {
    let mut faults = vec![];
    let members = structure(operation.input, parameters, "", &mut faults);
    if faults.is_empty() {
        return Ok(Request::new(members));
    }
    Err(ParameterError::new_err(format!(
        "Parameter validation failed:\n{}",
        faults.join("\n")
    )))
}

fn structure(
    shape: &'static Structure,
    given: &Bound<'_, PyDict>,
    path: &str,
    faults: &mut Vec<String>,
) -> Members {
    let mut members = Vec::with_capacity(given.len());
    for (name, value) in given {
        let text = name
            .cast::<PyString>()
            .ok()
            .and_then(|name| name.to_str().ok());
        match text.and_then(|text| shape.members.iter().find(|member| member.name == text)) {
            Some(member) => {
                if let Some(value) =
                    self::value(&member.kind, &value, &|| join(path, member.name), faults)
                {
                    members.push((member.name, value));
                }
            }
            None => faults.push(unknown(shape, path, &name)),
        }
    }
    for member in shape.members.iter().filter(|member| member.required) {
        if !given.contains(member.name).unwrap_or(false) {
            faults.push(format!(
                "Missing required parameter in {}: \"{}\"",
                place(path),
                member.name
            ));
        }
    }
    members
}

fn unknown(shape: &Structure, path: &str, name: &Bound<'_, PyAny>) -> String {
    let known: Vec<&str> = shape.members.iter().map(|member| member.name).collect();
    format!(
        "Unknown parameter in {}: \"{name}\", must be one of: {}",
        place(path),
        known.join(", ")
    )
}

fn place(path: &str) -> &str {
    if path.is_empty() { "input" } else { path }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn value(
    kind: &Kind,
    given: &Bound<'_, PyAny>,
    path: &dyn Fn() -> String,
    faults: &mut Vec<String>,
) -> Option<Value> {
    let read = match kind {
        Kind::Boolean => given
            .cast::<PyBool>()
            .ok()
            .map(|truth| Value::Boolean(truth.is_true())),
        Kind::Integer { .. } if !given.is_instance_of::<PyBool>() => {
            given.extract().ok().map(Value::Integer)
        }
        Kind::Integer { .. } => None,
        Kind::String { .. } | Kind::Enum(_) => given
            .cast::<PyString>()
            .ok()
            .and_then(text)
            .map(Value::String),
        Kind::Blob { .. } => blob(given).map(Value::Blob),
        Kind::Timestamp => timestamp(given).map(Value::Timestamp),
        Kind::Map => return map(given, path, faults),
        Kind::List { item, .. } => return list(item, given, path, faults),
        Kind::Structure(shape) => match given.cast::<PyDict>() {
            Ok(members) => {
                return Some(Value::Structure(structure(shape, members, &path(), faults)));
            }
            Err(_) => None,
        },
    };
    if read.is_none() {
        faults.push(wrong_type(kind, given, &path()));
    }
    read
}

fn wrong_type(kind: &Kind, given: &Bound<'_, PyAny>, path: &str) -> String {
    let wanted = match kind {
        Kind::Boolean => "<class 'bool'>",
        Kind::Integer { .. } => "<class 'int'> of 64 bits",
        Kind::String { .. } | Kind::Enum(_) => "<class 'str'>",
        Kind::Blob { .. } => {
            "<class 'bytes'>, <class 'bytearray'>, memoryview or another buffer of bytes"
        }
        Kind::Timestamp => "<class 'datetime.datetime'>, a number of seconds since 1970",
        Kind::Map | Kind::Structure(_) => "<class 'dict'>",
        Kind::List { .. } => "<class 'list'>, <class 'tuple'>",
    };
    format!(
        "Invalid type for parameter {path}, type: {}, valid types: {wanted}",
        given.get_type()
    )
}

fn text(given: &Bound<'_, PyString>) -> Option<String> {
    given.to_str().ok().map(str::to_owned)
}

/// A copy: the caller may change a bytearray or array while the interpreter is released.
fn blob(given: &Bound<'_, PyAny>) -> Option<Zeroizing<Vec<u8>>> {
    if let Ok(bytes) = given.cast::<PyBytes>() {
        return Some(Zeroizing::new(bytes.as_bytes().to_vec()));
    }
    if let Ok(bytes) = given.cast::<PyByteArray>() {
        return Some(Zeroizing::new(bytes.to_vec()));
    }
    if given.is_instance_of::<PyString>() {
        return None;
    }
    Buffer::new(given, "")
        .ok()
        .map(|buffer| Zeroizing::new(buffer.bytes().to_vec()))
}

fn timestamp(given: &Bound<'_, PyAny>) -> Option<f64> {
    if given.is_instance_of::<PyFloat>()
        || (given.is_instance_of::<PyInt>() && !given.is_instance_of::<PyBool>())
    {
        return given.extract().ok();
    }
    given
        .call_method0(intern!(given.py(), "timestamp"))
        .ok()?
        .extract()
        .ok()
}

fn map(
    given: &Bound<'_, PyAny>,
    path: &dyn Fn() -> String,
    faults: &mut Vec<String>,
) -> Option<Value> {
    let Ok(pairs) = given.cast::<PyDict>() else {
        faults.push(wrong_type(&Kind::Map, given, &path()));
        return None;
    };
    let mut read = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let one = key.cast::<PyString>().ok().and_then(text);
        let other = value.cast::<PyString>().ok().and_then(text);
        match (one, other) {
            (Some(key), Some(value)) => read.push((key, value)),
            _ => faults.push(format!(
                "Invalid type for parameter {}, keys and values must be <class 'str'>",
                path()
            )),
        }
    }
    Some(Value::Map(read))
}

fn list(
    item: &Kind,
    given: &Bound<'_, PyAny>,
    path: &dyn Fn() -> String,
    faults: &mut Vec<String>,
) -> Option<Value> {
    if !given.is_instance_of::<PyList>() && !given.is_instance_of::<PyTuple>() {
        faults.push(wrong_type(
            &Kind::List {
                min: 0,
                max: 0,
                item: &Kind::Boolean,
            },
            given,
            &path(),
        ));
        return None;
    }
    let items = given.try_iter().ok()?.enumerate();
    let read = items.filter_map(|(index, one)| {
        value(item, &one.ok()?, &|| format!("{}[{index}]", path()), faults)
    });
    Some(Value::List(read.collect()))
}

/// A request as a dict for a Python handler: timestamps stay numbers.
pub(crate) fn request_to_python<'py>(
    py: Python<'py>,
    request: &Request,
) -> PyResult<Bound<'py, PyDict>> {
    members_to_python(py, request.members(), &|time| {
        Ok(PyFloat::new(py, time).into_any())
    })
}

/// A response as boto3 gives it: timestamps as `datetime` in UTC.
pub(crate) fn response_to_python<'py>(
    py: Python<'py>,
    response: &Response,
) -> PyResult<Bound<'py, PyDict>> {
    members_to_python(py, response, &|time| date_time(py, time))
}

type TimeToPython<'a, 'py> = &'a dyn Fn(f64) -> PyResult<Bound<'py, PyAny>>;

fn members_to_python<'py>(
    py: Python<'py>,
    members: &[(&'static str, Value)],
    time: TimeToPython<'_, 'py>,
) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    for (name, value) in members {
        out.set_item(PyString::intern(py, name), to_python(py, value, time)?)?;
    }
    Ok(out)
}

fn to_python<'py>(
    py: Python<'py>,
    value: &Value,
    time: TimeToPython<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Boolean(truth) => PyBool::new(py, *truth).to_owned().into_any(),
        Value::Integer(number) => number.into_pyobject(py)?.into_any(),
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Blob(bytes) => PyBytes::new(py, bytes).into_any(),
        Value::Timestamp(seconds) => time(*seconds)?,
        Value::List(items) => {
            let items = items
                .iter()
                .map(|item| to_python(py, item, time))
                .collect::<PyResult<Vec<_>>>()?;
            PyList::new(py, items)?.into_any()
        }
        Value::Map(pairs) => {
            let out = PyDict::new(py);
            for (key, value) in pairs {
                out.set_item(key, value)?;
            }
            out.into_any()
        }
        Value::Structure(members) => members_to_python(py, members, time)?.into_any(),
    })
}

fn date_time(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
    static FROM_TIMESTAMP: PyOnceLock<(Py<PyAny>, Py<PyAny>)> = PyOnceLock::new();
    let (from_timestamp, utc) = FROM_TIMESTAMP.get_or_try_init(py, || {
        let module = py.import("datetime")?;
        let from_timestamp = module.getattr("datetime")?.getattr("fromtimestamp")?;
        Ok::<_, PyErr>((
            from_timestamp.unbind(),
            module.getattr("timezone")?.getattr("utc")?.unbind(),
        ))
    })?;
    from_timestamp.bind(py).call1((seconds, utc))
}

/// The response of a Python handler, held to the declared output.
pub(crate) fn response(operation: &Operation, given: &Bound<'_, PyAny>) -> PyResult<Response> {
    let mut faults = vec![];
    let members = match (operation.output, given.cast::<PyDict>()) {
        (Some(shape), Ok(dict)) => structure(shape, dict, "", &mut faults),
        (None, Ok(dict)) if dict.is_empty() => vec![],
        _ => {
            faults.push(format!(
                "a handler of {} must answer with a dict of its output members",
                operation.name
            ));
            vec![]
        }
    };
    if faults.is_empty() {
        return Ok(members);
    }
    Err(ParameterError::new_err(format!(
        "the handler of {} answered: {}",
        operation.name,
        faults.join("; ")
    )))
}

/// A shape as plain dicts, for documentation and conformance tests.
pub(crate) fn describe<'py>(py: Python<'py>, shape: &Structure) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("name", shape.name)?;
    let members = shape
        .members
        .iter()
        .map(|member| describe_member(py, member))
        .collect::<PyResult<Vec<_>>>()?;
    out.set_item("members", members)?;
    Ok(out)
}

fn describe_member<'py>(py: Python<'py>, member: &Member) -> PyResult<Bound<'py, PyDict>> {
    let out = describe_kind(py, &member.kind)?;
    out.set_item("name", member.name)?;
    out.set_item("required", member.required)?;
    out.set_item("sensitive", member.sensitive)?;
    out.set_item("audited", member.audited)?;
    Ok(out)
}

fn describe_kind<'py>(py: Python<'py>, kind: &Kind) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    for absent in ["min", "max", "pattern", "enum", "item", "structure"] {
        out.set_item(absent, py.None())?;
    }
    let bound = |limit: usize| (limit != usize::MAX).then_some(limit);
    let name = match kind {
        Kind::Boolean => "boolean",
        Kind::Integer { min, max } => {
            out.set_item("min", min)?;
            out.set_item("max", max)?;
            "integer"
        }
        Kind::String { min, max, pattern } => {
            out.set_item("min", min)?;
            out.set_item("max", bound(*max))?;
            out.set_item("pattern", pattern)?;
            "string"
        }
        Kind::Enum(words) => {
            out.set_item("enum", *words)?;
            "enum"
        }
        Kind::Blob { min, max } => {
            out.set_item("min", min)?;
            out.set_item("max", bound(*max))?;
            "blob"
        }
        Kind::Timestamp => "timestamp",
        Kind::List { min, max, item } => {
            out.set_item("min", min)?;
            out.set_item("max", bound(*max))?;
            out.set_item("item", describe_kind(py, item)?)?;
            "list"
        }
        Kind::Map => "map",
        Kind::Structure(shape) => {
            out.set_item("structure", describe(py, shape)?)?;
            "structure"
        }
    };
    out.set_item("kind", name)?;
    Ok(out)
}
