//! The one way through: validate → resolve → authorise → state → operation → audit → answer.

use std::sync::Arc;

use crate::audit::{Record, request_members};
use crate::ciphertext::KeyId;
use crate::control::ControlCall;
use crate::engine::{Engine, new_request_id};
use crate::error::{Error, ErrorCode, Result};
use crate::key_table::KeyEntry;
use crate::operations::batch::RowError;
use crate::operations::{self, Body, Call};
use crate::policy::{self, Caller};
use crate::resolve::{Resolver, Targets, unknown_ciphertext_key};
use crate::shapes::validate::validate;
use crate::shapes::{Operation, Resource};
use crate::state_rule;
use crate::store::Refused;
use crate::value::{Request, Response};

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
    engine: &'a Arc<Engine>,
    operation: &'static Operation,
    request: &'a Request,
    caller: &'a Caller,
    request_id: String,
    now: i64,
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

    /// A call over many rows: decided once, recorded once.
    pub(crate) fn batch(
        &self,
        rows: usize,
        work: impl FnOnce(&[Arc<KeyEntry>]) -> Result<Vec<RowError>>,
    ) -> Result<Vec<RowError>> {
        let mut targets = Targets::default();
        let done = validate(self.operation, self.request)
            .and_then(|()| self.decide(&mut targets))
            .and_then(|_| work(&targets.keys));
        let failed = done.as_ref().map_or(rows, Vec::len);
        self.append(done.as_ref().err(), &targets, Some((rows, failed)))?;
        done
    }

    /// A key of the caller's Region.
    pub(crate) fn load_key(&self, id: KeyId) -> Result<Option<Arc<KeyEntry>>> {
        self.engine
            .table
            .key(&self.caller.region, id, &*self.engine.store)
    }

    /// Authorises one key and checks its state.
    pub(crate) fn admit(&self, key: &KeyEntry) -> Result<()> {
        let owner = &*key.row().account;
        let decision = policy::authorise_key(
            self.caller,
            self.operation.actions[0],
            key.policy(),
            owner,
            key.arn(),
        );
        let hidden = self.caller.account != owner;
        decision.map_err(|error| {
            if hidden {
                unknown_ciphertext_key()
            } else {
                error
            }
        })?;
        state_rule::check(self.operation, key)
    }

    fn run(&self, targets: &mut Targets) -> Result<Passed> {
        validate(self.operation, self.request)?;
        if matches!(self.operation.body, Body::NotBuilt) {
            return Err(Error::new(
                ErrorCode::UnsupportedOperation,
                format!(
                    "{} is not supported by this version of kmscore.",
                    self.operation.name
                ),
            ));
        }
        operations::check_request(self.operation, self.request)?;
        for _ in 0..ATTEMPTS {
            let decided_state = self.decide(targets)?;
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

    /// Resolves, authorises and checks states on the newest acknowledged state, whose number is returned.
    fn decide(&self, targets: &mut Targets) -> Result<u64> {
        self.engine.table.refresh(&*self.engine.store)?;
        let state = self.engine.table.state();
        *targets = self
            .resolver()
            .resolve(self.operation.resource, self.request)?;
        self.authorise(targets)?;
        self.check_states(targets)?;
        Ok(state)
    }

    fn resolver(&self) -> Resolver<'_> {
        let Engine {
            table,
            store,
            strict,
            ..
        } = &**self.engine;
        Resolver {
            table,
            store: &**store,
            caller: self.caller,
            strict: *strict,
        }
    }

    fn authorise(&self, targets: &Targets) -> Result<()> {
        let action =
            |index: usize| self.operation.actions[index.min(self.operation.actions.len() - 1)];
        for alias in &targets.aliases {
            policy::authorise_account(self.caller, action(0), alias, &self.caller.account)?;
        }
        for (index, key) in targets.keys.iter().enumerate() {
            let owner = &*key.row().account;
            let decision =
                policy::authorise_key(self.caller, action(index), key.policy(), owner, key.arn());
            // A blob that names a forbidden key and one that names no key look the same to its bearer.
            let from_blob = matches!(
                self.operation.resource,
                Resource::Ciphertext | Resource::ReEncrypt
            ) && index == 0;
            let hidden = from_blob && self.caller.account != owner;
            decision.map_err(|error| {
                if hidden {
                    unknown_ciphertext_key()
                } else {
                    error
                }
            })?;
        }
        if targets.keys.is_empty() && targets.aliases.is_empty() {
            return policy::authorise_account(self.caller, action(0), "*", &self.caller.account);
        }
        Ok(())
    }

    fn check_states(&self, targets: &Targets) -> Result<()> {
        // UpdateAlias may leave a key in any state; only the new target's counts.
        let first = usize::from(self.operation.resource == Resource::MovedAlias);
        targets
            .keys
            .iter()
            .skip(first)
            .try_for_each(|key| state_rule::check(self.operation, key))
    }

    fn body(&self, targets: &Targets, decided_state: u64) -> core::result::Result<Passed, Refused> {
        match self.operation.body {
            Body::Engine(body) => {
                let call = Call {
                    backend: &*self.engine.backend,
                    request: self.request,
                    keys: &targets.keys,
                };
                let response = operations::run(body, &call).map_err(Refused::With)?;
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
            Body::NotBuilt => Err(Refused::With(Error::internal(
                "an operation that is not built was let through",
            ))),
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
            audited_request: request_members(self.operation, self.request),
        }
    }

    /// Records the call; what cannot be recorded is not answered.
    fn record(&self, passed: Result<Passed>, targets: &Targets) -> Result<Response> {
        if !matches!(&passed, Ok(Passed { audited: true, .. })) {
            self.append(passed.as_ref().err(), targets, None)?;
        }
        passed.map(|passed| passed.response)
    }

    fn append(
        &self,
        error: Option<&Error>,
        targets: &Targets,
        rows: Option<(usize, usize)>,
    ) -> Result<()> {
        let mut resources: Vec<&str> = targets.keys.iter().map(|key| key.arn()).collect();
        resources.extend(targets.aliases.iter().map(String::as_str));
        let record = Record {
            request_id: &self.request_id,
            time: self.now,
            state: self.engine.table.state(),
            operation: self.operation.name,
            caller: &self.caller.arn,
            region: &self.caller.region,
            outcome: error.map_or("Success", |error| error.code.name()),
            resources: &resources,
            request: &request_members(self.operation, self.request),
            rows,
        };
        self.engine
            .audit
            .append(&record.to_json(), &*self.engine.store)
    }
}

fn dry_run() -> Error {
    Error::new(
        ErrorCode::DryRunOperation,
        "The request would have succeeded, but the DryRun option is set.",
    )
}
