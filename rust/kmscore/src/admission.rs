//! Whether the caller may do this to these keys now: authorisation first, then key state and usage.

use std::sync::Arc;

use crate::engine::Engine;
use crate::error::{Error, ErrorCode, Result};
use crate::identity::{GrantRow, Identity};
use crate::key_entry::KeyEntry;
use crate::policy::{
    Caller, Decision, Document, Grant, Policies, PolicyType, Principal, Question, Why, decide,
};
use crate::request_context::RequestContext;
use crate::resolve::{Targets, unknown_ciphertext_key};
use crate::shapes::{Operation, Resource};
use crate::state_rule;
use crate::value::Request;

/// One caller's wish to run one operation.
pub(crate) struct Admission<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) operation: &'static Operation,
    pub(crate) request: &'a Request,
    pub(crate) caller: &'a Caller,
    /// Microseconds since 1970.
    pub(crate) now: i64,
}

/// What holds for the whole call, whatever it acts on.
struct Standing {
    identity: Arc<Identity>,
    principal: Arc<Principal>,
}

impl Admission<'_> {
    /// Admits the call to everything it acts on, or says why not. Notes by which grant, if it was by one.
    pub(crate) fn check(&self, targets: &mut Targets) -> Result<()> {
        self.check_grant_tokens()?;
        targets.granted = self.authorise(targets)?;
        // UpdateAlias may leave a key in any state; only the new target's counts.
        let first = usize::from(self.operation.resource == Resource::MovedAlias);
        let mut keys = targets.keys.iter().skip(first);
        keys.try_for_each(|key| state_rule::check(self.operation, key))
    }

    /// Admits one key that a row of a batch names.
    pub(crate) fn check_row_key(&self, key: &KeyEntry) -> Result<()> {
        let standing = self.standing()?;
        self.authorise_key(&standing, 0, key, false)
            .map_err(|error| self.hide(key, error))?;
        state_rule::check(self.operation, key)
    }

    /// Authorises something else than the operation's own action, by the caller's own policies alone.
    pub(crate) fn require(&self, action: &str, resource: &str) -> Result<()> {
        self.authorise_account(&self.standing()?, action, resource)
    }

    /// Whether a key policy, were it the key's, would let the caller replace it again.
    pub(crate) fn could_put_policy(&self, document: &Document, key_arn: &str) -> Result<bool> {
        let standing = self.standing()?;
        let context = self.context(&standing, None, 0, false);
        let decision = decide(&Question {
            action: "kms:PutKeyPolicy",
            resource: key_arn,
            owner: Some(&self.caller.account),
            principal: &standing.principal,
            context: &context,
            key_policy: Some(document),
            policies: self.policies(&standing.identity, None),
            granted: None,
        });
        Ok(decision.is_allowed())
    }

    fn authorise(&self, targets: &Targets) -> Result<Option<String>> {
        let standing = self.standing()?;
        let action = self.operation.actions[0];
        for alias in &targets.aliases {
            self.authorise_account(&standing, action, alias)?;
        }
        match self.operation.resource {
            Resource::KeyFilter | Resource::None | Resource::CustomKeyStore => {
                return self
                    .authorise_account(&standing, action, "*")
                    .map(|()| None);
            }
            // Who may retire a grant is said by the grant, not by policies.
            Resource::Grant => return Ok(None),
            _ => {}
        }
        let same_key = targets
            .keys
            .first()
            .zip(targets.keys.get(1))
            .is_some_and(|(one, other)| one.arn() == other.arn());
        let hidden = matches!(
            self.operation.resource,
            Resource::Ciphertext | Resource::ReEncrypt
        );
        let mut granted = None;
        for (index, key) in targets.keys.iter().enumerate() {
            let by = self.authorise_key(&standing, index, key, same_key);
            granted = granted.or(match by {
                Err(error) if hidden && index == 0 => return Err(self.hide(key, error)),
                by => by?,
            });
        }
        Ok(granted)
    }

    fn standing(&self) -> Result<Standing> {
        let Engine { table, store, .. } = self.engine;
        let principal = &self.caller.principal;
        let identity = table.identity(&self.caller.stored_as, &**store)?;
        Ok(Standing {
            principal: identity.principal(principal),
            identity,
        })
    }

    fn context<'a>(
        &'a self,
        standing: &'a Standing,
        key: Option<&'a KeyEntry>,
        side: usize,
        same_key: bool,
    ) -> RequestContext<'a> {
        RequestContext {
            operation: self.operation,
            request: self.request,
            caller: self.caller,
            identity: &standing.identity,
            principal: &standing.principal,
            key,
            side,
            same_key,
            now: self.now,
        }
    }

    fn policies<'a>(&'a self, identity: &'a Identity, owner: Option<&'a Identity>) -> Policies<'a> {
        let facts = &self.caller.facts;
        Policies {
            identity: &identity.identity,
            boundary: identity.boundary.as_ref(),
            session: &facts.session_policies,
            service_control: &identity.service_control,
            resource_control: owner.map_or(&[], |owner| &owner.resource_control),
            vpc_endpoint: facts.vpc_endpoint_policy.as_ref(),
        }
    }

    fn authorise_account(&self, standing: &Standing, action: &str, resource: &str) -> Result<()> {
        let context = self.context(standing, None, 0, false);
        let question = Question {
            action,
            resource,
            owner: None,
            principal: &standing.principal,
            context: &context,
            key_policy: None,
            policies: self.policies(&standing.identity, None),
            granted: None,
        };
        match decide(&question) {
            Decision::Allowed(_) => Ok(()),
            Decision::Denied(why) => Err(denied(why, &question)),
        }
    }

    /// Decides the operation on one of its keys; the id of the grant, if it is by a grant.
    fn authorise_key(
        &self,
        standing: &Standing,
        side: usize,
        key: &KeyEntry,
        same_key: bool,
    ) -> Result<Option<String>> {
        let action = self.operation.actions[side.min(self.operation.actions.len() - 1)];
        let context = self.context(standing, Some(key), side, same_key);
        let foreign = self.owner_of(key)?;
        let owner = foreign.as_deref().unwrap_or(&standing.identity);
        let mut question = Question {
            action,
            resource: key.arn(),
            owner: Some(&key.row().account),
            principal: &standing.principal,
            context: &context,
            key_policy: key.policy(),
            policies: self.policies(&standing.identity, Some(owner)),
            granted: None,
        };
        if foreign.is_some() && !self.operation.cross_account {
            return Err(foreign_key(&question));
        }
        let why = match self.engine.decisions.decide(&question) {
            Decision::Allowed(_) => return Ok(None),
            Decision::Denied(why) => why,
        };
        // A grant stands for a policy that says nothing, never against one that denies.
        let grant = match why {
            Why::Missing { .. } => self.grant_for(standing, key, action, &context)?,
            Why::Explicit(_) => None,
        };
        let Some(grant) = grant else {
            return Err(denied(why, &question));
        };
        question.granted = Some(Grant {
            id: &grant.grant_id,
            grantee: &grant.grantee,
        });
        match decide(&question) {
            Decision::Allowed(_) => Ok(Some(grant.grant_id.clone())),
            Decision::Denied(why) => Err(denied(why, &question)),
        }
    }

    /// What the store says of the account of a foreign key.
    fn owner_of(&self, key: &KeyEntry) -> Result<Option<Arc<Identity>>> {
        let account = &*key.row().account;
        if account == self.caller.account {
            return Ok(None);
        }
        let Engine { table, store, .. } = self.engine;
        table
            .identity(&format!("{account}/account/"), &**store)
            .map(Some)
    }

    fn grant_for(
        &self,
        standing: &Standing,
        key: &KeyEntry,
        action: &str,
        context: &RequestContext<'_>,
    ) -> Result<Option<GrantRow>> {
        let operation = action.strip_prefix("kms:").unwrap_or(action);
        let grants = key.grants(&standing.principal, &*self.engine.store)?;
        let source_arn = self.caller.facts.source_arn.as_deref();
        let found = grants.iter().find(|grant| {
            grant.operations.iter().any(|known| known == operation)
                && grant.admits(operation, context.encryption_context(), source_arn)
        });
        Ok(found.cloned())
    }

    /// A grant is seen as soon as it is there, so that a token adds nothing; a wrong one is refused all the same.
    fn check_grant_tokens(&self) -> Result<()> {
        for token in self.request.list("GrantTokens") {
            let crate::value::Value::String(token) = token else {
                return Err(invalid_grant_token());
            };
            let Engine {
                hierarchy, store, ..
            } = self.engine;
            let named = hierarchy
                .open_grant_token(token)
                .ok_or_else(invalid_grant_token)?;
            store
                .load_grant(&named.region, named.key_id, &named.grant_id)?
                .ok_or_else(invalid_grant_token)?;
        }
        Ok(())
    }

    /// To its bearer a blob of a forbidden key looks like one of no key, unless the request itself names that key and
    /// it is of the bearer's account.
    fn hide(&self, key: &KeyEntry, error: Error) -> Error {
        let named = ["KeyId", "SourceKeyId"]
            .iter()
            .any(|member| self.request.string(member).is_some());
        let own = self.caller.account == *key.row().account;
        if error.code == ErrorCode::AccessDenied && !(named && own) {
            let detail = error.detail.unwrap_or_default();
            return unknown_ciphertext_key().with_detail(detail);
        }
        error
    }
}

impl GrantRow {
    /// Whether a request meets the grant's constraints. Encryption contexts do not bind what has none.
    fn admits(
        &self,
        operation: &str,
        context: &[(String, String)],
        source_arn: Option<&str>,
    ) -> bool {
        let from_source = self
            .source_arn
            .as_deref()
            .is_none_or(|expected| source_arn == Some(expected));
        if !from_source {
            return false;
        }
        if matches!(operation, "DescribeKey" | "RetireGrant") {
            return true;
        }
        let has = |(name, value): &(String, String)| {
            let mut pairs = context.iter();
            pairs.any(|(key, found)| key.eq_ignore_ascii_case(name) && found == value)
        };
        let equals = self
            .context_equals
            .as_ref()
            .is_none_or(|pairs| pairs.len() == context.len() && pairs.iter().all(has));
        equals
            && self
                .context_subset
                .as_ref()
                .is_none_or(|pairs| pairs.iter().all(has))
    }
}

pub(crate) fn invalid_grant_token() -> Error {
    Error::new(
        ErrorCode::InvalidGrantToken,
        "The grant token is not valid.",
    )
}

/// No policy opens an operation to another account that is for a key's own account only.
fn foreign_key(question: &Question<'_>) -> Error {
    let why = Why::Missing {
        policy_type: PolicyType::Resource,
        level: 0,
    };
    Error::new(ErrorCode::AccessDenied, question.denial(why)).with_detail(format!(
        "{} is for keys of the caller's own account only",
        question.action
    ))
}

fn denied(why: Why, question: &Question<'_>) -> Error {
    Error::new(ErrorCode::AccessDenied, question.denial(why))
        .with_detail(question.explanation(Decision::Denied(why)))
}
