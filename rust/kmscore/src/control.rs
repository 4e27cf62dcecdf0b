//! What a control-plane handler is given.

use std::sync::Arc;

use crate::audit::Record;
use crate::engine::Engine;
use crate::error::Result;
use crate::key_table::KeyEntry;
use crate::policy::Caller;
use crate::shapes::Operation;
use crate::value::{Response, Value};

/// A control-plane call that has been validated, resolved, authorised and checked against the key's state.
pub struct ControlCall {
    /// The engine, for the audit record.
    pub engine: Arc<Engine>,
    /// The declaration.
    pub operation: &'static Operation,
    /// Who calls.
    pub caller: Caller,
    /// The request id.
    pub request_id: String,
    /// Microseconds since 1970.
    pub now: i64,
    /// `head.state` the decision rests on.
    pub decided_state: u64,
    /// The resolved keys.
    pub keys: Vec<Arc<KeyEntry>>,
    /// ARNs of the aliases.
    pub aliases: Vec<String>,
    /// JSON of the request's allow-listed members.
    pub audited_request: String,
}

impl ControlCall {
    /// The success record, for the outbox row; `state` is the state number the transaction makes.
    #[must_use]
    pub fn audit_record(&self, response: &Response, state: u64) -> String {
        let mut resources: Vec<&str> = self.keys.iter().map(|key| key.arn()).collect();
        resources.extend(self.aliases.iter().map(String::as_str));
        resources.extend(created_arn(response));
        Record {
            request_id: &self.request_id,
            time: self.now,
            state,
            operation: self.operation.name,
            caller: &self.caller.arn,
            region: &self.caller.region,
            outcome: "Success",
            resources: &resources,
            request: &self.audited_request,
            rows: None,
        }
        .to_json()
    }

    /// Copies a committed outbox record into the segment, and the state into the anchor.
    pub fn append_audit(&self, record: &str, state: u64) -> Result<()> {
        self.engine.append_committed(record, state)
    }
}

/// The ARN of a key that the call itself made.
fn created_arn(response: &Response) -> Option<&str> {
    let (_, Value::Structure(metadata)) =
        response.iter().find(|(name, _)| *name == "KeyMetadata")?
    else {
        return None;
    };
    match metadata.iter().find(|(name, _)| *name == "Arn")? {
        (_, Value::String(arn)) => Some(arn),
        _ => None,
    }
}
