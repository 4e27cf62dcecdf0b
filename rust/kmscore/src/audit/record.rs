//! The content of an audit record: an allow-list of fields, never plaintext, ciphertext or key material.

use crate::json_text::{push_integer, push_name, push_string};
use crate::shapes::{Kind, Operation};
use crate::value::{Request, Value};

/// What is recorded of one call.
#[derive(Debug)]
pub struct Record<'a> {
    /// The request id.
    pub request_id: &'a str,
    /// Microseconds since 1970.
    pub time: i64,
    /// The state number the call was decided on, or, for a change, the one it made.
    pub state: u64,
    /// The operation.
    pub operation: &'a str,
    /// The principal's ARN.
    pub caller: &'a str,
    /// The Region.
    pub region: &'a str,
    /// `Success` or an error code.
    pub outcome: &'a str,
    /// ARNs of the keys and aliases the call was about.
    pub resources: &'a [&'a str],
    /// JSON of the request's allow-listed members, from `request_members`.
    pub request: &'a str,
    /// Rows of a batch and how many of them failed.
    pub rows: Option<(usize, usize)>,
}

impl Record<'_> {
    /// The record as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(400 + self.request.len());
        out.push_str("{\"id\":");
        push_string(&mut out, self.request_id);
        push_name(&mut out, "time");
        push_integer(&mut out, self.time);
        push_name(&mut out, "state");
        push_integer(&mut out, self.state);
        for (name, text) in [
            ("op", self.operation),
            ("caller", self.caller),
            ("region", self.region),
            ("outcome", self.outcome),
        ] {
            push_name(&mut out, name);
            push_string(&mut out, text);
        }
        self.push_resources(&mut out);
        if !self.request.is_empty() {
            push_name(&mut out, "request");
            out.push_str(self.request);
        }
        if let Some((rows, failed)) = self.rows {
            push_name(&mut out, "rows");
            push_integer(&mut out, rows);
            push_name(&mut out, "failed_rows");
            push_integer(&mut out, failed);
        }
        out.push('}');
        out
    }

    fn push_resources(&self, out: &mut String) {
        if self.resources.is_empty() {
            return;
        }
        push_name(out, "resources");
        let mut separator = '[';
        for resource in self.resources {
            out.push(separator);
            push_string(out, resource);
            separator = ',';
        }
        out.push(']');
    }
}

/// The allow-listed members of a request as a JSON object; empty when there are none.
#[must_use]
pub fn request_members(operation: &Operation, request: &Request) -> String {
    let mut out = String::new();
    let mut separator = '{';
    for member in operation
        .input
        .members
        .iter()
        .filter(|member| member.audited)
    {
        let Some(value) = request.member(member.name) else {
            continue;
        };
        out.push(separator);
        push_string(&mut out, member.name);
        out.push(':');
        push_value(&mut out, &member.kind, value);
        separator = ',';
    }
    if !out.is_empty() {
        out.push('}');
    }
    out
}

fn push_value(out: &mut String, kind: &Kind, value: &Value) {
    match value {
        Value::Boolean(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Integer(number) => push_integer(out, number),
        Value::Timestamp(time) => push_integer(out, time),
        Value::String(text) => push_string(out, text),
        // Bytes never reach the log, not even of a member that was marked by mistake.
        Value::Blob(_) => out.push_str("null"),
        Value::Map(pairs) => push_map(out, pairs),
        Value::List(items) => push_list(out, kind, items),
        Value::Structure(members) => push_structure(out, kind, members),
    }
}

fn push_map(out: &mut String, pairs: &[(String, String)]) {
    out.push('{');
    for (index, (key, value)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_string(out, key);
        out.push(':');
        push_string(out, value);
    }
    out.push('}');
}

fn push_list(out: &mut String, kind: &Kind, items: &[Value]) {
    let Kind::List { item, .. } = kind else {
        return out.push_str("null");
    };
    out.push('[');
    for (index, value) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_value(out, item, value);
    }
    out.push(']');
}

fn push_structure(out: &mut String, kind: &Kind, members: &[(&'static str, Value)]) {
    let Kind::Structure(structure) = kind else {
        return out.push_str("null");
    };
    let mut separator = '{';
    for member in structure.members.iter().filter(|member| member.audited) {
        let Some((_, value)) = members.iter().find(|(name, _)| *name == member.name) else {
            continue;
        };
        out.push(separator);
        push_string(out, member.name);
        out.push(':');
        push_value(out, &member.kind, value);
        separator = ',';
    }
    out.push_str(if separator == '{' { "{}" } else { "}" });
}
