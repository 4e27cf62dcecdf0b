//! What a control-plane handler is given.

use std::sync::Arc;

use crate::admission::Admission;
use crate::audit::Record;
use crate::engine::Engine;
use crate::error::{Error, ErrorCode, Result};
use crate::key_entry::KeyEntry;
use crate::policy::{Caller, Document, Kind, Rule};
use crate::shapes::Operation;
use crate::value::{Request, Response, Value};

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
    /// The grant by which the caller was admitted, if it was by one.
    pub granted: Option<String>,
    /// The grant that a token in the request names.
    pub token_grant: Option<String>,
    /// JSON of the request's allow-listed members.
    pub audited_request: String,
}

impl ControlCall {
    /// The names under which a grant may mean the caller, the narrowest first; a role's with its path.
    ///
    /// # Errors
    /// What the store says of the caller cannot be read.
    pub fn principals(&self) -> Result<Vec<String>> {
        let Engine { table, store, .. } = &*self.engine;
        let principal = &self.caller.principal;
        let identity = table.identity(&self.caller.stored_as, &**store)?;
        Ok(identity.principal(principal).names())
    }

    /// Authorises something else than the operation's own action, by the caller's own policies alone.
    ///
    /// # Errors
    /// AccessDeniedException.
    pub fn require(
        &self,
        request: &Request,
        action: &str,
        resource: &str,
        region: Option<&str>,
    ) -> Result<()> {
        let mut caller = self.caller.clone();
        if let Some(region) = region {
            region.clone_into(&mut caller.region);
        }
        self.admission(request, &caller).require(action, resource)
    }

    /// Checks a new key policy: that it is one, and that the caller can replace it again.
    ///
    /// # Errors
    /// MalformedPolicyDocumentException, LimitExceededException.
    pub fn check_policy(
        &self,
        request: &Request,
        document: &str,
        key_arn: &str,
        bypass: bool,
    ) -> Result<()> {
        let malformed = |text: String| Error::new(ErrorCode::MalformedPolicyDocument, text);
        let compiled = Document::compile(document, Kind::KeyPolicy).map_err(|fault| {
            if fault.rule == Rule::TooLong {
                Error::new(ErrorCode::LimitExceeded, fault.text)
            } else {
                malformed(fault.text)
            }
        })?;
        // What is left of a deleted user or role names nobody.
        if compiled.unique_ids().next().is_some() {
            return Err(malformed(
                "Policy contains a statement with one or more invalid principals.".to_owned(),
            ));
        }
        let admission = self.admission(request, &self.caller);
        if bypass || admission.could_put_policy(&compiled, key_arn)? {
            return Ok(());
        }
        Err(malformed(
            "The new key policy will not allow you to update the key policy in the future."
                .to_owned(),
        ))
    }

    fn admission<'a>(&'a self, request: &'a Request, caller: &'a Caller) -> Admission<'a> {
        Admission {
            engine: &self.engine,
            operation: self.operation,
            request,
            caller,
            now: self.now,
        }
    }

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
            operation: self.operation,
            caller: &self.caller,
            error: None,
            resources: &resources,
            request: &self.audited_request,
            response: Some(response),
            blob: None,
            tokens: &[],
            grant: self.token_grant.as_deref(),
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
    let (_, Value::Structure(metadata)) = response
        .iter()
        .find(|(name, _)| matches!(*name, "KeyMetadata" | "ReplicaKeyMetadata"))?
    else {
        return None;
    };
    match metadata.iter().find(|(name, _)| *name == "Arn")? {
        (_, Value::String(arn)) => Some(arn),
        _ => None,
    }
}
