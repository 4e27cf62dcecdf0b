//! From a body to a request.

use serde::Deserializer as _;
use serde::de;

use super::shaped::StructureVisitor;
use crate::error::{Error, ErrorCode, Result};
use crate::shapes::{Operation, Structure};
use crate::value::{Members, Request};

/// The deepest nesting of objects and arrays that is read.
pub(super) const DEPTH_LIMIT: usize = 32;

/// What is wrong with a body; it never quotes it.
pub(super) type Fault = &'static str;

/// Reads the members that the operation declares; others are ignored, and `null` is as good as absent.
///
/// # Errors
/// `SerializationException`: the body is no JSON object, a member is of a wrong kind, or a name stands twice. The text names
/// the member, never its value.
pub fn decode(operation: &Operation, body: &[u8]) -> Result<Request> {
    let mut reading = Reading::default();
    let Ok(body) = str::from_utf8(body) else {
        return Err(reading.error("the document is not UTF-8"));
    };
    read(operation.input, body, &mut reading)
        .map(Request::new)
        .map_err(|error| reading.refusal(&error))
}

fn read(
    shape: &'static Structure,
    body: &str,
    reading: &mut Reading,
) -> serde_json::Result<Members> {
    let mut document = serde_json::Deserializer::from_str(body);
    let members = document.deserialize_map(StructureVisitor { shape, reading })?;
    document.end()?;
    Ok(members)
}

/// Where in a body we are.
pub(super) struct Reading {
    /// The member being read, for the error text.
    pub(super) place: &'static str,
    /// What it means that the value being read is of another kind: serde's own text would quote the value.
    pub(super) fault: Fault,
    depth: usize,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            place: "",
            fault: "the body is not a JSON object",
            depth: 0,
        }
    }
}

impl Reading {
    /// Enters an object or array.
    pub(super) fn enter<E: de::Error>(&mut self) -> core::result::Result<(), E> {
        if self.depth == DEPTH_LIMIT {
            return Err(self.refuse("the document is nested too deeply"));
        }
        self.depth += 1;
        Ok(())
    }

    /// Leaves an object or array.
    pub(super) const fn leave(&mut self) {
        self.depth -= 1;
    }

    /// The error to end the reading with.
    pub(super) fn refuse<E: de::Error>(&mut self, fault: Fault) -> E {
        self.fault = fault;
        E::custom(fault)
    }

    fn refusal(&self, error: &serde_json::Error) -> Error {
        if error.is_data() {
            return self.error(self.fault);
        }
        let (line, column) = (error.line(), error.column());
        self.error(&format!(
            "the JSON cannot be read at line {line}, column {column}"
        ))
    }

    fn error(&self, fault: &str) -> Error {
        let text = match self.place {
            "" => fault.to_owned(),
            place => format!("{place}: {fault}"),
        };
        Error::new(ErrorCode::Serialization, text)
    }
}
