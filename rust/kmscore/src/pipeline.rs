//! The one way through: validate → resolve → authorise → state → operation → audit → answer.

use std::sync::Arc;

use crate::admission::Admission;
use crate::audit::{Record, request_members};
use crate::ciphertext::BlobTrace;
use crate::control::ControlCall;
use crate::engine::{Engine, new_request_id};
use crate::error::{Error, ErrorCode, Result};
use crate::operations::{self, Body, Call};
use crate::policy::Caller;
use crate::resolve::{Resolver, Targets};
use crate::shapes::validate::validate;
use crate::shapes::{Operation, Resource};
use crate::store::Refused;
use crate::value::{Request, Response, Value};

/// A change of another process between decision and transaction sends a call back this often at most.
const ATTEMPTS: usize = 64;

/// What a call came to.
#[derive(Debug)]
pub struct Outcome {
    /// The request id, also of a failed call.
    pub request_id: String,
    /// The output members, or the error.
    pub result: Result<Response>,
}

/// A call on its way.
pub(crate) struct Passage<'a> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) operation: &'static Operation,
    pub(crate) request: &'a Request,
    pub(crate) caller: &'a Caller,
    request_id: String,
    pub(crate) now: i64,
}

/// A result, what it was about, and whether it is in the audit log already.
struct Passed {
    response: Response,
    audited: bool,
}

impl Engine {
    /// One call of one operation.
    pub fn call(
        self: &Arc<Self>,
        operation: &'static Operation,
        request: &Request,
        caller: &Caller,
    ) -> Outcome {
        let passage = match Passage::begin(self, operation, request, caller) {
            Ok(passage) => passage,
            Err(error) => {
                return Outcome {
                    request_id: String::new(),
                    result: Err(error),
                };
            }
        };
        let mut targets = Targets::default();
        let passed = passage.run(&mut targets);
        let result = passage.record(passed, &targets);
        Outcome {
            request_id: passage.request_id,
            result,
        }
    }
}

impl<'a> Passage<'a> {
    pub(crate) fn begin(
        engine: &'a Arc<Engine>,
        operation: &'static Operation,
        request: &'a Request,
        caller: &'a Caller,
    ) -> Result<Self> {
        Ok(Self {
            engine,
            operation,
            request,
            caller,
            request_id: new_request_id()?,
            now: engine.clock.now(),
        })
    }

    fn run(&self, targets: &mut Targets) -> Result<Passed> {
        validate(self.operation, self.request)?;
        operations::check_request(self.operation, self.request)?;
        for attempt in 0..ATTEMPTS {
            let decided_state = self.decide(targets, attempt == 0)?;
            match self.body(targets, decided_state) {
                Err(Refused::Stale) => {}
                Err(Refused::With(error)) => return Err(error),
                Ok(_) if self.operation.dry_run && self.request.flag("DryRun") => {
                    return Err(dry_run());
                }
                Ok(passed) => return Ok(passed),
            }
        }
        Err(Error::new(
            ErrorCode::DependencyTimeout,
            "The store changed too often while this call was being decided.",
        ))
    }

    /// Resolves, authorises and checks states on the newest acknowledged state, whose number is returned. A call counts
    /// against its quotas once, `first`, whatever comes of it.
    pub(crate) fn decide(&self, targets: &mut Targets, first: bool) -> Result<u64> {
        self.engine.table.refresh(&*self.engine.store)?;
        let state = self.engine.table.state();
        let resolved = self
            .resolver()
            .resolve(self.operation.resource, self.request)
            .map(|found| *targets = found);
        if let (true, Some(quotas)) = (first, &self.engine.quotas) {
            let keys = &targets.keys;
            quotas.count(self.operation, self.request, self.caller, keys, self.now)?;
        }
        resolved?;
        self.admission().check(targets)?;
        Ok(state)
    }

    pub(crate) fn admission(&self) -> Admission<'_> {
        Admission {
            engine: self.engine,
            operation: self.operation,
            request: self.request,
            caller: self.caller,
            now: self.now,
        }
    }

    fn resolver(&self) -> Resolver<'_> {
        let Engine {
            table,
            store,
            strict,
            hierarchy,
            ..
        } = &**self.engine;
        Resolver {
            table,
            store: &**store,
            caller: self.caller,
            hierarchy,
            now: self.now,
            strict: *strict,
        }
    }

    fn body(&self, targets: &Targets, decided_state: u64) -> core::result::Result<Passed, Refused> {
        match self.operation.body {
            Body::Engine(body) => {
                let call = Call::new(self.engine, self.caller, self.request, &targets.keys);
                let response = body.run(&call).map_err(Refused::With)?;
                Ok(Passed {
                    response,
                    audited: false,
                })
            }
            Body::Store => {
                let call = self.control_call(targets, decided_state);
                let handled = self.engine.store.handle(call, self.request)?;
                Ok(Passed {
                    response: handled.response,
                    audited: handled.audited,
                })
            }
        }
    }

    fn control_call(&self, targets: &Targets, decided_state: u64) -> ControlCall {
        ControlCall {
            engine: Arc::clone(self.engine),
            operation: self.operation,
            caller: self.caller.clone(),
            request_id: self.request_id.clone(),
            now: self.now,
            decided_state,
            keys: targets.keys.clone(),
            aliases: targets.aliases.clone(),
            granted: targets.granted.clone(),
            token_grant: self.token_grant(),
            audited_request: request_members(self.operation, self.request),
        }
    }

    /// The grant that RetireGrant's token names: the token itself is not recorded.
    fn token_grant(&self) -> Option<String> {
        let token = self.request.string("GrantToken");
        let token = token.filter(|_| self.operation.resource == Resource::Grant)?;
        let named = self.engine.hierarchy.open_grant_token(token)?;
        Some(named.grant_id)
    }

    /// Records the call; what cannot be recorded is not answered.
    fn record(&self, passed: Result<Passed>, targets: &Targets) -> Result<Response> {
        if !matches!(&passed, Ok(Passed { audited: true, .. })) {
            let answered = passed.as_ref().map(|passed| &passed.response);
            self.append(answered, targets, None)?;
        }
        passed.map(|passed| passed.response)
    }

    pub(crate) fn append(
        &self,
        answered: core::result::Result<&Response, &Error>,
        targets: &Targets,
        rows: Option<(usize, usize)>,
    ) -> Result<()> {
        let mut resources: Vec<&str> = targets.keys.iter().map(|key| key.arn()).collect();
        resources.extend(targets.aliases.iter().map(String::as_str));
        let record = Record {
            request_id: &self.request_id,
            time: self.now,
            state: self.engine.table.state(),
            operation: self.operation,
            caller: self.caller,
            error: answered.err(),
            resources: &resources,
            request: &request_members(self.operation, self.request),
            response: answered.ok(),
            blob: blob_trace(self.request, answered.ok()),
            tokens: self.request.list("GrantTokens"),
            grant: None,
            rows,
        };
        self.engine
            .audit
            .append(&record.to_json(), &*self.engine.store)
    }
}

/// Tells the blob that a call made or, when it made none, read.
fn blob_trace(request: &Request, response: Option<&Response>) -> Option<BlobTrace> {
    let made = response
        .into_iter()
        .flatten()
        .find_map(|member| match member {
            ("CiphertextBlob" | "PrivateKeyCiphertextBlob", Value::Blob(blob)) => Some(&***blob),
            _ => None,
        });
    BlobTrace::of(made.or_else(|| request.blob("CiphertextBlob"))?)
}

fn dry_run() -> Error {
    Error::new(
        ErrorCode::DryRunOperation,
        "The request would have succeeded, but the DryRun option is set.",
    )
}
