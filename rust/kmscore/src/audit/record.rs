//! The content of an audit record: an allow-list of fields, never plaintext, ciphertext or key material.

use crate::ciphertext::BlobTrace;
use crate::error::Error;
use crate::hex;
use crate::json_text::{push_integer, push_name, push_string};
use crate::policy::Caller;
use crate::shapes::{Kind, Operation, Structure};
use crate::value::{Request, Response, Value};

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
    pub operation: &'static Operation,
    /// Who calls, and what is known of the call.
    pub caller: &'a Caller,
    /// Why it failed, if it did.
    pub error: Option<&'a Error>,
    /// ARNs of the keys and aliases the call was about.
    pub resources: &'a [&'a str],
    /// JSON of the request's allow-listed members, from `request_members`.
    pub request: &'a str,
    /// What was answered, of which the allow-listed members are recorded.
    pub response: Option<&'a Response>,
    /// The blob that the call made or, when it made none, read.
    pub blob: Option<BlobTrace>,
    /// Values of the request that must not be recorded even where an error text shows them.
    pub tokens: &'a [Value],
    /// The grant that a token named.
    pub grant: Option<&'a str>,
    /// Rows of a batch and how many of them failed.
    pub rows: Option<(usize, usize)>,
}

impl Record<'_> {
    /// The record as JSON text. Members that say nothing are left out.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(500 + self.request.len());
        out.push_str("{\"id\":");
        push_string(&mut out, self.request_id);
        push_name(&mut out, "time");
        push_integer(&mut out, self.time);
        push_name(&mut out, "state");
        push_integer(&mut out, self.state);
        let outcome = self
            .error
            .map_or(SUCCESS, |error: &Error| error.code.name());
        for (name, text) in [
            ("op", self.operation.name),
            ("caller", &self.caller.arn),
            ("region", &self.caller.region),
            ("outcome", outcome),
        ] {
            push_name(&mut out, name);
            push_string(&mut out, text);
        }
        self.push_resources(&mut out);
        if !self.request.is_empty() {
            push_name(&mut out, "request");
            out.push_str(self.request);
        }
        self.push_answer(&mut out);
        if let Some(trace) = &self.blob {
            for (name, bytes) in [("blob", &trace.blob), ("material", &trace.material)] {
                push_name(&mut out, name);
                out.push('"');
                hex::push(&mut out, bytes);
                out.push('"');
            }
        }
        if let Some((rows, failed)) = self.rows {
            push_name(&mut out, "rows");
            push_integer(&mut out, rows);
            push_name(&mut out, "failed_rows");
            push_integer(&mut out, failed);
        }
        self.push_facts(&mut out);
        out.push('}');
        out
    }

    /// What came of the call besides its outcome.
    fn push_answer(&self, out: &mut String) {
        if let Some(error) = self.error {
            let text = logged_message(&error.message, self.tokens);
            push_present(out, "message", Some(&text));
            push_present(out, "why", error.detail.as_deref());
        }
        if let Some(response) = self.response {
            let members = response_members(self.operation, response);
            if !members.is_empty() {
                push_name(out, "response");
                out.push_str(&members);
            }
        }
        push_present(out, "grant", self.grant);
    }

    /// What the door knew of the call.
    fn push_facts(&self, out: &mut String) {
        let (caller, facts) = (self.caller, &self.caller.facts);
        if !caller.arn.contains(&caller.account) {
            push_present(out, "account", Some(&caller.account));
        }
        push_present(out, "key", facts.access_key_id.as_deref());
        push_present(out, "ip", facts.source_ip.as_deref());
        push_present(out, "agent", facts.user_agent.as_deref());
        push_present(out, "vpce", facts.source_vpce.as_deref());
        push_present(out, "via", facts.via_service.as_deref());
        if let Some(present) = facts.mfa_present {
            push_name(out, "mfa");
            out.push_str(if present { "true" } else { "false" });
        }
        if let Some(time) = facts.token_issue_time {
            push_name(out, "issued");
            push_integer(out, time);
        }
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

/// The outcome of a call that was answered.
pub(super) const SUCCESS: &str = "Success";

/// Longer texts of errors are cut off, as CloudTrail cuts them.
const MESSAGE_LIMIT: usize = 1024;

/// What is recorded of an error's text, which may show what the caller sent.
fn logged_message(message: &str, tokens: &[Value]) -> String {
    let mut text = message.to_owned();
    for token in tokens {
        if let Value::String(token) = token
            && !token.is_empty()
        {
            text = text.replace(token.as_str(), "***");
        }
    }
    if let Some((cut, _)) = text.char_indices().find(|(at, _)| *at >= MESSAGE_LIMIT) {
        text.truncate(cut);
    }
    text
}

fn push_present(out: &mut String, name: &str, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        push_name(out, name);
        push_string(out, text);
    }
}

/// The allow-listed members of a request as a JSON object; empty when there are none.
#[must_use]
pub fn request_members(operation: &Operation, request: &Request) -> String {
    members(operation.input, Nested::AllowListed, |name| {
        request.member(name)
    })
}

/// The allow-listed members of an answer as a JSON object; empty when there are none.
fn response_members(operation: &Operation, response: &Response) -> String {
    let Some(output) = operation.output else {
        return String::new();
    };
    members(output, Nested::Whole, |name| {
        let mut members = response.iter();
        members
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    })
}

/// What is recorded of the structures inside an allow-listed member.
#[derive(Clone, Copy)]
enum Nested {
    AllowListed,
    Whole,
}

fn members<'v>(
    structure: &Structure,
    nested: Nested,
    value_of: impl Fn(&str) -> Option<&'v Value>,
) -> String {
    let mut out = String::new();
    let mut separator = '{';
    for member in structure.members.iter().filter(|member| member.audited) {
        let Some(value) = value_of(member.name) else {
            continue;
        };
        out.push(separator);
        push_string(&mut out, member.name);
        out.push(':');
        push_value(&mut out, &member.kind, nested, value);
        separator = ',';
    }
    if !out.is_empty() {
        out.push('}');
    }
    out
}

fn push_value(out: &mut String, kind: &Kind, nested: Nested, value: &Value) {
    match value {
        Value::Boolean(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Integer(number) => push_integer(out, number),
        Value::Timestamp(time) => push_integer(out, time),
        Value::String(text) => push_string(out, text),
        // Bytes never reach the log, not even of a member that was marked by mistake.
        Value::Blob(_) => out.push_str("null"),
        Value::Map(pairs) => push_map(out, pairs),
        Value::List(items) => push_list(out, kind, nested, items),
        Value::Structure(members) => push_structure(out, kind, nested, members),
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

fn push_list(out: &mut String, kind: &Kind, nested: Nested, items: &[Value]) {
    let Kind::List { item, .. } = kind else {
        return out.push_str("null");
    };
    out.push('[');
    for (index, value) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_value(out, item, nested, value);
    }
    out.push(']');
}

fn push_structure(
    out: &mut String,
    kind: &Kind,
    nested: Nested,
    members: &[(&'static str, Value)],
) {
    let Kind::Structure(structure) = kind else {
        return out.push_str("null");
    };
    let mut separator = '{';
    let recorded = |audited: bool| audited || matches!(nested, Nested::Whole);
    for member in structure
        .members
        .iter()
        .filter(|member| recorded(member.audited))
    {
        let Some((_, value)) = members.iter().find(|(name, _)| *name == member.name) else {
            continue;
        };
        out.push(separator);
        push_string(out, member.name);
        out.push(':');
        push_value(out, &member.kind, nested, value);
        separator = ',';
    }
    out.push_str(if separator == '{' { "{}" } else { "}" });
}
